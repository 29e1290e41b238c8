"""A small store's month through a gateway's parts, as fast as can be: what is left in the memory of its process.

Two cameras, a terminal and a till; visits are joined, people counted, clocks measured, events confirmed and pruned. The
number of days is the environment's SHOPTHREAD_BENCH_DAYS, 30 where that is not set.
"""

import multiprocessing
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.measure import Result
from benchmarks.month_gateway import DAY_MS, DEVICES, GATEWAY, START_MS, STEP_MS, Message, Step, run_gateway_parts
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

_DAYS: Final = int(os.environ.get("SHOPTHREAD_BENCH_DAYS", "30"))
_STEPS = DAY_MS // STEP_MS
_OPEN = range(54, 126)
_SIGNATURE_BYTES = 128

Told = tuple[str, UplinkPayload, int]
"""Which device tells, what, and when it happened."""


class _Shop:
    """The devices of a store, and their numbers."""

    def __init__(self) -> None:
        self.now_ms = START_MS
        self._chance = random.Random(1)
        self._numbers = dict.fromkeys(DEVICES, 0)
        self._looks: list[tuple[AppearanceSignature, int]] = []

    def step(self, number: int) -> Step:
        """Let ten minutes pass, and return what devices sent in them."""
        told = [*self._samples(number)]
        for _ in range(self._chance.randint(1, 3) if number in _OPEN else 0):
            told += self._visit(self.now_ms + self._chance.randrange(STEP_MS // 2))
        self.now_ms += STEP_MS
        messages = [self._message(*each) for each in sorted(told, key=lambda it: (it[2], it[0], it[1].TYPE))]
        looks, self._looks = self._looks, []
        return Step(messages, looks, closes=number == _OPEN.stop)

    def _message(self, device: str, data: UplinkPayload, time_ms: int) -> Message:
        source = Source(GATEWAY.tenant, GATEWAY.store, device)
        self._numbers[device] += 1
        event = draft_event(source, data, time_ms, self._numbers[device]).numbered(source, self._numbers[device])
        return device, event_topic(source, type(data)), encode_event(event), self._numbers[device]

    def _samples(self, number: int) -> Iterator[Told]:
        for device in DEVICES:
            yield device, DeviceHealth(uptime_s=1.0, software_version="1", queue_depth=0), self.now_ms
        if number in _OPEN:
            for after_ms in range(0, STEP_MS, 120_000):
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
        key_id = f"day{t_ms // DAY_MS}:encoder"
        look = AppearanceSignature(segment_id=segment_id, key_id=key_id, signature=signature)
        self._looks.append((look, t_ms + 1000))
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
    """Let the days pass; print the gateway's resident memory after the first and the last, and the slope between."""
    shop, mib, objects, told = _Shop(), list[float](), list[int](), 0
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    gateway = context.Process(target=run_gateway_parts, args=(folder, theirs), daemon=True)
    gateway.start()
    started_s = time.perf_counter()
    for _ in range(_DAYS):
        for number in range(_STEPS):
            step = shop.step(number)
            told += len(step.messages)
            ours.send(step)
        ours.send(None)
        memory = ours.recv()
        mib.append(memory.resident_mib)
        objects.append(memory.objects)
    rate = told / (time.perf_counter() - started_s)
    gateway.kill()
    settled = _DAYS // 3  # Until then the file fills, and the caches.
    print(
        f"{_DAYS} days, {told:,} events of devices at {rate:,.0f} a second; a gateway in a process of its own\n"
        f"resident {mib[0]:.1f} MiB after the first day, {mib[settled]:.1f} after day {settled + 1}, {mib[-1]:.1f} at "
        f"the end; over the last two thirds {_slope(mib[settled:]):+.3f} MiB and {_slope(objects[settled:]):+.1f} of "
        f"{objects[-1]:,} objects a day; the file has {(folder / 'gateway.sqlite').stat().st_size / 2**20:.0f} MiB"
    )
    return Result(f"a gateway's memory after {_DAYS} days", mib[-1], "MiB", "after the first", mib[0], mib[-1] / mib[0])


def _slope(values: Sequence[float]) -> float:
    """Return by how much values grow from one to the next, by least squares; 0 for one alone."""
    return float(np.polyfit(range(len(values)), values, 1)[0]) if len(values) > 1 else 0.0
