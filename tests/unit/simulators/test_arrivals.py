"""Arrivals are a Poisson process that any run of the same seed meets alike."""

from itertools import takewhile

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulators.core.arrivals import Arrival, arrivals, arrivals_of_hour, rate_per_hour
from simulators.core.local_time import MS_PER_HOUR
from simulators.core.scenario import Scenario
from tests.unit.simulators.runs import START_MS, corner_shop


def _between(seed: int, start_ms: int, end_ms: int) -> list[Arrival]:
    return list(takewhile(lambda arrival: arrival.t_ms < end_ms, arrivals(corner_shop(), seed, start_ms)))


@given(st.integers(0, 2**32), st.integers(0, 2 * MS_PER_HOUR))
def test_a_later_start_meets_the_same_people(seed: int, later_ms: int) -> None:
    begin_ms, end_ms = START_MS + later_ms, START_MS + 3 * MS_PER_HOUR
    from_the_start = _between(seed, START_MS, end_ms)
    assert from_the_start == sorted(from_the_start)
    assert _between(seed, begin_ms, end_ms) == [arrival for arrival in from_the_start if arrival.t_ms >= begin_ms]


def test_the_rate_is_recovered_with_its_hourly_profile(scenario: Scenario) -> None:
    hours = range(480_000, 480_000 + 24 * 60)
    counts = np.array([len(arrivals_of_hour(scenario, 5, hour, "party")) for hour in hours]).reshape(-1, 24)
    expected = scenario.traffic.parties_per_hour * np.array(scenario.traffic.by_hour)
    error = np.sqrt(expected / len(counts))
    assert (np.abs(counts.mean(axis=0) - expected) < 4.5 * error).all()
    # A Poisson process is as variable as it is busy.
    assert 0.85 < (counts.var(axis=0, ddof=1) / expected).mean() < 1.15


def test_the_profile_follows_the_local_hour(scenario: Scenario) -> None:
    night = replace(scenario.traffic, by_hour=(0.0,) * 23 + (1.0,))
    shifted = replace(scenario, traffic=night, utc_offset_h=2.0)
    busy = [hour for hour in range(24) if arrivals_of_hour(shifted, 1, 20_000 * 24 + hour, "party")]
    assert busy == [23]
    came_ms = [arrival.t_ms for arrival in arrivals_of_hour(shifted, 1, 20_000 * 24 + 23, "party")]
    assert {t_ms // MS_PER_HOUR % 24 for t_ms in came_ms} == {21}  # Local time is ahead of UTC.


def test_nobody_passes_by_where_there_is_no_pavement(scenario: Scenario) -> None:
    assert rate_per_hour(scenario, 9, "passer_by") > 0
    assert rate_per_hour(replace(scenario, pavements=()), 9, "passer_by") == 0
