"""What is known of one segment: everything that all its revisions said, whatever their order. Pure.

A tracklet is a join semilattice: taking a revision in twice, or late, changes nothing. That matters because the edge
thins the path of a long segment, so an older revision knows more of its beginning than the last one.
"""

from bisect import bisect_left, bisect_right, insort
from math import hypot

from contracts.events import Source
from contracts.payloads import VisitSegment

_BUCKET_MS = 500
_WALK_MPMS = 0.9 / 1000  # Between two points of a path somebody first stands, then walks at this speed.
_FIT_MS = 2500
_LEAST_FIT_MS = 1000

Point = tuple[float, float]


class Tracklet:
    """One segment, from all its revisions.

    Args:
        device: Who saw it.
        segment: Its first revision to arrive.

    Attributes:
        device: Who saw it.
        segment: The revision that holds: of the highest ordinal.
    """

    def __init__(self, device: Source, segment: VisitSegment) -> None:
        self.device, self.segment = device, segment
        self._points: dict[int, tuple[int, float, float]] = {}
        self._times: list[tuple[int, float, float]] = []
        self._known: tuple[Point, Point, Point] | None = None
        self._take_path(segment)

    def take(self, segment: VisitSegment) -> bool:
        """Take a revision in. Return whether it said anything new."""
        is_news = self._take_path(segment)
        self._known = None
        if segment.ordinal > self.segment.ordinal:
            self.segment = segment
            return True
        return is_news

    @property
    def key(self) -> tuple[int, str]:
        """Return what orders tracklets: when they began, then their id."""
        return self.segment.opened_ms, self.segment.segment_id

    @property
    def opened_ms(self) -> int:
        """Return when it began."""
        return self.segment.opened_ms

    @property
    def ended_ms(self) -> int:
        """Return up to when it is known."""
        return self.segment.updated_ms

    @property
    def has_path(self) -> bool:
        """Return whether anything is known of where it was."""
        return bool(self._times)

    @property
    def points(self) -> list[tuple[int, float, float]]:
        """Return the path, at most two points a second: (t_ms, x_m, y_m)."""
        return self._times

    def position(self, t_ms: int) -> Point:
        """Return where it was at a time; before its first point and after its last one, there.

        Raises:
            IndexError: It has no path.
        """
        place = bisect_right(self._times, (t_ms, float("inf"), 0.0))
        if place == 0:
            return self._times[0][1:]
        if place == len(self._times):
            return self._times[-1][1:]
        (from_ms, ax, ay), (to_ms, bx, by) = self._times[place - 1], self._times[place]
        walk_ms = min(to_ms - from_ms, hypot(bx - ax, by - ay) / _WALK_MPMS)
        left = to_ms - t_ms
        share = 0.0 if left >= walk_ms else 1 - left / walk_ms
        return ax + share * (bx - ax), ay + share * (by - ay)

    def beginning(self) -> Point:
        """Return where it began, as its first points tell together."""
        return self._motions()[0]

    def ending(self) -> Point:
        """Return where it ended, as its last points tell together."""
        return self._motions()[1]

    def velocity(self) -> Point:
        """Return how it moved at its end, m/s; (0, 0) where it stood."""
        return self._motions()[2]

    def _motions(self) -> tuple[Point, Point, Point]:
        if self._known is None:
            first_ms, last_ms = self._times[0][0], self._times[-1][0]
            begin, _ = _fit(self._between(first_ms, first_ms + _FIT_MS), self.opened_ms)
            if self.ended_ms - last_ms > _FIT_MS:  # It stood: nothing but the last point tells where.
                self._known = begin, self._times[-1][1:], (0.0, 0.0)
            else:
                self._known = begin, *_fit(self._between(last_ms - _FIT_MS, last_ms), self.ended_ms)
        return self._known

    def _between(self, from_ms: int, to_ms: int) -> list[tuple[int, float, float]]:
        first = bisect_left(self._times, (from_ms, float("-inf"), 0.0))
        return self._times[first : bisect_right(self._times, (to_ms, float("inf"), 0.0))]

    def _take_path(self, segment: VisitSegment) -> bool:
        """Keep the earliest point of each half second: the same set, whatever the order."""
        is_news = False
        for point in segment.path:
            bucket = point.t_ms // _BUCKET_MS
            known = self._points.get(bucket)
            if known is not None and known[0] <= point.t_ms:
                continue
            fresh = (point.t_ms, point.x_m, point.y_m)
            if known is not None:
                self._times.remove(known)
            self._points[bucket] = fresh
            insort(self._times, fresh)
            is_news = True
        return is_news


def _fit(points: list[tuple[int, float, float]], at_ms: int) -> tuple[Point, Point]:
    """Return where points lie at a time, and how fast they move, m/s: by least squares, standing where they are few."""
    count = len(points)
    t_ms, x_m, y_m = (sum(point[axis] for point in points) / count for axis in range(3))
    spread = sum((point[0] - t_ms) ** 2 for point in points)
    if points[-1][0] - points[0][0] < _LEAST_FIT_MS:
        return (x_m, y_m), (0.0, 0.0)
    vx = sum((point[0] - t_ms) * (point[1] - x_m) for point in points) / spread
    vy = sum((point[0] - t_ms) * (point[2] - y_m) for point in points) / spread
    ahead_ms = at_ms - t_ms
    return (x_m + vx * ahead_ms, y_m + vy * ahead_ms), (vx * 1000, vy * 1000)
