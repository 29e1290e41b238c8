"""When parties and passers-by come: a Poisson process whose rate is constant within each hour.

Each hour of the clock has a random stream of its own, so a run that starts in the middle of an hour, or goes on for
days, meets the same people at the same instants as any other run of the same seed.
"""

from collections.abc import Iterator
from itertools import count
from typing import Literal

import numpy as np
from msgspec import Struct

from simulators.core.scenario import HOURS_PER_DAY, Scenario

MS_PER_HOUR = 3_600_000
ArrivalKind = Literal["party", "passer_by"]
_STREAMS: dict[ArrivalKind, int] = {"party": 1, "passer_by": 2}


class Arrival(Struct, frozen=True, order=True):
    """Someone comes at `t_ms`; the rest tells the arrival from every other one of the same seed."""

    t_ms: int
    kind: ArrivalKind
    hour: int
    ordinal: int

    def random(self, seed: int) -> np.random.Generator:
        """Return the random stream that belongs to this arrival alone."""
        return np.random.default_rng([seed, 10 + _STREAMS[self.kind], self.hour, self.ordinal])


def arrivals(scenario: Scenario, seed: int, start_ms: int) -> Iterator[Arrival]:
    """Yield the arrivals from `start_ms` on, in order of time, for ever."""
    for hour in count(start_ms // MS_PER_HOUR):
        yield from sorted(
            arrival
            for kind in _STREAMS
            for arrival in arrivals_of_hour(scenario, seed, hour, kind)
            if arrival.t_ms >= start_ms
        )


def arrivals_of_hour(scenario: Scenario, seed: int, hour: int, kind: ArrivalKind) -> list[Arrival]:
    """Return the arrivals of one kind in one hour, counted from the epoch."""
    traffic = scenario.traffic
    per_hour = traffic.parties_per_hour if kind == "party" else traffic.passers_by_per_hour
    local_hour = int(hour + scenario.utc_offset_h) % HOURS_PER_DAY
    rng = np.random.default_rng([seed, _STREAMS[kind], hour])
    number = rng.poisson(per_hour * traffic.by_hour[local_hour])
    times = np.sort(rng.integers(hour * MS_PER_HOUR, (hour + 1) * MS_PER_HOUR, size=number))
    return [Arrival(int(t_ms), kind, hour, ordinal) for ordinal, t_ms in enumerate(times)]
