"""What a projection is: it reads the log in order and keeps what it derives in tables of its own."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from msgspec import Struct
from sqlalchemy import Table, select

from cloud.db import ReadSession, WriteSession, chunks
from cloud.tables import corrected_events, projection_cursors
from contracts.events import decode_event
from contracts.privacy import Payload

P = TypeVar("P", bound=Payload)


class StoredEvent(Struct, frozen=True, kw_only=True):
    """One row of the event log."""

    position: int
    event_id: str
    tenant: str
    store: str
    device: str
    event_type: str
    time_ms: int
    sequence: int
    raw: bytes

    def payload(self, kind: type[P]) -> P:
        """Return the payload.

        Raises:
            TypeError: The event is of another type.
        """
        data = decode_event(self.raw).data
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


def lock_cursor(session: WriteSession, name: str) -> int:
    """Return the cursor, held against other workers until the transaction ends."""
    session.insert_new(projection_cursors, [{"name": name, "position": 0}])
    row = session.first(
        select(projection_cursors.c.position).where(projection_cursors.c.name == name).with_for_update()
    )
    return 0 if row is None else int(row.position)
