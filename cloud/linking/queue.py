"""What changed and waits for the linker."""

from collections.abc import Iterable, Sequence
from typing import Literal

from sqlalchemy import select

from cloud.among import among
from cloud.db import WriteSession
from cloud.linking.tables import terminal_queue
from cloud.tables import link_queue, visit_stays, visits

Changed = Literal["touch", "visit"]

MS_PER_DAY = 86_400_000


def enqueue(session: WriteSession, tenant: str, kind: Changed, keys: Iterable[str]) -> None:
    """Queue touches or visits; those that wait already are no-ops."""
    session.insert_new(link_queue, [{"tenant": tenant, "kind": kind, "key": key} for key in sorted(set(keys))])


def enqueue_news(session: WriteSession, tenant: str, kind: Changed, keys: Iterable[str]) -> None:
    """Queue touches or visits that may also tell something of a terminal."""
    enqueue(session, tenant, kind, keys)
    session.insert_new(terminal_queue, [{"tenant": tenant, "kind": kind, "key": key} for key in sorted(set(keys))])


def enqueue_old_stays(session: WriteSession, tenant: str, visit_ids: Sequence[str]) -> None:
    """Queue where closed visits were, before that changes: what was learned from them may hold no longer.

    Args:
        session: Still holds the old stays.
        tenant: Whose visits.
        visit_ids: Visits about to change.
    """
    day_ms = visit_stays.c.entered_ms - visit_stays.c.entered_ms % MS_PER_DAY
    statement = (
        select(visit_stays.c.store, visit_stays.c.zone_id, day_ms.label("day_ms"))
        .distinct()
        .select_from(
            visit_stays.join(
                visits, (visits.c.tenant == visit_stays.c.tenant) & (visits.c.visit_id == visit_stays.c.visit_id)
            )
        )
        .where(visits.c.tenant == tenant, among(visits.c.visit_id, visit_ids), visits.c.status == "closed")
    )
    keys = [f"{row.day_ms}/{row.store}/{row.zone_id}" for row in session.rows(statement)]
    session.insert_new(terminal_queue, [{"tenant": tenant, "kind": "zone", "key": key} for key in sorted(keys)])
