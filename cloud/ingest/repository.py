"""SQL of the event log."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from sqlalchemy import func, select

from cloud.db import Database, ReadSession, WriteSession
from cloud.erasure.tombstones import erased_among
from cloud.identity.statements import Identifier
from cloud.ingest.binary_copy import COLUMNS, copy_of, encode_rows
from cloud.ingest.judge import AcceptedEvent
from cloud.ingest.one_trip import run_copy
from cloud.tables import event_log
from contracts.erasure import ErasedIdentifier, is_forgotten
from contracts.redaction import redacted

LOG_LOCK_KEY = 0x5348_4F50
"""Number of the advisory lock under which PostgreSQL gives out positions."""

_NAMES = ", ".join(COLUMNS)
_SQLITE_ROWS = 64
"""So many rows go into SQLite by one statement: it runs without Python's lock, while other threads judge."""
_COPY = f"COPY event_log ({_NAMES}) FROM STDIN (FORMAT BINARY)"
_LOCK = f"SELECT pg_advisory_xact_lock({LOG_LOCK_KEY})"
_KNOWN = "SELECT event_id FROM event_log WHERE tenant = %s AND event_id = ANY(string_to_array(%s, ','))"
"""One text of all ids: the driver takes longer to write an array of them than PostgreSQL to split it."""


class Arrival(Struct, frozen=True, kw_only=True):
    """Events that came together.

    `rows` is what a COPY of all of them holds, where it was written before the turn to append came: whoever has the
    turn holds everybody up.
    """

    events: Sequence[AcceptedEvent]
    received_ms: int
    rows: bytes | None = None


def arrive(database: Database, events: Sequence[AcceptedEvent], received_ms: int) -> Arrival:
    """Return events as they are appended to a database, with all done that needs no turn."""
    copies = database.engine.dialect.name == "postgresql"
    return Arrival(events=events, received_ms=received_ms, rows=encode_rows(events, received_ms) if copies else None)


def lock_log(session: WriteSession) -> None:
    """Keep everybody else from appending until the transaction ends. SQLite has one writer anyway."""
    if session.dialect == "postgresql":
        session.connection.exec_driver_sql(_LOCK)


def append_events(session: WriteSession, events: Sequence[AcceptedEvent], received_ms: int) -> int:
    """Append events that the log does not hold yet; return how many were new."""
    return append_batches(session, [Arrival(events=events, received_ms=received_ms)])[0]


def append_batches(session: WriteSession, batches: Sequence[Arrival]) -> list[int]:
    """Append what the log does not hold yet of several batches, in their order.

    Args:
        session: The transaction; on PostgreSQL it holds the log's lock from here to its end.
        batches: What came.

    Returns:
        How many events of each batch were new.
    """
    lock_log(session)
    named = [_without_erased(session, arrival) for arrival in batches]
    if session.dialect == "postgresql":
        return _copy_new(session, named)
    return [_insert_new(session, arrival.events, arrival.received_ms) for arrival in named]


def append_unseen(session: WriteSession, batches: Sequence[Arrival], *, commits: bool) -> bool:
    """Append several batches to PostgreSQL if the log holds nothing of them, and do not look first.

    Args:
        session: The transaction, in which nothing was done before. After a failure nothing was done either.
        batches: What came.
        commits: Whether to commit with the last row, before the server has answered. Else the transaction goes on.

    Returns:
        Whether they were appended; if not, `append_batches` does it, or tells what is wrong.
    """
    if session.dialect != "postgresql" or not any(arrival.events for arrival in batches):
        return False
    link = _driver_of(session)
    opening: tuple[str, ...] = ("BEGIN", _LOCK)
    if any(event.member is not None for arrival in batches for event in arrival.events):
        lock_log(session)
        batches = [_without_erased(session, arrival) for arrival in batches]
        opening = ()
    rows = [_rows(arrival, arrival.events) for arrival in batches]
    try:
        run_copy(link, (*opening, _COPY, *(("COMMIT",) if commits else ())), copy_of(rows))
    except psycopg.Error:
        link.pgconn.exec_(b"ROLLBACK")
        return False
    return True


