"""SQL of footfall, coverage and occupancy. Corrected events count nowhere."""

from collections.abc import Sequence

from sqlalchemy import func, select

from cloud.db import AnyRow, ReadSession
from cloud.footfall.buckets import SLOT_MS, Bucket, Interval, Key
from cloud.projections.corrections import stands
from cloud.spans import Spans
from cloud.tables import coverage_intervals, crossings, occupancy_samples


def crossings_by_slot(
    session: ReadSession, tenant: str, store: str, during: Sequence[Bucket]
) -> list[tuple[int, Key, int]]:
    """Return crossings in some spans, none of which overlap, by quarter of an hour, tripwire kind and direction."""
    spans = Spans((span.start_ms, span.end_ms) for span in during)
    slot = (crossings.c.time_ms - crossings.c.time_ms % SLOT_MS).label("slot_ms")
    statement = (
        select(slot, crossings.c.tripwire_kind, crossings.c.direction, func.count())
        .select_from(
            spans.find_in(
                crossings,
                crossings.c.tenant == tenant,
                crossings.c.store == store,
                spans.hold(crossings.c.time_ms),
                stands(crossings),
            )
        )
        .group_by(slot, crossings.c.tripwire_kind, crossings.c.direction)
    )
    rows = [row for row in session.rows(statement) if row.slot_ms is not None]
    return [(slot_ms, Key(kind, direction), count) for slot_ms, kind, direction, count in rows]


def coverage_between(session: ReadSession, tenant: str, store: str, from_ms: int, to_ms: int) -> list[Interval]:
    """Return the coverage intervals that overlap [from_ms, to_ms)."""
    statement = (
        select(
            coverage_intervals.c.device,
            coverage_intervals.c.start_ms,
            coverage_intervals.c.end_ms,
            coverage_intervals.c.observed_s,
        )
        .where(coverage_intervals.c.tenant == tenant, coverage_intervals.c.store == store)
        .where(coverage_intervals.c.end_ms > from_ms, coverage_intervals.c.start_ms < to_ms)
        .where(coverage_intervals.c.end_ms > coverage_intervals.c.start_ms, stands(coverage_intervals))
    )
    return [
        Interval(device, start_ms, end_ms, seconds) for device, start_ms, end_ms, seconds in session.rows(statement)
    ]


def observing_devices(session: ReadSession, tenant: str, store: str, from_ms: int, to_ms: int) -> list[str]:
    """Return the devices that reported coverage in [from_ms, to_ms)."""
    statement = (
        select(coverage_intervals.c.device)
        .distinct()
        .where(coverage_intervals.c.tenant == tenant, coverage_intervals.c.store == store)
        .where(coverage_intervals.c.end_ms > from_ms, coverage_intervals.c.start_ms < to_ms)
    )
    return [row.device for row in session.rows(statement)]


def latest_samples(session: ReadSession, tenant: str, store: str, since_ms: int) -> list[AnyRow]:
    """Return each device's latest occupancy sample since an instant."""
    newest = (
        func.row_number()
        .over(
            partition_by=occupancy_samples.c.device,
            order_by=(occupancy_samples.c.time_ms.desc(), occupancy_samples.c.event_id.desc()),
        )
        .label("age")
    )
    ranked = (
        select(occupancy_samples, newest)
        .where(occupancy_samples.c.tenant == tenant, occupancy_samples.c.store == store)
        .where(occupancy_samples.c.time_ms >= since_ms, stands(occupancy_samples))
        .subquery()
    )
    return list(session.rows(select(ranked).where(ranked.c.age == 1).order_by(ranked.c.device)))
