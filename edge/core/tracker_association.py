"""Which detection belongs to which track. Pure.

Two stages by score (ByteTrack: Zhang et al., ECCV 2022), each solved exactly; a likeness of boxes that
asks for the same height, as people pass in front of each other with feet at different depths; colours
beside it; and for tracks that were hidden a wider search that asks for place and colours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.core.appearance import differences
from edge.core.assignment import assign
from edge.core.boxes import centred, corners, overlaps
from edge.core.tracker_rules import TrackerRules
from edge.core.tracker_state import Flags, Tracks

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

_LEAST_OVERLAP = 0.05
_FRAMES_MISSED = 2  # a detector misses somebody in a single frame now and then
_FIXTURE_IOU = 0.5  # a thing that stands still is always seen in the same place
_REUNION_HEIGHT_RATIO = 0.7
_IMPOSSIBLE = 9.0


@dataclass(frozen=True, slots=True)
class Detections:
    """The people found in one frame, whoever they are.

    Attributes:
        boxes_xyxy_px: Shape (M, 4).
        scores: Shape (M,).
        looks: Colours, shape (M, D); a row of 0 is not known.
        sure: Which are sure, shape (M,).
        alone: Which show one person's colours alone, shape (M,).
    """

    boxes_xyxy_px: Array
    scores: Array
    looks: Array
    sure: Flags
    alone: Flags


_Stage: TypeAlias = tuple[Flags, Flags, Array, float]
"""Which tracks choose among which detections, at what costs, shape (N, M), and the greatest one of a pair."""


def associate(
    rules: TrackerRules, tracks: Tracks, fixtures: Flags, before_ms: int, now_ms: int, detections: Detections
) -> tuple[Rows, Rows]:
    """Return which tracks were seen, and in which detections.

    Args:
        rules: How to.
        tracks: Where they are expected in this frame.
        fixtures: Which of them are things that stand there, shape (N,).
        before_ms: The time of the frame before.
        now_ms: The time of this frame.
        detections: Who was found.

    Returns:
        Rows of tracks and rows of detections, pair by pair, shape (K,) each.
    """
    if not len(tracks) or not len(detections.scores):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    free_rows = np.ones(len(tracks), dtype=bool)
    free_detections = np.ones(len(detections.scores), dtype=bool)
    taken: list[int] = []
    given: list[int] = []
    for choosers, chosen, costs, limit in _stages(rules, tracks, fixtures, before_ms, now_ms, detections):
        columns = (chosen & free_detections).nonzero()[0]
        if not len(columns):
            continue
        rows = (choosers & free_rows).nonzero()[0]
        if not len(rows):
            continue
        if found := assign(costs[rows[:, None], columns], limit):
            places, others = zip(*found, strict=True)
            took, gave = rows.take(places), columns.take(others)
            free_rows[took] = False
            free_detections[gave] = False
            taken += took.tolist()
            given += gave.tolist()
            if len(given) == len(free_detections):
                break
    return np.array(taken, dtype=np.intp), np.array(given, dtype=np.intp)


def _stages(
    rules: TrackerRules, tracks: Tracks, fixtures: Flags, before_ms: int, now_ms: int, detections: Detections
) -> Iterator[_Stage]:
    """Yield who chooses first: those that are surely there, then the hidden, then the unconfirmed."""
    place = tracks.motion.place
    found = centred(detections.boxes_xyxy_px)
    shared = overlaps(corners(place), detections.boxes_xyxy_px)
    heights = np.maximum(place[:, 3], 1.0)[:, None], np.maximum(found[:, 3], 1.0)[None, :]
    height_ratio = np.minimum(*heights) / np.maximum(*heights)
    confirmed = tracks.is_confirmed
    followed = confirmed & (now_ms - tracks.seen_ms <= _FRAMES_MISSED * (now_ms - before_ms))
    hidden = confirmed & ~followed
    near = shared > _LEAST_OVERLAP
    strange = differences(tracks.looks, tracks.look_counts, detections.looks, near | hidden[:, None])
    likeness = shared * height_ratio - rules.colour_weight * strange * near
    if fixtures.any():
        likeness[fixtures[:, None] & (shared < _FIXTURE_IOU)] = -1.0
    unlikeness = 1 - likeness
    sure, doubtful = detections.sure, ~detections.sure
    established = followed | fixtures
    sure_limit, doubtful_limit = 1 - rules.sure_similarity, 1 - rules.doubtful_similarity
    yield established, sure, unlikeness, sure_limit
    yield established, doubtful, unlikeness, doubtful_limit
    if hidden.any():
        gap_s = (now_ms - tracks.seen_ms) / 1000
        reach = heights[0][:, 0] * (rules.reunion_heights + rules.reunion_heights_per_s * gap_s)
        away = np.hypot(place[:, 0][:, None] - found[None, :, 0], place[:, 1][:, None] - found[None, :, 1])
        reunion = away / reach[:, None] + (1 - height_ratio) + rules.reunion_colour_weight * strange
        yield hidden, sure, np.where(height_ratio < _REUNION_HEIGHT_RATIO, _IMPOSSIBLE, reunion), 1.0
        yield hidden, doubtful, unlikeness, doubtful_limit
        yield hidden, sure, unlikeness, sure_limit
    unconfirmed = ~(confirmed | fixtures)
    yield unconfirmed, sure, unlikeness, sure_limit
    yield unconfirmed, doubtful, unlikeness, doubtful_limit
