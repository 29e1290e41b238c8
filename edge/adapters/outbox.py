"""The device's durable outbox: an event leaves it only when the gateway has acknowledged it.

SQLite in WAL mode with synchronous=FULL: what `append` returned from is on disk.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from contracts.delivery import check_epoch
from contracts.errors import PrivacyError
from contracts.events import EventDraft, Source, encode_event
from contracts.privacy import Payload, UplinkPayload
from contracts.topics import event_topic
from edge.errors import OutboxError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    sequence INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    topic TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS state (
    source TEXT NOT NULL,
    epoch TEXT NOT NULL,
    made INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS feed (
    name TEXT PRIMARY KEY,
    offset_bytes INTEGER NOT NULL,
    beginning TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS bad_input (
    id INTEGER PRIMARY KEY,
    received_ms INTEGER NOT NULL,
    feed TEXT NOT NULL,
    reason TEXT NOT NULL,
    line BLOB NOT NULL
) STRICT;
"""
_BUSY_TIMEOUT_MS = 5000
_WAL_RETRY_S = 0.02
_KEPT_BAD_INPUTS = 10_000

Drafts: TypeAlias = Sequence[EventDraft[UplinkPayload]]


class FeedPosition(Struct, frozen=True):
    """How far an input file was read when its events were made, so that a restart goes on from there.

    `beginning` tells the file from another one that takes its name later; "" where that is not known.
    """

    name: str
    offset_bytes: int
    beginning: str = ""


class OutboxRow(Struct, frozen=True):
    """One event that the gateway has not acknowledged yet."""

    sequence: int
    topic: str
    body: bytes


class OutboxCounts(Struct, frozen=True):
    """Events ever made, acknowledged by the gateway, and lines of input that could not be used."""

    made: int
    acknowledged: int
    bad_inputs: int

    @property
    def depth(self) -> int:
        """Return how many events wait for an acknowledgement."""
        return self.made - self.acknowledged


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


def _add_beginning(db: sqlite3.Connection) -> None:
    """Give the feeds of a file that an earlier version made the column that it lacks."""
    columns = [name for _, name, *_ in db.execute("PRAGMA table_info(feed)")]
    if "beginning" not in columns:
        db.execute("ALTER TABLE feed ADD COLUMN beginning TEXT NOT NULL DEFAULT ''")


