"""When parties, passers-by and deliveries come: a Poisson process whose rate is constant within each local hour.

Each hour of the store's clock has a random stream of its own, so a run that starts in the middle of an hour, or goes on
for days, meets the same people at the same instants as any other run of the same seed.
"""

from collections.abc import Iterator
from itertools import count
from typing import Literal

import numpy as np
from msgspec import Struct

from simulators.core.local_time import MS_PER_HOUR, is_between, local_ms, weekday_of_hour
from simulators.core.scenario import HOURS_PER_DAY, Scenario

ArrivalKind = Literal["party", "passer_by", "delivery"]
_STREAMS: dict[ArrivalKind, int] = {"party": 1, "passer_by": 2, "delivery": 6}


class Arrival(Struct, frozen=True, order=True):
    """Someone comes at `t_ms`; the rest tells the arrival from every other one of the same seed."""

    t_ms: int
    kind: ArrivalKind
    hour: int
    ordinal: int

    def random(self, seed: int, stream: int = 0) -> np.random.Generator:
        """Return a random stream that belongs to this arrival alone."""
        own = [stream] if stream else []
        return np.random.default_rng([seed, 10 + _STREAMS[self.kind], self.hour, self.ordinal, *own])


def arrivals(scenario: Scenario, seed: int, start_ms: int) -> Iterator[Arrival]:
    """Yield the arrivals from `start_ms` on, in order of time, for ever."""
    for hour in count(local_ms(start_ms, scenario.utc_offset_h) // MS_PER_HOUR):
        yield from sorted(
            arrival
            for kind in _STREAMS
            for arrival in arrivals_of_hour(scenario, seed, hour, kind)
            if arrival.t_ms >= start_ms
        )


def arrivals_of_hour(scenario: Scenario, seed: int, hour: int, kind: ArrivalKind) -> list[Arrival]:
    """Return the arrivals of one kind in one hour, counted in local time from 1970.

    While the store is closed no party comes; those who would have are not drawn elsewhere.
    """
    rng = np.random.default_rng([seed, _STREAMS[kind], hour])
    number = rng.poisson(rate_per_hour(scenario, hour, kind))
    times = np.sort(rng.integers(hour * MS_PER_HOUR, (hour + 1) * MS_PER_HOUR, size=number))
    to_utc_ms = -local_ms(0, scenario.utc_offset_h)
    return [
        Arrival(int(t_ms) + to_utc_ms, kind, hour, ordinal)
        for ordinal, t_ms in enumerate(times)
        if _is_open(scenario, kind, int(t_ms))
    ]


def rate_per_hour(scenario: Scenario, hour: int, kind: ArrivalKind) -> float:
    """Return how many come on average in an hour, counted in local time from 1970, while the store is open."""
    traffic, delivery = scenario.traffic, scenario.delivery
    if kind == "delivery":
        if delivery is None:
            return 0.0
        begin, end = delivery.hours
        return delivery.per_day / ((end - begin) % HOURS_PER_DAY or HOURS_PER_DAY)
    if kind == "passer_by" and not scenario.pavements:
        return 0.0
    per_hour = traffic.parties_per_hour if kind == "party" else traffic.passers_by_per_hour
    return per_hour * traffic.by_hour[hour % HOURS_PER_DAY] * traffic.by_weekday[weekday_of_hour(hour)]


def _is_open(scenario: Scenario, kind: ArrivalKind, t_local_ms: int) -> bool:
    hour = t_local_ms / MS_PER_HOUR % HOURS_PER_DAY
    if kind == "delivery" and scenario.delivery is not None:
        return is_between(hour, scenario.delivery.hours)
    return kind != "party" or is_between(hour, scenario.traffic.opens)
