"""Who is there, who was found, and what is recommended."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.tuning import (
    HEIGHTS_PX,
    Boxes,
    Candidate,
    Look,
    agreed,
    candidates_for,
    heights_px,
    matched,
    recommended,
    yields,
)

SMALL, LARGE, TILED = Candidate((320, 256)), Candidate((640, 480)), Candidate((320, 256), (2, 2))
NEAR, FAR = [100.0, 100.0, 200.0, 320.0], [400.0, 100.0, 420.0, 150.0]
NOBODY: Boxes = np.zeros((0, 4))


def boxes(*rows: list[float]) -> Boxes:
    return np.array(rows, float).reshape(-1, 4)


def moved(row: list[float], by_px: float) -> list[float]:
    return [value + by_px for value in row]


def test_somebody_is_there_whom_two_candidates_find() -> None:
    people = agreed([boxes(NEAR, FAR), boxes(moved(NEAR, 5)), boxes(moved(NEAR, 2))])
    assert people.tolist() == [moved(NEAR, 5)] or people.tolist() == [moved(NEAR, 2)] or people.tolist() == [NEAR]
    assert agreed([boxes(FAR, moved(FAR, 1)), NOBODY]).tolist() == []
    assert agreed([]).shape == (0, 4)


@given(st.permutations(range(4)))
def test_the_order_of_candidates_makes_no_difference_to_how_many_are_there(order: list[int]) -> None:
    found = [boxes(NEAR), boxes(moved(NEAR, 3), FAR), boxes(FAR), NOBODY]
    assert len(agreed([found[place] for place in order])) == 2


def test_each_person_has_one_box_and_the_nearest_comes_first() -> None:
    found = matched(boxes(NEAR, moved(NEAR, 30)), boxes(moved(NEAR, 28), moved(NEAR, 2), FAR))
    assert found.tolist() == [1, 0]
    assert matched(boxes(NEAR, moved(NEAR, 1)), boxes(NEAR)).tolist() == [0, -1]
    assert matched(NOBODY, boxes(FAR)).tolist() == []
    assert matched(boxes(NEAR), NOBODY).tolist() == [-1]


def test_feet_are_compared_where_somebody_was_found() -> None:
    right_and_up = [[103.0, 100.0, 203.0, 316.0], FAR]
    (found,) = yields([SMALL], [[Look(boxes(*right_and_up), 1.0)]], [boxes(NEAR, FAR)])
    assert found.foot_px == pytest.approx(((9 + 16) / 4) ** 0.5)
    assert yields([SMALL], [[Look(NOBODY, 1.0)]], [boxes(NEAR)])[0].foot_px == 0.0


def test_a_yield_counts_by_height_and_takes_the_middle_time() -> None:
    looks = [
        [Look(boxes(NEAR), 10.0), Look(boxes(NEAR, FAR), 30.0)],
        [Look(boxes(NEAR), 12.0), Look(boxes(NEAR, FAR, [0.0, 0.0, 9.0, 9.0]), 90.0)],
        [Look(NOBODY, 11.0), Look(boxes(FAR), 32.0)],
    ]
    truth = [boxes(NEAR, FAR), boxes(NEAR, FAR), boxes(FAR)]
    small, large = yields([SMALL, LARGE], looks, truth)
    assert (small.people, small.found, small.alone, small.took_ms) == (5, 2, 0, 11.0)
    assert (large.people, large.found, large.alone, large.took_ms) == (5, 5, 1, 32.0)
    assert large.score == pytest.approx(2 * 5 / (5 + 6))
    assert len(small.by_height) == len(HEIGHTS_PX) - 1
    assert (small.by_height[0], small.by_height[4]) == ((0, 3), (2, 2))
    alone = yields([SMALL, LARGE], looks)  # FAR is found by one alone: nobody, as far as is known
    assert [each.people for each in alone] == [2, 2]
    assert alone[1].alone == 4
    assert heights_px(truth) == [50.0, 50.0, 50.0, 220.0, 220.0]


def test_the_fastest_of_the_good_ones_is_recommended() -> None:
    truth = [boxes(NEAR, FAR)]
    looks = [[Look(boxes(NEAR), 5.0), Look(boxes(NEAR, FAR), 50.0), Look(boxes(FAR, NEAR), 20.0)]]
    best = recommended(yields([SMALL, LARGE, TILED], looks, truth))
    assert best is not None
    assert best.candidate == TILED
    assert recommended(yields([SMALL], [[Look(NOBODY, 1.0)]], [NOBODY])) is None
    assert recommended([]) is None
    assert yields([SMALL], [], [])[0].took_ms == 0.0


@given(st.tuples(st.integers(64, 4000), st.integers(64, 4000)))
def test_candidates_have_the_pictures_shape_and_sides_that_the_model_takes(size: tuple[int, int]) -> None:
    found = candidates_for(size)
    assert found[0].tiles == (1, 1)
    assert len(set(found)) == len(found)
    for each in found:
        width, height = each.input_wh_px
        assert width % 32 == height % 32 == 0
        assert -1 < height - width * size[1] / size[0] < 33


def test_candidates_for_a_common_camera() -> None:
    assert [each.input_wh_px for each in candidates_for((640, 480))][:4] == [
        (320, 256),
        (416, 320),
        (640, 480),
        (832, 640),
    ]
    assert [each.tiles for each in candidates_for((640, 480))][4:] == [(2, 1), (2, 2), (2, 1), (2, 2)]
    assert (1, 2) in {each.tiles for each in candidates_for((480, 640))}
