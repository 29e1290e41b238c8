"""How much of each person a camera sees past walls, shelves and other people.

A body is three upright lines as high as the person, across the line of sight. Where the way from a lens at height H to
such a line passes through an obstacle of height h, and leaves it at the share t of the way along the floor, the line is
hidden below H - (H - h) / t; where the obstacle is higher than the lens, the share at which the way comes in counts
instead. So one height for each line says what is hidden, exactly, without testing rays to many heights.
"""

from collections.abc import Sequence

import numpy as np

from simulators.core.crowd import Crowd, Flags, Floats, Indices, carried
from simulators.core.geometry import ConvexObstacle, Polygon
from simulators.core.layout import Camera
from simulators.core.scenario import Scenario

BODY_RADIUS_M = 0.2
"""How far a body reaches to each side."""

_LINES = np.array([-0.6, 0.0, 0.6]) * BODY_RADIUS_M
_TOUCH = 1e-9


class LinesOfSight:
    """How much of everyone each camera sees. People who stand still in unchanged surroundings are not looked at again.

    Args:
        scenario: Cameras, walls and shelves.
        views: The floor that each camera sees.
    """

    def __init__(self, scenario: Scenario, views: Sequence[Polygon]) -> None:
        footprints: list[tuple[Polygon, float]] = [
            *((wall.polygon, wall.height_m) for wall in scenario.walls),
            *((shelf.polygon, shelf.height_m) for shelf in scenario.shelves),
        ]
        self._obstacles = Obstacles(scenario.cameras, views, footprints)
        self._lens_x, self._lens_y = np.array([camera.position for camera in scenario.cameras], dtype=np.float64).T
        self._eyes_m: Floats = np.array([camera.height_m for camera in scenario.cameras])
        shape = (len(scenario.cameras), 0)
        self._shares: Floats = np.zeros(shape)
        self._behind_m: Floats = np.zeros((len(_LINES), *shape))  # Below it, walls and shelves hide everything.

    def follow(self, before: Indices) -> None:
        """Take note that others are on the floor than before."""
        self._shares = carried(self._shares, before, 0.0)
        self._behind_m = carried(self._behind_m, before, -np.inf)

    def shares(self, crowd: Crowd, in_view: Flags, *, others_left: bool) -> Floats:
        """Return which share of each body each camera sees, 0 to 1, shape (C, P); 0 for who is not in view.

        Args:
            crowd: Who stands where.
            in_view: Whether each camera's view reaches each person, shape (C, P).
            others_left: Whether anyone may have left the floor since the tick before.
        """
        if not crowd.movers and not others_left:
            return self._shares
        x, y = crowd.positions.T
        x, y = x - self._lens_x[:, None], y - self._lens_y[:, None]  # From each lens to each person, (C, P).
        cameras, persons = np.nonzero(in_view & crowd.moved)
        lines = _lines_of(x[cameras, persons], y[cameras, persons])
        self._behind_m[:, cameras, persons] = self._obstacles.hide(cameras, *lines)
        cameras, persons = np.nonzero(in_view)
        hidden_m = np.maximum(
            self._behind_m[:, cameras, persons], self._hidden_by_people(cameras, persons, x, y, crowd)
        )
        heights_m = crowd.heights_m[persons]
        seen_m = np.maximum(heights_m - np.maximum(hidden_m, 0.0), 0.0).sum(axis=0)
        self._shares = np.zeros(in_view.shape)
        self._shares[cameras, persons] = seen_m / (len(_LINES) * heights_m)
        return self._shares

    def _hidden_by_people(self, cameras: Indices, persons: Indices, x: Floats, y: Floats, crowd: Crowd) -> Floats:
        """Return below which height people nearer to the camera hide each line of a body, m, shape (L, N)."""
        hidden_m = np.full((len(_LINES), len(cameras)), -np.inf)
        sights, others = _in_the_way(x[cameras, persons], y[cameras, persons], x[cameras], y[cameras], BODY_RADIUS_M)
        lenses = cameras[sights]
        own_x, own_y = x[lenses, persons[sights]], y[lenses, persons[sights]]
        other_x, other_y = x[lenses, others], y[lenses, others]
        is_nearer = other_x * other_x + other_y * other_y < own_x * own_x + own_y * own_y - _TOUCH
        line_x, line_y = _lines_of(own_x, own_y)  # (L, M)
        squares = np.maximum(line_x * line_x + line_y * line_y, _TOUCH)
        nearest = (line_x * other_x + line_y * other_y) / squares
        aside = line_x * other_y - line_y * other_x
        half = np.sqrt(np.maximum(BODY_RADIUS_M * BODY_RADIUS_M - aside * aside / squares, 0.0) / squares)
        enter, leave = np.maximum(nearest - half, 0.0), np.minimum(nearest + half, 1.0)
        passes = is_nearer & (half > 0) & (enter < leave - _TOUCH)  # The half is 0 where the way misses.
        below_m = hidden_below(self._eyes_m[lenses], crowd.heights_m[others], enter, leave)
        np.maximum.at(hidden_m.T, sights, np.where(passes, below_m, -np.inf).T)
        return hidden_m


