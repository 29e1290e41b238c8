"""Which hours, days and members wait to be summed anew. Whoever changes facts queues them in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Table, and_, delete, func, select

from cloud.among import among
from cloud.analytics.tables import (
    analytics_queue,
    journeys,
    member_cells,
    member_days,
    member_sales,
    queue_waits,
    rollup_money,
    rollup_terminals,
    rollup_zones,
    rollups,
)
from cloud.db import ReadSession, WriteSession, chunks
from cloud.tables import coverage_intervals, crossings, link_decisions, link_hypotheses, touches, visits

HOURS, DAYS, MEMBERS = 1, 2, 3
HOUR_MS = 3_600_000
MAX_PRESENCE_MS = 24 * HOUR_MS
MAX_INTERVAL_MS = 48 * HOUR_MS
"""An interval of coverage that claims to be longer is none, and counts nowhere."""

ROLLUPS: tuple[Table, ...] = (
    rollups,
    rollup_money,
    rollup_zones,
    rollup_terminals,
    journeys,
    member_days,
    member_sales,
    member_cells,
    analytics_queue,
)
_OF_STORES: tuple[Table, ...] = (rollups, rollup_money, rollup_zones, rollup_terminals, journeys)

Spans = Iterable[tuple[str, int, int]]
"""(store, first millisecond, last millisecond)."""


def enqueue_spans(session: WriteSession, tenant: str, spans: Spans) -> None:
    """Queue the hours of UTC that some spans of time in stores touch."""
    firsts_and_lasts = {
        (store, start_ms - start_ms % HOUR_MS, last_ms - last_ms % HOUR_MS)
        for store, start_ms, end_ms in spans
        for last_ms in (min(max(end_ms, start_ms), start_ms + MAX_INTERVAL_MS),)
    }
    hours = {
        (store, hour_ms)
        for store, first_ms, last_ms in firsts_and_lasts
        for hour_ms in range(first_ms, last_ms + 1, HOUR_MS)
    }
    _insert(session, tenant, HOURS, ((store, str(hour_ms)) for store, hour_ms in hours))


def enqueue_days(session: WriteSession, tenant: str, store: str, days: Iterable[int]) -> None:
    """Queue calendar days of a store."""
    _insert(session, tenant, DAYS, ((store, str(day)) for day in days))


def enqueue_members(session: WriteSession, tenant: str, one_ids: Iterable[str]) -> None:
    """Queue members."""
    _insert(session, tenant, MEMBERS, (("", one_id) for one_id in one_ids))


def enqueue_visits(session: WriteSession, tenant: str, visit_ids: Sequence[str]) -> None:
    """Queue the hours of visits as the table has them now, and those of their parties: another may lead it."""
    mates = visits.alias("mates")
    of_party = and_(
        mates.c.tenant == visits.c.tenant, mates.c.store == visits.c.store, mates.c.party_id == visits.c.party_id
    )
    spans = []
    for part in chunks(visit_ids):
        mine = and_(visits.c.tenant == tenant, among(visits.c.visit_id, part))
        own = select(visits.c.store, visits.c.opened_ms, visits.c.updated_ms, visits.c.closed_ms).where(mine)
        for store, opened_ms, updated_ms, closed_ms in session.rows(own):
            ended_ms = updated_ms if closed_ms is None else closed_ms
            spans.append((store, opened_ms, min(ended_ms, opened_ms + MAX_PRESENCE_MS)))
        others = select(mates.c.store, mates.c.opened_ms).select_from(visits.join(mates, of_party)).where(mine)
        spans += [(store, opened_ms, opened_ms) for store, opened_ms in session.rows(others)]
    enqueue_spans(session, tenant, spans)


def enqueue_touches(session: WriteSession, tenant: str, touch_ids: Sequence[str]) -> None:
    """Queue the hours of touches and of the visits that may have made them."""
    spans = []
    for part in chunks(touch_ids):
        own = select(touches.c.store, touches.c.time_ms).where(
            touches.c.tenant == tenant, among(touches.c.touch_id, part)
        )
        spans += [(store, time_ms, time_ms) for store, time_ms in session.rows(own)]
        fitting = (
            select(visits.c.store, visits.c.opened_ms)
            .select_from(
                link_decisions.join(link_hypotheses, link_hypotheses.c.decision_id == link_decisions.c.id).join(
                    visits,
                    and_(visits.c.tenant == link_decisions.c.tenant, visits.c.visit_id == link_hypotheses.c.visit_id),
                )
            )
            .where(
                link_decisions.c.tenant == tenant,
                among(link_decisions.c.touch_id, part),
                link_decisions.c.retracted_ms.is_(None),
            )
        )
        spans += [(store, opened_ms, opened_ms) for store, opened_ms in session.rows(fitting)]
    enqueue_spans(session, tenant, spans)


def enqueue_corrected(session: WriteSession, tenant: str, event_ids: Sequence[str]) -> None:
    """Queue the hours of crossings, coverage and waits that were declared wrong."""
    bounds: Mapping[Table, tuple[str, str]] = {
        crossings: ("time_ms", "time_ms"),
        coverage_intervals: ("start_ms", "end_ms"),
        queue_waits: ("joined_ms", "joined_ms"),
    }
    spans = []
    for part in chunks(event_ids):
        for table, (start, end) in bounds.items():
            statement = select(table.c.store, table.c[start], table.c[end]).where(
                table.c.tenant == tenant, among(table.c.event_id, part)
            )
            spans += [(store, start_ms, end_ms) for store, start_ms, end_ms in session.rows(statement)]
    enqueue_spans(session, tenant, spans)


def requeue_store(session: WriteSession, tenant: str, store: str) -> None:
    """Forget the rollups of a store and queue all of it: its time zone or its opening hours changed."""
    for table in _OF_STORES:
        session.execute(delete(table).where(table.c.tenant == tenant, table.c.store == store))
    session.execute(
        delete(analytics_queue).where(
            analytics_queue.c.tenant == tenant, analytics_queue.c.store == store, analytics_queue.c.stage == DAYS
        )
    )
    enqueue_spans(session, tenant, _all_spans(session, tenant, store))
    requeue_members(session, tenant, store)


def requeue_members(session: WriteSession, tenant: str, store: str) -> None:
    """Queue all members of a store: its calendar or its region changed."""
    theirs = (
        select(touches.c.one_id)
        .distinct()
        .where(touches.c.tenant == tenant, touches.c.store == store, touches.c.one_id.is_not(None))
    )
    enqueue_members(session, tenant, [row.one_id for row in session.rows(theirs)])


def requeue_everything(session: WriteSession) -> None:
    """Forget every rollup and queue all that happened, of every tenant."""
    for table in ROLLUPS:
        session.execute(delete(table))
    known = (
        select(crossings.c.tenant, crossings.c.store)
        .union(*(select(table.c.tenant, table.c.store) for table in (coverage_intervals, visits, touches, queue_waits)))
        .subquery()
    )
    for tenant, store in session.rows(select(known.c.tenant, known.c.store)):
        requeue_store(session, tenant, store)


def _all_spans(session: ReadSession, tenant: str, store: str) -> Spans:
    """Return the hours in which anything happened in a store."""
    for table, start, end in (
        (crossings, crossings.c.time_ms, crossings.c.time_ms),
        (coverage_intervals, coverage_intervals.c.start_ms, coverage_intervals.c.end_ms),
        (queue_waits, queue_waits.c.joined_ms, queue_waits.c.joined_ms),
        (touches, touches.c.time_ms, touches.c.time_ms),
        (visits, visits.c.opened_ms, func.coalesce(visits.c.closed_ms, visits.c.updated_ms)),
    ):
        first, last = (column - column % HOUR_MS for column in (start, end))
        statement = select(first.label("first"), last.label("last")).distinct()
        for first_ms, last_ms in session.rows(statement.where(table.c.tenant == tenant, table.c.store == store)):
            yield store, first_ms, last_ms


def _insert(session: WriteSession, tenant: str, stage: int, keys: Iterable[tuple[str, str]]) -> None:
    rows = [{"stage": stage, "tenant": tenant, "store": store, "key": key} for store, key in sorted(keys)]
    for part in chunks(rows):
        session.insert_new(analytics_queue, part)
