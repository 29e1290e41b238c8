"""SQL of linking: the neighbourhood of what changed, and the decisions, which are only ever added and retracted."""

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import ColumnElement, and_, delete, func, literal, select, update

from cloud.among import among
from cloud.db import AnyRow, Page, ReadSession, WriteSession, chunks
from cloud.linking.decide import Decision, Gate, Touch, Visit, VisitStay
from cloud.linking.queue import Changed
from cloud.projections.base import corrected_among
from cloud.tables import link_decisions, link_hypotheses, link_queue, touches, visit_stays, visits
from cloud.touches.repository import reversal_of

QUEUE_STEP = 500
"""How many changes one transaction takes up."""


def next_changes(session: ReadSession, tenant: str) -> dict[Changed, list[str]]:
    """Return queued changes of one tenant, by kind."""
    statement = (
        select(link_queue.c.kind, link_queue.c.key)
        .where(link_queue.c.tenant == tenant)
        .order_by(link_queue.c.kind, link_queue.c.key)
        .limit(QUEUE_STEP)
    )
    changes: dict[Changed, list[str]] = {"touch": [], "visit": []}
    for kind, key in session.rows(statement):
        changes["touch" if kind == "touch" else "visit"].append(key)
    return changes


def next_tenant(session: ReadSession) -> str | None:
    """Return a tenant with queued changes, or None."""
    row = session.first(select(link_queue.c.tenant).order_by(link_queue.c.tenant).limit(1))
    return None if row is None else str(row.tenant)


def take_changes(session: WriteSession, tenant: str, changes: dict[Changed, list[str]]) -> None:
    """Remove changes from the queue."""
    for kind, keys in changes.items():
        session.execute(
            delete(link_queue).where(
                link_queue.c.tenant == tenant, link_queue.c.kind == kind, among(link_queue.c.key, keys)
            )
        )


def requeue_all(session: WriteSession) -> None:
    """Queue every touch, and every touch that some decision still names."""
    session.execute(delete(link_queue))
    known = select(touches.c.tenant, touches.c.touch_id).union(
        select(link_decisions.c.tenant, link_decisions.c.touch_id).where(link_decisions.c.retracted_ms.is_(None))
    )
    named = known.subquery()
    rows = select(named.c.tenant, literal("touch"), named.c.touch_id)
    session.execute(link_queue.insert().from_select(["tenant", "kind", "key"], rows))


def _covers(gate: Gate) -> ColumnElement[bool]:
    """Return the condition that a stay and a touch are of one zone and, within the gate, of one time.

    Both columns of time have a lower and an upper bound, so an index serves from whichever side the join starts.
    """
    longest_ms, tolerance_ms = gate.max_stay_ms, gate.tolerance_ms + gate.clock_error_ms
    left_ms = func.coalesce(visit_stays.c.left_ms, visit_stays.c.entered_ms + longest_ms)
    return and_(
        touches.c.tenant == visit_stays.c.tenant,
        touches.c.store == visit_stays.c.store,
        touches.c.zone_id == visit_stays.c.zone_id,
        touches.c.at_ms >= visit_stays.c.entered_ms - tolerance_ms,
        touches.c.at_ms <= left_ms + tolerance_ms,
        touches.c.at_ms <= visit_stays.c.entered_ms + (longest_ms + tolerance_ms),
        visit_stays.c.entered_ms <= touches.c.at_ms + tolerance_ms,
        visit_stays.c.entered_ms >= touches.c.at_ms - (tolerance_ms + longest_ms),
    )


def touches_near(session: ReadSession, tenant: str, visit_ids: Iterable[str], gate: Gate) -> set[str]:
    """Return the touches that lie in stays of these visits, and those with an active decision that names them."""
    found: set[str] = set()
    for part in chunks(sorted(set(visit_ids))):
        # An outer join, so that no planner starts from every touch; its empty rows are left out below.
        covered = (
            select(touches.c.touch_id)
            .select_from(visit_stays.outerjoin(touches, _covers(gate)))
            .where(visit_stays.c.tenant == tenant, among(visit_stays.c.visit_id, part))
        )
        found.update(row.touch_id for row in session.rows(covered) if row.touch_id is not None)
        naming = session.rows(
            select(link_hypotheses.c.decision_id).distinct().where(among(link_hypotheses.c.visit_id, part))
        )
        for decision_ids in chunks([row.decision_id for row in naming]):
            named = select(link_decisions.c.touch_id, link_decisions.c.tenant, link_decisions.c.retracted_ms)
            rows = session.rows(named.where(among(link_decisions.c.id, decision_ids)))
            found.update(row.touch_id for row in rows if row.tenant == tenant and row.retracted_ms is None)
    return found


