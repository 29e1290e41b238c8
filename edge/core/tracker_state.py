"""Every live track, by row. Pure."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from edge.core import kalman

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Tracks:
    """What is known of N tracks.

    Attributes:
        motion: Where they are and where they go.
        numbers: Their names, shape (N,), rising.
        sightings: How often each was seen.
        sure_sightings: How often by a sure detection.
        score_sums: Sums of the detections' scores.
        born_ms: First sighting.
        seen_ms: Last sighting.
        first_feet_px: Where they first stood, shape (N, 2).
        away: Sightings in a row in which they were away from there.
        has_walked: They came away for good.
        is_confirmed: They count.
        looks: Colours, shape (N, D) with rows of length 1, or 0 where they are not known.
        look_counts: How many sightings went into them.
    """

    motion: kalman.Motion
    numbers: Numbers
    sightings: Numbers
    sure_sightings: Numbers
    score_sums: Array
    born_ms: Numbers
    seen_ms: Numbers
    first_feet_px: Array
    away: Numbers
    has_walked: Flags
    is_confirmed: Flags
    looks: Array
    look_counts: Numbers

    def __len__(self) -> int:
        """Return how many tracks there are."""
        return len(self.numbers)


@dataclass(frozen=True, slots=True)
class TrackerState:
    """The live tracks, the last frame's time, and the next number, which no track ever had."""

    tracks: Tracks
    now_ms: int
    next_number: int

    @property
    def numbers(self) -> Numbers:
        """Return the live tracks' numbers."""
        return self.tracks.numbers


def begin(
    boxes_cxcywh_px: Array, scores: Array, first_number: int, now_ms: int, sure: Flags, looks: Array, alone: Flags
) -> Tracks:
    """Return tracks of N detections that belong to none yet.

    Args:
        boxes_cxcywh_px: Shape (N, 4).
        scores: Shape (N,).
        first_number: Their names count from here.
        now_ms: The frame's time.
        sure: Which detections are sure, shape (N,).
        looks: Their colours, shape (N, D).
        alone: Which looks show one person alone, shape (N,).
    """
    count = len(scores)
    times = np.full(count, now_ms, dtype=np.int64)
    return Tracks(
        motion=kalman.start(boxes_cxcywh_px),
        numbers=first_number + np.arange(count, dtype=np.int64),
        sightings=np.ones(count, dtype=np.int64),
        sure_sightings=sure.astype(np.int64),
        score_sums=scores.astype(np.float64),
        born_ms=times,
        seen_ms=times,
        first_feet_px=feet(boxes_cxcywh_px),
        away=np.zeros(count, dtype=np.int64),
        has_walked=np.zeros(count, dtype=bool),
        is_confirmed=np.zeros(count, dtype=bool),
        looks=looks,
        look_counts=(alone & looks.any(axis=1)).astype(np.int64),
    )


def nobody(look_size: int = 0) -> Tracks:
    """Return no tracks."""
    none = np.zeros(0)
    return begin(np.zeros((0, 4)), none, 1, 0, none.astype(bool), np.zeros((0, look_size)), none.astype(bool))


def moved(tracks: Tracks, motion: kalman.Motion) -> Tracks:
    """Return the same tracks elsewhere."""
    return Tracks(motion, *(getattr(tracks, name) for name in _ARRAYS))


def select(tracks: Tracks, rows: NDArray[np.intp] | Flags) -> Tracks:
    """Return some of the tracks."""
    rest = {name: getattr(tracks, name)[rows] for name in _ARRAYS}
    return Tracks(motion=kalman.select(tracks.motion, rows), **rest)


def join(first: Tracks, second: Tracks) -> Tracks:
    """Return the tracks of both."""
    if first.looks.shape[1] != second.looks.shape[1]:  # colours begin or cease to be told
        first = replace(first, looks=np.zeros((len(first), second.looks.shape[1])), look_counts=first.look_counts * 0)
    rest = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in _ARRAYS}
    return Tracks(motion=kalman.join(first.motion, second.motion), **rest)


def feet(boxes_cxcywh_px: Array) -> Array:
    """Return the middle of each box's lower side, shape (N, 2)."""
    found: Array = boxes_cxcywh_px[:, :2] + boxes_cxcywh_px[:, 2:] * _TO_FEET
    return found


_TO_FEET = np.array([0.0, 0.5])
_ARRAYS = tuple(field.name for field in fields(Tracks) if field.name != "motion")
