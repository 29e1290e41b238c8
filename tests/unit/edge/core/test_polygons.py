"""Polygons that are no zones are refused with the place of the mistake; every other polygon is taken."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.core.geometry import Point, area, edges
from edge.core.polygons import check_polygon, share_within

SQUARE: list[Point] = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]


@pytest.mark.parametrize(
    ("polygon", "says"),
    [
        ([(0, 0), (1, 1)], "points must be 3 corners or more"),
        ([(0, 0), (math.nan, 1), (1, 1)], "corner 2 must have finite coordinates"),
        ([(0, 0), (10, 0), (10, 0), (0, 10)], r"corners 2 and 3 are the same point \(10, 0\); leave one"),
        ([(0, 0), (10, 0), (5, 9), (0, 0)], "corners 1 and 4 are the same point"),
        ([(0, 0), (5, 5), (9, 9)], "points must enclose an area, but they all lie on one line"),
        (
            [(0, 0), (10, 10), (10, 0), (0, 10)],
            r"side 1 from \(0, 0\) to \(10, 10\) crosses side 3 from \(10, 0\) to \(0, 10\); give the corners in",
        ),
        ([(0, 0), (10, 0), (10, 10), (5, 0), (0, 10)], "side 1 .* crosses side 3"),  # touches at a corner
        ([(0, 0), (10, 0), (4, 0), (4, 9)], "side 1 .* crosses side 2"),  # runs back along itself
        ([(0, 0), (6, 0), (6, 4), (9, 4), (9, 0), (4, 0), (4, 9), (0, 9)], "side 1 .* crosses side 5"),  # on one line
        ([(0, 0), (5, 0), (10, 0), (5, 9)], r"corner 2 \(5, 0\) lies on the straight line between corners 1 and 3"),
    ],
)
def test_what_is_no_zone_is_refused_by_name_and_remedy(polygon: list[Point], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_polygon(polygon)


@pytest.mark.parametrize(
    "polygon",
    [
        SQUARE,
        SQUARE[::-1],
        [(0, 0), (10, 0), (10, 5), (5, 5), (5, 10), (0, 10)],
        [(0, 0), (1e-6, 0), (0, 1e-6)],
        # Two sides on one line that do not meet:
        [(0, 0), (3, 0), (3, 3), (6, 3), (6, 0), (9, 0), (9, 5), (0, 5)],
    ],
)
def test_zones_are_taken(polygon: list[Point]) -> None:
    check_polygon(polygon)


@given(st.lists(st.floats(0.3, 1.0), min_size=5, max_size=12), st.floats(-1e4, 1e4), st.floats(1e-3, 1e3))
def test_stars_around_a_point_are_taken_wherever_they_lie(radii: list[float], shift: float, size: float) -> None:
    count = len(radii)
    star = [
        (shift + size * r * math.cos(2 * math.pi * i / count), size * r * math.sin(2 * math.pi * i / count))
        for i, r in enumerate(radii)
    ]
    assume(not _has_straight_corner(star))
    check_polygon(star)


@given(st.permutations(range(7)))
def test_corners_of_a_round_shape_are_a_zone_in_the_order_of_the_walk_and_in_no_other(order: list[int]) -> None:
    corners = [(math.cos(number * 2 * math.pi / 7), math.sin(number * 2 * math.pi / 7)) for number in order]
    steps = {(after - before) % 7 for before, after in pairwise([*order, order[0]])}
    if steps in ({1}, {6}):
        check_polygon(corners)
    else:
        with pytest.raises(ValueError, match="crosses side"):
            check_polygon(corners)


def _has_straight_corner(polygon: list[Point]) -> bool:
    triples = zip(polygon[-1:] + polygon[:-1], polygon, polygon[1:] + polygon[:1], strict=True)
    extent = max(x for x, _ in polygon) - min(x for x, _ in polygon)
    return any(area(triple) < 1e-6 * extent * extent for triple in triples)


def test_share_within_the_picture() -> None:
    assert share_within(SQUARE, 10, 10) == 1
    assert share_within(SQUARE, 5, 20) == 0.5
    assert share_within([(x - 5, y - 5) for x, y in SQUARE], 100, 100) == 0.25
    assert share_within([(x - 30, y) for x, y in SQUARE], 100, 100) == 0
    assert share_within([(x, y + 200) for x, y in SQUARE], 100, 100) == 0


@given(st.lists(st.tuples(st.floats(-20, 30), st.floats(-20, 30)), min_size=3, max_size=3))
def test_share_within_agrees_with_sampling(triangle: list[Point]) -> None:
    assume(area(triangle) > 60)
    step = 0.1
    x, y = np.meshgrid(np.arange(-20 + step / 2, 30, step), np.arange(-20 + step / 2, 30, step))
    turns = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for (ax, ay), (bx, by) in edges(triangle)]
    inside = np.all([turn > 0 for turn in turns], axis=0) | np.all([turn < 0 for turn in turns], axis=0)
    shown = inside & (x > 0) & (x < 10) & (y > 0) & (y < 10)
    assert share_within(triangle, 10, 10) == pytest.approx(shown.sum() / inside.sum(), abs=0.02)
