"""Counts of the event store for operators, and the presence of devices. Inside a transaction or a reader."""

import sqlite3

from contracts.delivery import Presence
from contracts.events import EventDraft, Source, draft_event
from contracts.operations import EventsThinned, ThinnedEvents
from gateway.adapters.event_rows import DeviceRow, SourceTally
from gateway.core.thinning import Thinned


class EventFigures:
    """Reads figures, notes who is there.

    Args:
        db: The file; its transactions are the caller's.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def keep_presence(self, source: Source, presence: Presence, now_ms: int) -> None:
        """Note that a device came or went."""
        self._db.execute(
            "INSERT INTO device VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind,"
            " online = excluded.online, software_version = excluded.software_version, since_ms = excluded.since_ms",
            (str(source), presence.kind, presence.online, presence.software_version, now_ms),
        )

    def tallies(self) -> list[SourceTally]:
        """Return the counts of each device, the gateway's own events among them."""
        rows = self._db.execute(
            "SELECT source, received, duplicate, uploaded, refused, thinned, limited FROM tally ORDER BY source"
        )
        return [SourceTally(*row) for row in rows.fetchall()]

    def devices(self) -> list[DeviceRow]:
        """Return what is known of each device's presence."""
        rows = self._db.execute(
            "SELECT source, kind, online, software_version, since_ms FROM device ORDER BY source"
        ).fetchall()
        return [DeviceRow(source, kind, bool(online), version, since) for source, kind, online, version, since in rows]

    def thinned(self) -> list[Thinned]:
        """Return what was deleted unsent, by device and type, since the file was made."""
        rows = self._db.execute(
            "SELECT source, type, events, earliest_ms, latest_ms FROM thinned ORDER BY source, type"
        )
        return [
            Thinned(source=source, type=kind, events=events, earliest_ms=earliest_ms, latest_ms=latest_ms)
            for source, kind, events, earliest_ms, latest_ms in rows.fetchall()
        ]

    def take_untold(self, gateway: Source, now_ms: int) -> list[EventDraft[EventsThinned]]:
        """Return what is to be told of what was deleted, an event for each device where more was; it is told then."""
        rows = self._db.execute("SELECT DISTINCT source FROM thinned WHERE told < events").fetchall()
        devices = {source for (source,) in rows}
        self._db.execute("UPDATE thinned SET told = events WHERE told < events")
        by_device: dict[str, list[Thinned]] = {}
        for each in self.thinned():
            if each.source in devices:
                by_device.setdefault(each.source, []).append(each)
        return [_tell(gateway, source, thinned, now_ms) for source, thinned in by_device.items()]


def _tell(gateway: Source, source: str, thinned: list[Thinned], now_ms: int) -> EventDraft[EventsThinned]:
    told = EventsThinned(
        device=Source.parse(source).device,
        thinned=tuple(
            ThinnedEvents(type=each.type, events=each.events, earliest_ms=each.earliest_ms, latest_ms=each.latest_ms)
            for each in thinned
        ),
    )
    return draft_event(gateway, told, now_ms, source, sum(each.events for each in thinned))
