"""Multi-person tracking in one camera. Pure: the same detections give the same tracks.

Motion by Kalman filter (SORT: Bewley et al., ICIP 2016), association in `tracker_association`. A track
is unconfirmed until it was surely seen several times and has walked or is surely a person; an
unconfirmed track is told to nobody, and when it stays it is a fixture: a thing that looks like a
person, which keeps its own detections from the people who pass it. Numbers of tracks are never used
again.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.core import kalman, tracker_state
from edge.core.appearance import blend, uncovered
from edge.core.boxes import centred, corners, overlaps
from edge.core.tracker_association import Detections, associate
from edge.core.tracker_rules import TrackerRules
from edge.core.tracker_state import Flags, Numbers, TrackerState, Tracks

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

# A box whose height jumps by so much was cut by an occluder or has swallowed a neighbour.
_CUT_RATIO = 0.8
_SWOLLEN_RATIO = 1.15
_EDGE_HEIGHTS = 0.2  # an edge this near its expected place is the person's own
_SIZE_TRUST = 0.2  # how much such a box still changes the height
_SIZE_KNOWN_SIGHTINGS = 10


@dataclass(frozen=True, slots=True)
class TrackedBox:
    """One confirmed track in this frame.

    Attributes:
        number: Its name.
        box_xyxy_px: Its smoothed box.
        score: The detection's score, 0 to 1; 0 where the box is foretold.
        is_foretold: It was not seen in this frame; the box is where it should be.
        detection: Row of the detection in which it was seen, None where it is foretold.
    """

    number: int
    box_xyxy_px: tuple[float, float, float, float]
    score: float
    is_foretold: bool = False
    detection: int | None = None

    @property
    def foot_px(self) -> tuple[float, float]:
        """Return where the person stands: the middle of the box's lower side."""
        left, _, right, bottom = self.box_xyxy_px
        return (left + right) / 2, bottom


def initial_state() -> TrackerState:
    """Return the state before the first frame."""
    return TrackerState(tracker_state.nobody(), 0, 1)


def lose(state: TrackerState, now_ms: int) -> TrackerState:
    """Return the state after everybody was lost at once, as when the camera was covered; numbers go on."""
    return TrackerState(tracker_state.nobody(), now_ms, state.next_number)


def track(
    rules: TrackerRules,
    state: TrackerState,
    boxes_xyxy_px: Array,
    scores: Array,
    now_ms: int,
    looks: Array | None = None,
) -> tuple[TrackerState, list[TrackedBox]]:
    """Associate a frame's detections with the tracks.

    Args:
        rules: How to.
        state: The tracks after the frame before.
        boxes_xyxy_px: Detections, shape (N, 4).
        scores: Their scores, shape (N,).
        now_ms: The frame's time, not before the last frame's.
        looks: Their colours, shape (N, D), each row of length 1; None: not known.

    Returns:
        The tracks after this frame; and the confirmed ones seen in it, by number, with those that
        are hidden for a moment and whose boxes are foretold.
    """
    detections, own_row = _detections(rules, boxes_xyxy_px, scores, looks)
    elapsed_s = (now_ms - state.now_ms) / 1000 if len(state.tracks) else 0.0
    tracks, fixtures = _living(rules, state.tracks, now_ms)
    tracks = tracker_state.moved(tracks, kalman.predict(tracks.motion, elapsed_s))
    rows, found = associate(rules, tracks, fixtures, state.now_ms, now_ms, detections)
    tracks = _seen(rules, tracks, rows, found, detections, now_ms)
    fresh = _fresh(rules, tracks, rows, found, detections)
    known = len(tracks)
    if len(fresh):
        tracks = _joined(rules, tracks, detections, fresh, state.next_number, now_ms)
    detection_of = np.full(len(tracks), -1, dtype=np.intp)
    detection_of[rows] = found
    detection_of[known:] = fresh
    told = _told(rules, tracks, detection_of, own_row, detections.scores, now_ms)
    return TrackerState(tracks, now_ms, state.next_number + len(fresh)), told


def _joined(
    rules: TrackerRules, tracks: Tracks, detections: Detections, fresh: Rows, first_number: int, now_ms: int
) -> Tracks:
    """Return the tracks with those that some detections begin."""
    began = tracker_state.begin(
        centred(detections.boxes_xyxy_px[fresh]),
        detections.scores[fresh],
        first_number,
        now_ms,
        detections.sure[fresh],
        detections.looks[fresh],
        detections.alone[fresh],
    )
    counts = _counts(rules, began.has_walked, began.score_sums, began.sightings, began.sure_sightings)
    return tracker_state.join(tracks, replace(began, is_confirmed=counts))


def _detections(
    rules: TrackerRules, boxes_xyxy_px: Array, scores: Array, looks: Array | None
) -> tuple[Detections, Rows]:
    """Return the detections that are of use, and where each of them stood."""
    own_row = (scores >= rules.doubtful_score).nonzero()[0]
    boxes, scores = boxes_xyxy_px[own_row], scores[own_row]
    alone = uncovered(boxes, rules.covered_share)
    shown = np.zeros((len(scores), 0)) if looks is None else looks[own_row]
    return Detections(boxes, scores, shown, scores >= rules.sure_score, alone), own_row


