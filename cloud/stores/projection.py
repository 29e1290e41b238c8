"""Stores and devices as their events show them."""

from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec
from sqlalchemy import Table, and_, or_, select

from cloud.db import AnyRow, AnySelect, ReadSession, WriteSession, chunks
from cloud.projections.base import StoredEvent
from cloud.tables import device_health, event_counts, stores
from contracts.operations import DeviceHealth

_COUNT_KEY = ("tenant", "store", "device", "type")


class StoresProjection:
    """Registers each store with its first event, and counts events by device and type."""

    name = "stores"
    types: frozenset[str] | None = None
    tables: tuple[Table, ...] = (event_counts,)
    """Not `stores`: what people set there is not in the log."""

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Count events; sums and maxima do not depend on their order."""
        known = sorted({(event.tenant, event.store) for event in events})
        session.insert_new(stores, [{"tenant": tenant, "store": store} for tenant, store in known])
        ordered = sorted(events, key=_count_key)
        fresh = {key: list(group) for key, group in groupby(ordered, key=_count_key)}
        old = {tuple(getattr(row, name) for name in _COUNT_KEY): row for row in _rows(session, list(fresh))}
        session.upsert(event_counts, [_counted(key, group, old.get(key)) for key, group in fresh.items()])


class DeviceHealthProjection:
    """Keeps the last health that each device reported."""

    name = "device_health"
    types: frozenset[str] | None = frozenset({DeviceHealth.TYPE})
    tables: tuple[Table, ...] = (device_health,)

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Keep the latest by time, then by id, whatever the order of arrival."""
        latest: dict[tuple[str, str, str], StoredEvent] = {}
        for event in events:
            key = (event.tenant, event.store, event.device)
            if key not in latest or _recency(event) > _recency(latest[key]):
                latest[key] = event
        known = {(row.tenant, row.store, row.device): row for row in _health_rows(session, latest)}
        session.upsert(
            device_health,
            [
                _health_row(event)
                for key, event in latest.items()
                if key not in known or _recency(event) > (known[key].time_ms, known[key].event_id)
            ],
        )


def _count_key(event: StoredEvent) -> tuple[str, str, str, str]:
    return (event.tenant, event.store, event.device, event.event_type)


def _rows(session: ReadSession, keys: Sequence[tuple[str, str, str, str]]) -> Iterable[AnyRow]:
    columns = [event_counts.c[name] for name in _COUNT_KEY]
    for part in chunks(keys):
        matches = [and_(*(column == value for column, value in zip(columns, key, strict=True))) for key in part]
        statement: AnySelect = select(event_counts).where(or_(*matches))
        yield from session.rows(statement)


def _counted(key: tuple[str, str, str, str], events: Sequence[StoredEvent], old: AnyRow | None) -> dict[str, object]:
    highest = max(event.sequence for event in events)
    last_ms = max(event.time_ms for event in events)
    return {
        **dict(zip(_COUNT_KEY, key, strict=True)),
        "events": len(events) + (0 if old is None else old.events),
        "highest_sequence": highest if old is None else max(highest, old.highest_sequence),
        "last_time_ms": last_ms if old is None else max(last_ms, old.last_time_ms),
    }


def _recency(event: StoredEvent) -> tuple[int, str]:
    return (event.time_ms, event.event_id)


def _health_rows(session: ReadSession, keys: Iterable[tuple[str, str, str]]) -> Iterable[AnyRow]:
    for part in chunks(list(keys)):
        matches = [
            and_(device_health.c.tenant == tenant, device_health.c.store == store, device_health.c.device == device)
            for tenant, store, device in part
        ]
        statement: AnySelect = select(device_health).where(or_(*matches))
        yield from session.rows(statement)


def _health_row(event: StoredEvent) -> dict[str, object]:
    health = event.payload(DeviceHealth)
    return {
        "tenant": event.tenant,
        "store": event.store,
        "device": event.device,
        "event_id": event.event_id,
        "time_ms": event.time_ms,
        "health": msgspec.to_builtins(health),
    }
