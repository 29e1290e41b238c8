"""Shortest walks, against an oracle that searches a fine grid."""

import heapq
from itertools import pairwise
from math import hypot

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulators.core.area_index import AreaIndex
from simulators.core.geometry import ConvexObstacle, Point, contains, distance
from simulators.core.layout import Zone
from simulators.core.navigation import CLEARANCE_M, Navigator, NoWayError, _Blocker
from tests.unit.simulators.runs import corner_shop

SHELVES = [
    [(1.0, 1.0), (1.6, 1.0), (1.6, 5.0), (1.0, 5.0)],
    [(3.0, 0.0), (3.6, 0.0), (3.6, 4.0), (3.0, 4.0)],
    [(4.6, 2.0), (7.0, 2.0), (7.0, 2.6), (4.6, 2.6)],
]
NAVIGATOR = Navigator(SHELVES)
STEP_M = 0.2
COLUMNS, ROWS = int(10 / STEP_M), int(8 / STEP_M)
GRID = np.array([(x * STEP_M - 1, y * STEP_M - 1) for x in range(COLUMNS) for y in range(ROWS)])
FREE = ~np.any([ConvexObstacle(polygon, CLEARANCE_M - 0.02).contains(GRID) for polygon in SHELVES], axis=0)
inside = st.tuples(st.floats(0.0, 8.0), st.floats(0.0, 6.0))


def _grid_length(start: Point, goal: Point) -> float:
    """Dijkstra's algorithm on a grid with 16 directions: at most 2.8 % longer than the way, plus the ends."""
    columns, rows, free = COLUMNS, ROWS, FREE
    moves = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 1), (1, 2), (2, -1), (1, -2)]
    moves += [(-x, -y) for x, y in moves]

    def cell(point: Point) -> tuple[int, int]:
        return round((point[0] + 1) / STEP_M), round((point[1] + 1) / STEP_M)

    heap, done, end = [(0.0, cell(start))], set(), cell(goal)
    while heap:
        length, (x, y) = heapq.heappop(heap)
        if (x, y) == end:
            return length
        if (x, y) in done:
            continue
        done.add((x, y))
        for dx, dy in moves:
            column, row = x + dx, y + dy
            if 0 <= column < columns and 0 <= row < rows and free[column * rows + row]:
                heapq.heappush(heap, (length + hypot(dx, dy) * STEP_M, (column, row)))
    return float("inf")


@settings(max_examples=20)
@given(inside, inside)
def test_walks_are_free_and_no_longer_than_a_grid_finds(start: Point, goal: Point) -> None:
    assume(NAVIGATOR.is_free(start) and NAVIGATOR.is_free(goal))
    way = [start, *NAVIGATOR.walk(start, goal)]
    assert way[-1] == goal
    assert all(NAVIGATOR.is_clear(a, b) for a, b in pairwise(way))
    length = sum(distance(a, b) for a, b in pairwise(way))
    assert distance(start, goal) - 1e-9 <= length <= _grid_length(start, goal) + 3 * STEP_M
    assert length == pytest.approx(
        sum(distance(a, b) for a, b in pairwise([goal, *NAVIGATOR.walk(goal, start)])), abs=1e-9
    )


@given(inside, inside)
def test_a_step_is_clear_if_no_point_of_it_is_near_an_obstacle(start: Point, end: Point) -> None:
    along = np.linspace(start, end, 400)
    grown, shrunk = ([ConvexObstacle(polygon, CLEARANCE_M + by) for polygon in SHELVES] for by in (0.03, -0.05))
    if not any(obstacle.contains(along).any() for obstacle in grown):
        assert NAVIGATOR.is_clear(start, end)
    if any(obstacle.contains(along).any() for obstacle in shrunk):
        assert not NAVIGATOR.is_clear(start, end)


@given(inside)
def test_one_point_is_as_free_as_among_many(point: Point) -> None:
    assert NAVIGATOR.is_free(point) == NAVIGATOR.are_free(np.array([point, (1.3, 2.0)]))[0]
    assert not NAVIGATOR.is_free((1.3, 2.0))


@given(inside)
def test_every_corner_that_is_in_sight_is_among_those_that_perhaps_are(point: Point) -> None:
    assume(NAVIGATOR.is_free(point))
    corners = [(float(x), float(y)) for x, y in NAVIGATOR._nodes]
    seen = {number for number, corner in enumerate(corners) if NAVIGATOR.is_clear(point, corner)}
    assert seen <= set(NAVIGATOR._perhaps_in_sight(point).tolist())


def test_where_there_is_no_way_the_points_are_named() -> None:
    ring = [
        [(0.0, 0.0), (4.0, 0.0), (4.0, 0.5), (0.0, 0.5)],
        [(0.0, 3.5), (4.0, 3.5), (4.0, 4.0), (0.0, 4.0)],
        [(0.0, 0.0), (0.5, 0.0), (0.5, 4.0), (0.0, 4.0)],
        [(3.5, 0.0), (4.0, 0.0), (4.0, 4.0), (3.5, 4.0)],
    ]
    with pytest.raises(NoWayError) as caught:
        Navigator(ring).walk((2.0, 2.0), (9.0, 9.0))
    assert (caught.value.start, caught.value.goal) == ((2.0, 2.0), (9.0, 9.0))


def test_a_step_along_a_side_of_an_obstacle_is_clear_outside_of_it() -> None:
    blocker = _Blocker(SHELVES[0])
    assert not blocker.cuts((2.0, 0.0), (2.0, 6.0))
    assert blocker.cuts((1.3, 0.0), (1.3, 6.0))


def test_only_so_many_goals_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulators.core.navigation._REMEMBERED_GOALS", 2)
    navigator = Navigator(SHELVES)
    ways = [navigator.walk((0.2, 3.0), (2.3, y)) for y in (2.8, 3.0, 3.2, 2.8)]
    assert ways[0] == ways[3]
    assert len(navigator._remembered) <= 2


@given(st.tuples(st.floats(-1, 11), st.floats(-1, 11)))
def test_zones_of_a_point_are_those_that_contain_it(point: Point) -> None:
    zones = (
        *corner_shop().zones,
        Zone(id="slanted", kind="floor", polygon=((1.0, 1.0), (7.0, 3.0), (4.0, 8.0))),
    )
    areas = AreaIndex({zone.id: zone.polygon for zone in zones})
    assert set(areas.areas_at(point)) == {zone.id for zone in zones if contains(zone.polygon, point)}
