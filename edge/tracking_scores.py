"""Scores of tracks against the truth: HOTA, CLEAR MOT and IDF1, and MOTChallenge text. Pure but for the two readers.

HOTA: Luiten et al., IJCV 129 (2021). CLEAR MOT: Bernardin and Stiefelhagen, EURASIP JIVP (2008).
IDF1: Ristani et al., ECCV Workshops (2016). The tests hold figures that TrackEval, the HOTA authors'
own code, gives for the same files.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.assignment import assign
from edge.core.boxes import overlaps
from edge.errors import FeedError

MATCH_IOU = 0.5
_HOTA_OVERLAPS = np.arange(1, 20) / 20
_FORBIDDEN = 1e6
_ROUNDING = 1e-9
_KEEPS = 1000.0  # who was matched before stays matched: worth more than any overlap


@dataclass(frozen=True, slots=True)
class FrameBoxes:
    """Who is where in one frame: numbers, shape (N,), and boxes in pixels, shape (N, 4)."""

    numbers: NDArray[np.int64]
    boxes_xyxy_px: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrackingScores:
    """How good tracks are. Shares are 0 to 1; MOTA may be negative.

    Attributes:
        hota: Detection and association in one figure, over all overlaps from 0.05 to 0.95.
        detection_accuracy: HOTA's part for boxes.
        association_accuracy: HOTA's part for identities.
        mota: 1 - (misses + false boxes + switches) / true boxes.
        idf1: Share of boxes that carry the right identity throughout.
        switches: How often a person got another number.
        misses: True boxes that no track covered.
        false_boxes: Tracks' boxes on nobody.
        tracks: How many numbers were used.
    """

    hota: float
    detection_accuracy: float
    association_accuracy: float
    mota: float
    idf1: float
    switches: int
    misses: int
    false_boxes: int
    tracks: int


@dataclass(frozen=True, slots=True)
class _Frames:
    """Truth and tracks with numbers from 0, and how much they overlap, frame by frame."""

    truth: list[NDArray[np.intp]]
    tracks: list[NDArray[np.intp]]
    similarity: list[NDArray[np.float64]]
    people: int
    numbers: int


def read_mot(path: Path, *, only_counted: bool = False) -> dict[int, FrameBoxes]:
    """Return the boxes of a MOTChallenge text file by frame, counted from 1.

    Args:
        path: Rows `frame, id, left, top, width, height, confidence, ...`.
        only_counted: Leave out rows whose confidence is 0, which a truth file does not count.

    Raises:
        FeedError: The file cannot be read, or a row is not of that form.
    """
    rows: dict[int, list[list[float]]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                frame, number, left, top, width, height, *rest = (float(field) for field in row)
                if not (only_counted and rest and rest[0] == 0):
                    rows.setdefault(int(frame), []).append([number, left, top, left + width, top + height])
    except OSError as error:
        msg = f"tracks {path} cannot be read: {error.strerror}"
        raise FeedError(msg) from error
    except ValueError as error:
        msg = f"tracks {path}: need rows of frame,id,left,top,width,height[,confidence]: {error}"
        raise FeedError(msg) from error
    return {
        frame: FrameBoxes(np.array(found)[:, 0].astype(np.int64), np.array(found)[:, 1:])
        for frame, found in rows.items()
    }


def score_tracks(truth: Mapping[int, FrameBoxes], tracks: Mapping[int, FrameBoxes]) -> TrackingScores:
    """Return how well tracks follow the truth; frames by number, frames without an entry hold nobody."""
    frames = _align(truth, tracks)
    hota, detection, association = _hota(frames)
    misses, false_boxes, switches = _clear(frames)
    true_boxes = max(1, sum(map(len, frames.truth)))
    return TrackingScores(
        hota=hota,
        detection_accuracy=detection,
        association_accuracy=association,
        mota=1 - (misses + false_boxes + switches) / true_boxes,
        idf1=_idf1(frames),
        switches=switches,
        misses=misses,
        false_boxes=false_boxes,
        tracks=frames.numbers,
    )


def _align(truth: Mapping[int, FrameBoxes], tracks: Mapping[int, FrameBoxes]) -> _Frames:
    nobody = FrameBoxes(np.zeros(0, dtype=np.int64), np.zeros((0, 4)))
    order = sorted({*truth, *tracks})
    both = [(truth.get(frame, nobody), tracks.get(frame, nobody)) for frame in order]
    people = _ranks([true.numbers for true, _ in both])
    numbers = _ranks([found.numbers for _, found in both])
    return _Frames(
        truth=[np.array([people[number] for number in true.numbers.tolist()], dtype=np.intp) for true, _ in both],
        tracks=[np.array([numbers[number] for number in found.numbers.tolist()], dtype=np.intp) for _, found in both],
        similarity=[overlaps(true.boxes_xyxy_px, found.boxes_xyxy_px) for true, found in both],
        people=len(people),
        numbers=len(numbers),
    )


def _ranks(numbers: Sequence[NDArray[np.int64]]) -> dict[int, int]:
    every = sorted({number for frame in numbers for number in frame.tolist()})
    return {number: rank for rank, number in enumerate(every)}


def _hota(frames: _Frames) -> tuple[float, float, float]:
    """Return HOTA, its detection accuracy and its association accuracy."""
    alignment = _alignment(frames)
    levels = len(_HOTA_OVERLAPS)
    matches = np.zeros((levels, frames.people, frames.numbers))
    for true, found, similarity in zip(frames.truth, frames.tracks, frames.similarity, strict=True):
        score = alignment[np.ix_(true, found)] * similarity
        for row, column in assign(-score, 0.0):
            is_match = similarity[row, column] >= _HOTA_OVERLAPS - _ROUNDING
            matches[is_match, true[row], found[column]] += 1
    true_counts = _counts(frames.truth, frames.people)[:, None]
    found_counts = _counts(frames.tracks, frames.numbers)[None, :]
    hits = matches.sum(axis=(1, 2))
    detection = hits / np.maximum(1, true_counts.sum() + found_counts.sum() - hits)
    shared = matches / np.maximum(1, true_counts + found_counts - matches)
    association = (matches * shared).sum(axis=(1, 2)) / np.maximum(1, hits)
    return float(np.sqrt(detection * association).mean()), float(detection.mean()), float(association.mean())


def _alignment(frames: _Frames) -> NDArray[np.float64]:
    """Return how much each person and number belong together over all frames, shape (people, numbers)."""
    potential = np.zeros((frames.people, frames.numbers))
    for true, found, similarity in zip(frames.truth, frames.tracks, frames.similarity, strict=True):
        total = similarity.sum(axis=0)[None, :] + similarity.sum(axis=1)[:, None] - similarity
        potential[np.ix_(true, found)] += np.divide(similarity, total, out=np.zeros_like(similarity), where=total > 0)
    true_counts = _counts(frames.truth, frames.people)[:, None]
    found_counts = _counts(frames.tracks, frames.numbers)[None, :]
    shares: NDArray[np.float64] = potential / np.maximum(1, true_counts + found_counts - potential)
    return shares


def _clear(frames: _Frames) -> tuple[int, int, int]:
    """Return misses, false boxes and switches at an overlap of 0.5."""
    misses = false_boxes = switches = 0
    number_of: dict[int, int] = {}
    before: dict[int, int] = {}
    for true, found, similarity in zip(frames.truth, frames.tracks, frames.similarity, strict=True):
        kept = np.array([[before.get(person) == number for number in found.tolist()] for person in true.tolist()])
        worth = _KEEPS * kept.reshape(similarity.shape) + similarity
        costs = np.where(similarity >= MATCH_IOU - _ROUNDING, -worth, _FORBIDDEN)
        before = {int(true[row]): int(found[column]) for row, column in assign(costs, 0.0)}
        switches += sum(number_of.get(person, number) != number for person, number in before.items())
        number_of.update(before)
        misses += len(true) - len(before)
        false_boxes += len(found) - len(before)
    return misses, false_boxes, switches


def _idf1(frames: _Frames) -> float:
    """Return the share of boxes under the best one-to-one map of people to numbers."""
    together = np.zeros((frames.people, frames.numbers))
    for true, found, similarity in zip(frames.truth, frames.tracks, frames.similarity, strict=True):
        together[np.ix_(true, found)] += similarity >= MATCH_IOU
    right = sum(float(together[pair]) for pair in assign(-together, 0.0))
    boxes = sum(map(len, frames.truth)) + sum(map(len, frames.tracks))
    return 2 * right / max(1, boxes)


def _counts(numbers: Sequence[NDArray[np.intp]], size: int) -> NDArray[np.float64]:
    return np.bincount(np.concatenate([*numbers, np.zeros(0, dtype=np.intp)]), minlength=size).astype(np.float64)
