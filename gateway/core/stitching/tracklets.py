"""What is known of one segment: everything that all its revisions said, whatever their order. Pure.

A tracklet is a join semilattice: taking a revision in twice, or late, changes nothing. That matters because the edge
thins the path of a long segment, so an older revision knows more of its beginning than the last one.

Times are put right by how far the device's clock was ahead, as measured when the earliest revision came that knows it.
"""

from bisect import bisect_left, bisect_right
from math import hypot, inf

from msgspec.structs import replace

from contracts.events import Source
from contracts.payloads import VisitSegment

_BUCKET_MS = 500
_WALK_MPMS = 0.9 / 1000  # Between two points of a path somebody first stands, then walks at this speed.
_FIT_MS = 2500
_LEAST_FIT_MS = 1000

_NO_CLOCK = (1 << 62, 0)

Point = tuple[float, float]


class Tracklet:
    """One segment, from all its revisions.

    Args:
        device: Who saw it.
        segment: Its first revision to arrive.
        ahead_ms: How far the device's clock was ahead of the gateway's, 0 where nobody knows.

    Attributes:
        device: Who saw it.
        as_told: The revision that holds, of the highest ordinal, by the device's clock.
        segment: The same, its times put right.
        opened_ms: When it began.
        ended_ms: Up to when it is known.
    """

    def __init__(self, device: Source, segment: VisitSegment, ahead_ms: int = 0) -> None:
        self.device, self.as_told = device, segment
        self._clock = (segment.ordinal, ahead_ms) if ahead_ms else _NO_CLOCK
        self._hold(put_right(segment, ahead_ms))
        self._points: dict[int, tuple[int, float, float]] = {}
        self._times: list[tuple[int, float, float]] = []
        self._known: tuple[Point, Point, Point] | None = None
        self._changed_ms: list[float] = []
        self._take_path(segment)

    def take(self, segment: VisitSegment, ahead_ms: int = 0) -> float | None:
        """Take a revision in. Return since when something is known that was not, `inf` of no time, None for nothing."""
        before, before_ms = self.segment, self.opened_ms
        moved_ms = self._take_path(segment)
        is_newest = segment.ordinal > self.as_told.ordinal
        if is_newest:
            self.as_told = segment
        is_put_right = ahead_ms != 0 and (segment.ordinal, ahead_ms) < self._clock
        if is_put_right:
            self._clock = (segment.ordinal, ahead_ms)
            self._times = sorted((t_ms - ahead_ms, x_m, y_m) for t_ms, x_m, y_m in self._points.values())
        if is_newest or is_put_right:
            self._hold(put_right(self.as_told, self.ahead_ms))
        elif moved_ms is None:
            return None
        self._known = None
        if self.opened_ms != before_ms:
            since_ms: float = min(self.opened_ms, before_ms)
        else:
            since_ms = min(inf if moved_ms is None else moved_ms, _since(before, self.segment))
        self._changed_ms.append(since_ms)
        return since_ms

    @property
    def changes(self) -> int:
        """Return how often it changed."""
        return len(self._changed_ms)

    def is_same(self, changes: int, until_ms: int) -> bool:
        """Return whether what was known after so many changes of the time until another one is still known."""
        return changes == len(self._changed_ms) or min(self._changed_ms[changes:]) > until_ms

    @property
    def ahead_ms(self) -> int:
        """Return how far the device's clock was ahead of the gateway's, 0 where nobody knows."""
        return self._clock[1]

    @property
    def key(self) -> tuple[int, str]:
        """Return what orders tracklets: when they began, then their id."""
        return self.segment.opened_ms, self.segment.segment_id

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
        if t_ms >= self._times[-1][0]:
            return self._times[-1][1:]
        place = bisect_right(self._times, (t_ms, inf, 0.0))
        if place == 0:
            return self._times[0][1:]
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

    def _hold(self, segment: VisitSegment) -> None:
        self.segment, self.opened_ms, self.ended_ms = segment, segment.opened_ms, segment.updated_ms

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

    def _take_path(self, segment: VisitSegment) -> float | None:
        """Keep the earliest point of each half second: the same set, whatever the order.

        Return since when positions are others, None where they are not.
        """
        since_ms: float | None = None
        for point in segment.path:
            bucket = point.t_ms // _BUCKET_MS
            known = self._points.get(bucket)
            if known is not None and known[0] <= point.t_ms:
                continue
            if known is not None:
                self._times.remove((known[0] - self.ahead_ms, *known[1:]))
            self._points[bucket] = (point.t_ms, point.x_m, point.y_m)
            here = (point.t_ms - self.ahead_ms, point.x_m, point.y_m)
            place = bisect_right(self._times, here)
            self._times.insert(place, here)
            moved_ms = self._moved_ms(place)
            since_ms = moved_ms if since_ms is None else min(since_ms, moved_ms)
        return since_ms

    def _moved_ms(self, place: int) -> float:
        """Return since when a new point says that positions are others: it was begun to be walked to then."""
        if place == 0:
            return self.opened_ms
        (from_ms, ax, ay), (to_ms, bx, by) = self._times[place - 1], self._times[place]
        if place < len(self._times) - 1:
            return from_ms
        return max(from_ms, to_ms - hypot(bx - ax, by - ay) / _WALK_MPMS)


def in_one_frame(before: Tracklet, after: Tracklet) -> bool:
    """Return whether one camera saw two segments in one frame, the second one's first: they are certainly two people's.

    A track that makes too many stays goes on as another segment, at the very time at which the first one ends.
    """
    one, other = before.as_told, after.as_told  # By the camera's own clock, to the millisecond.
    if one.track_id == other.track_id:
        return one.updated_ms > other.opened_ms
    return one.updated_ms >= other.opened_ms


def _since(before: VisitSegment, after: VisitSegment) -> float:
    """Return since when two revisions of one segment differ in what decides whose it is, `inf` if in nothing."""
    if (before.reentry_hint, before.path_error_m) != (after.reentry_hint, after.path_error_m):
        return before.opened_ms
    if after.updated_ms < before.updated_ms:
        return before.opened_ms
    one, other = ({(stay.zone_id, stay.entered_ms, stay.left_ms) for stay in each.stays} for each in (before, after))
    both = {stay[:2] for stay in one} & {stay[:2] for stay in other}
    times_ms: list[float] = [before.updated_ms] if after.updated_ms > before.updated_ms else []
    for zone_id, entered_ms, left_ms in one ^ other:
        if (zone_id, entered_ms) not in both:
            times_ms.append(entered_ms)
        elif left_ms is not None:
            times_ms.append(left_ms)
    return min(times_ms, default=inf)


def put_right(segment: VisitSegment, ahead_ms: int) -> VisitSegment:
    """Return a segment with the times that a clock would have told that was not ahead."""
    if not ahead_ms:
        return segment
    return replace(
        segment,
        opened_ms=segment.opened_ms - ahead_ms,
        updated_ms=segment.updated_ms - ahead_ms,
        closed_ms=None if segment.closed_ms is None else segment.closed_ms - ahead_ms,
        stays=tuple(
            replace(
                stay,
                entered_ms=stay.entered_ms - ahead_ms,
                left_ms=None if stay.left_ms is None else stay.left_ms - ahead_ms,
            )
            for stay in segment.stays
        ),
        path=tuple(replace(point, t_ms=point.t_ms - ahead_ms) for point in segment.path),
    )


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
