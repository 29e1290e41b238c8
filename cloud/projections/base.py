"""What a projection is: it reads the log in order and keeps what it derives in tables of its own."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from msgspec import Struct
from sqlalchemy import Table, select

from cloud.db import AnyRow, ReadSession, WriteSession, chunks
from cloud.ingest.quick import read_quickly
from cloud.tables import corrected_events, projection_cursors
from contracts.events import decode_event
from contracts.privacy import Payload

P = TypeVar("P", bound=Payload)


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
    _data: Payload | None = None

    @classmethod
    def of(cls, row: AnyRow) -> "StoredEvent":
        """Return a row of the event log."""
        return cls(
            position=row.position,
            event_id=row.event_id,
            tenant=row.tenant,
            store=row.store,
            device=row.device,
            event_type=row.type,
            time_ms=row.time_ms,
            sequence=row.sequence,
            raw=bytes(row.raw),
        )

    def payload(self, kind: type[P]) -> P:
        """Return the payload.

        Raises:
            TypeError: The event is of another type.
        """
        data = self._data
        if data is None:
            quick = read_quickly(self.raw)
            data = self._data = decode_event(self.raw).data if quick is None else quick.data
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
        """Return the event types that it reads, None for all."""

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
            corrected_events.c.tenant == tenant, corrected_events.c.event_id.in_(part)
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
