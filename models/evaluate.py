"""Measures a detector against labelled footage: average precision at IoU 0.5, recall, speed."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detection import Image
from models.errors import ModelError

Boxes = NDArray[np.float64]  # (N, 4) as (x1, y1, x2, y2) in pixels
Detect = Callable[[Image], tuple[Boxes, NDArray[np.float64]]]

MATCH_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well a detector did.

    `precision` and `recall` are those at `score_threshold`; the average is over all thresholds.
    """

    frames: int
    people: int
    average_precision: float
    score_threshold: float
    precision: float
    recall: float
    detect_ms_median: float


def read_truth(path: Path) -> dict[int, Boxes]:
    """Return true boxes by frame index, counted from 0, of a MOTChallenge text file.

    Rows are `frame, id, left, top, width, height, counts, ...` with frames counted from 1; rows
    whose `counts` is 0 are left out.

    Raises:
        ModelError: The file cannot be read, or a row is not of that form.
    """
    found: dict[int, list[list[float]]] = defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                _read_row(row, found, f"{path}:{number}")
    except OSError as error:
        msg = f"truth {path} cannot be read: {error}"
        raise ModelError(msg) from error
    return {frame: np.array(boxes) for frame, boxes in found.items()}


def _read_row(row: list[str], found: dict[int, list[list[float]]], where: str) -> None:
    try:
        frame, _, left, top, width, height, *rest = (float(field) for field in row)
    except ValueError as error:
        msg = f"{where}: need frame,id,left,top,width,height[,counts], got {','.join(row)!r}"
        raise ModelError(msg) from error
    if not rest or rest[0] != 0:
        found[int(frame) - 1].append([left, top, left + width, top + height])


def evaluate(
    detect: Detect,
    frames: Iterable[tuple[int, Image]],
    truth: Mapping[int, Boxes],
    *,
    score_threshold: float,
    monotonic_ns: Callable[[], int],
) -> Evaluation:
    """Run a detector over frames and compare with the truth.

    Args:
        detect: Gives boxes and scores of a frame, at a low threshold, so that the whole curve
            shows.
        frames: Frame index, counted from 0, and image.
        truth: True boxes by frame index; a frame without an entry holds no people.
        score_threshold: Where `precision` and `recall` are read off, 0 to 1.
        monotonic_ns: Clock that measures the detector.

    Raises:
        ModelError: There were no frames, or no people in them.
    """
    scores: list[float] = []
    right: list[bool] = []
    durations_ms: list[float] = []
    people = 0
    for index, image in frames:
        true_boxes = truth.get(index, np.zeros((0, 4)))
        started_ns = monotonic_ns()
        boxes, found = detect(image)
        durations_ms.append((monotonic_ns() - started_ns) / 1e6)
        people += len(true_boxes)
        scores += found.tolist()
        right += match(boxes, found, true_boxes).tolist()
    if people == 0:
        msg = f"{len(durations_ms)} frames with no true person in them: nothing to measure"
        raise ModelError(msg)
    order = np.argsort(-np.array(scores), kind="stable")
    is_right = np.array(right, dtype=bool)[order]
    shown = np.array(scores)[order] >= score_threshold
    hits = int(is_right[shown].sum())
    return Evaluation(
        frames=len(durations_ms),
        people=people,
        average_precision=average_precision(is_right, people),
        score_threshold=score_threshold,
        precision=hits / max(1, int(shown.sum())),
        recall=hits / people,
        detect_ms_median=float(np.median(durations_ms)),
    )


def match(boxes: Boxes, scores: NDArray[np.float64], true_boxes: Boxes) -> NDArray[np.bool_]:
    """Return which boxes found a person; the best-scored box takes its person first.

    Args:
        boxes: Shape (N, 4).
        scores: Shape (N,).
        true_boxes: Shape (M, 4).

    Returns:
        Shape (N,).
    """
    is_right = np.zeros(len(boxes), dtype=bool)
    free = np.ones(len(true_boxes), dtype=bool)
    for index in np.argsort(-scores, kind="stable"):
        overlaps = np.where(free, intersection_over_union(boxes[index], true_boxes), 0.0)
        if overlaps.size and overlaps.max() >= MATCH_IOU:
            free[overlaps.argmax()] = False
            is_right[index] = True
    return is_right


def intersection_over_union(box: NDArray[np.float64], others: Boxes) -> NDArray[np.float64]:
    """Return how much one box, shape (4,), overlaps each of others, shape (M, 4)."""
    low = np.maximum(box[:2], others[:, :2])
    high = np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    union = np.prod(box[2:] - box[:2]) + areas - common
    return np.asarray(common / np.maximum(union, np.finfo(float).tiny), dtype=np.float64)


def average_precision(is_right: NDArray[np.bool_], people: int) -> float:
    """Return the area under the precision-recall curve, precision made monotonic.

    Args:
        is_right: Shape (N,): whether each box found a person, best-scored box first.
        people: How many people there were.
    """
    hits = np.cumsum(is_right)
    precision = hits / np.arange(1, len(is_right) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from_here[is_right].sum() / people)
