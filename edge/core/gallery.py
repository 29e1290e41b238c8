"""Who was here before: re-entry in one camera. Pure; signatures stay in memory and expire.

A few signatures are kept of each person, of moments in which nobody stood in front. Who appears is
compared with those who left within the window; the best one is taken if it is alike enough for the
threshold that the camera has found for itself (`gallery_calibration`) and clearly more alike than the
next person.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.core.gallery_calibration import Calibration, Negatives, add_negatives, calibrate, no_negatives

Array = NDArray[np.float64]


class GalleryRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When somebody is taken for somebody who was here before.

    Attributes:
        window_s: Who left longer ago is forgotten.
        least_views: Views of a person before they are compared.
        most_views: Views that are kept of a person.
        compared_views: Views up to which a person who appeared is compared again.
        view_gap_s: Time between two views, so that they differ.
        least_score: Views are of detections from this score up, 0 to 1.
        covered_share: Views are of boxes of which no other one covers more, 0 to 1.
        margin_px: Views lie so far inside the picture.
        false_match_rate: Share of strangers that may be alike enough, 0 to 1.
        least_threshold: Least likeness whatever the camera has found, -1 to 1.
        margin: So much more alike than the next person.
        together_s: Two people seen together for so long are certainly two.
        most_people: More are not remembered: those who left first go first.
    """

    window_s: float = 300.0
    least_views: int = 5
    most_views: int = 16
    compared_views: int = 24
    view_gap_s: float = 0.5
    least_score: float = 0.5
    covered_share: float = 0.1
    margin_px: float = 3.0
    false_match_rate: float = 0.02
    least_threshold: float = 0.5
    margin: float = 0.03
    together_s: float = 1.0
    most_people: int = 500


