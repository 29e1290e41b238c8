"""Tiles cover the picture, and what is found in them is found once."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.tiling import OVERLAP, Boxes, Found, Tile, merge, tiles_of

FRAME = (640, 480)
counts = st.tuples(st.integers(1, 4), st.integers(1, 4))
sizes = st.tuples(st.integers(64, 2000), st.integers(64, 2000))


@given(sizes, counts)
def test_tiles_cover_the_picture_overlap_and_are_equal(size: tuple[int, int], count: tuple[int, int]) -> None:
    tiles = tiles_of(size, *count)
    assert len(tiles) == count[0] * count[1]
    assert len({(right - left, bottom - top) for left, top, right, bottom in tiles}) == 1
    seen = np.zeros((size[1], size[0]), bool)
    for left, top, right, bottom in tiles:
        seen[top:bottom, left:right] = True
    assert seen.all()
    lefts = sorted({tile[0] for tile in tiles})
    width = tiles[0][2] - tiles[0][0]
    assert all(after <= before + width * (1 - OVERLAP) + 2 for before, after in pairwise(lefts))


def test_one_tile_is_the_whole_picture() -> None:
    assert tiles_of(FRAME, 1, 1) == [(0, 0, 640, 480)]


def cut(people: Boxes, tile: Tile, least_px: float = 6.0) -> Boxes:
    """Return what a detector sees of people in a tile that finds everybody of whom six pixels show."""
    left, top, right, bottom = tile
    seen = np.clip(people, [left, top, left, top], [right, bottom, right, bottom])
    return seen[((seen[:, 2:] - seen[:, :2]) >= least_px).all(axis=1)]


def found_in(people: Boxes, tiles: list[Tile]) -> list[Found]:
    found = []
    for number, tile in enumerate(tiles):
        boxes = cut(people, tile)
        found.append(Found(tile, boxes, np.full(len(boxes), 0.9 - 0.01 * number)))
    return found


def same(found: Boxes, people: Boxes) -> bool:
    return sorted(map(tuple, found.round(6).tolist())) == sorted(map(tuple, people.round(6).tolist()))


@pytest.mark.parametrize("count", [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2)])
def test_people_apart_are_found_as_in_the_whole_picture(count: tuple[int, int]) -> None:
    people = np.array([[x, y, x + 24, y + 60] for x in (20, 130, 250, 370, 590) for y in (30, 150, 290, 400)], float)
    boxes, scores = merge(found_in(people, tiles_of(FRAME, *count)), FRAME, 0.5)
    assert same(boxes, people)
    assert np.all(np.diff(scores) <= 0)


@pytest.mark.parametrize("count", [(2, 1), (1, 2), (2, 2), (3, 3)])
def test_a_person_larger_than_the_overlap_is_put_together(count: tuple[int, int]) -> None:
    giant = np.array([[200.0, 60.0, 440.0, 440.0]])
    boxes, scores = merge(found_in(giant, tiles_of(FRAME, *count)), FRAME, 0.5)
    assert same(boxes, giant)
    assert scores[0] >= 0.8


def test_the_whole_picture_beside_the_tiles_changes_nothing() -> None:
    people = np.array([[200.0, 60.0, 440.0, 440.0], [20.0, 20.0, 60.0, 120.0], [500.0, 300.0, 540.0, 400.0]])
    tiles = [(0, 0, *FRAME), *tiles_of(FRAME, 2, 2)]
    assert same(merge(found_in(people, tiles), FRAME, 0.5)[0], people)


def test_a_piece_within_somebody_whole_goes_and_somebody_behind_stays() -> None:
    left, right = tiles_of(FRAME, 2, 1)
    boxes = np.array([[300.0, 100.0, 420.0, 400.0], [330.0, 120.0, 380.0, 240.0]])
    whole = Found((0, 0, *FRAME), boxes, np.array([0.8, 0.5]))
    piece = Found(left, np.array([[310.0, 105.0, float(left[2]), 300.0]]), np.array([0.9]))
    boxes, scores = merge([whole, piece, Found(right, np.zeros((0, 4)), np.zeros(0))], FRAME, 0.5)
    assert boxes.tolist() == whole.boxes.tolist()
    assert scores.tolist() == [0.8, 0.5]


def test_two_side_by_side_across_a_border_are_not_one() -> None:
    left, right = tiles_of(FRAME, 2, 1)
    tall = Found(left, np.array([[float(right[0]) - 20, 60.0, float(left[2]), 300.0]]), np.array([0.9]))
    short = Found(right, np.array([[float(right[0]), 250.0, float(left[2]) + 30, 470.0]]), np.array([0.8]))
    assert len(merge([tall, short], FRAME, 0.5)[0]) == 2


def test_nobody_is_nobody() -> None:
    boxes, scores = merge([], FRAME, 0.5)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


cells = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 3)), st.tuples(st.integers(10, 90), st.integers(10, 100)), max_size=8
)


@given(cells, counts)
def test_nobody_is_lost_or_doubled(places: dict[tuple[int, int], tuple[int, int]], count: tuple[int, int]) -> None:
    corners = [(100 * column + 5, 115 * row + 5, *size) for (column, row), size in places.items()]
    people = np.array([[x, y, x + width, y + height] for x, y, width, height in corners], float).reshape(-1, 4)
    tiles = [(0, 0, *FRAME), *tiles_of(FRAME, *count)]
    boxes, _ = merge(found_in(people, tiles), FRAME, 0.5)
    assert same(boxes, people)


@given(st.randoms(use_true_random=False))
def test_the_order_of_tiles_makes_no_difference_to_who_is_found(order: Random) -> None:
    people = np.array([[200.0, 60.0, 440.0, 440.0], [20.0, 20.0, 60.0, 120.0]])
    found = found_in(people, tiles_of(FRAME, 3, 2))
    order.shuffle(found)
    assert same(merge(found, FRAME, 0.5)[0], people)
