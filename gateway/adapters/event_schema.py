"""The event store's tables, as numbered steps: a file of any earlier version is brought up to date when it is opened.

`PRAGMA user_version` tells how many steps a file has had. A step that was released is never changed; what is new is a
step of its own. No step writes the events or reads them through, of which millions may wait: neither a column of theirs
with a value (SQLite reads a STRICT table through for it) nor an index. What has to be known of old events is found out
when it is needed, in pieces; or a step looks one in many thousands up.
"""

import logging
import sqlite3
from typing import Final

logger = logging.getLogger(__name__)

SPAN_BITS: Final = 14
"""A span has 2 to this power positions: a few hundred spans for millions of events."""

_FIRST = (
    """
    CREATE TABLE IF NOT EXISTS event (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        event_id TEXT NOT NULL UNIQUE,
        source TEXT NOT NULL,
        received_ms INTEGER NOT NULL,
        uploaded_ms INTEGER,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX IF NOT EXISTS event_waiting ON event (position) WHERE uploaded_ms IS NULL",
    "CREATE INDEX IF NOT EXISTS event_uploaded ON event (uploaded_ms) WHERE uploaded_ms IS NOT NULL",
    """
    CREATE TABLE IF NOT EXISTS stream (
        source TEXT NOT NULL,
        epoch TEXT NOT NULL,
        through INTEGER NOT NULL,
        PRIMARY KEY (source, epoch)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS beyond (
        source TEXT NOT NULL,
        epoch TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        PRIMARY KEY (source, epoch, sequence)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS dead_letter (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        received_ms INTEGER NOT NULL,
        origin TEXT NOT NULL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (origin, reason, body)
    ) STRICT
    """,
    """
    CREATE TABLE IF NOT EXISTS tally (
        source TEXT PRIMARY KEY,
        received INTEGER NOT NULL DEFAULT 0,
        duplicate INTEGER NOT NULL DEFAULT 0,
        uploaded INTEGER NOT NULL DEFAULT 0,
        refused INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE IF NOT EXISTS device (
        source TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        online INTEGER NOT NULL,
        software_version TEXT NOT NULL,
        since_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE TABLE IF NOT EXISTS own (made INTEGER NOT NULL) STRICT",
    "INSERT INTO own SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM own)",
)
"""What files had before they were numbered; so a file without a number may have it already."""

_ROOM = (
    "ALTER TABLE tally ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE tally ADD COLUMN limited INTEGER NOT NULL DEFAULT 0",
    """
    CREATE TABLE thinned (
        source TEXT NOT NULL,
        type TEXT NOT NULL,
        events INTEGER NOT NULL,
        earliest_ms INTEGER NOT NULL,
        latest_ms INTEGER NOT NULL,
        told INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (source, type)
    ) STRICT, WITHOUT ROWID
    """,
)
"""What was deleted unsent where the disk filled (`gateway.core.thinning`)."""

_ERASURES = (
    """
    CREATE TABLE erased (
        digest TEXT NOT NULL,
        from_ms INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        PRIMARY KEY (digest, from_ms)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE erasure_state (
        known INTEGER NOT NULL,
        secret TEXT NOT NULL,
        events INTEGER NOT NULL,
        letters INTEGER NOT NULL
    ) STRICT
    """,
    "INSERT INTO erasure_state VALUES (0, '', 0, 0)",
)
"""Whom the cloud has forgotten, by hashes; up to where that is known, and up to where it was acted upon."""

_SEARCH = (
    "DROP INDEX IF EXISTS event_thinnable",
    "CREATE TABLE thin_search (rank INTEGER PRIMARY KEY, through INTEGER NOT NULL) STRICT",
)
"""How far waiting events were searched for what may be deleted. Before, each had a rank in a column, which files that
had it keep, and an index."""

_SPANS = (
    "CREATE TABLE event_span (span INTEGER PRIMARY KEY, latest_ms INTEGER NOT NULL) STRICT",
    f"""
    INSERT INTO event_span
    WITH RECURSIVE part (span, last) AS (
        SELECT (SELECT min(position) FROM event) >> {SPAN_BITS}, (SELECT max(position) FROM event) >> {SPAN_BITS}
        UNION ALL SELECT span + 1, last FROM part WHERE span < last
    )
    SELECT span, max(
        (SELECT received_ms FROM event WHERE position >= span << {SPAN_BITS} ORDER BY position LIMIT 1),
        (SELECT received_ms FROM event WHERE position < (span + 1) << {SPAN_BITS} ORDER BY position DESC LIMIT 1)
    ) FROM part WHERE span IS NOT NULL
    """,  # noqa: S608 - a number of this module
)
"""When the last event of each span of positions came, so that what came since a time is found without reading all.

Of the events that were there before, the first and the last of each span are looked at.
"""

_JOINING = (
    """
    CREATE TABLE joining (
        from_ms INTEGER PRIMARY KEY,
        joins INTEGER NOT NULL,
        segments INTEGER NOT NULL,
        signed INTEGER NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE signing_day (
        day_ms INTEGER NOT NULL,
        device TEXT NOT NULL,
        segments INTEGER NOT NULL,
        is_signing INTEGER NOT NULL,
        newest_ms INTEGER NOT NULL,
        PRIMARY KEY (day_ms, device)
    ) STRICT, WITHOUT ROWID
    """,
)
"""On which days cameras are joined, and what devices sent since the store closed last (`gateway.core.joining`)."""

STEPS: Final = (_FIRST, _ROOM, _ERASURES, _SEARCH, _SPANS, _JOINING)


class NewerFileError(Exception):
    """A later version of the program made the file."""


def bring_up_to_date(db: sqlite3.Connection) -> None:
    """Take the steps that a file has not had, all of them or none.

    Args:
        db: The file, in autocommit mode.

    Raises:
        NewerFileError: The file has had steps that this program does not know.
        sqlite3.Error: The file cannot be written.
    """
    if _version(db) == len(STEPS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(db)  # Another process may have taken them meanwhile.
        if version > len(STEPS):
            msg = f"it has layout {version}, this program knows layouts up to {len(STEPS)}"
            raise NewerFileError(msg)
        for number, step in enumerate(STEPS[version:], version + 1):
            for statement in step:
                db.execute(statement)
            logger.info("the event store has layout %d of %d", number, len(STEPS))
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _version(db: sqlite3.Connection) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    return int(version)
