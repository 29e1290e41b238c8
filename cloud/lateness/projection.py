"""Counts how late events came in, by store and hour."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Table, and_, case, func, select, tuple_

from cloud.db import ReadSession, WriteSession, chunks
from cloud.lateness.tables import event_delays
from cloud.projections.base import StoredEvent
from cloud.tables import event_log

HOUR_MS = 3_600_000
_DAY_MS = 24 * HOUR_MS
_KEY = ("tenant", "store", "hour_ms")
_COUNTS = ("events", "late_1h", "late_24h")


class LatenessProjection:
    """Adds events up by the hour in which they happened; sums do not depend on their order."""

    name = "lateness"
    types: frozenset[str] | None = None
    tables: tuple[Table, ...] = (event_delays,)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Count the events, which are all that the log holds between the first and the last of them."""
        first, last = events[0].position, events[-1].position
        fresh = delays_where(session, and_(event_log.c.position >= first, event_log.c.position <= last))
        before: dict[tuple[object, ...], tuple[int, ...]] = {}
        key = tuple_(*(event_delays.c[name] for name in _KEY))
        for part in chunks(sorted(fresh)):
            rows = session.rows(select(event_delays).where(key.in_(part)))
            before |= {tuple(row[:3]): tuple(row[3:]) for row in rows}
        session.upsert(
            event_delays,
            [
                {**dict(zip(_KEY, where, strict=True)), **_added(counts, before.get(where, (0, 0, 0)))}
                for where, counts in sorted(fresh.items())
            ],
        )


def _added(counts: tuple[int, ...], before: tuple[int, ...]) -> dict[str, int]:
    return {name: new + old for name, new, old in zip(_COUNTS, counts, before, strict=True)}


def delays_where(session: ReadSession, condition: ColumnElement[bool]) -> dict[tuple[str, str, int], tuple[int, ...]]:
    """Return, by tenant, store and hour, how many events of the log meet a condition, and how many were late."""
    log = event_log.c
    hour = (log.time_ms - log.time_ms % HOUR_MS).label("hour_ms")
    late = [func.sum(case((log.received_ms - log.time_ms > limit_ms, 1), else_=0)) for limit_ms in (HOUR_MS, _DAY_MS)]
    rows = session.rows(
        select(log.tenant, log.store, hour, func.count(), *late).where(condition).group_by(log.tenant, log.store, hour)
    )
    return {(tenant, store, hour_ms): tuple(map(int, counts)) for tenant, store, hour_ms, *counts in rows}
