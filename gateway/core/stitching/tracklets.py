"""What is known of one segment: everything that all its revisions said, whatever their order. Pure.

A tracklet is a join semilattice: taking a revision in twice, or late, changes nothing. That matters because the edge
thins the path of a long segment, so an older revision knows more of its beginning than the last one.
"""

from bisect import bisect_left, bisect_right, insort
from math import hypot

from contracts.events import Source
from contracts.payloads import VisitSegment

_BUCKET_MS = 1000
_WALK_MPMS = 0.9 / 1000  # Between two points of a path somebody first stands, then walks at this speed.
_END_MS = 1500

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
        self._known: dict[str, Point] = {}
        self._take_path(segment)

    def take(self, segment: VisitSegment) -> bool:
        """Take a revision in. Return whether it said anything new."""
        is_news = self._take_path(segment)
        self._known.clear()
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
        """Return the path, at most one point a second: (t_ms, x_m, y_m)."""
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
        """Return where it began: the mean of its first points."""
        if "beginning" not in self._known:
            self._known["beginning"] = self._mean(self._times[0][0], self._times[0][0] + _END_MS)
        return self._known["beginning"]

    def ending(self) -> Point:
        """Return where it ended: the mean of its last points."""
        if "ending" not in self._known:
            self._known["ending"] = self._find_ending()
        return self._known["ending"]

    def _find_ending(self) -> Point:
        if self.ended_ms - self._times[-1][0] > _END_MS:  # It stood: nothing but the last point tells where.
            return self._times[-1][1:]
        return self._mean(self._times[-1][0] - _END_MS, self._times[-1][0])

    def velocity(self) -> Point:
        """Return how it moved at its end, m/s; (0, 0) where it stood."""
        if "velocity" not in self._known:
            self._known["velocity"] = self._find_velocity()
        return self._known["velocity"]

    def _find_velocity(self) -> Point:
        last_ms, x, y = self._times[-1]
        before = bisect_left(self._times, (last_ms - 2 * _END_MS, float("-inf"), 0.0))
        first_ms, ax, ay = self._times[before]
        if self.ended_ms - last_ms > _END_MS or last_ms - first_ms < _END_MS:
            return 0.0, 0.0
        passed_s = (last_ms - first_ms) / 1000
        return (x - ax) / passed_s, (y - ay) / passed_s

    def _mean(self, from_ms: int, to_ms: int) -> Point:
        first = bisect_left(self._times, (from_ms, float("-inf"), 0.0))
        last = bisect_right(self._times, (to_ms, float("inf"), 0.0))
        some = self._times[first:last]
        return sum(point[1] for point in some) / len(some), sum(point[2] for point in some) / len(some)

    def _take_path(self, segment: VisitSegment) -> bool:
        """Keep the earliest point of each second: the same set, whatever the order."""
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
