"""Masks cover every pixel that they touch, and refuse what cannot be one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.geometry import Point, is_inside
from edge.core.mask import check_mask, is_masked, rasterize

SIZE = (24, 16)
coordinates = st.floats(-10, 34, allow_nan=False).map(lambda value: round(value, 2))
corners = st.tuples(coordinates, coordinates)


def test_a_rectangle_on_whole_pixels_is_covered_exactly() -> None:
    masked = rasterize([[(2, 3), (7, 3), (7, 9), (2, 9)]], SIZE)
    expected = np.zeros((16, 24), bool)
    expected[3:9, 2:7] = True
    assert np.array_equal(masked, expected)


def test_a_pixel_of_which_a_sliver_is_covered_is_masked() -> None:
    masked = rasterize([[(2.99, 3.99), (7.01, 3.99), (7.01, 9.01), (2.99, 9.01)]], SIZE)
    assert masked[3:10, 2:8].all()
    assert masked.sum() == 7 * 6


@given(st.lists(corners, min_size=3, max_size=6), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_no_point_inside_a_mask_lies_on_a_pixel_that_is_seen(polygon: list[Point], x: float, y: float) -> None:
    masked = rasterize([polygon], SIZE)
    for row in range(SIZE[1]):
        for column in range(SIZE[0]):
            assert masked[row, column] or not is_inside(polygon, (column + x, row + y))


@given(st.lists(corners, min_size=3, max_size=5))
def test_a_masked_pixel_lies_inside_or_on_a_side(polygon: list[Point]) -> None:
    masked = rasterize([polygon], SIZE)
    share = np.linspace(0, 1, 500)[:, None]
    ends = zip(np.array(polygon), np.roll(polygon, -1, axis=0), strict=True)
    on_sides = np.concatenate([start * (1 - share) + end * share for start, end in ends])
    for row, column in np.argwhere(masked).tolist():
        middle = (column + 0.5, row + 0.5)
        assert is_inside(polygon, middle) or np.abs(on_sides - middle).max(axis=1).min() < 0.6


def test_several_masks_are_one() -> None:
    one, other = [(0, 0), (5, 0), (5, 5), (0, 5)], [(3, 3), (9, 3), (9, 9), (3, 9)]
    assert np.array_equal(rasterize([one, other], SIZE), rasterize([one], SIZE) | rasterize([other], SIZE))


def test_a_mask_beyond_the_picture_covers_nothing_and_one_around_it_everything() -> None:
    assert not rasterize([[(100, 100), (200, 100), (150, 200)]], SIZE).any()
    assert rasterize([[(-9, -9), (99, -9), (99, 99), (-9, 99)]], SIZE).all()


def test_points_beyond_the_picture_are_not_masked() -> None:
    masked = rasterize([[(-9, -9), (99, -9), (99, 99), (-9, 99)]], SIZE)
    assert is_masked(masked, (0.0, 0.0))
    assert is_masked(masked, (23.9, 15.9))
    assert not any(is_masked(masked, point) for point in ((-0.1, 5), (5, -0.1), (24, 5), (5, 16)))


def test_a_repeated_corner_changes_nothing() -> None:
    square = [(2.0, 3.0), (7.0, 3.0), (7.0, 9.0), (2.0, 9.0)]
    assert np.array_equal(rasterize([[square[0], *square]], SIZE), rasterize([square], SIZE))


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        ([(0, 0), (10, 10), (10, 0), (0, 10)], "side 1 .* crosses side 3"),
        ([(0, 0), (3, 0), (3, 3)], "at least 16 square pixels, got 4.5"),
        ([(0, 0), (50, 50), (90, 90)], "all lie on one line"),
    ],
)
def test_what_can_be_no_mask_is_refused_with_its_corners(polygon: list[Point], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_mask(polygon)


def test_a_mask_may_be_hollow() -> None:
    check_mask([(0, 0), (9, 0), (9, 9), (6, 9), (6, 3), (3, 3), (3, 9), (0, 9)])
