"""Crossings: once per passage, none for who stands or flickers at the line or turns round."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge.core.geometry import Point
from edge.core.tripwire import Direction, Tripwire, approach, leave, move, usable_share

# From (100, 0) down to (100, 200): who walks to the left on the screen goes from left to right of it.
WIRE = Tripwire(id="door", kind="entrance", points=((100.0, 0.0), (100.0, 200.0)), band=8.0, settle_s=1.0)
EAGER = Tripwire(id="door", kind="entrance", points=((100.0, 0.0), (100.0, 200.0)), band=8.0, settle_s=0.0)


def walk(wire: Tripwire, path: list[Point], step_ms: int = 100) -> list[tuple[Direction, int]]:
    """Return the passages of a track that goes along a path and then leaves the picture."""
    state, told = approach(wire, path[0], 0), []
    for index, point in enumerate(path[1:], start=1):
        state, passage = move(wire, state, point, index * step_ms)
        told.append(passage)
    told.append(leave(wire, state, step_ms * (len(path) - 1)))
    return [(passage.direction, passage.time_ms) for passage in told if passage]


def net(passages: list[tuple[Direction, int]]) -> int:
    return sum(1 if direction == "in" else -1 for direction, _ in passages)


def line(x_from: float, x_to: float, steps: int, y: float = 100.0) -> list[Point]:
    return [(x_from + (x_to - x_from) * step / steps, y) for step in range(steps + 1)]


def test_a_walk_through_is_one_crossing_at_the_time_of_the_line() -> None:
    assert walk(WIRE, line(150, 50, 20)) == [("in", 1100)]
    assert walk(WIRE, line(50, 150, 20)) == [("out", 1000)]


def test_a_jump_over_the_whole_band_is_a_crossing() -> None:
    assert walk(WIRE, [(150, 100), (50, 100)]) == [("in", 100)]


def test_flicker_at_the_line_counts_nothing() -> None:
    assert walk(WIRE, [(150.0, 100.0), *[(100.0 + 7 * (-1) ** i, 100.0) for i in range(60)], (150.0, 100.0)]) == []


def test_flicker_at_the_line_on_the_way_through_counts_once() -> None:
    assert walk(WIRE, [*line(150, 101, 8), *[(100.0 + 6 * (-1) ** i, 100.0) for i in range(61)], *line(99, 40, 8)]) == [
        ("in", 7000)
    ]


def test_standing_on_the_line_counts_nothing() -> None:
    assert walk(WIRE, [*line(150, 100, 10), *[(100.0, 100.0)] * 100]) == []


def test_who_is_first_seen_on_the_line_has_not_crossed_it() -> None:
    assert walk(WIRE, line(100, 40, 10)) == []


def test_a_u_turn_counts_nothing() -> None:
    assert walk(WIRE, [*line(150, 85, 10), *line(85, 150, 5)]) == []


def test_who_stays_a_while_behind_the_line_and_returns_went_in_and_out() -> None:
    path = [*line(150, 60, 10), *[(60.0, 100.0)] * 20, *line(60, 150, 10), *[(150.0, 100.0)] * 20]
    assert [direction for direction, _ in walk(WIRE, path)] == ["in", "out"]


def test_a_crossing_just_before_the_track_ends_is_kept() -> None:
    assert walk(WIRE, line(150, 88, 6)) == [("in", 500)]


def test_counts_far_from_the_line_do_not_happen() -> None:
    assert walk(WIRE, line(150, 50, 20, y=260.0)) == []


def test_round_the_end_and_through_again_is_two_crossings() -> None:
    loop = [(150.0, 100.0), (50.0, 100.0), (50.0, 300.0), (150.0, 300.0), (150.0, 100.0), (50.0, 100.0)]
    assert [direction for direction, _ in walk(WIRE, loop)] == ["in", "in"]


def test_a_line_near_the_edge_is_found_unusable() -> None:
    frame = (768, 576)
    assert usable_share(WIRE, frame) == 1.0
    assert usable_share(replace(WIRE, points=((0.0, 572.0), (768.0, 572.0))), frame) == 0.0
    assert usable_share(replace(WIRE, points=((100.0, 476.0), (100.0, 676.0))), frame) == 0.5


steps = st.lists(st.tuples(st.integers(60, 140), st.integers(-40, 240)), min_size=1, max_size=25)


@given(steps, st.sampled_from([WIRE, EAGER]))
def test_retracing_every_step_cancels_it(path: list[tuple[int, int]], wire: Tripwire) -> None:
    points = [(float(x), float(y)) for x, y in path]
    assert net(walk(wire, [*points, *points[::-1]])) == 0


@given(steps)
def test_every_second_crossing_goes_back_unless_round_an_end(path: list[tuple[int, int]]) -> None:
    inside = [(float(x), 100.0) for x, _ in path]
    directions = [direction for direction, _ in walk(EAGER, inside)]
    assert all(before != after for before, after in itertools.pairwise(directions))


@given(steps, st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_moving_everything_changes_nothing(path: list[tuple[int, int]], dx: int, dy: int) -> None:
    moved_wire = replace(WIRE, points=((100.0 + dx, 0.0 + dy), (100.0 + dx, 200.0 + dy)))
    points = [(float(x), float(y)) for x, y in path]
    assert walk(moved_wire, [(x + dx, y + dy) for x, y in points]) == walk(WIRE, points)


@pytest.mark.parametrize("x", [92.0, 100.0, 108.0])
def test_the_band_belongs_to_neither_side(x: float) -> None:
    assert approach(WIRE, (x, 100.0), 0).side == 0
