"""SQL of the event log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select

from cloud.db import ReadSession, WriteSession
from cloud.erasure.redaction import redacted
from cloud.erasure.tombstones import Erased, erased_among, is_erased
from cloud.identity.statements import Identifier
from cloud.ingest.judge import AcceptedEvent
from cloud.tables import event_log

LOG_LOCK_KEY = 0x5348_4F50
"""Number of the advisory lock under which PostgreSQL gives out positions."""

_COLUMNS = ("event_id", "tenant", "store", "device", "type", "time_ms", "sequence", "received_ms", "raw")
_NAMES = ", ".join(_COLUMNS)
_SQLITE_INSERT = f"INSERT INTO event_log ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT DO NOTHING"  # noqa: S608 - our own column names
_COPY_TYPES = ("text", "text", "text", "text", "text", "int8", "int8", "int8", "bytea")
_COPY = f"COPY event_log ({_NAMES}) FROM STDIN (FORMAT BINARY)"
_LOCK = "SELECT pg_advisory_xact_lock(%s)"
_KNOWN = "SELECT event_id FROM event_log WHERE tenant = %s AND event_id = ANY(string_to_array(%s, ','))"
"""One text of all ids: the driver takes longer to write an array of them than PostgreSQL to split it."""

Record = tuple[str, str, str, str, str, int, int, int, bytes]


def lock_log(session: WriteSession) -> None:
    """Keep everybody else from appending until the transaction ends. SQLite has one writer anyway."""
    if session.dialect == "postgresql":
        session.connection.exec_driver_sql(_LOCK, (LOG_LOCK_KEY,))


def append_events(session: WriteSession, events: Sequence[AcceptedEvent], received_ms: int) -> int:
    """Append events that the log does not hold yet; return how many were new."""
    return append_batches(session, [(events, received_ms)])[0]


def append_batches(session: WriteSession, batches: Sequence[tuple[Sequence[AcceptedEvent], int]]) -> list[int]:
    """Append what the log does not hold yet of several batches, in their order.

    Args:
        session: The transaction; on PostgreSQL it holds the log's lock from here to its end.
        batches: Each with the instant when it came, Unix milliseconds.

    Returns:
        How many events of each batch were new.
    """
    lock_log(session)
    records = [_records(without_erased(session, events), received_ms) for events, received_ms in batches]
    if session.dialect == "postgresql":
        return _copy_new(session, records)
    return [session.connection.exec_driver_sql(_SQLITE_INSERT, batch).rowcount if batch else 0 for batch in records]


def without_erased(session: ReadSession, events: Sequence[AcceptedEvent]) -> Sequence[AcceptedEvent]:
    """Return the events; those of members who were erased since no longer name them.

    The log's lock is held: an erasure is wholly before or wholly after.
    """
    named: dict[str, set[Identifier]] = {}
    for event in events:
        if event.member is not None:
            named.setdefault(event.tenant, set()).add(Identifier(event.member.namespace, event.member.pseudonym))
    if not named:
        return events
    erased = {tenant: erased_among(session, tenant, identifiers) for tenant, identifiers in named.items()}
    return [_nameless(event) if _is_erased(event, erased) else event for event in events]


def _is_erased(event: AcceptedEvent, erased: Mapping[str, Mapping[Identifier, Sequence[Erased]]]) -> bool:
    if event.member is None:
        return False
    named = Identifier(event.member.namespace, event.member.pseudonym)
    return is_erased(erased[event.tenant].get(named), event.time_ms)


def _nameless(event: AcceptedEvent) -> AcceptedEvent:
    return msgspec.structs.replace(event, raw=redacted(event.raw), member=None)


def _records(events: Iterable[AcceptedEvent], received_ms: int) -> list[Record]:
    return [
        (e.event_id, e.tenant, e.store, e.device, e.type, e.time_ms, e.sequence, received_ms, e.raw) for e in events
    ]


def _copy_new(session: WriteSession, batches: Sequence[Sequence[Record]]) -> list[int]:
    """Append by binary COPY what a look at the log does not find there.

    A sequence gives out positions before their transactions commit, so a slower transaction could publish position 7
    after position 8 was read, and the projections would never see 7. The advisory lock, held until the commit, lets one
    transaction at a time take positions: they become visible in their own order. It also makes the look at the log
    exact: nobody adds an event between the look and the COPY. So no event goes through a staging table, which would
    write each twice.
    """
    connection = session.connection.connection.driver_connection
    if connection is None:
        msg = "the PostgreSQL connection was closed while a batch was being written"
        raise RuntimeError(msg)
    if not any(batches):
        return [0] * len(batches)
    with connection.cursor() as cursor:
        new = _without_known(cursor, batches)
        with cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for batch in new:
                for record in batch:
                    copy.write_row(record)
    return [len(batch) for batch in new]


def _without_known(cursor: Any, batches: Sequence[Sequence[Record]]) -> list[list[Record]]:  # noqa: ANN401 - the driver's
    """Return the batches without what the log, or an earlier record here, holds already."""
    asked: dict[str, set[str]] = {}
    for batch in batches:
        for event_id, tenant, *_ in batch:
            asked.setdefault(tenant, set()).add(event_id)
    seen: set[tuple[str, str]] = set()
    for tenant, event_ids in asked.items():
        seen.update((tenant, row[0]) for row in cursor.execute(_KNOWN, (tenant, ",".join(event_ids))))
    new: list[list[Record]] = []
    for batch in batches:
        new.append([])
        for record in batch:
            key = (record[1], record[0])
            if key not in seen:
                seen.add(key)
                new[-1].append(record)
    return new


def log_head(session: ReadSession) -> int:
    """Return the highest position of the log, 0 where it is empty."""
    return session.number(select(func.max(event_log.c.position)))
