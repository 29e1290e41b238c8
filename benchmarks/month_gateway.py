"""The gateway of `gateway_month` in a process of its own: what a gateway's process holds, and no simulator."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import time as time_of_day
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from contracts.clock import ClockAnswer, decode_clock_request, encode_clock
from contracts.events import Source, draft_event
from contracts.operations import DeviceHealth
from contracts.payloads import AppearanceSignature
from gateway.adapters.clock_rows import ClockRows
from gateway.adapters.device_clocks import DeviceClocks
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.event_store import EventStore
from gateway.adapters.live_zones import LiveZones
from gateway.adapters.sightings import Sightings
from gateway.adapters.store_count import StoreCount
from gateway.core.admission import IntakeRules, RateLimit, check_delivery
from gateway.core.judging import Delivery, judge
from gateway.core.occupancy import Hours, OccupancyRules
from gateway.core.stitching import StitchRules
from gateway.core.thinning import StorageRules

GATEWAY: Final = Source("bench", "store", "gateway")
DEVICES: Final = ("cam-1", "cam-2", "kiosk", "till")
START_MS: Final = 1_772_409_600_000
STEP_MS, DAY_MS = 600_000, 86_400_000
_KEEP_MS = 9 * DAY_MS

Message = tuple[str, str, bytes, int]
"""Of which device, on which topic, what, and its number."""


@dataclass(frozen=True, slots=True)
class Step:
    """What devices sent in ten minutes, what people looked like, and whether the store closes."""

    messages: Sequence[Message]
    looks: Sequence[tuple[AppearanceSignature, int]]
    closes: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """What the process holds."""

    resident_mib: float
    objects: int


def run_gateway_parts(folder: Path, told: Connection) -> None:
    """Take steps from the connection until it ends; answer None with what is in memory."""
    import gateway.main  # noqa: F401, PLC0415 - a gateway's process has all of it loaded

    parts = _Parts(folder)
    while True:
        step: Step | None = told.recv()
        if step is not None:
            parts.take(step)
            continue
        del step
        gc.collect()
        told.send(Memory(_resident_mib(), len(gc.get_objects())))


class _Parts:
    """A gateway's parts, but for the network."""

    def __init__(self, folder: Path) -> None:
        self._now_ms, self._steps = START_MS, 0
        count = StoreCount(GATEWAY, OccupancyRules(enabled=True), Hours(time_of_day(22), UTC))
        stitching = StitchRules(enabled=True)
        path = folder / "gateway.sqlite"
        self._store = EventStore(path, GATEWAY, stitching, None, count, StorageRules(), IntakeRules())
        self._database = DeviceDatabase(folder / "devices.sqlite")
        self._sightings, self._zones, self._limit = Sightings(self._database), LiveZones(), RateLimit(IntakeRules())
        self._clocks = DeviceClocks(
            ClockRows(self._database), lambda: self._now_ms * 1000, lambda: self._now_ms * 1000, interval_s=600.0
        )
        self._set_quick()

    def _set_quick(self) -> None:
        """Wait for no disk: memory is what is measured."""
        for connection in (self._store._database.connection, self._database._db):  # noqa: SLF001 - for this alone
            connection.execute("PRAGMA synchronous = OFF")

    def take(self, step: Step) -> None:
        """Let ten minutes pass."""
        self._now_ms += STEP_MS
        for look, t_ms in step.looks:
            self._store.take_signature(GATEWAY, look, t_ms)
        self._store.receive([self._judged(message) for message in step.messages])
        self._store.settle(self._now_ms)
        self._measure_clocks()
        while waiting := self._store.waiting(500, 500):
            self._store.mark_uploaded(waiting, {}, self._now_ms)
        if self._steps % 6 == 0:
            self._keep_house()
        if step.closes:
            self._store.forget_signatures()
        self._steps += 1

    def _judged(self, message: Message) -> Delivery:
        device, topic, body, number = message
        assert self._limit.admits(device, self._now_ms)
        delivery = judge(topic, body, {"epoch": "a1", "sequence": str(number)}, self._now_ms)
        self._sightings.note(delivery)
        self._zones.note(delivery)
        return check_delivery(self._clocks.correct(delivery), IntakeRules())

    def _measure_clocks(self) -> None:
        for device in DEVICES:
            request = self._clocks.ask(device)
            if request is not None:
                asked_us = decode_clock_request(request).asked_us
                device_us = asked_us + 7_000_000
                answer = ClockAnswer(asked_us=asked_us, received_us=device_us, sent_us=device_us)
                self._clocks.answered(device, encode_clock(answer), self._now_ms * 1000 + 4000)

    def _keep_house(self) -> None:
        self._store.prune(self._now_ms - _KEEP_MS)
        self._store.tell_thinned(self._now_ms)
        self._sightings.save()
        health = DeviceHealth(
            uptime_s=0.0,
            software_version="1",
            queue_depth=self._store.queue_depth(),
            clocks=self._clocks.told(),
            storage=self._store.storage(),
        )
        self._store.append_own(draft_event(GATEWAY, health, self._now_ms), self._now_ms)


def _resident_mib() -> float:
    """Return how much memory this process has, MiB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.partition("VmRSS:")[2].split()[0]) / 1024
