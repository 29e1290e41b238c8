"""Plane geometry on the store's floor. Metres; x to the right and y down, as a plan is drawn on a screen."""

from collections.abc import Sequence
from itertools import pairwise
from math import hypot

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
Polygon = Sequence[Point]
Points = NDArray[np.float64]  # (N, 2)


def distance(a: Point, b: Point) -> float:
    """Return metres between two points."""
    return hypot(b[0] - a[0], b[1] - a[1])


def edges(polygon: Polygon) -> list[tuple[Point, Point]]:
    """Return the polygon's edges, the closing one last."""
    return [*pairwise(polygon), (polygon[-1], polygon[0])]


def signed_area(polygon: Polygon) -> float:
    """Return m²; positive where the corners run clockwise as seen on the plan."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in edges(polygon)) / 2


def contains(polygon: Polygon, point: Point) -> bool:
    """Return whether the point lies in the polygon (even-odd rule; a point on an edge may fall to either side)."""
    return encloses(edges(polygon), point)


def encloses(sides: Sequence[tuple[Point, Point]], point: Point) -> bool:
    """Return the same of a polygon given by its edges, for those who ask often."""
    x, y = point
    is_inside = False
    for (ax, ay), (bx, by) in sides:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            is_inside = not is_inside
    return is_inside


def distance_to_edge(polygon: Polygon, point: Point) -> float:
    """Return metres from the point to the polygon's nearest edge."""
    return min(_distance_to_segment(point, a, b) for a, b in edges(polygon))


def _distance_to_segment(point: Point, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length_squared = dx * dx + dy * dy
    along = ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / length_squared if length_squared else 0.0
    along = min(1.0, max(0.0, along))
    return distance(point, (a[0] + along * dx, a[1] + along * dy))


def side(a: Point, b: Point, point: Point) -> float:
    """Return m²; positive where `point` lies right of the direction `a`->`b` as seen on the plan."""
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def crossing(wire: tuple[Point, Point], before: Point, after: Point) -> int:
    """Return +1 if the step crosses the wire from its left to its right, -1 the other way, 0 if it does not cross."""
    start, end = wire
    turned = (side(start, end, after) > 0) - (side(start, end, before) > 0)
    if turned and side(before, after, start) * side(before, after, end) <= 0:
        return turned
    return 0


def crossing_share(wire: tuple[Point, Point], before: Point, after: Point) -> float:
    """Return how far along a crossing step the wire lies, 0 at `before` to 1 at `after`."""
    at_before, at_after = (side(*wire, point) for point in (before, after))
    return at_before / (at_before - at_after)


class ConvexObstacle:
    """A convex polygon, grown by a margin on every side with mitred corners.

    Raises:
        ValueError: The polygon is not convex, or it has fewer than three corners or no area.
    """

    def __init__(self, polygon: Polygon, margin_m: float = 0.0) -> None:
        corners = np.asarray(polygon if signed_area(polygon) > 0 else list(reversed(polygon)), dtype=np.float64)
        along = np.roll(corners, -1, axis=0) - corners
        turns = along[:, 0] * np.roll(along, -1, axis=0)[:, 1] - along[:, 1] * np.roll(along, -1, axis=0)[:, 0]
        if len(corners) < 3 or not (turns > 0).all():  # noqa: PLR2004
            msg = f"expected a convex polygon of at least three corners, got {[list(corner) for corner in polygon]}"
            raise ValueError(msg)
        lengths = np.hypot(along[:, 0], along[:, 1])
        self._normals: Points = np.stack([along[:, 1], -along[:, 0]], axis=1) / lengths[:, None]
        self._offsets = (self._normals * corners).sum(axis=1) + margin_m
        incoming = np.roll(self._normals, 1, axis=0)
        mitre = (incoming + self._normals) / (1 + (incoming * self._normals).sum(axis=1))[:, None]
        self.corners: Points = corners + margin_m * mitre

    def half_planes(self) -> tuple[Points, NDArray[np.float64]]:
        """Return each edge's outward unit normal n, shape (E, 2), and offset d, shape (E,): inside is n · p < d."""
        return self._normals, self._offsets

    def contains(self, points: Points) -> NDArray[np.bool_]:
        """Return for points of shape (N, 2) whether each lies strictly inside, shape (N,)."""
        inside: NDArray[np.bool_] = (points @ self._normals.T < self._offsets).all(axis=1)
        return inside

    def blocks(self, start: Point, ends: Points) -> NDArray[np.bool_]:
        """Return for segments from `start` to `ends`, shape (N, 2), whether each passes through the inside, (N,).

        Clips each segment by the edges' half-planes (Cyrus and Beck, 1978). Touching an edge is not passing through.
        """
        origin = np.asarray(start)
        speeds = (ends - origin) @ self._normals.T
        gaps = np.broadcast_to(self._offsets - self._normals @ origin, speeds.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = gaps / speeds
        enter = np.where(speeds < 0, times, 0.0).max(axis=1, initial=0.0)
        leave = np.where(speeds > 0, times, 1.0).min(axis=1, initial=1.0)
        never = ((speeds == 0) & (gaps <= 0)).any(axis=1)
        blocked: NDArray[np.bool_] = (enter < leave - 1e-9) & ~never
        return blocked
