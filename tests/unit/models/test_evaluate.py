from itertools import count
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.evaluate import Evaluation, average_precision, evaluate, match, read_truth

PEOPLE = np.array([[0, 0, 10, 20], [30, 0, 40, 20]], float)
IMAGE = np.zeros((40, 60, 3), np.uint8)


def test_truth_is_read_by_frame_from_zero_and_skips_what_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("1,7,5,6,10,20,1,0,0,0\n1,8,5,6,10,20,0,0,0,0\n3,7,1,2,3,4\n", encoding="utf-8")
    truth = read_truth(path)
    assert truth[0].tolist() == [[5, 6, 15, 26]]
    assert truth[2].tolist() == [[1, 2, 4, 6]]


def test_truth_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("frame,id\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"gt\.txt:1: need frame,id"):
        read_truth(path)
    with pytest.raises(ModelError, match="cannot be read"):
        read_truth(tmp_path / "absent.txt")


def test_each_person_is_found_once() -> None:
    boxes = np.vstack([PEOPLE, PEOPLE[:1] + 1, [[50, 0, 60, 20]]])
    scores = np.array([0.5, 0.9, 0.8, 0.7])
    assert match(boxes, scores, PEOPLE).tolist() == [False, True, True, False]


def test_a_perfect_detector_scores_one_and_a_blind_one_nothing() -> None:
    ticks = count(0, 2_000_000)

    def measure(boxes: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Evaluation:
        return evaluate(
            lambda _: (boxes, np.full(len(boxes), 0.9)),
            [(0, IMAGE), (1, IMAGE)],
            {0: PEOPLE, 1: PEOPLE},
            score_threshold=0.5,
            monotonic_ns=lambda: next(ticks),
        )

    perfect = measure(PEOPLE)
    assert (perfect.average_precision, perfect.precision, perfect.recall) == (1.0, 1.0, 1.0)
    assert (perfect.frames, perfect.people, perfect.detect_ms_median) == (2, 4, 2.0)
    assert measure(PEOPLE[:0]).average_precision == 0.0


def test_average_precision_is_the_area_under_the_monotonic_curve() -> None:
    # Three people, found at ranks 1 and 3: precision 1 up to recall 1/3, 2/3 up to 2/3, then none.
    assert average_precision(np.array([True, False, True]), 3) == pytest.approx(1 / 3 + 2 / 9)


def test_footage_without_people_measures_nothing() -> None:
    with pytest.raises(ModelError, match="nothing to measure"):
        evaluate(
            lambda _: (PEOPLE[:0], np.zeros(0)),
            [(0, IMAGE)],
            {},
            score_threshold=0.5,
            monotonic_ns=lambda: 0,
        )
