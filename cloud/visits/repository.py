"""SQL of visits."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import func, not_, select

from cloud.db import AnyRow, ReadSession
from cloud.errors import not_found
from cloud.footfall.buckets import SLOT_MS
from cloud.tables import visit_stays, visits
from cloud.visits.roles import Role, staff_made

COUNTED = ("open", "closed")


class VisitFilter(Struct, frozen=True, kw_only=True):
    """Which visits are asked for. `statuses` empty means any; `before` is the last one of the page before.

    `staff_score` is from which score on a visit without a role is staff's.
    """

    tenant: str
    store: str
    statuses: tuple[str, ...] = COUNTED
    from_ms: int | None = None
    to_ms: int | None = None
    before: tuple[int, str] | None = None
    role: Role | None = None
    staff_score: float = 0.5


def count_visits(session: ReadSession, asked: VisitFilter) -> tuple[int, int]:
    """Return how many visits customers and staff made, all pages together, whatever role is asked for."""
    staff = staff_made(asked.staff_score)
    statement = select(staff, func.count()).where(*_conditions(asked)).group_by(staff)
    counts = {bool(is_staff): count for is_staff, count in session.rows(statement)}
    return counts.get(False, 0), counts.get(True, 0)


def visits_by_slot(
    session: ReadSession, tenant: str, store: str, span_ms: tuple[int, int], staff_score: float
) -> list[tuple[int, Role, int]]:
    """Return visits that began in a span, by quarter of an hour and by who made them."""
    slot = (visits.c.opened_ms - visits.c.opened_ms % SLOT_MS).label("slot_ms")
    staff = staff_made(staff_score).label("is_staff")
    begun = (visits.c.opened_ms >= span_ms[0], visits.c.opened_ms < span_ms[1], visits.c.status.in_(COUNTED))
    statement = (
        select(slot, staff, func.count())
        .where(visits.c.tenant == tenant, visits.c.store == store, *begun)
        .group_by(slot, staff)
    )
    return [
        (slot_ms, "staff" if is_staff else "customer", count) for slot_ms, is_staff, count in session.rows(statement)
    ]


def list_visits(session: ReadSession, asked: VisitFilter, limit: int) -> Sequence[AnyRow]:
    """Return visits, the latest first."""
    stays = (
        select(func.count())
        .where(visit_stays.c.tenant == visits.c.tenant, visit_stays.c.visit_id == visits.c.visit_id)
        .scalar_subquery()
    )
    statement = select(visits, stays.label("stays")).where(*_conditions(asked))
    if asked.role is not None:
        staff = staff_made(asked.staff_score)
        statement = statement.where(staff if asked.role == "staff" else not_(staff))
    if asked.before is not None:
        opened_ms, visit_id = asked.before
        statement = statement.where(
            (visits.c.opened_ms < opened_ms) | ((visits.c.opened_ms == opened_ms) & (visits.c.visit_id < visit_id))
        )
    return session.rows(statement.order_by(visits.c.opened_ms.desc(), visits.c.visit_id.desc()).limit(limit))


def get_visit(session: ReadSession, tenant: str, visit_id: str) -> AnyRow:
    """Return one visit.

    Raises:
        ProblemError: 404, this tenant has none with that id.
    """
    row = session.first(select(visits).where(visits.c.tenant == tenant, visits.c.visit_id == visit_id))
    if row is None:
        raise not_found(noun="visit", key=visit_id, remedy="GET /v1/stores/{store}/visits lists them")
    return row


def stays_of(session: ReadSession, tenant: str, visit_id: str) -> Sequence[AnyRow]:
    """Return a visit's stays in order."""
    return session.rows(
        select(visit_stays)
        .where(visit_stays.c.tenant == tenant, visit_stays.c.visit_id == visit_id)
        .order_by(visit_stays.c.ordinal)
    )


def _conditions(asked: VisitFilter) -> list[Any]:
    conditions = [visits.c.tenant == asked.tenant, visits.c.store == asked.store]
    if asked.statuses:
        conditions.append(visits.c.status.in_(asked.statuses))
    if asked.from_ms is not None:
        conditions.append(visits.c.opened_ms >= asked.from_ms)
    if asked.to_ms is not None:
        conditions.append(visits.c.opened_ms < asked.to_ms)
    return conditions
