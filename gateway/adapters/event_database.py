"""Opens the event store's SQLite file: WAL mode with synchronous=FULL, so that what is committed is on disk."""

import sqlite3
import time
from pathlib import Path

from gateway.adapters.event_rows import SCHEMA
from gateway.errors import EventStoreError

_BUSY_TIMEOUT_MS = 5000
_WAL_RETRY_S = 0.02


def open_database(path: Path) -> sqlite3.Connection:
    """Return the file, made where it does not exist, with its tables; any thread may use it, one at a time.

    Raises:
        EventStoreError: The file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        _enter_wal(db)
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(SCHEMA)
        db.execute("INSERT INTO own SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM own)")
    except (OSError, sqlite3.Error) as error:
        msg = f"cannot open the event store {path}: {error}; check that the folder is writable and the disk has space"
        raise EventStoreError(msg) from error
    return db


def _enter_wal(db: sqlite3.Connection) -> None:
    """Switch a file to WAL mode. While another process does so, SQLite refuses at once, whatever its busy timeout."""
    until_s = time.monotonic() + _BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until_s:
                raise
            time.sleep(_WAL_RETRY_S)
        else:
            return
