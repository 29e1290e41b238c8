"""What the gateway knows of its devices: an SQLite file of its own beside the events, brought up to date in steps."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import DeviceStoreError

DEVICES_FILE = "devices.sqlite"
_BUSY_TIMEOUT_MS = 5000

MIGRATIONS = (
    """
    CREATE TABLE clock (
        device TEXT PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        offset_ms REAL NOT NULL,
        error_ms REAL NOT NULL,
        drift_ppm REAL,
        steps INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE clock_span (
        device TEXT NOT NULL,
        first_ms INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        offset_ms REAL NOT NULL,
        error_ms REAL NOT NULL,
        drift_ppm REAL NOT NULL,
        PRIMARY KEY (device, first_ms)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE enrolment_salt (salt BLOB NOT NULL) STRICT;
    INSERT INTO enrolment_salt VALUES (randomblob(16));
    CREATE TABLE enrolment (
        code_hash TEXT PRIMARY KEY,
        device TEXT NOT NULL,
        kind TEXT NOT NULL,
        expires_ms INTEGER NOT NULL,
        used_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE credential (
        device TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        password_hash TEXT,
        since_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE config_desired (
        device TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        document TEXT NOT NULL,
        set_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE config_reported (
        device TEXT PRIMARY KEY,
        version INTEGER,
        refused INTEGER,
        error TEXT,
        restart_needed TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE restart (
        device TEXT PRIMARY KEY,
        reason TEXT NOT NULL,
        asked_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sighting (
        device TEXT PRIMARY KEY,
        seen_ms INTEGER NOT NULL,
        health BLOB
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE model (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE rollout (state BLOB NOT NULL) STRICT;
    CREATE TABLE model_wanted (
        device TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        sha256 TEXT,
        reported INTEGER,
        error TEXT
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE peer_epoch (epoch TEXT NOT NULL) STRICT;
    INSERT INTO peer_epoch VALUES (lower(hex(randomblob(8))));
    CREATE TABLE peer_number (device TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE peer_track (
        device TEXT NOT NULL,
        track TEXT NOT NULL,
        heard_ms INTEGER NOT NULL,
        is_closed INTEGER NOT NULL,
        state BLOB NOT NULL,
        PRIMARY KEY (device, track)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX peer_track_heard ON peer_track (is_closed, heard_ms);
    CREATE TABLE peer_event (
        device TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (device, sequence)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE restart_wanted (
        device TEXT PRIMARY KEY,
        request_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        asked_ms INTEGER NOT NULL,
        is_sent INTEGER NOT NULL,
        started_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    INSERT INTO restart_wanted SELECT device, lower(hex(randomblob(8))), reason, asked_ms, 0, NULL FROM restart;
    DROP TABLE restart;
    """,
    "CREATE TABLE own_clock (offset_s REAL NOT NULL, error_s REAL NOT NULL, source TEXT NOT NULL) STRICT",
)
"""Each brings the file from the version before to the next one; `user_version` tells which it has."""


class DeviceDatabase:
    """The file, safe for several threads; several processes may use it.

    Args:
        path: The file; made where it does not exist.

    Raises:
        DeviceStoreError: The file cannot be opened, or a later version of this program made it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            self._db.execute("PRAGMA synchronous = FULL")
        except (OSError, sqlite3.Error) as error:
            msg = f"cannot open {path}: {error}; check that the folder is writable and the disk has space"
            raise DeviceStoreError(msg) from error
        self._migrate()

    def _migrate(self) -> None:
        with self.transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                msg = f"{self.path} has version {version}, this program knows {len(MIGRATIONS)}; upgrade the program"
                raise DeviceStoreError(msg)
            for script in MIGRATIONS[version:]:
                for statement in script.split(";"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what the block does, or nothing of it.

        Raises:
            DeviceStoreError: The file cannot be read or written.
        """
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    msg = f"cannot write {self.path}: {error}; free disk space or end the other user"
                    raise DeviceStoreError(msg) from error
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read in the block.

        Raises:
            DeviceStoreError: The file cannot be read.
        """
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as error:
                msg = f"cannot read {self.path}: {error}; check the disk"
                raise DeviceStoreError(msg) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