def touches_of_members(session: ReadSession, tenant: str, touch_ids: Iterable[str], gate: Gate) -> set[str]:
    """Return the touches, in the same store within the longest stay, of the members who made some touches."""
    other = touches.alias("other")
    found: set[str] = set()
    for part in chunks(sorted(set(touch_ids))):
        # An outer join, and the stores compared below: else a planner starts from every touch, of all or of the store.
        statement = (
            select(other.c.touch_id, other.c.store, touches.c.store.label("asked"))
            .select_from(
                touches.outerjoin(
                    other,
                    and_(
                        other.c.tenant == touches.c.tenant,
                        other.c.one_id == touches.c.one_id,
                        other.c.at_ms.between(touches.c.at_ms - gate.max_stay_ms, touches.c.at_ms + gate.max_stay_ms),
                    ),
                )
            )
            .where(touches.c.tenant == tenant, among(touches.c.touch_id, part))
        )
        found.update(row.touch_id for row in session.rows(statement) if row.store == row.asked)
    return found


def visits_near(session: ReadSession, tenant: str, touch_ids: Iterable[str], gate: Gate) -> set[str]:
    """Return the visits with a stay in which one of these touches lies."""
    found: set[str] = set()
    for part in chunks(sorted(set(touch_ids))):
        statement = (
            select(visit_stays.c.visit_id)
            .distinct()
            .select_from(touches.outerjoin(visit_stays, _covers(gate)))
            .where(touches.c.tenant == tenant, among(touches.c.touch_id, part))
        )
        found.update(row.visit_id for row in session.rows(statement) if row.visit_id is not None)
    return found


def load_touches(session: ReadSession, tenant: str, touch_ids: Iterable[str]) -> dict[str, tuple[str, Touch]]:
    """Return (store, touch) by id."""
    found: dict[str, tuple[str, Touch]] = {}
    wanted = sorted(set(touch_ids))
    corrected = corrected_among(session, tenant, wanted)
    for part in chunks(wanted):
        statement = select(touches, reversal_of().label("is_reversed")).where(
            touches.c.tenant == tenant, among(touches.c.touch_id, part)
        )
        for row in session.rows(statement):
            touch = Touch(
                touch_id=row.touch_id,
                time_ms=row.time_ms,
                corrected_ms=None if row.at_ms == row.time_ms else row.at_ms,
                zone_id=row.zone_id,
                one_id=row.one_id,
                device=row.device,
                in_store_proof=row.in_store_proof,
                is_scan=row.kind == "scan",
                is_reversal=row.kind == "void",
                is_reversed=row.kind == "sale" and bool(row.is_reversed),
                is_corrected=row.touch_id in corrected,
            )
            found[row.touch_id] = (row.store, touch)
    return found


def load_visits(session: ReadSession, tenant: str, visit_ids: Iterable[str]) -> list[tuple[str, Visit]]:
    """Return (store, visit)."""
    found = []
    for part in chunks(sorted(set(visit_ids))):
        stays: dict[str, list[VisitStay]] = {}
        for row in session.rows(
            select(visit_stays).where(visit_stays.c.tenant == tenant, among(visit_stays.c.visit_id, part))
        ):
            stay = VisitStay(zone_id=row.zone_id, entered_ms=row.entered_ms, left_ms=row.left_ms)
            stays.setdefault(row.visit_id, []).append(stay)
        for row in session.rows(select(visits).where(visits.c.tenant == tenant, among(visits.c.visit_id, part))):
            visit = Visit(
                visit_id=row.visit_id,
                status=row.status,
                stays=tuple(stays.get(row.visit_id, ())),
                staff_score=row.staff_score,
                role=row.role,
                opened_ms=row.opened_ms,
                updated_ms=row.updated_ms,
                path=tuple((t_ms, x_m, y_m) for t_ms, x_m, y_m in row.path),
                path_error_m=row.path_error_m,
                party_id=row.party_id,
            )
            found.append((row.store, visit))
    return found


def active_decisions(session: ReadSession, tenant: str, touch_ids: Iterable[str]) -> dict[str, AnyRow]:
    """Return the decisions that hold, by touch."""
    found = {}
    for part in chunks(sorted(set(touch_ids))):
        statement = select(link_decisions).where(
            link_decisions.c.tenant == tenant,
            among(link_decisions.c.touch_id, part),
            link_decisions.c.retracted_ms.is_(None),
        )
        found.update({row.touch_id: row for row in session.rows(statement)})
    return found


def count_decisions(session: ReadSession, tenant: str, touch_ids: Iterable[str]) -> dict[str, int]:
    """Return how many decisions were ever made, by touch."""
    found: dict[str, int] = {}
    for part in chunks(sorted(set(touch_ids))):
        statement = (
            select(link_decisions.c.touch_id, func.count())
            .where(link_decisions.c.tenant == tenant, among(link_decisions.c.touch_id, part))
            .group_by(link_decisions.c.touch_id)
        )
        found.update({touch_id: count for touch_id, count in session.rows(statement)})  # noqa: C416 - a row is no pair to mypy
    return found