class Outbox:
    """A device's queue of events, safe for one writing thread and one publishing thread.

    Args:
        path: The SQLite file; made where it does not exist.
        source: The device that this outbox belongs to.
        new_epoch: Called once in the life of the file for a name that no earlier outbox of this device had.

    Raises:
        OutboxError: The file cannot be opened, belongs to another device, or stays locked.
    """

    def __init__(self, path: Path, source: Source, new_epoch: Callable[[], str]) -> None:
        self._path, self._source = path, source
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
            _enter_wal(self._db)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
            _add_beginning(self._db)
        except (OSError, sqlite3.Error) as error:
            msg = (
                f"cannot open the outbox {path}: {error}; check that the folder is writable and no other agent uses it"
            )
            raise OutboxError(msg) from error
        with self._transaction():
            if self._db.execute("SELECT count(*) FROM state").fetchone()[0] == 0:
                row = (str(source), check_epoch(new_epoch()))
                self._db.execute("INSERT INTO state VALUES (?, ?, 0, 0)", row)
        owner, self.epoch = self._db.execute("SELECT source, epoch FROM state").fetchone()
        if owner != str(source):
            self._db.close()
            msg = f"the outbox {path} belongs to {owner}, not to {source}; give each device a data_dir of its own"
            raise OutboxError(msg)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    msg = f"cannot write the outbox {self._path}: {error}; free disk space or end the other user"
                    raise OutboxError(msg) from error
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                msg = f"cannot read the outbox {self._path}: {error}; check the disk"
                raise OutboxError(msg) from error

    def append(self, drafts: Drafts, position: FeedPosition | None = None) -> int:
        """Commit events in order, each once, together with how far their input was read.

        Args:
            drafts: The events. One whose id already waits in the outbox is passed over.
            position: Where the input stood when they were made, where it can be resumed.

        Returns:
            How many of them were new.

        Raises:
            OutboxError: The file cannot be written; nothing of the call was kept.
            PrivacyError: One of the events must not be written down; nothing of the call was kept.
        """
        _require_uplink(drafts)
        new = 0
        with self._transaction():
            (made,) = self._db.execute("SELECT made FROM state").fetchone()
            for draft in drafts:
                event = draft.numbered(self._source, made + new + 1)
                row = (made + new + 1, event.id, event_topic(self._source, type(draft.data)), encode_event(event))
                new += self._db.execute("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?)", row).rowcount
            if new:
                self._db.execute("UPDATE state SET made = made + ?", (new,))
            if position is not None:
                self._db.execute(
                    "INSERT INTO feed VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
                    "SET offset_bytes = excluded.offset_bytes, beginning = excluded.beginning",
                    (position.name, position.offset_bytes, position.beginning),
                )
        return new

    def rows(self, sequences: range) -> list[OutboxRow]:
        """Return the rows of these sequence numbers, ascending, as far as they still wait.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._reading():
            found = self._db.execute(
                "SELECT sequence, topic, body FROM outbox WHERE sequence >= ? AND sequence < ? ORDER BY sequence",
                (sequences.start, sequences.stop),
            ).fetchall()
        return [OutboxRow(*row) for row in found]

    def acknowledge(self, epoch: str, through: int) -> int | None:
        """Drop the rows that the gateway holds.

        Args:
            epoch: The epoch that the acknowledgement names. One of another life of this device is passed over.
            through: The gateway holds everything up to and including this number. A number beyond what was made
                counts as what was made.

        Returns:
            Up to which row all are acknowledged now; None where the acknowledgement was not for this outbox.

        Raises:
            OutboxError: The file cannot be written.
        """
        if epoch != self.epoch:
            return None
        with self._transaction():
            self._db.execute("DELETE FROM outbox WHERE sequence <= ?", (through,))
            self._db.execute("UPDATE state SET acknowledged = max(acknowledged, min(made, ?))", (through,))
            return int(self._db.execute("SELECT acknowledged FROM state").fetchone()[0])

    def keep_bad_input(self, feed: str, line: bytes, reason: str, received_ms: int) -> None:
        """Keep a line of input that could not be used, so that nothing is lost. The oldest give way to new ones."""
        with self._transaction():
            inserted = self._db.execute(
                "INSERT INTO bad_input (received_ms, feed, reason, line) VALUES (?, ?, ?, ?)",
                (received_ms, feed, reason, line),
            ).lastrowid
            self._db.execute("DELETE FROM bad_input WHERE id <= ?", ((inserted or 0) - _KEPT_BAD_INPUTS,))

    def position(self, feed: str) -> FeedPosition:
        """Return how far an input was read; offset 0 where it was not read yet.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._reading():
            row = self._db.execute("SELECT offset_bytes, beginning FROM feed WHERE name = ?", (feed,)).fetchone()
        return FeedPosition(feed, *row) if row else FeedPosition(feed, 0)

    def counts(self) -> OutboxCounts:
        """Return how many events were made and acknowledged, and how many lines of input were bad.

        Raises:
            OutboxError: The file cannot be read.
        """
        with self._reading():
            return read_counts(self._db)

    def close(self) -> None:
        """Close the file. Rows that wait are there at the next start."""
        with self._lock:
            self._db.close()


def _require_uplink(drafts: Sequence[EventDraft[Payload]]) -> None:
    """Refuse events that no type checker kept away.

    Raises:
        PrivacyError: One of them is store-local.
    """
    for draft in drafts:
        if not isinstance(draft.data, UplinkPayload):
            msg = f"{draft.data.TYPE} must not be written down; send it through the signature lane"
            raise PrivacyError(msg)


def read_counts(db: sqlite3.Connection) -> OutboxCounts:
    """Return the counts of an outbox file, from any connection to it."""
    row = db.execute("SELECT made, acknowledged, (SELECT coalesce(max(id), 0) FROM bad_input) FROM state").fetchone()
    return OutboxCounts(*row) if row else OutboxCounts(0, 0, 0)
