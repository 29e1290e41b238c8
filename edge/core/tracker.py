"""Multi-person tracking in one camera. Pure: the same detections give the same tracks.

Motion by Kalman filter (SORT: Bewley et al., ICIP 2016) and two-stage association (ByteTrack:
Zhang et al., ECCV 2022): first the sure detections, then the doubtful ones, which may keep a track
alive through an occlusion but never start one. A track is unconfirmed until it was seen several
times, and an unconfirmed track is told to nobody. Numbers of tracks are never used again.
"""

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.core import kalman
from edge.core.assignment import assign

Array = NDArray[np.float64]
Rows = NDArray[np.intp]


class TrackerRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How detections become tracks.

    Attributes:
        sure_score: Detections from here up are associated first and may start a track, 0 to 1.
        doubtful_score: Detections from here up may continue a track, 0 to 1.
        sure_iou: Least overlap with the expected box for a sure detection, 0 to 1.
        doubtful_iou: The same for a doubtful one, 0 to 1.
        confirm_sightings: Sightings after which a track counts.
        unconfirmed_lost_s: An unconfirmed track not seen for longer ends.
        lost_after_s: A confirmed track not seen for longer ends.
    """

    sure_score: float = 0.42
    doubtful_score: float = 0.2
    sure_iou: float = 0.2
    doubtful_iou: float = 0.4
    confirm_sightings: int = 3
    unconfirmed_lost_s: float = 0.25
    lost_after_s: float = 2.0


@dataclass(frozen=True, slots=True)
class TrackerState:
    """Every live track, by row: filter, number, sightings, when last seen."""

    motion: kalman.Motion
    numbers: NDArray[np.int64]
    sightings: NDArray[np.int64]
    seen_ms: NDArray[np.int64]
    now_ms: int
    next_number: int


@dataclass(frozen=True, slots=True)
class TrackedBox:
    """One confirmed track as seen in this frame: its smoothed box in pixels and the detection's score."""

    number: int
    box_xyxy_px: tuple[float, float, float, float]
    score: float

    @property
    def foot_px(self) -> tuple[float, float]:
        """Return where the person stands: the middle of the box's lower side."""
        left, _, right, bottom = self.box_xyxy_px
        return (left + right) / 2, bottom


def initial_state() -> TrackerState:
    """Return the state before the first frame."""
    none = np.zeros(0, dtype=np.int64)
    return TrackerState(kalman.start(np.zeros((0, 4))), none, none, none, 0, 1)


def track(
    rules: TrackerRules, state: TrackerState, boxes_xyxy_px: Array, scores: Array, now_ms: int
) -> tuple[TrackerState, list[TrackedBox]]:
    """Associate a frame's detections with the tracks.

    Args:
        rules: How to.
        state: The tracks after the frame before.
        boxes_xyxy_px: Detections, shape (N, 4).
        scores: Their scores, shape (N,).
        now_ms: The frame's time, not before the last frame's.

    Returns:
        The tracks after this frame, and the confirmed ones seen in it, by number.
    """
    boxes = _centred(boxes_xyxy_px)
    elapsed_s = (now_ms - state.now_ms) / 1000 if len(state.numbers) else 0.0
    state = _drop_lost(rules, state, now_ms)
    expected = kalman.predict(state.motion, elapsed_s)
    pairs = _associate(rules, state, _overlaps(_corners(expected.place), boxes_xyxy_px), scores)
    rows = np.array([row for row, _ in pairs], dtype=np.intp)
    found = np.array([detection for _, detection in pairs], dtype=np.intp)
    motion = _replace_rows(expected, rows, kalman.update(kalman.select(expected, rows), boxes[found]))
    sightings, seen_ms = state.sightings.copy(), state.seen_ms.copy()
    sightings[rows] += 1
    seen_ms[rows] = now_ms
    fresh = np.setdiff1d(np.flatnonzero(scores >= rules.sure_score), found)
    state = TrackerState(
        kalman.join(motion, kalman.start(boxes[fresh])),
        np.append(state.numbers, state.next_number + np.arange(len(fresh))),
        np.append(sightings, np.ones(len(fresh), dtype=np.int64)),
        np.append(seen_ms, np.full(len(fresh), now_ms)),
        now_ms,
        state.next_number + len(fresh),
    )
    score_of = {**dict(zip(rows.tolist(), scores[found].tolist(), strict=True))}
    first_fresh = len(state.numbers) - len(fresh)
    score_of.update({first_fresh + place: float(scores[index]) for place, index in enumerate(fresh)})
    return state, _confirmed(rules, state, score_of)


def _associate(rules: TrackerRules, state: TrackerState, overlaps: Array, scores: Array) -> list[tuple[int, int]]:
    """Return (track row, detection) pairs: confirmed tracks choose before unconfirmed ones."""
    confirmed = state.sightings >= rules.confirm_sightings
    sure = scores >= rules.sure_score
    doubtful = ~sure & (scores >= rules.doubtful_score)
    pairs: list[tuple[int, int]] = []
    for choosers, offered, least_iou in (
        (confirmed, sure, rules.sure_iou),
        (confirmed, doubtful, rules.doubtful_iou),
        (~confirmed, sure, rules.sure_iou),
    ):
        rows = np.setdiff1d(np.flatnonzero(choosers), [row for row, _ in pairs])
        detections = np.setdiff1d(np.flatnonzero(offered), [found for _, found in pairs])
        costs = 1 - overlaps[np.ix_(rows, detections)]
        pairs += [(int(rows[r]), int(detections[d])) for r, d in assign(costs, 1 - least_iou)]
    return pairs


def _drop_lost(rules: TrackerRules, state: TrackerState, now_ms: int) -> TrackerState:
    confirmed = state.sightings >= rules.confirm_sightings
    patience_ms = np.where(confirmed, rules.lost_after_s, rules.unconfirmed_lost_s) * 1000
    alive = np.flatnonzero(now_ms - state.seen_ms <= patience_ms)
    return TrackerState(
        kalman.select(state.motion, alive),
        state.numbers[alive],
        state.sightings[alive],
        state.seen_ms[alive],
        now_ms,
        state.next_number,
    )


def _replace_rows(motion: kalman.Motion, rows: Rows, changed: kalman.Motion) -> kalman.Motion:
    order = np.arange(len(motion.place))
    order[rows] = len(order) + np.arange(len(rows))
    return kalman.select(kalman.join(motion, changed), order)


def _confirmed(rules: TrackerRules, state: TrackerState, score_of: dict[int, float]) -> list[TrackedBox]:
    corners = _corners(state.motion.place)
    return [
        TrackedBox(int(state.numbers[row]), _four(corners[row]), score_of[row])
        for row in np.flatnonzero(state.sightings >= rules.confirm_sightings).tolist()
        if row in score_of
    ]


def _four(numbers: Array) -> tuple[float, float, float, float]:
    first, second, third, fourth = numbers.tolist()
    return first, second, third, fourth


def _centred(boxes_xyxy_px: Array) -> Array:
    low, high = boxes_xyxy_px[:, :2], boxes_xyxy_px[:, 2:]
    return np.hstack([(low + high) / 2, high - low])


def _corners(boxes_cxcywh_px: Array) -> Array:
    centre, half = boxes_cxcywh_px[:, :2], np.maximum(boxes_cxcywh_px[:, 2:], 1.0) / 2
    return np.hstack([centre - half, centre + half])


def _overlaps(first: Array, second: Array) -> Array:
    """Return intersection over union of each pair, shape (N, M)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - common
    overlaps: Array = common / np.maximum(union, np.finfo(float).tiny)
    return overlaps
