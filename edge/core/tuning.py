"""Which input size and which tiles suit a camera: from what each found in the same pictures. Pure.

Nobody has labelled the pictures of a new camera. So somebody is there whom at least two of the candidates found at the
same place; what a candidate found alone counts against it. With labels, these say who is there.
"""

from collections.abc import Sequence
from statistics import median

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.core.boxes import overlaps

Boxes = NDArray[np.float64]  # (N, 4) as (x1, y1, x2, y2) in frame pixels

SAME_PERSON_IOU = 0.5
GOOD_ENOUGH = 0.95
"""Of the best candidate's score: among those that reach it, the fastest is recommended."""
HEIGHTS_PX = (0.0, 60.0, 100.0, 150.0, 200.0, 300.0, float("inf"))
"""Borders of the classes of height that are told apart."""
_LEAST_CANDIDATES = 2


class Candidate(msgspec.Struct, frozen=True, order=True):
    """An input size of the model, pixels, and columns and rows of tiles."""

    input_wh_px: tuple[int, int]
    tiles: tuple[int, int] = (1, 1)


class Look(msgspec.Struct, frozen=True):
    """What one candidate found in one picture, and how long it took."""

    boxes: Boxes
    took_ms: float


class Yield(msgspec.Struct, frozen=True, kw_only=True):
    """What a candidate is worth.

    Attributes:
        candidate: Which.
        people: Sightings of people in all pictures.
        found: How many of them it found.
        alone: Boxes that are nobody, as far as is known.
        took_ms: Median time of a picture.
        foot_px: Root mean square of each coordinate of how far the feet of those found lie from where they are.
        by_height: Found and there, by class of `HEIGHTS_PX`.
    """

    candidate: Candidate
    people: int
    found: int
    alone: int
    took_ms: float
    foot_px: float
    by_height: tuple[tuple[int, int], ...]

    @property
    def score(self) -> float:
        """Return the harmonic mean of the share of people found and the share of boxes that are people, 0 to 1."""
        boxes = self.found + self.alone
        return 2 * self.found / (self.people + boxes) if self.people + boxes else 0.0


def candidates_for(frame_wh_px: tuple[int, int], multiple_px: int = 32) -> list[Candidate]:
    """Return what to try on pictures of a size: inputs of their shape, alone and with tiles.

    Args:
        frame_wh_px: Width and height of the pictures.
        multiple_px: Sides of the model's input are multiples of it.
    """
    sizes = [_input_size(frame_wh_px, width, multiple_px) for width in (320, 416, 640, 832)]
    sizes = [size for size in sizes if size[0] <= max(320, 1.5 * frame_wh_px[0])]
    tilings = [(2, 1), (2, 2)] if frame_wh_px[0] >= frame_wh_px[1] else [(1, 2), (2, 2)]
    return [*(Candidate(size) for size in sizes), *(Candidate(size, tiles) for size in sizes[:2] for tiles in tilings)]


def agreed(found: Sequence[Boxes]) -> Boxes:
    """Return the people of one picture: boxes that two candidates or more have in common, shape (N, 4).

    Each is the middle one, by size, of the boxes that agree.

    Args:
        found: What each candidate found.
    """
    boxes = np.concatenate([np.zeros((0, 4)), *found])
    owner = np.repeat(np.arange(len(found)), [len(each) for each in found])
    same = overlaps(boxes, boxes) >= SAME_PERSON_IOU
    free = np.ones(len(boxes), dtype=np.bool_)
    people = []
    for index in np.argsort(-same.sum(axis=1), kind="stable").tolist():
        group = np.flatnonzero(same[index] & free)
        if free[index] and len(set(owner[group].tolist())) >= _LEAST_CANDIDATES:
            heights = boxes[group, 3] - boxes[group, 1]
            people.append(boxes[group[np.argsort(heights, kind="stable")[len(group) // 2]]])
            free[group] = False
    return np.array(people).reshape(-1, 4)


def matched(people: Boxes, boxes: Boxes) -> NDArray[np.intp]:
    """Return the index of each person's own box, nearest pairs first, -1 where a person has none; shape (N,)."""
    likeness = overlaps(people, boxes)
    box_of = np.full(len(people), -1, dtype=np.intp)
    for place in np.argsort(-likeness, axis=None, kind="stable").tolist():
        person, box = divmod(place, len(boxes))
        if likeness[person, box] < SAME_PERSON_IOU:
            break
        if box_of[person] < 0 and box not in box_of:
            box_of[person] = box
    return box_of


def yields(
    candidates: Sequence[Candidate], looks: Sequence[Sequence[Look]], people: Sequence[Boxes] | None = None
) -> list[Yield]:
    """Return what each candidate is worth.

    Args:
        candidates: In the order of each picture's looks.
        looks: By picture, then by candidate.
        people: Who truly is in each picture; None: whom candidates agree on.
    """
    if people is None:
        people = [agreed([look.boxes for look in picture]) for picture in looks]
    return [
        _yield_of(candidate, [picture[place] for picture in looks], people)
        for place, candidate in enumerate(candidates)
    ]


def recommended(found: Sequence[Yield]) -> Yield | None:
    """Return the fastest candidate of those within `GOOD_ENOUGH` of the best score; None where nobody was seen."""
    best = max((each.score for each in found), default=0.0)
    good = [each for each in found if each.score >= GOOD_ENOUGH * best]
    return min(good, key=lambda each: each.took_ms) if best > 0 else None


def heights_px(people: Sequence[Boxes]) -> list[float]:
    """Return the heights of everybody in all pictures, smallest first."""
    return sorted(float(box[3] - box[1]) for boxes in people for box in boxes)


def _input_size(frame_wh_px: tuple[int, int], width_px: int, multiple_px: int) -> tuple[int, int]:
    """Return an input of about a picture's shape, no lower than it."""
    wanted = width_px * frame_wh_px[1] / frame_wh_px[0]
    return width_px, max(1, -(-round(wanted) // multiple_px)) * multiple_px


def _yield_of(candidate: Candidate, looks: Sequence[Look], people: Sequence[Boxes]) -> Yield:
    classes = len(HEIGHTS_PX) - 1
    found, there = np.zeros(classes, dtype=np.int64), np.zeros(classes, dtype=np.int64)
    alone, misses_px = 0, [0.0]
    for look, present in zip(looks, people, strict=True):
        box_of = matched(present, look.boxes)
        is_found = box_of >= 0
        of_class = np.searchsorted(HEIGHTS_PX, present[:, 3] - present[:, 1], side="right") - 1
        there += np.bincount(of_class, minlength=classes)
        found += np.bincount(of_class[is_found], minlength=classes)
        alone += len(look.boxes) - int(is_found.sum())
        misses_px += (_feet(present[is_found]) - _feet(look.boxes[box_of[is_found]])).ravel().tolist()
    return Yield(
        candidate=candidate,
        people=int(there.sum()),
        found=int(found.sum()),
        alone=alone,
        took_ms=median(look.took_ms for look in looks) if looks else 0.0,
        foot_px=float(np.sqrt(np.sum(np.square(misses_px)) / max(1, len(misses_px) - 1))),
        by_height=tuple(zip(found.tolist(), there.tolist(), strict=True)),
    )


def _feet(boxes: Boxes) -> Boxes:
    """Return the middle of each box's lower side, shape (N, 2)."""
    feet: Boxes = np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]])
    return feet
