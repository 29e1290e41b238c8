"""Colours tell people apart, not places or sizes, and what is not known weighs nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.appearance import LOOK_SIZE, blend, colour_stripes, differences, sharpness, uncovered

RED, BLUE, GREY = (30, 20, 220), (220, 40, 20), (120, 120, 120)


def dressed(top: tuple[int, int, int], bottom: tuple[int, int, int], wh_px: tuple[int, int] = (300, 200)) -> np.ndarray:
    image = np.full((wh_px[1], wh_px[0], 3), 90, np.uint8)
    image[40:90, 50:90] = top
    image[90:140, 50:90] = bottom
    return image


BOX = np.array([[50.0, 40.0, 90.0, 140.0]])


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    return float(colour_stripes(first, BOX)[0] @ colour_stripes(second, BOX)[0])


def test_the_same_clothes_are_alike_and_others_are_not() -> None:
    assert likeness(dressed(RED, GREY), dressed(RED, GREY)) == pytest.approx(1)
    assert likeness(dressed(RED, GREY), dressed(BLUE, GREY)) < 0.8
    assert likeness(dressed(RED, BLUE), dressed(BLUE, RED)) < 0.6


@given(st.integers(0, 2**31), st.integers(1, 5))
def test_looks_have_length_one_and_no_negative_part(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    image = random.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    corner = random.uniform(-10, 60, (count, 2))
    boxes = np.hstack([corner, corner + random.uniform(0.5, 40, (count, 2))])
    looks = colour_stripes(image, boxes)
    assert looks.shape == (count, LOOK_SIZE)
    assert (looks >= 0).all()
    assert np.linalg.norm(looks, axis=1) == pytest.approx(np.ones(count))


def test_no_boxes_no_looks() -> None:
    assert colour_stripes(dressed(RED, GREY), np.zeros((0, 4))).shape == (0, LOOK_SIZE)


def test_a_box_is_covered_by_whoever_hides_much_of_it() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [40, 0, 50, 10]], float)
    assert uncovered(boxes, 0.25).tolist() == [False, False, True]
    assert uncovered(boxes, 0.6).tolist() == [True, True, True]
    assert uncovered(np.zeros((0, 4)), 0.5).tolist() == []


def test_what_is_not_known_is_neither_alike_nor_unlike() -> None:
    known, look = np.eye(4)[[0, 0, 1]], np.vstack([np.eye(4)[0], np.zeros(4)])
    strange = differences(known, np.array([9, 1, 9]), look, np.ones((3, 2), dtype=bool))
    assert strange[0, 0] < -0.4
    assert strange[2, 0] == 1
    assert (strange[1] == 0).all()
    assert (strange[:, 1] == 0).all()
    assert not differences(known, np.array([9, 9, 9]), look, np.zeros((3, 2), dtype=bool)).any()
    assert (
        differences(known, np.array([9, 9, 9]), np.zeros((2, 0)), np.ones((3, 2), dtype=bool)).tolist() == [[0, 0]] * 3
    )


def test_looks_are_learned_first_quickly_then_slowly() -> None:
    known, counts = blend(np.zeros((2, 3)), np.array([0, 0]), np.array([1]), np.eye(3)[[0]])
    assert known.tolist() == [[0, 0, 0], [1, 0, 0]]
    assert counts.tolist() == [0, 1]
    for _ in range(30):
        known, counts = blend(known, counts, np.array([1]), np.eye(3)[[0]])
    once, _ = blend(known, counts, np.array([1]), np.eye(3)[[1]])
    assert 0 < once[1, 1] < 0.2
    assert np.linalg.norm(once[1]) == pytest.approx(1)
    unchanged, _ = blend(known, counts, np.array([1]), np.zeros((1, 3)))
    assert unchanged is known
    one, counted = blend(known, counts, np.array([0, 1]), np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    assert one[0].tolist() == known[0].tolist()
    assert (counted - counts).tolist() == [0, 1]


def test_a_sharp_person_is_sharper_than_a_blurred_one() -> None:
    sharp = np.random.default_rng(1).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    blurred = np.full_like(sharp, 128)
    first, second = sharpness(sharp, BOX)[0], sharpness(blurred, BOX)[0]
    assert first > 10 > second == 0
