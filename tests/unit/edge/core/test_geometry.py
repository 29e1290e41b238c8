"""Lines, polygons and the floor map obey geometry's own laws."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.core.geometry import (
    Point,
    PolygonSides,
    apply_homography,
    area,
    distance_outside,
    distance_to_segment,
    fit_homography,
    is_between_ends,
    is_inside,
    signed_distance,
)

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
U_SHAPE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (6.0, 9.0), (6.0, 3.0), (3.0, 3.0), (3.0, 9.0), (0.0, 9.0))
coordinates = st.integers(-500, 500).map(float)
points = st.tuples(coordinates, coordinates)


def test_right_of_a_line_is_positive_as_seen_on_a_screen() -> None:
    assert signed_distance((0, 0), (10, 0), (5, 3)) == 3
    assert signed_distance((0, 0), (0, 10), (-4, 5)) == 4


@given(points, points, points, points)
def test_moving_everything_changes_no_distance(start: Point, end: Point, point: Point, shift: Point) -> None:
    assume(start != end)

    def moved(p: Point) -> Point:
        return p[0] + shift[0], p[1] + shift[1]

    assert signed_distance(moved(start), moved(end), moved(point)) == signed_distance(start, end, point)
    assert is_between_ends(moved(start), moved(end), moved(point)) == is_between_ends(start, end, point)


@given(points, points, points)
def test_a_reversed_line_has_reversed_sides(start: Point, end: Point, point: Point) -> None:
    assume(start != end)
    assert signed_distance(end, start, point) == pytest.approx(-signed_distance(start, end, point))


@given(points, points, points)
def test_a_segment_is_never_nearer_than_its_line_nor_farther_than_its_ends(
    start: Point, end: Point, point: Point
) -> None:
    nearest = distance_to_segment(start, end, point)
    assert nearest <= math.dist(start, point) + 1e-9
    if start != end:
        assert nearest >= abs(signed_distance(start, end, point)) - 1e-9


@pytest.mark.parametrize(("point", "inside"), [((4.5, 1.0), True), ((4.5, 6.0), False), ((1.0, 8.0), True)])
def test_a_polygon_may_be_hollow(point: Point, inside: bool) -> None:
    assert is_inside(U_SHAPE, point) is inside


def test_distance_outside_is_to_the_nearest_side() -> None:
    triangle = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))
    assert distance_outside(triangle, (1.0, 1.0)) == 0
    assert distance_outside(triangle, (1.0, -3.0)) == 3


@given(points)
def test_distance_outside_is_zero_inside_and_only_there(point: Point) -> None:
    assume(point not in SQUARE)
    on_edge = min(distance_to_segment(a, b, point) for a, b in zip(SQUARE, SQUARE[1:] + SQUARE[:1], strict=True)) == 0
    assume(not on_edge)
    assert (distance_outside(SQUARE, point) == 0) is is_inside(SQUARE, point)


def test_area_does_not_depend_on_the_order_of_corners() -> None:
    assert area(SQUARE) == area(SQUARE[::-1]) == 100


@given(st.lists(st.floats(-0.3, 0.3), min_size=8, max_size=8), st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_floor_map_is_recovered_from_what_it_maps(tilt: list[float], place: Point) -> None:
    # A homography that keeps the picture in front of the camera, from eight free numbers.
    truth = np.eye(3) + np.array([*tilt, 0.0]).reshape(3, 3) * [[1, 1, 1], [1, 1, 1], [1, 1, 0]]
    assume(abs(np.linalg.det(truth)) > 0.05)
    matrix = tuple(tuple(row) for row in truth.tolist())
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.5, 0.2)]
    floor = [apply_homography(matrix, corner) for corner in corners]
    fitted = fit_homography([(x * 640, y * 480) for x, y in corners], [point for point in floor if point])
    expected = apply_homography(matrix, place)
    assert expected is not None
    assert apply_homography(fitted, (place[0] * 640, place[1] * 480)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("image", "floor", "said"),
    [
        ([(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 0), (1, 1)], "4 or more points"),
        ([(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (1, 0), (1, 1)], "4 in the image and 3"),
        ([(0, 0), (1, 1), (2, 2), (3, 3)], [(0, 0), (1, 0), (1, 1), (0, 1)], "no three"),
        ([(5, 5)] * 4, [(0, 0), (1, 0), (1, 1), (0, 1)], "no three"),
    ],
)
def test_points_that_give_no_floor_map_are_refused(image: list[Point], floor: list[Point], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit_homography(image, floor)


@pytest.mark.parametrize("y", [100.0, 40.0])
def test_the_horizon_and_the_sky_are_nowhere_on_the_floor(y: float) -> None:
    assert apply_homography(((1, 0, 0), (0, 1, 0), (0, 1, -100)), (3.0, y)) is None


def test_what_lies_below_the_horizon_lies_on_the_floor() -> None:
    trapezoid = [(200.0, 100.0), (440.0, 100.0), (640.0, 480.0), (0.0, 480.0)]
    fitted = fit_homography(trapezoid, [(0.0, 10.0), (5.0, 10.0), (5.0, 0.0), (0.0, 0.0)])
    assert apply_homography(fitted, (320.0, 480.0)) == pytest.approx((2.5, 0.0), abs=1e-9)
    assert apply_homography(fitted, (320.0, -400.0)) is None


def test_no_points_and_no_polygons_have_answers_too() -> None:
    triangle = ((0.0, 0.0), (2.0, 0.0), (0.0, 2.0))
    assert PolygonSides([triangle]).inside([]) == []
    assert PolygonSides([]).inside([(0.5, 0.5), (9.0, 9.0)]) == [[], []]
    assert PolygonSides([triangle]).inside([(0.5, 0.5), (9.0, 9.0)]) == [[True], [False]]
