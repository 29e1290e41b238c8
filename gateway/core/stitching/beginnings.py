"""Where each camera sees people for the first time, learned from the segments decided upon so far. Pure.

At a door, in the street before it, and at the edge of what the cameras see together, who appears is somebody new; among
the shelves it is somebody who was hidden. The share of new people among all segments that begin in a square of a
camera's view is their mean under a beta prior; each segment counts by how probable it was that it was somebody new.
"""

from collections.abc import Iterable
from math import exp, floor, log

from gateway.core.stitching.rules import StitchRules
from gateway.core.stitching.tracklets import Tracklet

_SQUARE_M = 2.0
_PARTS = 1 << 20  # Whole numbers, so that what is taken back leaves no trace.
Square = tuple[str, int, int]


class Beginnings:
    """How often somebody new begins where.

    Args:
        rules: The prior, and between what the weight lies.
    """

    def __init__(self, rules: StitchRules) -> None:
        self._least, self._most, self._strength = rules.new_inside, rules.new_at_entrance, rules.new_prior_segments
        self._counts: dict[Square, list[int]] = {}
        self._noted: dict[str, tuple[Square, int]] = {}

    def weight(self, tracklet: Tracklet) -> float:
        """Return the weight of somebody new beginning where a segment does: the log-odds, as far as they are known."""
        new, others = (parts / _PARTS for parts in self._counts.get(_square(tracklet), (0, 0)))
        prior = 1 / (1 + exp(-self._least))
        odds = (new + self._strength * prior) / (others + self._strength * (1 - prior))
        return min(self._most, max(self._least, log(odds)))

    def note(self, tracklet: Tracklet, share_new: float) -> None:
        """Take note that a segment was decided upon.

        Args:
            tracklet: The segment, with a path.
            share_new: How probable it is that it is somebody new.
        """
        self._add(_square(tracklet), round(share_new * _PARTS), 1)
        self._noted[tracklet.segment.segment_id] = _square(tracklet), round(share_new * _PARTS)

    def forget(self, segment_ids: Iterable[str]) -> None:
        """Take back what was noted of some segments."""
        for segment_id in segment_ids:
            if segment_id in self._noted:
                self._add(*self._noted.pop(segment_id), -1)

    def _add(self, square: Square, parts: int, times: int) -> None:
        counts = self._counts.setdefault(square, [0, 0])
        counts[0] += times * parts
        counts[1] += times * (_PARTS - parts)


def _square(tracklet: Tracklet) -> Square:
    x_m, y_m = tracklet.beginning()
    return str(tracklet.device), floor(x_m / _SQUARE_M), floor(y_m / _SQUARE_M)
