"""Who is where in the store now, as the last samples of its cameras tell: in memory alone."""

import threading

from msgspec import Struct

from contracts.payloads import ZoneCount, ZoneOccupancy
from gateway.core.judging import Delivery

STALE_MS = 60_000
"""An older sample says nothing about now."""


class LiveZone(Struct, frozen=True):
    """The people in one zone of one camera, and of a queue who waits and for how long."""

    device: str
    zone: str
    kind: str
    people: int
    waiting: int | None
    longest_wait_s: float | None
    at_ms: int


class LiveZones:
    """The last sample of each camera. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: dict[str, tuple[int, tuple[ZoneCount, ...]]] = {}

    def note(self, delivery: Delivery) -> None:
        """Take note of a message."""
        event, source = delivery.event, delivery.source
        if event is None or source is None or not isinstance(event.data, ZoneOccupancy):
            return
        with self._lock:  # devices' clocks may be wrong: what came last is the newest
            self._samples[source.device] = (delivery.received_ms, event.data.zones)

    def now(self, now_ms: int) -> list[LiveZone]:
        """Return each zone of which somebody told within the last minute."""
        with self._lock:
            samples = dict(self._samples)
        return [
            LiveZone(device, each.zone_id, each.zone_kind, each.people, each.waiting, each.longest_wait_s, at_ms)
            for device, (at_ms, zones) in sorted(samples.items())
            if now_ms - at_ms <= STALE_MS
            for each in zones
        ]
