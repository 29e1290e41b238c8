"""Events keep a steady pace while a wall clock is set, drifts or was never set."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source
from contracts.payloads import Coverage, FootfallCrossing
from edge.core.event_clock import advance, start
from edge.core.floor import FLOOR_ITSELF
from edge.core.pipeline import Person, PipelineRules, finish, initial_state, step
from edge.core.tripwire import Tripwire

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


def test_a_camera_that_wakes_in_1970_loses_and_doubles_no_interval() -> None:
    """Two and a half minutes by a clock that was never set, then it is: who passes before and after counts once."""
    door = Tripwire(id="door", kind="entrance", points=((5.0, 0.0), (5.0, 10.0)), band=0.2, settle_s=1.0)
    rules = PipelineRules(source=Source("acme", "north", "camera-1"), tripwires=(door,), floor=FLOOR_ITSELF)
    clock, state, told = start(1000.0, 0.0), initial_state(), []
    for index in range(3000):
        wall_ms = 1000.0 + index * 100 + (START_MS if index >= 1500 else 0)
        clock = advance(clock, wall_ms, index / 10)
        walkers = [("a", 200), ("b", 1300), ("c", 1600)]
        there = [Person(name, ((index - at) / 10, 5.0), 0.9) for name, at in walkers if at <= index < at + 100]
        state, drafts = step(rules, state, there, round(clock.time_ms))
        told += [draft.data for draft in drafts]
    told += [draft.data for draft in finish(rules, state)[1]]
    seen = sorted(
        (each.interval_start_ms, each.interval_end_ms, each.observed_s) for each in told if isinstance(each, Coverage)
    )
    assert sum(seconds for *_, seconds in seen) == pytest.approx(299.9, abs=0.2), "all but the picture of the leap"
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(seen)), "no interval twice"
    assert [each.track_id for each in told if isinstance(each, FootfallCrossing)] == ["a", "b", "c"]
