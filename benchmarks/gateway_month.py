"""A small store's month through a gateway's core and store, as fast as can be: what is left in memory.

Two cameras, a terminal and a till; visits are joined, people counted, clocks measured, events confirmed and pruned. The
number of days is the environment's SHOPTHREAD_BENCH_DAYS, 30 where that is not set.
"""

import gc
import os
import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC
from datetime import time as time_of_day
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from benchmarks.measure import Result
from contracts.clock import ClockAnswer, decode_clock_request, encode_clock
from contracts.events import Source, draft_event, encode_event
from contracts.ids import deterministic_id
from contracts.operations import DeviceHealth
from contracts.payloads import (
    AppearanceSignature,
    CodeScanned,
    FootfallCrossing,
    PathPoint,
    PosSale,
    Stay,
    VisitSegment,
    ZoneCount,
    ZoneOccupancy,
)
from contracts.privacy import UplinkPayload
from contracts.topics import event_topic
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

_DAYS: Final = int(os.environ.get("SHOPTHREAD_BENCH_DAYS", "30"))
_GATEWAY = Source("bench", "store", "gateway")
_DEVICES = ("cam-1", "cam-2", "kiosk", "till")
_START_MS: Final = 1_772_409_600_000
_STEP_MS, _DAY_MS, _HOUR_MS = 600_000, 86_400_000, 3_600_000
_STEPS = _DAY_MS // _STEP_MS
_OPEN = range(54, 126)
_KEEP_MS = 9 * _DAY_MS
_SIGNATURE_BYTES = 128

Told = tuple[str, UplinkPayload, int]
"""Which device tells, what, and when it happened."""


