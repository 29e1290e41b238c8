"""The scores are those that TrackEval, the HOTA authors' code, gives for the same tracks."""

from pathlib import Path

import numpy as np
import pytest

from edge.errors import FeedError
from edge.tracking_scores import FrameBoxes, read_mot, score_tracks

Sequence = dict[int, FrameBoxes]


def walk(seed: int) -> tuple[Sequence, Sequence]:
    """Return five people who walk for 60 frames, and tracks with every kind of fault."""
    random = np.random.default_rng(seed)
    feet = random.uniform(50, 400, (5, 2))
    speed = random.normal(0, 4, (5, 2))
    truth, tracks = {}, {}
    numbers = np.arange(1, 6)
    for frame in range(1, 61):
        feet = feet + speed
        boxes = np.hstack([feet - np.array([15, 80]), feet + np.array([15, 0])])
        truth[frame] = FrameBoxes(np.arange(1, 6), boxes)
        if frame in (20, 40):  # two swap, and one gets a new number
            numbers = numbers.copy()
            numbers[[0, 1]] = numbers[[1, 0]]
            numbers[2] += 10
        found = boxes + random.normal(0, 4, boxes.shape)
        seen = random.random(5) > 0.15
        ghost = random.uniform(0, 500, (1, 2))
        tracks[frame] = FrameBoxes(
            np.append(numbers[seen], 99), np.vstack([found[seen], np.hstack([ghost, ghost + np.array([30, 80])])])
        )
    return truth, tracks


def write(path: Path, sequence: Sequence) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for frame, people in sequence.items():
            for number, (left, top, right, bottom) in zip(people.numbers, people.boxes_xyxy_px, strict=True):
                size = f"{left!r},{top!r},{right - left!r},{bottom - top!r}".replace("np.float64(", "").replace(")", "")
                file.write(f"{frame},{number},{size},1,-1,-1,-1\n")
    return path


@pytest.mark.parametrize(
    ("seed", "expected"),
    [  # from TrackEval 1.3.0, MOTChallenge2DBox: HOTA, DetA, AssA, MOTA, IDF1, IDSW, CLR_FN, CLR_FP, IDs
        (1, (0.4688588155, 0.5463646159, 0.4029218817, 0.6266666667, 0.6082802548, 8, 38, 66, 8)),
        (2, (0.4593591913, 0.5136649117, 0.4112317255, 0.6066666667, 0.6176470588, 6, 50, 62, 8)),
    ],
)
def test_scores_are_trackevals(seed: int, expected: tuple[float, ...], tmp_path: Path) -> None:
    truth, tracks = walk(seed)
    scores = score_tracks(read_mot(write(tmp_path / "gt.txt", truth)), read_mot(write(tmp_path / "tr.txt", tracks)))
    found = (scores.hota, scores.detection_accuracy, scores.association_accuracy, scores.mota, scores.idf1)
    counts = (scores.switches, scores.misses, scores.false_boxes, scores.tracks)
    assert (*found, *counts) == pytest.approx(expected)


def test_the_truth_itself_scores_full_marks_and_nobody_scores_none() -> None:
    truth, _ = walk(3)
    full = score_tracks(truth, truth)
    assert (full.hota, full.mota, full.idf1, full.switches) == (1, 1, 1, 0)
    none = score_tracks(truth, {})
    assert (none.hota, none.mota, none.idf1, none.misses) == (0, 0, 0, 300)


def test_rows_that_do_not_count_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("1,4,10,20,30,80,1\n1,5,10,20,30,80,0\n2,4,11,20,30,80,1\n", encoding="utf-8")
    assert [len(frame.numbers) for frame in read_mot(path, only_counted=True).values()] == [1, 1]
    assert read_mot(path)[1].boxes_xyxy_px.tolist() == [[10, 20, 40, 100]] * 2


def test_a_file_that_holds_no_tracks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"cannot be read"):
        read_mot(tmp_path / "none.txt")
    (tmp_path / "bad.txt").write_text("1,2,three\n", encoding="utf-8")
    with pytest.raises(FeedError, match="need rows of frame"):
        read_mot(tmp_path / "bad.txt")
