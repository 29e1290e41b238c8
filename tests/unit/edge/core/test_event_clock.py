"""Events keep a steady pace while a wall clock is set, drifts or was never set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.event_clock import advance, start

START_MS = 1_772_442_000_000.0


def test_a_right_clock_stays_right() -> None:
    clock = start(START_MS, 5.0)
    for second in range(1, 1000):
        clock = advance(clock, START_MS + second * 1000, 5.0 + second)
        assert clock.time_ms == START_MS + second * 1000
        assert clock.offset_ms == 0


@pytest.mark.parametrize("step_ms", [-4000.0, 4000.0])
def test_a_wall_clock_that_is_set_by_four_seconds_is_followed_within_fourteen_minutes(step_ms: float) -> None:
    clock = start(START_MS, 0.0)
    first = advance(clock, START_MS + 1000 + step_ms, 1.0)
    assert first.time_ms - clock.time_ms == pytest.approx(1000, abs=5)
    assert first.offset_ms == pytest.approx(-step_ms, abs=5)
    for second in range(2, 14 * 60):
        first = advance(first, START_MS + second * 1000 + step_ms, float(second))
    assert first.offset_ms == 0


def test_a_steady_clock_that_drifts_stays_within_a_millisecond_of_the_wall_clock() -> None:
    clock = start(START_MS, 0.0)
    for second in range(1, 3600):
        clock = advance(clock, START_MS + second * 1000, second * (1 + 50e-6))
    assert abs(clock.offset_ms) < 1


def test_a_clock_that_was_never_set_leaps_forward_once() -> None:
    clock = advance(start(1000.0, 0.0), START_MS, 1.0)
    assert (clock.time_ms, clock.offset_ms) == (START_MS, 0.0)


def test_where_the_steady_clock_stands_still_so_does_time() -> None:
    clock = start(START_MS, 5.0)
    assert advance(clock, START_MS + 20, 4.0).time_ms == START_MS


@given(
    st.lists(
        st.tuples(st.floats(0, 100, allow_nan=False), st.floats(-1e7, 1e7, allow_nan=False)), min_size=1, max_size=50
    )
)
def test_time_never_goes_back_and_is_always_wall_clock_plus_offset(moves: list[tuple[float, float]]) -> None:
    clock, steady_s = start(START_MS, 0.0), 0.0
    for elapsed_s, error_ms in moves:
        steady_s += elapsed_s
        wall_ms = START_MS + steady_s * 1000 + error_ms
        before, clock = clock, advance(clock, wall_ms, steady_s)
        gone_ms = clock.time_ms - before.time_ms
        assert gone_ms >= elapsed_s * 995 - 1e-3
        assert gone_ms <= elapsed_s * 1005 + 1e-3 or clock.offset_ms == 0
        assert clock.time_ms - wall_ms == pytest.approx(clock.offset_ms, abs=1e-2)
