"""Crossings, coverage and occupancy: one row an event, so a correction takes one out and nothing is counted twice."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Table

from cloud.analytics.queue import enqueue_spans
from cloud.db import WriteSession
from cloud.projections.base import StoredEvent, by_tenant
from cloud.tables import coverage_intervals, crossings, occupancy_samples
from contracts.payloads import Coverage, FootfallCrossing, ZoneOccupancy


class FootfallProjection:
    """Keeps what footfall and occupancy are counted from."""

    name = "footfall"
    types: frozenset[str] | None = frozenset({FootfallCrossing.TYPE, Coverage.TYPE, ZoneOccupancy.TYPE})
    tables: tuple[Table, ...] = (crossings, coverage_intervals, occupancy_samples)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Add the events' rows."""
        session.insert_new(
            crossings, [_crossing(event) for event in events if event.event_type == FootfallCrossing.TYPE]
        )
        session.insert_new(
            coverage_intervals, [_coverage(event) for event in events if event.event_type == Coverage.TYPE]
        )
        session.insert_new(
            occupancy_samples, [_sample(event) for event in events if event.event_type == ZoneOccupancy.TYPE]
        )
        for tenant, group in by_tenant(events).items():
            enqueue_spans(session, tenant, [span for event in group for span in _spans(event)])


def _origin(event: StoredEvent) -> dict[str, object]:
    return {"tenant": event.tenant, "event_id": event.event_id, "store": event.store, "device": event.device}


def _spans(event: StoredEvent) -> list[tuple[str, int, int]]:
    """Return which time of the store the event tells of; samples of occupancy are not summed."""
    if event.event_type == FootfallCrossing.TYPE:
        return [(event.store, event.time_ms, event.time_ms)]
    if event.event_type == Coverage.TYPE:
        coverage = event.payload(Coverage)
        return [(event.store, coverage.interval_start_ms, coverage.interval_end_ms)]
    return []


def _crossing(event: StoredEvent) -> dict[str, object]:
    crossing = event.payload(FootfallCrossing)
    return {
        **_origin(event),
        "time_ms": event.time_ms,
        "tripwire_id": crossing.tripwire_id,
        "tripwire_kind": crossing.tripwire_kind,
        "direction": crossing.direction,
    }


def _coverage(event: StoredEvent) -> dict[str, object]:
    coverage = event.payload(Coverage)
    return {
        **_origin(event),
        "start_ms": coverage.interval_start_ms,
        "end_ms": coverage.interval_end_ms,
        "observed_s": coverage.observed_s,
    }


def _sample(event: StoredEvent) -> dict[str, object]:
    zones = event.payload(ZoneOccupancy).zones
    return {**_origin(event), "time_ms": event.time_ms, "zones": msgspec.to_builtins(zones)}