def retract(session: WriteSession, decision_ids: Sequence[str], now_ms: int) -> None:
    """Say of decisions that they hold no longer."""
    for part in chunks(decision_ids):
        session.execute(update(link_decisions).where(among(link_decisions.c.id, part)).values(retracted_ms=now_ms))


def assert_decisions(session: WriteSession, rows: Sequence[dict[str, object]], decided: Sequence[Decision]) -> None:
    """Add decisions with what spoke for each; `rows` and `decided` go in step."""
    session.insert(link_decisions, rows)
    session.insert(
        link_hypotheses,
        [
            {
                "decision_id": row["id"],
                "visit_id": hypothesis.visit_id,
                "features": msgspec.to_builtins(hypothesis.features),
                "posterior": hypothesis.posterior,
            }
            for row, decision in zip(rows, decided, strict=True)
            for hypothesis in decision.hypotheses
        ],
    )


def touches_of(session: ReadSession, tenant: str, one_id: str) -> set[str]:
    """Return a profile's touches."""
    statement = select(touches.c.touch_id).where(touches.c.tenant == tenant, touches.c.one_id == one_id)
    return {row.touch_id for row in session.rows(statement)}


def active_links_of(session: ReadSession, tenant: str, one_id: str) -> set[str]:
    """Return the links of a profile that hold."""
    statement = select(link_decisions.c.id).where(
        link_decisions.c.tenant == tenant,
        link_decisions.c.one_id == one_id,
        link_decisions.c.decision == "linked",
        link_decisions.c.retracted_ms.is_(None),
    )
    return {row.id for row in session.rows(statement)}


def count_active(session: ReadSession, tenant: str, store: str | None) -> dict[str, int]:
    """Return how many decisions hold, by decision."""
    statement = select(link_decisions.c.decision, func.count()).where(
        link_decisions.c.tenant == tenant, link_decisions.c.retracted_ms.is_(None)
    )
    if store is not None:
        statement = statement.where(link_decisions.c.store == store)
    return {decision: count for decision, count in session.rows(statement.group_by(link_decisions.c.decision))}  # noqa: C416 - a row is no pair to mypy


def expected_precision(session: ReadSession, tenant: str, store: str | None) -> tuple[int, float | None]:
    """Return how many links that hold have a probability, and the mean of these; None where none has."""
    chosen = (link_hypotheses.c.decision_id == link_decisions.c.id) & (
        link_hypotheses.c.visit_id == link_decisions.c.visit_id
    )
    statement = (
        select(func.count(link_hypotheses.c.posterior), func.avg(link_hypotheses.c.posterior))
        .select_from(link_decisions.join(link_hypotheses, chosen))
        .where(link_decisions.c.tenant == tenant, link_decisions.c.retracted_ms.is_(None))
        .where(link_decisions.c.decision == "linked")
    )
    row = session.first(statement if store is None else statement.where(link_decisions.c.store == store))
    return (0, None) if row is None else (row[0], row[1])


def count_ineligible(session: ReadSession, tenant: str, store: str | None) -> dict[str, int]:
    """Return how many touches no link is decided for, by reason that the touch itself gives."""
    statement = select(touches.c.ineligible, func.count()).where(
        touches.c.tenant == tenant, touches.c.ineligible.is_not(None)
    )
    if store is not None:
        statement = statement.where(touches.c.store == store)
    return {reason: count for reason, count in session.rows(statement.group_by(touches.c.ineligible))}  # noqa: C416 - a row is no pair to mypy


def list_decisions(session: ReadSession, conditions: Sequence[ColumnElement[bool]], page: Page) -> Sequence[AnyRow]:
    """Return decisions with their touches, the latest touch first."""
    statement = (
        select(link_decisions, *_TOUCH_COLUMNS)
        .outerjoin(
            touches,
            (touches.c.tenant == link_decisions.c.tenant) & (touches.c.touch_id == link_decisions.c.touch_id),
        )
        .where(*conditions)
        .order_by(touches.c.time_ms.desc(), link_decisions.c.id.desc())
        .offset(page.offset)
        .limit(page.limit)
    )
    return session.rows(statement)


def hypotheses_of(session: ReadSession, decision_id: str) -> Sequence[AnyRow]:
    """Return what was compared for a decision."""
    return session.rows(
        select(link_hypotheses).where(link_hypotheses.c.decision_id == decision_id).order_by(link_hypotheses.c.visit_id)
    )


_TOUCH_COLUMNS = (
    touches.c.kind,
    touches.c.time_ms,
    touches.c.device,
    touches.c.zone_id,
    touches.c.receipt_id,
    touches.c.gtin,
)
