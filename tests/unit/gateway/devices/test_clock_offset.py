"""Known offsets and drifts are found again through networks with delays, and a clock that is set is noticed."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.devices.clock_offset import ClockState, Exchange, estimate, observe

START_US = 1_772_442_000_000_000


def exchange(at_us: int, offset_us: float, there_us: int, back_us: int, work_us: int = 50) -> Exchange:
    """Return what a device answers whose clock is ahead by `offset_us`."""
    received = round(at_us + there_us + offset_us)
    return Exchange(at_us, received, received + work_us, at_us + there_us + work_us + back_us)


@given(
    st.integers(-(10**9), 10**9),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=30),
)
def test_the_truth_lies_within_the_error_whatever_the_network_does(offset_us: int, delays: list[tuple[int, int]]):
    state = ClockState()
    for number, (there_us, back_us) in enumerate(delays):
        state = observe(state, exchange(START_US + number * 16_000_000, offset_us, there_us, back_us))
    found = estimate(state)
    assert found is not None
    assert found.steps == 0
    assert abs(found.offset_ms * 1000 - offset_us) <= found.error_ms * 1000 + 2


def test_the_least_delay_tells_the_offset():
    state = ClockState()
    for there_us, back_us in ((80_000, 2_000), (500, 500), (2_000, 90_000)):
        state = observe(state, exchange(START_US + state.taken * 2_000_000, 3_600_000_000, there_us, back_us))
    found = estimate(state)
    assert found is not None
    assert found.offset_ms == pytest.approx(3_600_000, abs=0.1)
    assert found.error_ms < 0.6


@pytest.mark.parametrize("drift_ppm", [-120.0, 0.0, 40.0])
def test_a_known_drift_is_found_through_jitter(drift_ppm: float):
    chance, state = random.Random(7), ClockState()
    for number in range(240):
        at_us = START_US + number * 16_000_000
        there_us, back_us = (round(chance.expovariate(1 / 3000)) for _ in range(2))
        state = observe(state, exchange(at_us, 250_000 + drift_ppm * 16 * number, there_us, back_us))
    found = estimate(state)
    assert found is not None
    assert found.drift_ppm == pytest.approx(drift_ppm, abs=2)
    assert found.offset_ms == pytest.approx(250 + drift_ppm * 16 * 239 / 1000, abs=1.5)
    assert found.steps == 0


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000, 120, -1_772_442_000_000])
def test_a_clock_that_is_set_is_noticed_at_once(step_ms: int):
    state = ClockState()
    for number in range(20):
        offset_us = 0 if number < 10 else step_ms * 1000
        state = observe(state, exchange(START_US + number * 16_000_000, offset_us, 4000, 4000))
    found = estimate(state)
    assert found is not None
    assert (found.steps, found.drift_ppm) == (1, None)
    assert found.offset_ms == pytest.approx(step_ms, abs=0.1)


def test_a_clock_that_is_set_between_question_and_answer_tells_nothing():
    state = observe(ClockState(), exchange(START_US, 0, 1000, 1000))
    for bad in (exchange(START_US + 1, 0, 1000, 1000, work_us=-500), Exchange(START_US, START_US, START_US + 9999, 1)):
        state = observe(state, bad)
    assert (state.taken, state.refused) == (1, 2)


def test_nothing_is_told_before_anything_is_measured():
    assert estimate(ClockState()) is None


def test_measurements_at_one_moment_tell_no_drift():
    state = ClockState()
    for _ in range(40):
        state = observe(state, exchange(START_US, 0, 1000, 1000))
    found = estimate(state)
    assert found is not None
    assert found.drift_ppm is None


def test_anchors_at_one_moment_do_not_spoil_the_drift():
    state = ClockState()
    for number in range(40):
        at_us = START_US + (number // 16) * 400_000_000
        state = observe(state, exchange(at_us, 0, 1000, 1000))
    found = estimate(state)
    assert found is not None
    assert found.drift_ppm == 0
