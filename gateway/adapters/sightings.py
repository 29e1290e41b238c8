"""When each device last said something, and what it said of its health: in memory, and now and then on disk."""

import threading
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from contracts.operations import DeviceHealth
from gateway.adapters.device_database import DeviceDatabase
from gateway.core.judging import Delivery

_DECODER = msgspec.json.Decoder(DeviceHealth)


class Sighting(Struct, frozen=True):
    """When a device was last heard of, Unix milliseconds, and what it last said of its health."""

    seen_ms: int
    health: DeviceHealth | None


class Sightings:
    """What was last heard of each device. Safe for several threads; what reads or writes raises `DeviceStoreError`.

    Args:
        database: The devices' file.
    """

    def __init__(self, database: DeviceDatabase) -> None:
        self._database, self._lock = database, threading.Lock()
        self._last: dict[str, Sighting] = self.kept()
        self._changed: set[str] = set()

    def note(self, delivery: Delivery) -> None:
        """Take note of a message."""
        if delivery.source is None:
            return
        device = delivery.source.device
        with self._lock:
            before = self._last.get(device)
            health = None if before is None else before.health
            if delivery.event is not None and isinstance(delivery.event.data, DeviceHealth):
                health = delivery.event.data
            self._last[device] = Sighting(delivery.received_ms, health)
            self._changed.add(device)

    def now(self) -> dict[str, Sighting]:
        """Return what was last heard of each device."""
        with self._lock:
            return dict(self._last)

    def save(self) -> None:
        """Write down what changed since the last time."""
        with self._lock:
            changed = [(device, self._last[device]) for device in sorted(self._changed)]
            self._changed.clear()
        if changed:
            self._write(changed)

    def _write(self, changed: Iterable[tuple[str, Sighting]]) -> None:
        with self._database.transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO sighting VALUES (?, ?, ?)",
                [
                    (device, each.seen_ms, None if each.health is None else msgspec.json.encode(each.health))
                    for device, each in changed
                ],
            )

    def kept(self) -> dict[str, Sighting]:
        """Return what was last written down of each device."""
        with self._database.reading() as db:
            rows = db.execute("SELECT device, seen_ms, health FROM sighting").fetchall()
        return {
            device: Sighting(seen_ms, None if health is None else _DECODER.decode(health))
            for device, seen_ms, health in rows
        }
