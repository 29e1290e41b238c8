"""Plane geometry, and walks that keep clear of obstacles."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.geometry import (
    ConvexObstacle,
    Point,
    Polygon,
    contains,
    crossing,
    crossing_share,
    distance,
    distance_to_edge,
    signed_area,
)
from simulators.core.navigation import CLEARANCE_M, Navigator, NoWayError

SQUARE = ((1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0))
WIRE = ((2.8, 8.0), (1.2, 8.0))
coordinate = st.floats(-10, 10, allow_nan=False).map(lambda value: round(value, 3))
points = st.tuples(coordinate, coordinate)


def test_a_wire_is_crossed_inward_from_its_left_to_its_right() -> None:
    assert crossing(WIRE, (2.0, 9.0), (2.0, 7.0)) == 1
    assert crossing(WIRE, (2.0, 7.0), (2.0, 9.0)) == -1
    assert crossing(WIRE, (4.0, 7.0), (4.0, 9.0)) == 0
    assert crossing_share(WIRE, (2.0, 9.0), (2.0, 7.0)) == 0.5


@given(points, points)
def test_retracing_a_step_cancels_its_crossing(before: Point, after: Point) -> None:
    assert crossing(WIRE, before, after) == -crossing(WIRE, after, before)


@given(points, st.sampled_from([SQUARE, tuple(reversed(SQUARE))]))
def test_even_odd_and_half_planes_agree_on_what_lies_inside(point: Point, polygon: Polygon) -> None:
    if distance_to_edge(SQUARE, point) > 1e-6:
        assert contains(polygon, point) == bool(ConvexObstacle(polygon).contains(np.asarray([point]))[0])


def test_area_is_positive_clockwise_on_the_plan() -> None:
    assert signed_area(SQUARE) == 4.0
    assert signed_area(SQUARE[::-1]) == -4.0


@given(points, points)
def test_a_segment_is_blocked_if_any_of_its_samples_is_inside(start: Point, end: Point) -> None:
    obstacle = ConvexObstacle(SQUARE)
    samples = np.linspace(start, end, 201)
    if obstacle.contains(samples).any():
        assert obstacle.blocks(start, np.asarray([end]))[0]
    elif min(distance_to_edge(SQUARE, (float(x), float(y))) for x, y in samples) > 0.1:
        assert not obstacle.blocks(start, np.asarray([end]))[0]


@pytest.mark.parametrize("polygon", [((0, 0), (1, 0)), ((0, 0), (2, 0), (1, 0.2), (2, 2)), ((0, 0), (1, 1), (2, 2))])
def test_what_is_not_convex_is_refused(polygon: Polygon) -> None:
    with pytest.raises(ValueError, match="convex"):
        ConvexObstacle(polygon)


def test_a_walk_goes_round_a_corner_on_the_shortest_way() -> None:
    navigator = Navigator([SQUARE])
    way = navigator.walk((0.0, 2.0), (4.0, 2.0))
    assert way[-1] == (4.0, 2.0)
    low, high = 1 - CLEARANCE_M, 3 + CLEARANCE_M
    expected = 2 * distance((0.0, 2.0), (low, low)) + (high - low)
    assert sum(distance(a, b) for a, b in pairwise([(0.0, 2.0), *way])) == pytest.approx(expected)


@given(points, points)
def test_walks_keep_clear_of_obstacles(start: Point, goal: Point) -> None:
    other = ((4.0, 0.0), (5.0, 0.0), (5.5, 4.0), (4.0, 4.0))
    navigator = Navigator([SQUARE, other])
    if not (navigator.is_free(start) and navigator.is_free(goal)):
        return
    way = [start, *navigator.walk(start, goal)]
    length = sum(distance(a, b) for a, b in pairwise(way))
    assert length >= distance(start, goal) - 1e-9
    for a, b in pairwise(way):
        for polygon in (SQUARE, other):
            assert not ConvexObstacle(polygon, CLEARANCE_M - 0.02).blocks(a, np.asarray([b]))[0]


def test_a_point_behind_walls_cannot_be_reached() -> None:
    box = [
        ((0.0, 0.0), (4.0, 0.0), (4.0, 0.2), (0.0, 0.2)),
        ((0.0, 3.8), (4.0, 3.8), (4.0, 4.0), (0.0, 4.0)),
        ((0.0, 0.0), (0.2, 0.0), (0.2, 4.0), (0.0, 4.0)),
        ((3.8, 0.0), (4.0, 0.0), (4.0, 4.0), (3.8, 4.0)),
    ]
    with pytest.raises(NoWayError, match="no way"):
        Navigator(box).walk((2.0, 2.0), (8.0, 8.0))


def test_an_empty_floor_is_walked_straight() -> None:
    assert Navigator([]).walk((0.0, 0.0), (5.0, 5.0)) == [(5.0, 5.0)]
