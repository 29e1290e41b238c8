"""Shortest walks round walls and shelves.

People keep a clearance from every obstacle, so the obstacles are grown by it; the shortest way between two points is
then a chain of straight lines that bends only at the grown obstacles' corners (a visibility graph: Lozano-Pérez and
Wesley, 1979). The ways between all corners are found once (Floyd, 1962), those to a goal when it is first asked for; a
walk begins at the corner that is in sight and promises the shortest way.

Most corners are hidden from a whole patch of floor by one and the same obstacle. The points behind a convex obstacle as
seen from a corner form a convex set, so a square patch lies in it where its four corners do.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import floor

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import ConvexObstacle, Point, Points, Polygon, distance

CLEARANCE_M = 0.25
_SLACK_M = 0.01  # A path may lie on the line that the corners span, so sight is blocked a little inside of it.
_TOUCH = 1e-9
_REMEMBERED_GOALS = 5_000
_NEAR_M = 1.0
_PATCH_M = 2.0
_FIRST_SHAPES = 8

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
HalfPlane = tuple[float, float, float]
"""Points (x, y) with `a x + b y < c` are inside."""
_Sight = tuple[NDArray[np.intp], Floats]


class NoWayError(Exception):
    """There is no way between two points of the floor."""

    def __init__(self, start: Point, goal: Point) -> None:
        super().__init__(f"no way from {start} to {goal} that keeps {CLEARANCE_M} m from walls and shelves")
        self.start = start
        self.goal = goal


class Navigator:
    """Finds walks between points of one floor.

    Args:
        obstacles: Convex polygons that nobody walks through.
    """

    def __init__(self, obstacles: Sequence[Polygon]) -> None:
        self._blockers = [_Blocker(polygon) for polygon in obstacles]
        self._shapes = [ConvexObstacle(polygon, CLEARANCE_M - _SLACK_M) for polygon in obstacles]
        self._planes = _stacked([blocker.planes for blocker in self._blockers])
        self._boxes = np.array([(b.left, b.top, b.right, b.bottom) for b in self._blockers]).reshape(-1, 4)
        self._cells: dict[Point, list[_Blocker]] = {}
        corners = [ConvexObstacle(polygon, CLEARANCE_M).corners for polygon in obstacles]
        every: Points = np.concatenate(corners) if corners else np.empty((0, 2))
        self._nodes: Points = every[~self._is_inside(every)]
        self._remembered: dict[Point, tuple[Floats, NDArray[np.intp]]] = {}
        self._behind: dict[tuple[int, int], Bools] = {}
        self._in_sight: dict[tuple[int, int], NDArray[np.intp]] = {}
        every_node = np.arange(len(self._nodes))
        self._lengths, self._next = _shortest_ways([self._look(_as_point(node), every_node) for node in self._nodes])

    def is_free(self, point: Point) -> bool:
        """Return whether a person can stand at the point with clearance from every obstacle."""
        return not any(blocker.contains(point) for blocker in self._near(point))

    def are_free(self, points: Points) -> Bools:
        """Return for points of shape (N, 2) whether a person can stand there, shape (N,)."""
        return ~self._is_inside(points)

    def is_clear(self, start: Point, end: Point) -> bool:
        """Return whether a straight step keeps clear of every obstacle."""
        (ax, ay), (bx, by) = start, end
        left, right = (ax, bx) if ax < bx else (bx, ax)
        top, bottom = (ay, by) if ay < by else (by, ay)
        is_near = right - left <= _NEAR_M and bottom - top <= _NEAR_M
        for blocker in self._near(start) if is_near else self._blockers:
            if (
                blocker.left < right
                and left < blocker.right
                and blocker.top < bottom
                and top < blocker.bottom
                and blocker.cuts(start, end)
            ):
                return False
        return True

    def _near(self, point: Point) -> list["_Blocker"]:
        """Return the obstacles that a step of up to 1 m along each axis may meet; cells of 1 m are remembered."""
        cell = (point[0] // _NEAR_M, point[1] // _NEAR_M)
        found = self._cells.get(cell)
        if found is None:
            left, top = (cell[0] - 1) * _NEAR_M, (cell[1] - 1) * _NEAR_M
            right, bottom = left + 3 * _NEAR_M, top + 3 * _NEAR_M
            found = self._cells[cell] = [
                blocker
                for blocker in self._blockers
                if blocker.left < right and left < blocker.right and blocker.top < bottom and top < blocker.bottom
            ]
        return found

    def walk(self, start: Point, goal: Point) -> list[Point]:
        """Return the shortest walk's points after `start`, the last one `goal`.

        Raises:
            NoWayError: An obstacle cuts the two points off from each other.
        """
        if self.is_clear(start, goal):
            return [goal]
        after, lasts = self._beyond(goal)
        firsts = self._perhaps_in_sight(start)
        gaps = self._nodes[firsts] - start
        lengths = np.hypot(gaps[:, 0], gaps[:, 1]) + after[firsts]
        for place in np.argsort(lengths, kind="stable"):
            node = int(firsts[place])
            if np.isfinite(lengths[place]) and self.is_clear(start, _as_point(self._nodes[node])):
                return [*self._back(node, int(lasts[node])), goal]
        raise NoWayError(start, goal)

    def _back(self, node: int, last: int) -> list[Point]:
        """Return the corners from one to another."""
        way = [_as_point(self._nodes[node])]
        while node != last:
            node = int(self._next[node, last])
            way.append(_as_point(self._nodes[node]))
        return way

    def _beyond(self, goal: Point) -> tuple[Floats, NDArray[np.intp]]:
        """Return metres from each corner to a goal, and the last corner before it; goals of late are remembered."""
        if goal not in self._remembered:
            if len(self._remembered) >= _REMEMBERED_GOALS:
                self._remembered.clear()
            seen, metres = self._look(goal, self._perhaps_in_sight(goal))
            lengths = np.hstack([self._lengths[:, seen] + metres, np.full((len(self._nodes), 1), np.inf)])
            best = lengths.argmin(axis=1)
            self._remembered[goal] = (lengths[np.arange(len(lengths)), best], np.append(seen, -1)[best])
        return self._remembered[goal]

    def _perhaps_in_sight(self, point: Point) -> NDArray[np.intp]:
        """Return the corners that no single obstacle hides from the whole patch of floor round a point."""
        column, row = patch = (floor(point[0] / _PATCH_M), floor(point[1] / _PATCH_M))
        if patch not in self._in_sight:
            corners = [(column, row), (column + 1, row), (column, row + 1), (column + 1, row + 1)]
            hidden = np.logical_and.reduce([self._hidden_behind(corner) for corner in corners])
            self._in_sight[patch] = np.flatnonzero(~hidden.any(axis=1))
        return self._in_sight[patch]

    def _hidden_behind(self, patch: tuple[int, int]) -> Bools:
        """Return which corners each obstacle hides from the first corner of a patch, shape (corners, obstacles)."""
        if patch not in self._behind:
            self._behind[patch] = _cuts(self._planes, np.multiply(patch, _PATCH_M), self._nodes)
        return self._behind[patch]

    def _look(self, point: Point, nodes: NDArray[np.intp]) -> _Sight:
        """Return which of some corners are in sight of a point, and how far off they are, m."""
        origin, seen = np.asarray(point), nodes
        gaps = np.maximum(np.maximum(self._boxes[:, :2] - origin, origin - self._boxes[:, 2:]), 0.0)
        nearest = np.argsort(gaps.sum(axis=1), kind="stable")
        for shapes in (nearest[:_FIRST_SHAPES], nearest[_FIRST_SHAPES:]):  # Those that are near hide most corners.
            seen = seen[~_cuts(self._planes[:, shapes], origin, self._nodes[seen]).any(axis=1)]
        gaps = self._nodes[seen] - point
        return seen, np.hypot(gaps[:, 0], gaps[:, 1])

    def _is_inside(self, points: Points) -> Bools:
        inside = np.zeros(len(points), dtype=np.bool_)
        for shape in self._shapes:
            inside |= shape.contains(points)
        return inside


class _Blocker:
    """A grown obstacle for tests of single steps, in plain numbers: many steps are tested, one at a time."""

    def __init__(self, polygon: Polygon) -> None:
        corners = [_as_point(corner) for corner in ConvexObstacle(polygon, CLEARANCE_M - _SLACK_M).corners]
        xs, ys = zip(*corners, strict=True)
        self.left, self.right, self.top, self.bottom = min(xs), max(xs), min(ys), max(ys)
        self.planes = [_half_plane(a, b) for a, b in pairwise([*corners, corners[0]])]

    def contains(self, point: Point) -> bool:
        """Return whether the point lies strictly inside."""
        x, y = point
        return all(a * x + b * y < c for a, b, c in self.planes)

    def cuts(self, start: Point, end: Point) -> bool:
        """Return whether the step passes through the inside (Cyrus and Beck, 1978). Touching is not passing through."""
        enter, leave = 0.0, 1.0
        x, y = start
        dx, dy = end[0] - x, end[1] - y
        for a, b, c in self.planes:
            gap, speed = c - a * x - b * y, a * dx + b * dy
            if speed > 0:
                if (at := gap / speed) < leave:
                    leave = at
            elif speed < 0:
                if (at := gap / speed) > enter:
                    enter = at
            elif gap <= 0:
                return False
            if enter >= leave - _TOUCH:
                return False
        return True


def _stacked(shapes: Sequence[Sequence[HalfPlane]]) -> Floats:
    """Return the half-planes of shapes as (edges, shapes, 3); shapes of fewer edges repeat their last one."""
    most = max((len(planes) for planes in shapes), default=0)
    rows = [[*planes, *[planes[-1]] * (most - len(planes))] for planes in shapes]
    return np.asarray(rows, dtype=np.float64).reshape(len(shapes), most, 3).transpose(1, 0, 2)


def _cuts(planes: Floats, start: Floats, ends: Points) -> Bools:
    """Return for segments from `start` to `ends`, shape (N, 2), through which shapes' insides each passes, (N, S)."""
    toward = ends - start
    speeds = planes[:, None, :, 0] * toward[None, :, None, 0] + planes[:, None, :, 1] * toward[None, :, None, 1]
    gaps = np.broadcast_to((planes[..., 2] - planes[..., :2] @ start)[:, None, :], speeds.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = gaps / speeds
    enter = np.where(speeds < 0, times, 0.0).max(axis=0, initial=0.0)
    leave = np.where(speeds > 0, times, 1.0).min(axis=0, initial=1.0)
    never = ((speeds == 0) & (gaps <= 0)).any(axis=0)
    cut: Bools = (enter < leave - _TOUCH) & ~never
    return cut


def _half_plane(a: Point, b: Point) -> HalfPlane:
    """Return the half-plane right of `a` to `b` as seen on the plan: the inside of a polygon that runs clockwise."""
    length = distance(a, b)
    normal = ((b[1] - a[1]) / length, (a[0] - b[0]) / length)
    return (*normal, normal[0] * a[0] + normal[1] * a[1])


def _shortest_ways(sights: Sequence[_Sight]) -> tuple[Floats, NDArray[np.intp]]:
    """Return the shortest length between each two corners, m, and the corner to go to next, both shape (N, N)."""
    count = len(sights)
    lengths = np.full((count, count), np.inf)
    step = np.tile(np.arange(count), (count, 1))
    for node, (seen, metres) in enumerate(sights):
        lengths[node, seen] = metres
    np.fill_diagonal(lengths, 0.0)
    for via in range(count):
        through = lengths[:, via, None] + lengths[None, via, :]
        is_shorter = through < lengths
        lengths = np.where(is_shorter, through, lengths)
        step = np.where(is_shorter, step[:, via, None], step)
    return lengths, step


def _as_point(row: Points) -> Point:
    return (float(row[0]), float(row[1]))
