"""The event store's SQLite file: WAL mode with synchronous=FULL, so that what is committed is on disk."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.adapters.event_schema import NewerFileError, bring_up_to_date
from gateway.errors import EventStoreError, StorageFullError

_BUSY_TIMEOUT_MS = 5000
_WAL_RETRY_S = 0.02
_CACHE_KIB = 8 * 1024
"""A batch of the uploader's fits: it is read once, not once more to be marked."""
_CHECKPOINT_PAGES = 4000
"""The log is copied into the file every 16 MiB: what changes with each batch is written there less often."""


def open_database(path: Path) -> sqlite3.Connection:
    """Return the file, made where it does not exist, with its tables; any thread may use it, one at a time.

    Raises:
        EventStoreError: The file cannot be opened, or a later version of the program made it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        _enter_wal(db)
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        db.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        bring_up_to_date(db)
    except NewerFileError as error:
        db.close()
        msg = f"the event store {path} was made by a newer program: {error}; upgrade this one, or restore a backup"
        raise EventStoreError(msg) from error
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


class EventDatabase:
    """One connection to the file, safe for several threads: one transaction or one reader at a time.

    Args:
        path: The file; made where it does not exist.
        on_rollback: Called when a transaction failed: what is in memory may be ahead of the file then.

    Raises:
        EventStoreError: The file cannot be opened.

    Attributes:
        connection: The connection, to be used inside `transaction` or `reading` alone.
    """

    def __init__(self, path: Path, on_rollback: Callable[[], None]) -> None:
        self._path, self._on_rollback = path, on_rollback
        self.lock = threading.RLock()
        self.connection = open_database(path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what is done inside, or nothing of it.

        Raises:
            StorageFullError: There is no room.
            EventStoreError: The file cannot be written.
        """
        with self.lock:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException as error:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                self._on_rollback()
                if isinstance(error, sqlite3.Error):
                    msg = f"cannot write the event store {self._path}: {error}; free disk space or end the other user"
                    raise (StorageFullError if _is_full(error) else EventStoreError)(msg) from error
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read, with nobody else in between.

        Raises:
            EventStoreError: The file cannot be read.
        """
        with self.lock:
            try:
                yield self.connection
            except sqlite3.Error as error:
                msg = f"cannot read the event store {self._path}: {error}; check the disk"
                raise EventStoreError(msg) from error

    def used_bytes(self) -> int:
        """Return how many bytes of the file hold something; the rest is used again before the file grows."""
        with self.reading() as db:
            (pages,), (free,), (size,) = (
                db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)

    def limit(self, most_bytes: int) -> None:
        """Let SQLite itself refuse to make the file larger than this."""
        with self.reading() as db:
            (size,) = db.execute("PRAGMA page_size").fetchone()
            db.execute(f"PRAGMA max_page_count = {max(1, most_bytes // size)}")

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.connection.close()


def _is_full(error: sqlite3.Error) -> bool:
    """Return whether SQLite had no room, on the disk or within its own limit."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
