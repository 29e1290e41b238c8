"""The event store's tables, and what its rows are called outside."""

from msgspec import Struct

from contracts.events import Source

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL,
    received_ms INTEGER NOT NULL,
    uploaded_ms INTEGER,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS event_waiting ON event (position) WHERE uploaded_ms IS NULL;
CREATE INDEX IF NOT EXISTS event_uploaded ON event (uploaded_ms) WHERE uploaded_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS stream (
    source TEXT NOT NULL,
    epoch TEXT NOT NULL,
    through INTEGER NOT NULL,
    PRIMARY KEY (source, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS beyond (
    source TEXT NOT NULL,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (source, epoch, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ms INTEGER NOT NULL,
    origin TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (origin, reason, body)
) STRICT;
CREATE TABLE IF NOT EXISTS tally (
    source TEXT PRIMARY KEY,
    received INTEGER NOT NULL DEFAULT 0,
    duplicate INTEGER NOT NULL DEFAULT 0,
    uploaded INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS device (
    source TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    online INTEGER NOT NULL,
    software_version TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS own (made INTEGER NOT NULL) STRICT;
"""

VISIT_ROWS = """
SELECT position, body FROM event WHERE position > ? AND received_ms >= ?
AND (instr(body, CAST('org.shopthread.visit.' AS BLOB)) > 0 OR instr(body, CAST('org.shopthread.staff.' AS BLOB)) > 0)
ORDER BY position
"""
"""What visits follow from, and visits as told: after a position, received since a time."""

HAS_CARDS = "SELECT EXISTS (SELECT 1 FROM event WHERE instr(body, CAST('org.shopthread.staff.' AS BLOB)) > 0)"
"""Whether any staff card was shown."""


class Held(Struct, frozen=True):
    """What to acknowledge to a device: everything of `epoch` up to `through` is on disk."""

    source: Source
    epoch: str
    through: int


class WaitingEvent(Struct, frozen=True):
    """An event that the cloud has not confirmed."""

    position: int
    source: str
    body: bytes


class SourceTally(Struct, frozen=True):
    """Distinct events of one device received, repetitions dropped, events the cloud confirmed and refused."""

    source: str
    received: int
    duplicate: int
    uploaded: int
    refused: int

    @property
    def waiting(self) -> int:
        """Return how many events the cloud has not answered yet."""
        return self.received - self.uploaded - self.refused


class DeadLetter(Struct, frozen=True):
    """A message that could not be accepted, with its bytes."""

    id: int
    received_ms: int
    origin: str
    reason: str
    detail: str
    body: bytes


class DeviceRow(Struct, frozen=True):
    """A device's presence."""

    source: str
    kind: str
    online: bool
    software_version: str
    since_ms: int
