"""Lines of two or more points: sides, passages through arms and corners, and what is no usable line."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.geometry import Point, is_between_ends, signed_distance
from edge.core.polyline import distance_to, fault, is_beside, passes, signed_distance_to

CORNER = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0))  # to the right, then down: inside of the bend is right
NEEDLE = ((0.0, -1.0), (10.0, 0.0), (0.0, 1.0))
coordinates = st.integers(-15, 25).map(float)
points = st.tuples(coordinates, coordinates)
shapes = st.sampled_from([CORNER, NEEDLE, ((0.0, 0.0), (5.0, 8.0), (10.0, 0.0), (15.0, 8.0)), ((0.0, 5.0), (9.0, 5.0))])


@given(points, points, points)
def test_with_two_points_sides_are_those_of_the_infinite_line(start: Point, end: Point, point: Point) -> None:
    if start != end:
        assert signed_distance_to((start, end), point) == signed_distance(start, end, point)
        assert is_beside((start, end), point) == is_between_ends(start, end, point)


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((5.0, 3.0), 3.0),
        ((5.0, -3.0), -3.0),
        ((7.0, 5.0), 3.0),
        ((13.0, -4.0), -5.0),
        ((-5.0, 2.0), 2.0),
        ((8.0, 15.0), 2.0),
    ],
    ids=["inside", "outside", "inside the other arm", "round the corner", "before the line", "behind the line"],
)
def test_sides_of_a_corner(point: Point, expected: float) -> None:
    assert signed_distance_to(CORNER, point) == pytest.approx(expected)


def test_beyond_a_needle_is_outside_of_its_bend() -> None:
    assert signed_distance_to(NEEDLE, (12.0, 0.1)) < 0
    assert signed_distance_to(NEEDLE, (12.0, -0.1)) < 0
    assert signed_distance_to(NEEDLE, (11.0, 2.0)) < 0
    assert signed_distance_to(NEEDLE, (11.0, -2.0)) < 0
    assert signed_distance_to(NEEDLE, (8.0, 0.0)) > 0


def test_a_straight_line_drawn_in_two_pieces_has_the_same_sides() -> None:
    for y in (-3.0, 0.0, 3.0):
        for x in (-5.0, 4.0, 5.0, 6.0, 12.0):
            whole = signed_distance_to(((0.0, 0.0), (10.0, 0.0)), (x, y))
            assert signed_distance_to(((0.0, 0.0), (5.0, 0.0), (10.0, 0.0)), (x, y)) == pytest.approx(whole)


def test_distance_is_to_the_nearest_place() -> None:
    assert distance_to(CORNER, (13.0, -4.0)) == 5.0
    assert distance_to(CORNER, (10.0, 4.0)) == 0.0


def test_through_a_corner_is_one_passage_and_touching_it_none() -> None:
    assert passes(CORNER, (12.0, -2.0), (8.0, 2.0)) == 1
    assert passes(CORNER, (8.0, 2.0), (12.0, -2.0)) == -1
    assert passes(CORNER, (8.0, -2.0), (12.0, 2.0)) == 0
    assert passes(CORNER, (9.0, -2.0), (12.0, 1.0)) == 0
    assert passes(NEEDLE, (10.0, -5.0), (10.0, 5.0)) == 0


def test_through_both_arms_and_round_the_ends() -> None:
    assert passes(CORNER, (8.0, -1.0), (11.0, 5.0)) == 0
    assert passes(CORNER, (5.0, -5.0), (5.0, 5.0)) == 1
    assert passes(CORNER, (-1.0, -5.0), (-1.0, 5.0)) == 0
    assert passes(CORNER, (0.0, -5.0), (0.0, 5.0)) == 1
    assert passes(CORNER, (12.0, 10.0), (8.0, 10.0)) == 1
    assert passes(CORNER, (12.0, 10.5), (8.0, 10.5)) == 0


@given(shapes, points, points)
def test_the_way_back_undoes_the_way(line: tuple[Point, ...], before: Point, after: Point) -> None:
    """Exactly through an end of the line, rounding decides."""
    if before == after or all(signed_distance(before, after, end) != 0 for end in (line[0], line[-1])):
        assert passes(line, before, after) == -passes(line, after, before)


@given(shapes, st.lists(points, min_size=3, max_size=6))
def test_a_round_trip_away_from_the_ends_has_gone_through_as_often_as_back(
    line: tuple[Point, ...], corners: list[Point]
) -> None:
    """A closed way goes round each end of the line as often as it passes it: no end inside, no net passage.

    Who stands exactly on the line is on no side of it; rounding decides, and the band makes up for it.
    """
    tour = [*corners, corners[0]]
    if all(distance_to(line, corner) > 0 for corner in corners) and all(
        _winding(tour, end) == 0 for end in (line[0], line[-1])
    ):
        assert sum(passes(line, before, after) for before, after in pairwise(tour)) == 0


def _winding(tour: list[Point], point: Point) -> int | None:
    """Return how often a closed way goes round a point, None where it touches it."""
    turns = 0
    x, y = point
    for (x1, y1), (x2, y2) in pairwise(tour):
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        if cross == 0 and min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2):
            return None
        if (y1 <= y) != (y2 <= y) and (cross > 0) == (y2 > y1):
            turns += 1 if y2 > y1 else -1
    return turns


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ([(0, 0)], "needs 2 or more points, got 1"),
        ([(0, 0), (0, 0)], r"points 1 and 2 must be two different points, got \(0, 0\) twice"),
        ([(0, 0), (9, 0), (9, 0)], "points 2 and 3 must be two different points"),
        (
            [(0, 0), (10, 0), (5, 5), (5, -5)],
            r"\(0, 0\) to \(10, 0\) \(points 1 and 2\) meets the piece from \(5, 5\) to \(5, -5\) \(points 3 and 4\);",
        ),
        ([(0, 0), (10, 0), (5, 5), (5, 0)], "points 3 and 4"),
        ([(0, 0), (10, 0), (10, 10), (0, 0)], "points 1 and 2.* meets .*points 3 and 4"),
        ([(0, 0), (10, 0), (4, 0)], "points 1 and 2.* meets .*points 2 and 3"),
    ],
)
def test_lines_that_cross_or_touch_themselves_are_refused(line: list[Point], expected: str) -> None:
    with pytest.raises(AssertionError, match=expected):
        assert not (reason := fault(line)), reason


def test_usable_lines_have_no_fault() -> None:
    for line in (CORNER, NEEDLE, [(0, 0), (5, 0), (10, 0)], [(0, 0), (10, 0), (10, 10), (1, 1)]):
        assert fault(line) is None
