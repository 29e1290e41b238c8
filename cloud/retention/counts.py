"""What of retired events is known in numbers only: how many each device sent, and how late they came in."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.lateness.projection import LatenessProjection, delays_where
from cloud.lateness.tables import event_delays
from cloud.retention.tables import retired_counts, retired_delays
from cloud.stores.projection import StoresProjection
from cloud.tables import event_counts, event_log

COUNTING = (StoresProjection.name, LatenessProjection.name)
"""The projections that count every event; what they counted of retired ones is kept here."""

Counts = Mapping[str, Any]

_HIGHEST = ("highest_sequence", "last_time_ms")
"""Columns of which the highest counts; the others are sums."""


def count_retired(session: WriteSession, is_retired: ColumnElement[bool]) -> None:
    """Add the events of the log that meet a condition to what was ever taken out of it."""
    _add(session, retired_counts, _devices_where(session, is_retired))
    delays = delays_where(session, is_retired)
    names = [column.name for column in retired_delays.c]
    _add(session, retired_delays, [dict(zip(names, (*key, *counts), strict=True)) for key, counts in delays.items()])


def count_on(session: WriteSession) -> None:
    """Begin the counts of a rebuild with those of retired events."""
    for retired, counts in ((retired_counts, event_counts), (retired_delays, event_delays)):
        names = [column.name for column in retired.c]
        session.execute(counts.insert().from_select(names, select(*(retired.c[name] for name in names))))


def _devices_where(session: ReadSession, is_retired: ColumnElement[bool]) -> list[Counts]:
    key = [event_log.c[column.name] for column in retired_counts.primary_key]
    statement = (
        select(
            *key,
            func.count().label("events"),
            func.max(event_log.c.sequence).label("highest_sequence"),
            func.max(event_log.c.time_ms).label("last_time_ms"),
        )
        .where(is_retired)
        .group_by(*key)
    )
    return [row._asdict() for row in session.rows(statement)]


def _add(session: WriteSession, table: Table, rows: Sequence[Counts]) -> None:
    key = [column.name for column in table.primary_key]
    tenants = sorted({str(row["tenant"]) for row in rows})
    before: dict[tuple[object, ...], AnyRow] = {}
    for part in chunks(tenants):
        for known in session.rows(select(table).where(table.c.tenant.in_(part))):
            before[tuple(getattr(known, name) for name in key)] = known
    session.upsert(table, [_sum(row, before.get(tuple(row[name] for name in key)), key) for row in rows])


def _sum(row: Counts, known: AnyRow | None, key: Sequence[str]) -> Counts:
    if known is None:
        return row
    summed = {name: row[name] for name in key}
    for name in set(row) - set(key):
        new, old = int(row[name]), int(getattr(known, name))
        summed[name] = max(new, old) if name in _HIGHEST else new + old
    return summed