class _Shop:
    """The gateway's parts, and the devices' numbers."""

    def __init__(self, folder: Path) -> None:
        self.now_ms = _START_MS
        self._chance = random.Random(1)
        self._numbers = dict.fromkeys(_DEVICES, 0)
        occupancy = OccupancyRules(enabled=True)
        count = StoreCount(_GATEWAY, occupancy, Hours(time_of_day(22), UTC))
        stitching = StitchRules(enabled=True)
        self.store = EventStore(
            folder / "gateway.sqlite", _GATEWAY, stitching, None, count, StorageRules(), IntakeRules()
        )
        self.database = DeviceDatabase(folder / "devices.sqlite")
        self.sightings, self._zones, self._limit = Sightings(self.database), LiveZones(), RateLimit(IntakeRules())
        self._clocks = DeviceClocks(
            ClockRows(self.database), lambda: self.now_ms * 1000, lambda: self.now_ms * 1000, interval_s=600.0
        )
        self._set_quick()

    def _set_quick(self) -> None:
        """Wait for no disk: memory is what is measured."""
        for connection in (self.store._database.connection, self.database._db):  # noqa: SLF001 - for this alone
            connection.execute("PRAGMA synchronous = OFF")

    def step(self, number: int) -> int:
        """Let ten minutes pass. Returns how many events the devices told."""
        told = [*self._samples(number)]
        for _ in range(self._chance.randint(1, 3) if number in _OPEN else 0):
            told += self._visit(self.now_ms + self._chance.randrange(_STEP_MS // 2))
        self.now_ms += _STEP_MS
        deliveries = [self._deliver(*each) for each in sorted(told, key=lambda it: (it[2], it[0], it[1].TYPE))]
        self.store.receive(deliveries)
        self.store.settle(self.now_ms)
        self._measure_clocks()
        while waiting := self.store.waiting(500, 500):
            self.store.mark_uploaded(waiting, {}, self.now_ms)
        if number % 6 == 0:
            self._keep_house(number)
        return len(told)

    def _deliver(self, device: str, data: UplinkPayload, time_ms: int) -> Delivery:
        source = Source(_GATEWAY.tenant, _GATEWAY.store, device)
        self._numbers[device] += 1
        number = self._numbers[device]
        event = draft_event(source, data, time_ms, number).numbered(source, number)
        topic = event_topic(source, type(data))
        assert self._limit.admits(device, self.now_ms)
        delivery = judge(topic, encode_event(event), {"epoch": "a1", "sequence": str(number)}, self.now_ms)
        self.sightings.note(delivery)
        self._zones.note(delivery)
        return check_delivery(self._clocks.correct(delivery), IntakeRules())

    def _measure_clocks(self) -> None:
        for device in _DEVICES:
            request = self._clocks.ask(device)
            if request is not None:
                asked_us = decode_clock_request(request).asked_us
                device_us = asked_us + 7_000_000
                answer = ClockAnswer(asked_us=asked_us, received_us=device_us, sent_us=device_us)
                self._clocks.answered(device, encode_clock(answer), self.now_ms * 1000 + 4000)

    def _keep_house(self, number: int) -> None:
        self.store.prune(self.now_ms - _KEEP_MS)
        self.store.tell_thinned(self.now_ms)
        self.sightings.save()
        health = DeviceHealth(
            uptime_s=0.0,
            software_version="1",
            queue_depth=self.store.queue_depth(),
            clocks=self._clocks.told(),
            storage=self.store.storage(),
        )
        self.store.append_own(draft_event(_GATEWAY, health, self.now_ms), self.now_ms)
        if number == _OPEN.stop:
            self.store.forget_signatures()

    def _samples(self, number: int) -> Iterator[Told]:
        for device in _DEVICES:
            yield device, DeviceHealth(uptime_s=1.0, software_version="1", queue_depth=0), self.now_ms
        if number in _OPEN:
            for after_ms in range(0, _STEP_MS, 120_000):
                counts = (ZoneCount(zone_id="shelf", zone_kind="shelf", people=self._chance.randrange(5)),)
                yield "cam-1", ZoneOccupancy(zones=counts), self.now_ms + after_ms

    def _visit(self, t_ms: int) -> Iterator[Told]:
        """Yield what is told of somebody who comes in, is seen by both cameras, and pays or not."""
        yield "cam-1", _crossing("in", t_ms), t_ms
        yield from self._seen("cam-1", t_ms, 60)
        yield from self._seen("cam-2", t_ms + 50_000, 150)
        if self._chance.random() < 0.5:
            scan = CodeScanned(scan_id=f"s-{t_ms}", code="4006381333931", result="item")
            yield "kiosk", scan, t_ms + 100_000
            sale = PosSale(receipt_id=f"r-{t_ms}", lines=(), total_minor=100, currency="EUR")
            yield "till", sale, t_ms + 190_000
        yield "cam-1", _crossing("out", t_ms), t_ms + 210_000

    def _seen(self, device: str, t_ms: int, seconds: int) -> Iterator[Told]:
        track = f"t-{t_ms}-{self._chance.randrange(1 << 30)}"
        segment_id = deterministic_id(t_ms, device, track)
        signature = self._chance.randbytes(_SIGNATURE_BYTES)
        key_id = f"day{t_ms // _DAY_MS}:encoder"
        self.store.take_signature(
            AppearanceSignature(segment_id=segment_id, key_id=key_id, signature=signature), t_ms + 1000
        )
        for ordinal, (phase, until_s) in enumerate((("open", 1), ("update", seconds // 2), ("closed", seconds))):
            end_ms = t_ms + until_s * 1000
            path = tuple(PathPoint(at, (at - t_ms) / 5000, 1.0) for at in range(t_ms, end_ms, 2000))
            stay = Stay(zone_id="shelf", zone_kind="shelf", entered_ms=t_ms, left_ms=end_ms)
            data = VisitSegment(
                segment_id=segment_id,
                track_id=track,
                phase=phase,  # type: ignore[arg-type]  # of the three above
                ordinal=ordinal,
                opened_ms=t_ms,
                updated_ms=end_ms,
                closed_ms=end_ms if phase == "closed" else None,
                stays=(stay,),
                path=path,
                rule_version="bench-1",
            )
            yield device, data, end_ms

    def close(self) -> None:
        self.store.close()
        self.database.close()


def _crossing(direction: str, t_ms: int) -> FootfallCrossing:
    return FootfallCrossing(
        tripwire_id="door",
        tripwire_kind="entrance",
        direction=direction,  # type: ignore[arg-type]  # in or out
        track_id=f"t-{t_ms}",
        confidence=0.9,
        rule_version="bench-1",
    )


def month(folder: Path) -> Result:
    """Let the days pass; print resident memory after the first and the last, and the slope of those between."""
    shop, mib, objects = _Shop(folder), list[float](), list[int]()
    told, started_s = 0, time.perf_counter()
    for _ in range(_DAYS):
        told += sum(shop.step(number) for number in range(_STEPS))
        gc.collect()
        mib.append(psutil.Process().memory_info().rss / 2**20)
        objects.append(len(gc.get_objects()))
    rate = told / (time.perf_counter() - started_s)
    shop.close()
    settled = _DAYS // 3  # Until then the file fills, and the caches.
    print(
        f"{_DAYS} days, {told:,} events of devices at {rate:,.0f} a second\n"
        f"resident {mib[0]:.1f} MiB after the first day, {mib[settled]:.1f} after day {settled + 1}, {mib[-1]:.1f} at "
        f"the end; over the last two thirds {_slope(mib[settled:]):+.3f} MiB and {_slope(objects[settled:]):+.1f} of "
        f"{objects[-1]:,} objects a day; the file has {(folder / 'gateway.sqlite').stat().st_size / 2**20:.0f} MiB"
    )
    return Result(f"a gateway's memory after {_DAYS} days", mib[-1], "MiB", "after the first", mib[0], mib[-1] / mib[0])


def _slope(values: Sequence[float]) -> float:
    """Return by how much values grow from one to the next, by least squares; 0 for one alone."""
    return float(np.polyfit(range(len(values)), values, 1)[0]) if len(values) > 1 else 0.0