@dataclass(frozen=True, slots=True)
class View:
    """A signature and how good the view was."""

    signature: Array
    quality: float


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one track.

    Attributes:
        track: Its number.
        person: The number of the person's first track.
        views: The best views, in order of time.
        taken: How many views there were.
        first_ms: First sighting.
        last_ms: Last sighting.
        viewed_ms: When the last view was taken.
    """

    track: int
    person: int
    views: tuple[View, ...]
    taken: int
    first_ms: int
    last_ms: int
    viewed_ms: int

    @property
    def signature(self) -> Array:
        """Return the mean of the views, of length 1."""
        mean: Array = np.mean([view.signature for view in self.views], axis=0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12)


@dataclass(frozen=True, slots=True)
class GalleryState:
    """Those in sight by track number, those who left, and the certain negatives."""

    present: Mapping[int, Memory]
    left: tuple[Memory, ...]
    negatives: Negatives


def initial_state() -> GalleryState:
    """Return the state before the first frame."""
    return GalleryState(MappingProxyType({}), (), no_negatives())


def wanted(
    rules: GalleryRules, state: GalleryState, tracks: list[int], boxes_xyxy_px: Array, frame_wh_px: tuple[int, int]
) -> list[int]:
    """Return the places of those whose view is due and whole, given those seen well in this frame.

    Args:
        rules: How to.
        state: The gallery after `see` of this frame.
        tracks: Numbers of the tracks whose detections are sure and uncovered, N of them.
        boxes_xyxy_px: Their detections, shape (N, 4).
        frame_wh_px: Width and height of the picture.
    """
    if not tracks:
        return []
    inner = np.array(frame_wh_px) - rules.margin_px
    whole = np.all(boxes_xyxy_px[:, :2] >= rules.margin_px, axis=1) & np.all(boxes_xyxy_px[:, 2:] <= inner, axis=1)
    due = []
    for place in np.flatnonzero(whole).tolist():
        memory = state.present.get(tracks[place])
        if memory is not None and (not memory.views or memory.last_ms - memory.viewed_ms >= rules.view_gap_s * 1000):
            due.append(place)
    return due


def see(rules: GalleryRules, state: GalleryState, seen: Set[int], alive: Set[int], now_ms: int) -> GalleryState:
    """Return the gallery after a frame: who came, who left for good, who is forgotten.

    Args:
        rules: How to.
        state: After the frame before.
        seen: Numbers of the confirmed tracks that were seen.
        alive: Numbers of all tracks that still wait for their person.
        now_ms: The frame's time.
    """
    present: dict[int, Memory] = {}
    gone: list[Memory] = []
    for number, memory in state.present.items():
        if number not in alive:
            gone.append(memory)
        else:
            present[number] = replace(memory, last_ms=now_ms) if number in seen else memory
    for number in sorted(seen - present.keys()):
        present[number] = Memory(number, number, (), 0, now_ms, now_ms, now_ms)
    negatives = state.negatives
    known = [memory for memory in present.values() if len(memory.views) >= rules.least_views]
    for memory in gone:
        if len(memory.views) >= rules.least_views:
            negatives = _learn(rules, negatives, memory, known)
            known.append(memory)  # two who leave at once were two as well
    left = state.left
    if gone or (left and now_ms - left[0].last_ms > rules.window_s * 1000):
        kept = (*left, *(memory for memory in gone if len(memory.views) >= rules.least_views))
        left = tuple(memory for memory in kept if now_ms - memory.last_ms <= rules.window_s * 1000)
        left = left[-rules.most_people :]
    return GalleryState(MappingProxyType(present), left, negatives)


def _learn(rules: GalleryRules, negatives: Negatives, memory: Memory, others: list[Memory]) -> Negatives:
    together = [
        other
        for other in others
        if other.person != memory.person
        and min(other.last_ms, memory.last_ms) - max(other.first_ms, memory.first_ms) >= rules.together_s * 1000
    ]
    if not together:
        return negatives
    return add_negatives(negatives, np.array([float(memory.signature @ other.signature) for other in together]))


def remember(
    rules: GalleryRules, state: GalleryState, number: int, signature: Array, quality: float
) -> tuple[GalleryState, int]:
    """Return the gallery with one more view of a track in sight, and the number of its person.

    Args:
        rules: How to.
        state: The gallery after `see` of this frame.
        number: The track's.
        signature: Shape (D,), of length 1.
        quality: How good the view is; of too many, the worst one goes.
    """
    memory = state.present[number]
    views = [*memory.views, View(signature, quality)]
    if len(views) > rules.most_views:
        del views[min(range(len(views)), key=lambda place: views[place].quality)]
    memory = replace(memory, views=tuple(views), taken=memory.taken + 1, viewed_ms=memory.last_ms)
    if memory.person == number and rules.least_views <= memory.taken <= rules.compared_views:
        memory = replace(memory, person=_recognized(rules, state, memory))
    return replace(state, present=MappingProxyType({**state.present, number: memory})), memory.person


def calibration(rules: GalleryRules, state: GalleryState) -> Calibration:
    """Return the threshold in force and how often it is expected to be wrong for a pair of strangers."""
    return calibrate(state.negatives, rules.false_match_rate, rules.least_threshold)


def _recognized(rules: GalleryRules, state: GalleryState, memory: Memory) -> int:
    """Return the person a track is of: one who left before it came and is not in sight, or its own number."""
    in_sight = {other.person for other in state.present.values()} - {memory.track}
    likeness: dict[int, float] = {}
    for other in state.left:
        if other.last_ms < memory.first_ms and other.person not in in_sight:
            alike = float(other.signature @ memory.signature)
            likeness[other.person] = max(alike, likeness.get(other.person, -1.0))
    if not likeness:
        return memory.track
    best = max(likeness, key=lambda person: likeness[person])
    next_best = max((alike for person, alike in likeness.items() if person != best), default=-1.0)
    threshold = calibration(rules, state).threshold
    is_clear = likeness[best] >= threshold and likeness[best] - next_best >= rules.margin
    return best if is_clear else memory.track
