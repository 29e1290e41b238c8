"""How many of the rendered people a detector finds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.annotations import TrueSighting

Boxes = NDArray[np.float64]  # (N, 4) as (x1, y1, x2, y2) in pixels

MATCH_IOU = 0.5
LEAST_VISIBLE_SHARE = 0.5


@dataclass(slots=True)
class Recall:
    """A count over frames.

    Attributes:
        frames: Frames looked at.
        people: Sightings of people of whom at least half shows.
        found: How many of those have a box of their own.
        boxes: Boxes that the detector gave.
        right: Boxes that are somebody's, however little of them shows.
        heights_px: How tall what shows of each of `people` is.
        are_found: Whether each of them is found, in the same order.
    """

    frames: int = 0
    people: int = 0
    found: int = 0
    boxes: int = 0
    right: int = 0
    heights_px: list[float] = field(default_factory=list)
    are_found: list[bool] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Return the share of people found; 1 where there was nobody."""
        return self.found / self.people if self.people else 1.0

    @property
    def precision(self) -> float:
        """Return the share of boxes that are somebody's; 1 where there was none."""
        return self.right / self.boxes if self.boxes else 1.0

    def between(self, low_px: float, high_px: float) -> tuple[int, int]:
        """Return how many people are at least `low_px` and less than `high_px` tall, and how many of them are found."""
        found = [
            is_found
            for height, is_found in zip(self.heights_px, self.are_found, strict=True)
            if low_px <= height < high_px
        ]
        return len(found), sum(found)

    def add(self, sightings: Sequence[TrueSighting], boxes_xyxy_px: Boxes, frame_px: tuple[int, int]) -> None:
        """Count one frame.

        A box is somebody's whose whole silhouette (within the frame) or visible part it meets with an intersection over
        union of at least `MATCH_IOU`; each person has one box at most, the best pairs first.
        """
        self.frames += 1
        self.boxes += len(boxes_xyxy_px)
        visible = [each.visible_share >= LEAST_VISIBLE_SHARE for each in sightings]
        self.people += sum(visible)
        found = self._matched(sightings, boxes_xyxy_px, frame_px)
        for index, each in enumerate(sightings):
            if visible[index]:
                self.found += index in found
                self.heights_px.append(each.visible_box_px[3] - each.visible_box_px[1])
                self.are_found.append(index in found)

    def _matched(self, sightings: Sequence[TrueSighting], boxes_xyxy_px: Boxes, frame_px: tuple[int, int]) -> set[int]:
        """Return the indices of those who have a box, however little of them shows."""
        matched: set[int] = set()
        if not sightings or not len(boxes_xyxy_px):
            return matched
        whole = np.clip(np.array([each.full_box_px for each in sightings]), 0, (*frame_px, *frame_px))
        shown = np.array([each.visible_box_px for each in sightings])
        overlaps = np.maximum(_overlaps(whole, boxes_xyxy_px), _overlaps(shown, boxes_xyxy_px))
        while overlaps.max() >= MATCH_IOU:
            person, box = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
            self.right += 1
            matched.add(int(person))
            overlaps[person, :] = overlaps[:, box] = 0.0
        return matched


def _overlaps(a: Boxes, b: Boxes) -> Boxes:
    """Return the intersections over unions of boxes, shape (len(a), len(b))."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (a, b)]
    share: Boxes = common / np.maximum(areas[0][:, None] + areas[1][None] - common, 1e-9)
    return share