class Obstacles:
    """Walls and shelves in the way of cameras.

    Args:
        cameras: The cameras, C in all.
        views: The floor that each camera sees.
        footprints: Convex footprints and heights, m, W in all.
    """

    def __init__(
        self, cameras: Sequence[Camera], views: Sequence[Polygon], footprints: Sequence[tuple[Polygon, float]]
    ) -> None:
        shapes = [ConvexObstacle(polygon) for polygon, _ in footprints]
        most = max((len(shape.corners) for shape in shapes), default=1)
        normals, offsets = np.zeros((2, most, len(shapes))), np.zeros((most, len(shapes)))
        for place, shape in enumerate(shapes):
            of_edges, away = shape.half_planes()
            fill = np.arange(most) % len(away)  # The same edge twice changes nothing.
            normals[:, :, place], offsets[:, place] = of_edges[fill].T, away[fill]
        self._normal_x, self._normal_y = normals  # (E, W)
        lens_x, lens_y = np.array([camera.position for camera in cameras], dtype=np.float64).T
        # How far inside each edge each lens is, m, (E, C, W).
        self._gaps: Floats = (
            offsets[:, None] - self._normal_x[:, None] * lens_x[:, None] - (self._normal_y[:, None] * lens_y[:, None])
        )
        self._tops_m: Floats = np.array([height_m for _, height_m in footprints])
        self._eyes_m: Floats = np.array([camera.height_m for camera in cameras])
        centres = np.array([shape.corners.mean(axis=0) for shape in shapes]).reshape(-1, 2)
        self._x, self._y = centres[:, 0] - lens_x[:, None], centres[:, 1] - lens_y[:, None]  # (C, W)
        reaches = [np.hypot(*(shape.corners - at).T).max() for shape, at in zip(shapes, centres, strict=True)]
        self._reaches_m: Floats = np.array(reaches)
        near = [_are_near(camera, view, shapes) for camera, view in zip(cameras, views, strict=True)]
        # A wall that a camera is mounted in hides nothing from it.
        carries = (self._gaps > 0).all(axis=0) & (self._tops_m >= self._eyes_m[:, None])
        self._counts: Flags = np.array(near, dtype=np.bool_) & ~carries

    def hide(self, cameras: Indices, line_x: Floats, line_y: Floats) -> Floats:
        """Return below which height lines are hidden, m, shape (L, N); minus infinity where nothing is in the way.

        Args:
            cameras: From whose lens the ways lead, shape (N,).
            line_x: The ways from there to the lines along the floor, m, shape (L, N).
            line_y: The same along the other axis.
        """
        hidden_m = np.full(line_x.shape, -np.inf)
        middle = len(_LINES) // 2
        x, y = self._x[cameras], self._y[cameras]
        ways, which = _in_the_way(line_x[middle], line_y[middle], x, y, self._reaches_m, self._counts[cameras])
        lenses = cameras[ways]
        line_x, line_y = line_x[:, None, ways], line_y[:, None, ways]
        speeds = self._normal_x[:, which] * line_x + self._normal_y[:, which] * line_y  # (L, E, M)
        gaps = self._gaps[:, lenses, which]
        # Each way is clipped by the edges' half planes (Cyrus and Beck, 1978).
        is_along = speeds == 0
        times = gaps / np.where(is_along, 1.0, speeds)
        enter = np.where(speeds < 0, times, 0.0).max(axis=1, initial=0.0)
        leave = np.where(speeds > 0, times, 1.0).min(axis=1, initial=1.0)
        passes = (enter < leave - _TOUCH) & ~(is_along & (gaps <= 0)).any(axis=1)
        below_m = hidden_below(self._eyes_m[lenses], self._tops_m[which], enter, leave)
        np.maximum.at(hidden_m.T, ways, np.where(passes, below_m, -np.inf).T)
        return hidden_m


def hidden_below(eye_m: Floats, top_m: Floats, enter: Floats, leave: Floats) -> Floats:
    """Return below which height lines are hidden by obstacles that the ways to them pass through, m.

    Args:
        eye_m: Height of the lens.
        top_m: Heights of the obstacles.
        enter: Share of the way along the floor at which it comes into the obstacle, 0 to 1.
        leave: The same where it leaves, above `enter`.
    """
    hidden: Floats = eye_m - (eye_m - top_m) / np.maximum(np.where(top_m > eye_m, enter, leave), _TOUCH)
    return hidden


def _are_near(camera: Camera, view: Polygon, shapes: Sequence[ConvexObstacle]) -> list[bool]:
    """Return which obstacles reach into the rectangle round a camera and all that it sees."""
    corners = np.array([camera.position, *view])
    low, high = corners.min(axis=0) - BODY_RADIUS_M, corners.max(axis=0) + BODY_RADIUS_M
    return [bool(((shape.corners.max(axis=0) > low) & (shape.corners.min(axis=0) < high)).all()) for shape in shapes]


def _in_the_way(
    way_x: Floats, way_y: Floats, x: Floats, y: Floats, reach_m: Floats | float, counts: Flags | None = None
) -> tuple[Indices, Indices]:
    """Return what may hide a body at the end of a way.

    Args:
        way_x: Ways from lenses to bodies, m, shape (N,).
        way_y: The same along the other axis.
        x: From the same lenses to the middles of K things, m, shape (N, K).
        y: The same along the other axis.
        reach_m: How far each thing reaches from its middle, m, shape (K,).
        counts: Which of them count at all, shape (N, K).

    Returns:
        Index of the way, shape (M,), and of the thing, shape (M,).
    """
    far = np.maximum(np.hypot(way_x, way_y), _TOUCH)
    ahead_x, ahead_y = (way_x / far)[:, None], (way_y / far)[:, None]
    reach = reach_m + BODY_RADIUS_M
    along = ahead_x * x + ahead_y * y
    near = (np.abs(ahead_x * y - ahead_y * x) < reach) & (along > -reach) & (along < far[:, None] + reach)
    if counts is not None:
        near &= counts
    ways, things = np.nonzero(near)
    return ways, things


def _lines_of(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return for ways to bodies, shape (N,), the ways to each of their lines, shape (L, N), along both axes."""
    aside = _LINES[:, None] / np.maximum(np.hypot(x, y), _TOUCH)
    return x - y * aside, y + x * aside
