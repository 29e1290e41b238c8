"""What a projection is: it reads the log in order and keeps what it derives in tables of its own."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Table, select

from cloud.among import among
from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.ingest.quick import read_payload
from cloud.tables import corrected_events, projection_cursors
from contracts.privacy import Payload
from contracts.timestamps import parse_time

P = TypeVar("P", bound=Payload)


ENVELOPE = ("position", "event_id", "tenant", "store", "device", "type", "time_ms", "sequence")
"""The columns of the log that an event has beside its bytes, in the order in which `StoredEvent.of` takes them."""


class _Clock(Struct):
    correctedtime: str | None = None


class StoredEvent(Struct, kw_only=True):
    """One row of the event log; several projections read it, its payload is decoded once."""

    position: int
    event_id: str
    tenant: str
    store: str
    device: str
    event_type: str
    time_ms: int
    sequence: int
    raw: bytes
    """Empty where nobody who reads the event asked for its payload."""
    _data: Payload | None = None

    @classmethod
    def of(cls, row: AnyRow) -> "StoredEvent":
        """Return what a row of the event log holds: the columns of `ENVELOPE`, then the bytes."""
        position, event_id, tenant, store, device, event_type, time_ms, sequence, raw = row
        return cls(
            position=position,
            event_id=event_id,
            tenant=tenant,
            store=store,
            device=device,
            event_type=event_type,
            time_ms=time_ms,
            sequence=sequence,
            raw=raw or b"",
        )

    @property
    def corrected_ms(self) -> int | None:
        """Return when it happened by the gateway's clock; None where that did not find the device's to be wrong."""
        if b'"correctedtime"' not in self.raw:
            return None
        told = msgspec.json.decode(self.raw, type=_Clock).correctedtime
        return None if told is None else parse_time(told)

    def payload(self, kind: type[P]) -> P:
        """Return the payload.

        Raises:
            TypeError: The event is of another type, or was read without its bytes.
        """
        data = self._data
        if data is None:
            if not self.raw:
                msg = f"event {self.event_id} was read without its payload; a projection names the types that it reads"
                raise TypeError(msg)
            data = self._data = read_payload(self.raw, self.event_type)
        if not isinstance(data, kind):
            msg = f"expected a payload of type {kind.TYPE}, event {self.event_id} holds {data.TYPE}"
            raise TypeError(msg)
        return data


class Projection(Protocol):
    """Derives tables from the log.

    `apply` must come to the same state for the same set of events in whatever order and batches they come.
    """

    @property
    def name(self) -> str:
        """Return the name of its cursor."""

    @property
    def types(self) -> frozenset[str] | None:
        """Return the event types that it reads; None for all, but of none the payload."""

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return the tables that `rebuild` empties before it reads the log from its start."""

    def apply(self, session: WriteSession, events: Sequence[StoredEvent]) -> None:
        """Take in events, in the transaction that also moves the cursor."""


def corrected_among(session: ReadSession, tenant: str, event_ids: Sequence[str]) -> frozenset[str]:
    """Return which of a tenant's events some correction declared wrong."""
    found: set[str] = set()
    for part in chunks(event_ids):
        statement = select(corrected_events.c.event_id).where(
            corrected_events.c.tenant == tenant, among(corrected_events.c.event_id, part)
        )
        found.update(row.event_id for row in session.rows(statement))
    return frozenset(found)


def by_tenant(events: Sequence[StoredEvent]) -> dict[str, list[StoredEvent]]:
    """Return the events, grouped by tenant."""
    grouped: dict[str, list[StoredEvent]] = {}
    for event in events:
        grouped.setdefault(event.tenant, []).append(event)
    return grouped


def read_cursor(session: ReadSession, name: str) -> int:
    """Return the last position that a projection took in."""
    return session.number(select(projection_cursors.c.position).where(projection_cursors.c.name == name))


def read_cursors(session: ReadSession, names: Sequence[str]) -> dict[str, int]:
    """Return the last position that each projection took in."""
    statement = select(projection_cursors).where(projection_cursors.c.name.in_(names))
    return dict.fromkeys(names, 0) | {row.name: int(row.position) for row in session.rows(statement)}


def lock_cursor(session: WriteSession, name: str) -> int:
    """Return the cursor, held against other workers until the transaction ends."""
    return lock_cursors(session, [name])[name]


def lock_cursors(session: WriteSession, names: Sequence[str]) -> dict[str, int]:
    """Return cursors, held against other workers until the transaction ends; all workers lock them in one order."""
    statement = (
        select(projection_cursors)
        .where(projection_cursors.c.name.in_(names))
        .order_by(projection_cursors.c.name)
        .with_for_update()
    )
    rows = session.rows(statement)
    if len(rows) < len(names):
        session.insert_new(projection_cursors, [{"name": name, "position": 0} for name in sorted(names)])
        rows = session.rows(statement)
    return {row.name: int(row.position) for row in rows}
