"""What another system told of people, and the events that follow, until the gateway's event store holds them.

Tracks and numbered events are written in one transaction, so a restart repeats no number with other content.
"""

import json
import sqlite3
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from contracts.events import EventDraft, Source, encode_event
from contracts.privacy import UplinkPayload
from gateway.adapters.device_database import DeviceDatabase
from gateway.core.interop.tracks import Change, PeerTrack

_DECODER = msgspec.json.Decoder(PeerTrack)
REMEMBER_MS = 24 * 3600 * 1000
"""For how long tracks that ended are known: what comes late of them is no news."""


class NumberedEvent(Struct, frozen=True):
    """An event that waits, and its number among its device's."""

    device: str
    sequence: int
    body: bytes


class PeerRows:
    """The rows; what reads or writes raises `DeviceStoreError`.

    Args:
        database: The devices' file.
        gateway: The gateway as its own events name it.
        devices: As which devices the other system reports.
    """

    def __init__(self, database: DeviceDatabase, gateway: Source, devices: Iterable[str]) -> None:
        self._database, self._gateway = database, gateway
        self._devices = json.dumps(sorted(devices))
        with database.reading() as db:
            (self.epoch,) = db.execute("SELECT epoch FROM peer_epoch").fetchone()

    def track(self, device: str, track: str) -> PeerTrack | None:
        """Return what is known of a track."""
        with self._database.reading() as db:
            row = db.execute("SELECT state FROM peer_track WHERE device = ? AND track = ?", (device, track)).fetchone()
        return None if row is None else _DECODER.decode(row[0])

    def silent(self, before_ms: int) -> list[PeerTrack]:
        """Return the tracks that go on and were not heard of since a time."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT state FROM peer_track WHERE is_closed = 0 AND heard_ms < ?"
                " AND device IN (SELECT value FROM json_each(?)) ORDER BY device, track",
                (before_ms, self._devices),
            ).fetchall()
        return [_DECODER.decode(state) for (state,) in rows]

    def tracks(self) -> list[tuple[PeerTrack, int]]:
        """Return all tracks, those that ended too, each with when it was last heard of, the first one first."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT state, heard_ms FROM peer_track WHERE device IN (SELECT value FROM json_each(?))"
                " ORDER BY heard_ms, device, track",
                (self._devices,),
            ).fetchall()
        return [(_DECODER.decode(state), heard_ms) for state, heard_ms in rows]

    def keep(self, changes: Iterable[Change], now_ms: int) -> None:
        """Commit changes, their events numbered."""
        with self._database.transaction() as db:
            for change in changes:
                it = change.track
                db.execute(
                    "INSERT OR REPLACE INTO peer_track VALUES (?, ?, ?, ?, ?)",
                    (it.device, it.track, now_ms, int(it.is_closed), msgspec.json.encode(it)),
                )
                for draft in change.drafts:
                    self._number(db, it.device, draft)

    def _number(self, db: sqlite3.Connection, device: str, draft: EventDraft[UplinkPayload]) -> None:
        (number,) = db.execute(
            "INSERT INTO peer_number VALUES (?, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last", (device,)
        ).fetchone()
        source = Source(self._gateway.tenant, self._gateway.store, device)
        body = encode_event(draft.numbered(source, number))
        db.execute("INSERT INTO peer_event VALUES (?, ?, ?)", (device, number, body))

    def forget(self, before_ms: int) -> None:
        """Delete tracks that ended before a time."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM peer_track WHERE is_closed = 1 AND heard_ms < ?", (before_ms,))

    def waiting(self, limit: int) -> list[NumberedEvent]:
        """Return events that the event store does not hold yet, in order of their numbers."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT device, sequence, body FROM peer_event WHERE device IN (SELECT value FROM json_each(?))"
                " ORDER BY device, sequence LIMIT ?",
                (self._devices, limit),
            ).fetchall()
        return [NumberedEvent(*row) for row in rows]

    def drop(self, events: Iterable[NumberedEvent]) -> None:
        """Delete events that the event store holds."""
        with self._database.transaction() as db:
            db.executemany(
                "DELETE FROM peer_event WHERE device = ? AND sequence = ?", [(it.device, it.sequence) for it in events]
            )
