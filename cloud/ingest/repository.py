"""SQL of the event log."""

from collections.abc import Sequence

from sqlalchemy import func, select

from cloud.db import ReadSession, WriteSession
from cloud.ingest.judge import AcceptedEvent
from cloud.tables import event_log

LOG_LOCK_KEY = 0x5348_4F50
"""Number of the advisory lock under which PostgreSQL gives out positions."""

_COLUMNS = ("event_id", "tenant", "store", "device", "type", "time_ms", "sequence", "received_ms", "raw")
_NAMES = ", ".join(_COLUMNS)
_SQLITE_INSERT = f"INSERT INTO event_log ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT DO NOTHING"  # noqa: S608 - our own column names
_COPY_TYPES = ("int4", "text", "text", "text", "text", "text", "int8", "int8", "int8", "bytea")
_CREATE_BATCH = """
CREATE TEMPORARY TABLE IF NOT EXISTS ingest_batch (
    ordinal integer, event_id text, tenant text, store text, device text, type text,
    time_ms bigint, sequence bigint, received_ms bigint, raw bytea
) ON COMMIT DELETE ROWS
"""
_COPY = f"COPY ingest_batch (ordinal, {_NAMES}) FROM STDIN (FORMAT BINARY)"
_MERGE = f"""
INSERT INTO event_log ({_NAMES}) SELECT {_NAMES} FROM ingest_batch ORDER BY ordinal ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own column names

Record = tuple[str, str, str, str, str, int, int, int, bytes]


def append_events(session: WriteSession, events: Sequence[AcceptedEvent], received_ms: int) -> int:
    """Append events that the log does not hold yet; return how many were new."""
    if not events:
        return 0
    records: list[Record] = [
        (e.event_id, e.tenant, e.store, e.device, e.type, e.time_ms, e.sequence, received_ms, e.raw) for e in events
    ]
    if session.dialect == "postgresql":
        return _copy_and_merge(session, records)
    return session.connection.exec_driver_sql(_SQLITE_INSERT, records).rowcount


def _copy_and_merge(session: WriteSession, records: Sequence[Record]) -> int:
    """Append by binary COPY into a temporary table and one merge.

    A sequence gives out positions before their transactions commit, so a slower transaction could publish position 7
    after position 8 was read, and the projections would never see 7. The advisory lock, held until the commit, lets one
    transaction at a time take positions: they become visible in their own order. COPY runs before it, outside the lock.
    """
    connection = session.connection.connection.driver_connection
    if connection is None:
        msg = "the PostgreSQL connection was closed while a batch was being written"
        raise RuntimeError(msg)
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_BATCH)
        with cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for ordinal, record in enumerate(records):
                copy.write_row((ordinal, *record))
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOG_LOCK_KEY,))
        cursor.execute(_MERGE)
        return int(cursor.rowcount)


def log_head(session: ReadSession) -> int:
    """Return the highest position of the log, 0 where it is empty."""
    return session.number(select(func.max(event_log.c.position)))
