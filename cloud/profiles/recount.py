"""Makes profiles what touches and statements of identity say."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select

from cloud.among import among
from cloud.analytics.queue import enqueue_members
from cloud.changes.queue import note_profiles
from cloud.db import WriteSession, chunks
from cloud.identity.holdings import FOREVER_MS
from cloud.identity.tables import identity_map
from cloud.profiles.standings import restate
from cloud.projections.corrections import stands
from cloud.tables import profile_identifiers, profiles, touches


def recount_profiles(session: WriteSession, tenant: str, one_ids: Sequence[str]) -> None:
    """Make these profiles what their touches and identifiers say; one with neither disappears."""
    enqueue_members(session, tenant, one_ids)
    for part in chunks(one_ids):
        for table in (profiles, profile_identifiers):
            session.execute(delete(table).where(table.c.tenant == tenant, among(table.c.one_id, part)))
        _recount(session, tenant, part)
    restate(session, tenant, one_ids)
    note_profiles(session, tenant, one_ids)


def _recount(session: WriteSession, tenant: str, part: Sequence[str]) -> None:
    seen = session.rows(
        select(
            touches.c.one_id,
            touches.c.namespace,
            touches.c.pseudonym,
            func.min(touches.c.time_ms),
            func.max(touches.c.time_ms),
        )
        .where(touches.c.tenant == tenant, among(touches.c.one_id, part), stands(touches, "touch_id"))
        .group_by(touches.c.one_id, touches.c.namespace, touches.c.pseudonym)
    )
    mapped = session.rows(
        select(identity_map).where(identity_map.c.tenant == tenant, among(identity_map.c.one_id, part))
    )
    shown = {(row.one_id, row.namespace, row.pseudonym) for row in seen}
    known = {(row.one_id, row.namespace, row.pseudonym) for row in mapped}
    stated = [row for row in mapped if row.is_held or (row.one_id, row.namespace, row.pseudonym) in shown]
    held = {(row.one_id, row.namespace, row.pseudonym, row.from_ms, row.until_ms) for row in stated}
    held |= {(*each, 0, FOREVER_MS) for each in shown - known}
    times: dict[str, list[int]] = {each[0]: [] for each in sorted(held)}
    for one_id, _, _, first_ms, last_ms in seen:
        times[one_id] += [first_ms, last_ms]
    session.insert(
        profiles,
        [
            {
                "tenant": tenant,
                "one_id": one_id,
                "first_seen_ms": min(times[one_id], default=None),
                "last_seen_ms": max(times[one_id], default=None),
            }
            for one_id in sorted(times)
        ],
    )
    session.insert(
        profile_identifiers,
        [
            {
                "tenant": tenant,
                "one_id": one_id,
                "namespace": namespace,
                "pseudonym": pseudonym,
                "from_ms": from_ms,
                "until_ms": until_ms,
            }
            for one_id, namespace, pseudonym, from_ms, until_ms in sorted(held)
        ],
    )