def _living(rules: TrackerRules, tracks: Tracks, now_ms: int) -> tuple[Tracks, Flags]:
    """Return the tracks that still wait for their person, and which of them are fixtures."""
    fixtures = ~tracks.is_confirmed & (now_ms - tracks.born_ms >= rules.fixture_after_s * 1000)
    unseen_ms = now_ms - tracks.seen_ms
    shortest_s = min(rules.fixture_lost_s, rules.unconfirmed_lost_s, rules.lost_after_s)
    if (unseen_ms <= shortest_s * 1000).all():
        return tracks, fixtures
    patience_s = np.where(fixtures, rules.fixture_lost_s, rules.unconfirmed_lost_s)
    patience_s[tracks.is_confirmed] = rules.lost_after_s
    alive = unseen_ms <= patience_s * 1000
    return (tracks, fixtures) if alive.all() else (tracker_state.select(tracks, alive), fixtures[alive])


def _seen(rules: TrackerRules, tracks: Tracks, rows: Rows, found: Rows, detections: Detections, now_ms: int) -> Tracks:
    """Return the tracks after some of them were seen."""
    boxes = _whole(tracks, rows, centred(detections.boxes_xyxy_px[found]))
    motion = kalman.update(tracks.motion, rows, boxes)
    sightings, sure_sightings, seen_ms = tracks.sightings.copy(), tracks.sure_sightings.copy(), tracks.seen_ms.copy()
    score_sums, away = tracks.score_sums.copy(), tracks.away.copy()
    sightings[rows] += 1
    sure_sightings[rows] += detections.sure[found]
    score_sums[rows] += detections.scores[found]
    seen_ms[rows] = now_ms
    step_px = tracker_state.feet(motion.place) - tracks.first_feet_px
    is_away = np.hypot(step_px[:, 0], step_px[:, 1]) > rules.moved_heights * motion.place[:, 3]
    away[rows] = np.where(is_away, away + 1, 0)[rows]
    alone = detections.alone[found]
    looks, look_counts = blend(tracks.looks, tracks.look_counts, rows[alone], detections.looks[found[alone]])
    has_walked = tracks.has_walked | (away > rules.confirm_sightings)
    return Tracks(
        motion=motion,
        numbers=tracks.numbers,
        sightings=sightings,
        sure_sightings=sure_sightings,
        score_sums=score_sums,
        born_ms=tracks.born_ms,
        seen_ms=seen_ms,
        first_feet_px=tracks.first_feet_px,
        away=away,
        has_walked=has_walked,
        is_confirmed=tracks.is_confirmed | _counts(rules, has_walked, score_sums, sightings, sure_sightings),
        looks=looks,
        look_counts=look_counts,
    )


def _counts(
    rules: TrackerRules, has_walked: Flags, score_sums: Array, sightings: Numbers, sure_sightings: Numbers
) -> Flags:
    """Tell which tracks are people for sure."""
    is_person = has_walked | (score_sums >= rules.standing_score * sightings)
    counts: Flags = (sure_sightings >= rules.confirm_sightings) & is_person
    return counts


def _whole(tracks: Tracks, rows: Rows, boxes_cxcywh_px: Array) -> Array:
    """Return boxes in which a part that is suddenly hidden, or too much, is put right.

    Where the height jumps but the upper or the lower edge is where it was expected, that edge is
    the person's, and the height is nearly the one that is known.
    """
    middle, height = boxes_cxcywh_px[:, 1], boxes_cxcywh_px[:, 3]
    expected_middle, expected = tracks.motion.place[rows, 1], tracks.motion.place[rows, 3]
    jumps = (height < _CUT_RATIO * expected) | (height > _SWOLLEN_RATIO * expected)
    jumps &= tracks.sightings[rows] >= _SIZE_KNOWN_SIGHTINGS
    if not jumps.any():
        return boxes_cxcywh_px
    top_px = np.abs(middle - height / 2 - (expected_middle - expected / 2))
    bottom_px = np.abs(middle + height / 2 - (expected_middle + expected / 2))
    by_top = jumps & (top_px < bottom_px) & (top_px < _EDGE_HEIGHTS * expected)
    by_bottom = jumps & ~by_top & (bottom_px < _EDGE_HEIGHTS * expected)
    known = expected + _SIZE_TRUST * (height - expected)
    whole = boxes_cxcywh_px.copy()
    whole[:, 1] += np.where(by_top, known - height, np.where(by_bottom, height - known, 0.0)) / 2
    whole[:, 3] = np.where(by_top | by_bottom, known, height)
    return whole


def _fresh(rules: TrackerRules, tracks: Tracks, rows: Rows, found: Rows, detections: Detections) -> Rows:
    """Return the detections that begin a track: of nobody, and on nobody who was just seen."""
    if len(found) == len(detections.scores):
        return np.zeros(0, dtype=np.intp)
    fresh = np.ones(len(detections.scores), dtype=bool)
    fresh[found] = False
    candidates = fresh.nonzero()[0]
    if len(candidates) and len(rows):
        shared = overlaps(detections.boxes_xyxy_px[candidates], corners(tracks.motion.place[rows]))
        candidates = candidates[shared.max(axis=1) <= rules.duplicate_iou]
    return candidates


def _told(
    rules: TrackerRules, tracks: Tracks, detection_of: Rows, own_row: Rows, scores: Array, now_ms: int
) -> list[TrackedBox]:
    is_foretold = (detection_of < 0) & (now_ms - tracks.seen_ms <= rules.foretold_s * 1000)
    shown = (tracks.is_confirmed & ((detection_of >= 0) | is_foretold)).nonzero()[0]
    places, numbers = detection_of[shown].tolist(), tracks.numbers[shown].tolist()
    boxes, score_of, row_of = corners(tracks.motion.place[shown]).tolist(), scores.tolist(), own_row.tolist()
    return [
        TrackedBox(number, tuple(box), 0.0, is_foretold=True)
        if place < 0
        else TrackedBox(number, tuple(box), score_of[place], detection=row_of[place])
        for place, number, box in zip(places, numbers, boxes, strict=True)
    ]