def _without_erased(session: ReadSession, arrival: Arrival) -> Arrival:
    """Return the events; those of members who were erased since no longer name them.

    The log's lock is held: an erasure is wholly before or wholly after.
    """
    named: dict[str, set[Identifier]] = {}
    for event in arrival.events:
        if event.member is not None:
            named.setdefault(event.tenant, set()).add(Identifier(event.member.namespace, event.member.pseudonym))
    if not named:
        return arrival
    erased = {tenant: erased_among(session, tenant, identifiers) for tenant, identifiers in named.items()}
    if not any(_is_erased(event, erased) for event in arrival.events):
        return arrival
    kept = [_nameless(event) if _is_erased(event, erased) else event for event in arrival.events]
    return Arrival(events=kept, received_ms=arrival.received_ms)


def _is_erased(event: AcceptedEvent, erased: Mapping[str, Mapping[Identifier, Sequence[ErasedIdentifier]]]) -> bool:
    if event.member is None:
        return False
    named = Identifier(event.member.namespace, event.member.pseudonym)
    return is_forgotten(erased[event.tenant].get(named, ()), event.time_ms)


def _nameless(event: AcceptedEvent) -> AcceptedEvent:
    return msgspec.structs.replace(event, raw=redacted(event.raw), member=None)


def _insert_new(session: WriteSession, events: Sequence[AcceptedEvent], received_ms: int) -> int:
    """Append to SQLite what it does not hold; return how many that were."""
    inserted = 0
    for start in range(0, len(events), _SQLITE_ROWS):
        part = events[start : start + _SQLITE_ROWS]
        values: list[str | int | bytes] = []
        for e in part:
            values += (e.tenant, e.store, e.device, e.type, e.event_id, e.time_ms, e.sequence, received_ms, e.raw)
        inserted += session.connection.exec_driver_sql(_sqlite_insert(len(part)), tuple(values)).rowcount
    return inserted


@cache
def _sqlite_insert(rows: int) -> str:
    row = f"({', '.join('?' * len(COLUMNS))})"
    return f"INSERT INTO event_log ({_NAMES}) VALUES {', '.join([row] * rows)} ON CONFLICT DO NOTHING"  # noqa: S608 - our own column names


def _copy_new(session: WriteSession, batches: Sequence[Arrival]) -> list[int]:
    """Append by binary COPY what a look at the log does not find there.

    A sequence gives out positions before their transactions commit, so a slower transaction could publish position 7
    after position 8 was read, and the projections would never see 7. The advisory lock, held until the commit, lets one
    transaction at a time take positions: they become visible in their own order. It also makes the look at the log
    exact: nobody adds an event between the look and the COPY. So no event goes through a staging table, which would
    write each twice.
    """
    link = _driver_of(session)
    with link.cursor() as cursor:
        new = _without_known(cursor, [arrival.events for arrival in batches])
    if any(new):
        run_copy(link, (_COPY,), copy_of(map(_rows, batches, new)))
    return [len(events) for events in new]


def _driver_of(session: WriteSession) -> psycopg.Connection[Any]:
    """Return the driver's own connection, for what SQLAlchemy cannot do."""
    link = session.connection.connection.driver_connection
    if not isinstance(link, psycopg.Connection):
        msg = f"expected an open connection to PostgreSQL, got {link!r}"
        raise TypeError(msg)
    return link


def _rows(arrival: Arrival, new: Sequence[AcceptedEvent]) -> bytes:
    """Return the rows of what is new of an arrival."""
    if arrival.rows is not None and len(new) == len(arrival.events):
        return arrival.rows
    return encode_rows(new, arrival.received_ms)


def _without_known(
    cursor: Any,  # noqa: ANN401 - the driver's
    batches: Sequence[Sequence[AcceptedEvent]],
) -> Sequence[Sequence[AcceptedEvent]]:
    """Return the batches without what the log, or an earlier batch or line here, holds already."""
    asked: dict[str, set[str]] = {}
    for event in chain.from_iterable(batches):
        asked.setdefault(event.tenant, set()).add(event.event_id)
    unknown = {
        tenant: event_ids - {row[0] for row in cursor.execute(_KNOWN, (tenant, ",".join(event_ids)))}
        for tenant, event_ids in asked.items()
    }
    if sum(map(len, unknown.values())) == sum(map(len, batches)):
        return batches
    return [[event for event in events if _take(unknown[event.tenant], event.event_id)] for events in batches]


def _take(event_ids: set[str], event_id: str) -> bool:
    """Take an id out of a set; return whether it was there."""
    if event_id not in event_ids:
        return False
    event_ids.remove(event_id)
    return True


def log_head(session: ReadSession) -> int:
    """Return the highest position of the log, 0 where it is empty."""
    return session.number(select(func.max(event_log.c.position)))
