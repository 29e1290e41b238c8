"""Publishes changes: gives each a position, in the order in which they become visible, and hands it to webhooks.

One worker at a time holds the feed's lock until its transaction ends, and it alone takes positions. So whoever reads up
to a position never misses one below it, however many processes write. Those that make changes only leave them in
queues, and wait for nobody.
"""

from collections.abc import Sequence

from sqlalchemy import and_, delete, func, select, union

from cloud.changes.differences import ORDER, Published, difference, digest_of
from cloud.changes.queue import Change
from cloud.changes.repository import forget_before
from cloud.changes.tables import change_queue, changes, profile_queue, published_profiles
from cloud.db import ReadSession, WriteSession
from cloud.identity.ownership import surviving_one_id
from cloud.profiles.lifecycle import MS_PER_DAY
from cloud.profiles.live import load_facts
from cloud.projections.base import lock_cursor
from cloud.runtime import Clock
from cloud.tables import profiles
from cloud.webhooks.repository import hand_to_webhooks

CHANGES = "changes"
"""The lock under which positions of the feed are taken."""
STEP = 400
"""How many queued changes, and how many queued profiles, one transaction publishes."""
_RANK: dict[str, int] = {kind: rank for rank, kind in enumerate(ORDER)}


class ChangeFollower:
    """Works off what changed."""

    def __init__(self, clock: Clock, kept_days: int) -> None:
        self._clock = clock
        self._kept_ms = kept_days * MS_PER_DAY

    def is_due(self) -> bool:
        """Return True: what is queued need not wait."""
        return True

    def has_work(self, session: ReadSession) -> bool:
        """Return whether anything is queued."""
        return any(session.first(select(queue).limit(1)) is not None for queue in (change_queue, profile_queue))

    def step(self, session: WriteSession) -> None:
        """Publish some changes."""
        lock_cursor(session, CHANGES)
        noted = session.rows(select(change_queue).order_by(change_queue.c.id).limit(STEP))
        by_tenant: dict[str, list[Change]] = {}
        for row in noted:
            told = Change(kind=row.kind, one_id=row.one_id, data=row.data)
            by_tenant.setdefault(row.tenant, []).append(told)
        session.execute(delete(change_queue).where(change_queue.c.id.in_([row.id for row in noted])))
        for tenant, one_ids in _next_profiles(session).items():
            by_tenant.setdefault(tenant, []).extend(_profile_changes(session, tenant, one_ids))
        for tenant, told_now in sorted(by_tenant.items()):
            _publish(session, tenant, told_now, self._clock())
        forget_before(session, self._clock() - self._kept_ms)

    def requeue(self, session: WriteSession) -> None:
        """Queue every profile that there is or was; those that are as they were told to be tell nothing."""
        session.execute(delete(profile_queue))
        known = union(*(select(table.c.tenant, table.c.one_id) for table in (profiles, published_profiles))).subquery()
        rows = select(known.c.tenant, known.c.one_id)
        session.execute(profile_queue.insert().from_select(["tenant", "one_id"], rows))


def _next_profiles(session: WriteSession) -> dict[str, list[str]]:
    """Take some profiles out of the queue, each once."""
    rows = session.rows(select(profile_queue).order_by(profile_queue.c.id).limit(STEP))
    session.execute(delete(profile_queue).where(profile_queue.c.id.in_([row.id for row in rows])))
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.tenant, set()).add(row.one_id)
    return {tenant: sorted(one_ids) for tenant, one_ids in found.items()}


def _profile_changes(session: WriteSession, tenant: str, one_ids: Sequence[str]) -> list[Change]:
    published = published_profiles.c
    theirs = and_(published.tenant == tenant, published.one_id.in_(one_ids))
    told = {
        row.one_id: Published(digest=row.digest, merged_into=row.merged_into)
        for row in session.rows(select(published_profiles).where(theirs))
    }
    now = _standing(session, tenant, one_ids)
    found = []
    for one_id in one_ids:
        changed = difference(told.get(one_id), now.get(one_id))
        if changed is not None:
            kind, data = changed
            found.append(Change(kind=kind, one_id=one_id, data=data))
    session.execute(delete(published_profiles).where(theirs))
    session.insert(
        published_profiles,
        [
            {"tenant": tenant, "one_id": one_id, "digest": each.digest, "merged_into": each.merged_into}
            for one_id, each in now.items()
            if each.merged_into is None or one_id in told
        ],
    )
    return sorted(found, key=lambda each: _RANK[each.kind])


def _standing(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, Published]:
    """Return how profiles stand; one that is gone without going into another is left out."""
    held = select(profiles.c.one_id).where(profiles.c.tenant == tenant, profiles.c.one_id.in_(one_ids))
    there = [row.one_id for row in session.rows(held)]
    found = {one_id: Published(digest=digest_of(facts)) for one_id, facts in load_facts(session, tenant, there).items()}
    for one_id in sorted(set(one_ids) - found.keys()):
        survivor = surviving_one_id(session, tenant, one_id)
        if survivor not in {None, one_id}:
            found[one_id] = Published(digest=None, merged_into=survivor)
    return found


def _publish(session: WriteSession, tenant: str, told: Sequence[Change], now_ms: int) -> None:
    before = session.number(select(func.max(changes.c.position)))
    session.insert(
        changes,
        [
            {"tenant": tenant, "at_ms": now_ms, "kind": each.kind, "one_id": each.one_id, "data": dict(each.data)}
            for each in told
        ],
    )
    hand_to_webhooks(session, tenant, before, now_ms)
