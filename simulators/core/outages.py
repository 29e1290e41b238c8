"""When cameras, the broker, the gateway and the line to the cloud are down.

Each source of outages is a Poisson process: so many begin per day, whatever went before, and each lasts a time drawn
evenly from a range. Outages of one thing that overlap are one. Each UTC day, or span of days if outages are rare, has
a random stream of its own, so two runs of one seed that overlap in time meet the same outages.
"""

from collections.abc import Iterator
from heapq import merge
from itertools import count
from math import ceil

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from simulators.core.scenario import Outages, Scenario
from simulators.core.truth import OutageOf, TrueOutage

_STREAM = 6
_MS_PER_S = 1000
_MS_PER_DAY = 86_400_000
_RAREST_PER_DAY = 1e-6  # What happens less often than once in 2,700 years does not happen.


class _Source(Struct, frozen=True):
    """One thing that can be down, and how often it is."""

    ordinal: int
    what: OutageOf
    device_id: str | None
    rule: Outages


def outages(scenario: Scenario, seed: int, start_ms: int) -> Iterator[TrueOutage]:
    """Return the outages that end after `start_ms`, in the order in which they begin; for ever, if there are any.

    Args:
        scenario: What can be down, how often and for how long.
        seed: What they are drawn from.
        start_ms: Store time at which the run begins, Unix milliseconds; the first outages may have begun before.
    """
    sources = _sources(scenario)
    return merge(*(_joined(_drawn(source, seed, start_ms), start_ms) for source in sources), key=_begin)


def _begin(outage: TrueOutage) -> int:
    return outage.from_ms


def _sources(scenario: Scenario) -> list[_Source]:
    cameras = [camera.id for camera in scenario.cameras]
    sources: list[_Source] = []
    for rule in scenario.outages:
        devices: list[str | None] = [None]
        if rule.what == "camera":
            devices = [*cameras] if rule.device_id is None else [rule.device_id]
        if rule.per_day >= _RAREST_PER_DAY:
            sources += [_Source(len(sources) + ordinal, rule.what, each, rule) for ordinal, each in enumerate(devices)]
    return sources


def _drawn(source: _Source, seed: int, start_ms: int) -> Iterator[TrueOutage]:
    shortest_ms, longest_ms = (bound * _MS_PER_S for bound in source.rule.lasts_s)
    span_days = ceil(1 / source.rule.per_day)
    span_ms = span_days * _MS_PER_DAY
    for span in count(max(0, int(start_ms - longest_ms) // span_ms)):
        rng = np.random.default_rng([seed, _STREAM, source.ordinal, span])
        number = rng.poisson(source.rule.per_day * span_days)
        begins = np.sort(rng.integers(span * span_ms, (span + 1) * span_ms, size=number))
        lasts_ms = rng.uniform(shortest_ms, longest_ms, size=number)
        for from_ms, to_ms in zip(begins.tolist(), np.rint(begins + lasts_ms).tolist(), strict=True):
            yield TrueOutage(what=source.what, device_id=source.device_id, from_ms=from_ms, to_ms=int(to_ms))


def _joined(drawn: Iterator[TrueOutage], start_ms: int) -> Iterator[TrueOutage]:
    """Yield outages that begin in order as outages that do not touch each other and end after `start_ms`."""
    before = next(drawn)
    while True:
        outage = next(drawn)
        if outage.from_ms <= before.to_ms:
            before = replace(before, to_ms=max(before.to_ms, outage.to_ms))
            continue
        if before.to_ms > start_ms:
            yield before
        before = outage


class OutageBoard:
    """Which outages there were up to now.

    Args:
        upcoming: All outages in the order in which they begin.
    """

    def __init__(self, upcoming: Iterator[TrueOutage]) -> None:
        self._upcoming = upcoming
        self._next = next(upcoming, None)
        self._begun: list[TrueOutage] = []
        self._going_on: list[TrueOutage] = []

    def advance(self, now_ms: int) -> None:
        """Go on to a time, which is never before the one that was gone on to last."""
        self._going_on = [outage for outage in self._going_on if outage.to_ms > now_ms]
        while self._next is not None and self._next.from_ms <= now_ms:
            self._begun.append(self._next)
            if self._next.to_ms > now_ms:
                self._going_on.append(self._next)
            self._next = next(self._upcoming, None)

    def down(self, what: OutageOf) -> frozenset[str | None]:
        """Return which devices of a kind are down: ids of cameras, None for what is no camera."""
        if not self._going_on:
            return frozenset()
        return frozenset(outage.device_id for outage in self._going_on if outage.what == what)

    def truth(self, now_ms: int) -> tuple[TrueOutage, ...]:
        """Return the outages up to now; one that goes on has lasted until now."""
        return tuple(replace(outage, to_ms=min(outage.to_ms, now_ms)) for outage in self._begun)
