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

    Somebody hides others only inside the rectangle, along the axes of the floor, round a camera and all that it sees.

    Args:
        scenario: Cameras, walls and shelves.
        views: The floor that each camera sees.
    """

    def __init__(self, scenario: Scenario, views: Sequence[Polygon]) -> None:
        footprints: list[tuple[Polygon, float]] = [
            *((wall.polygon, wall.height_m) for wall in scenario.walls),
            *((shelf.polygon, shelf.height_m) for shelf in scenario.shelves),
        ]
        self._lenses: Floats = np.array([camera.position for camera in scenario.cameras])
        self._eyes_m: Floats = np.array([camera.height_m for camera in scenario.cameras])
        corners = [np.array([camera.position, *view]) for camera, view in zip(scenario.cameras, views, strict=True)]
        self._low: Floats = np.array([each.min(axis=0) for each in corners]) - BODY_RADIUS_M
        self._high: Floats = np.array([each.max(axis=0) for each in corners]) + BODY_RADIUS_M
        self._obstacles = Obstacles(scenario.cameras, footprints, self._low, self._high)
        self._shares: Floats = np.zeros((len(corners), 0))
        self._behind_m: Floats = np.zeros((len(_LINES), len(corners), 0))  # Below it, walls and shelves hide all.

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
        if not crowd.moved.any() and not others_left:
            return self._shares
        cameras, persons = np.nonzero(in_view & crowd.moved)
        ways = _ways(crowd.positions[persons] - self._lenses[cameras])
        self._behind_m[:, cameras, persons] = self._obstacles.hide(cameras, ways).T
        cameras, persons = np.nonzero(in_view)
        hidden_m = np.maximum(self._behind_m[:, cameras, persons].T, self._hidden_by_people(cameras, persons, crowd))
        self._shares = np.zeros(in_view.shape)
        self._shares[cameras, persons] = (1 - np.clip(hidden_m / crowd.heights_m[persons, None], 0.0, 1.0)).mean(axis=1)
        return self._shares

    def _hidden_by_people(self, cameras: Indices, persons: Indices, crowd: Crowd) -> Floats:
        """Return below which height people nearer to the camera hide each line of a body, m, shape (N, L)."""
        hidden_m = np.full((len(cameras), len(_LINES)), -np.inf)
        rows, others = self._in_the_way(cameras, persons, crowd.positions)
        lenses = self._lenses[cameras[rows]]
        ways = _ways(crowd.positions[persons[rows]] - lenses)  # (M, L, 2)
        x, y = ways[..., 0], ways[..., 1]
        other_x, other_y = (crowd.positions[others] - lenses).T[..., None]
        squares = np.maximum(x * x + y * y, _TOUCH)
        nearest = (x * other_x + y * other_y) / squares
        beside = (x * other_y - y * other_x) ** 2 / squares
        half = np.sqrt(np.maximum(BODY_RADIUS_M * BODY_RADIUS_M - beside, 0.0) / squares)  # 0 where the way misses.
        enter, leave = np.maximum(nearest - half, 0.0), np.minimum(nearest + half, 1.0)
        below_m = hidden_below(self._eyes_m[cameras[rows], None], crowd.heights_m[others, None], enter, leave)
        np.maximum.at(hidden_m, rows, np.where((enter < leave - _TOUCH) & (half > 0), below_m, -np.inf))
        return hidden_m

    def _in_the_way(self, cameras: Indices, persons: Indices, positions: Floats) -> tuple[Indices, Indices]:
        """Return which of N sights each of M people may hide, shape (M,), and who that is, shape (M,)."""
        x, y = positions.T
        around = (x >= self._low[:, :1]) & (x <= self._high[:, :1]) & (y >= self._low[:, 1:]) & (y <= self._high[:, 1:])
        rows, others = _joined(cameras, around)
        to_x, to_y = (positions[persons] - self._lenses[cameras]).T
        far = np.maximum(np.hypot(to_x, to_y), _TOUCH)
        to_others = positions[others] - self._lenses[cameras[rows]]
        near = _may_touch((to_x / far)[rows], (to_y / far)[rows], far[rows], to_others, BODY_RADIUS_M)
        near &= (to_others * to_others).sum(axis=1) < (far * far)[rows] - _TOUCH
        return rows[near], others[near]


class Obstacles:
    """Walls and shelves in the way of cameras.

    Args:
        cameras: The cameras, C in all.
        footprints: Convex footprints and heights, m, W in all.
        low: The least x and y that matters to each camera, shape (C, 2).
        high: The greatest ones, shape (C, 2).
    """

    def __init__(
        self, cameras: Sequence[Camera], footprints: Sequence[tuple[Polygon, float]], low: Floats, high: Floats
    ) -> None:
        shapes = [ConvexObstacle(polygon) for polygon, _ in footprints]
        edges = max((len(shape.corners) for shape in shapes), default=1)
        self._normals: Floats = np.zeros((2, edges, len(shapes)))
        self._offsets: Floats = np.zeros((edges, len(shapes)))
        for place, shape in enumerate(shapes):
            normals, offsets = shape.half_planes()
            fill = np.arange(edges) % len(normals)  # The same edge twice changes nothing.
            self._normals[:, :, place], self._offsets[:, place] = normals[fill].T, offsets[fill]
        self._tops_m: Floats = np.array([height_m for _, height_m in footprints])
        self._lenses: Floats = np.array([camera.position for camera in cameras])
        self._eyes_m: Floats = np.array([camera.height_m for camera in cameras])
        centres = [shape.corners.mean(axis=0) for shape in shapes]
        reaches = [np.hypot(*(shape.corners - at).T).max() for shape, at in zip(shapes, centres, strict=True)]
        self._centres: Floats = np.array(centres).reshape(-1, 2)
        self._reaches_m: Floats = np.array(reaches)
        holds = np.array([shape.contains(self._lenses) for shape in shapes], dtype=np.bool_).reshape(-1, len(cameras)).T
        least = np.array([shape.corners.min(axis=0) for shape in shapes]).reshape(-1, 2)
        most = np.array([shape.corners.max(axis=0) for shape in shapes]).reshape(-1, 2)
        is_around = (most > low[:, None]).all(axis=2) & (least < high[:, None]).all(axis=2)
        # A wall that a camera is mounted in hides nothing from it.
        self._around: Flags = is_around & ~(holds & (self._tops_m >= self._eyes_m[:, None]))

    def hide(self, cameras: Indices, ways: Floats) -> Floats:
        """Return below which height lines are hidden, m, shape (N, L); minus infinity where nothing is in the way.

        Args:
            cameras: From whose lens the ways lead, shape (N,).
            ways: From there to the lines along the floor, m, shape (N, L, 2).
        """
        hidden_m = np.full(ways.shape[:2], -np.inf)
        rows, which = self._in_the_way(cameras, ways.mean(axis=1))
        lens_x, lens_y = self._lenses[cameras[rows]].T
        normal_x, normal_y = self._normals[:, :, which]  # Each (E, M).
        gaps = (self._offsets[:, which] - normal_x * lens_x - normal_y * lens_y)[..., None]
        speeds = normal_x[..., None] * ways[rows, :, 0] + normal_y[..., None] * ways[rows, :, 1]  # (E, M, L)
        # Each way is clipped by the edges' half planes (Cyrus and Beck, 1978).
        with np.errstate(divide="ignore", invalid="ignore"):
            times = gaps / speeds
        enter = np.where(speeds < 0, times, 0.0).max(axis=0, initial=0.0)
        leave = np.where(speeds > 0, times, 1.0).min(axis=0, initial=1.0)
        passes = (enter < leave - _TOUCH) & ~((speeds == 0) & (gaps <= 0)).any(axis=0)
        below_m = hidden_below(self._eyes_m[cameras[rows], None], self._tops_m[which, None], enter, leave)
        np.maximum.at(hidden_m, rows, np.where(passes, below_m, -np.inf))
        return hidden_m

    def _in_the_way(self, cameras: Indices, ways: Floats) -> tuple[Indices, Indices]:
        """Return which of N ways each of M obstacles may cross, shape (M,), and which that is, shape (M,)."""
        rows, which = _joined(cameras, self._around)
        far = np.maximum(np.hypot(ways[:, 0], ways[:, 1]), _TOUCH)
        to_centres = self._centres[which] - self._lenses[cameras[rows]]
        near = _may_touch(
            (ways[:, 0] / far)[rows], (ways[:, 1] / far)[rows], far[rows], to_centres, self._reaches_m[which]
        )
        return rows[near], which[near]


def hidden_below(eye_m: Floats, top_m: Floats, enter: Floats, leave: Floats) -> Floats:
    """Return below which height lines are hidden by obstacles that the ways to them pass through, m.

    Args:
        eye_m: Height of the lens.
        top_m: Heights of the obstacles.
        enter: Share of the way along the floor at which it comes into the obstacle, 0 to 1.
        leave: The same where it leaves, above `enter`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        hidden: Floats = eye_m - (eye_m - top_m) / np.where(top_m > eye_m, enter, leave)
    return hidden


def _joined(cameras: Indices, around: Flags) -> tuple[Indices, Indices]:
    """Return all pairs of a row, with its camera, and something around that camera, given as flags of shape (C, K)."""
    places, things = np.nonzero(around)
    counts = np.bincount(places, minlength=len(around))
    of_rows = counts[cameras]
    rows = np.repeat(np.arange(len(cameras)), of_rows)
    firsts = (np.cumsum(counts) - counts)[cameras] - (np.cumsum(of_rows) - of_rows)
    return rows, things[np.arange(len(rows)) + firsts[rows]]


def _may_touch(ahead_x: Floats, ahead_y: Floats, far: Floats, to_centres: Floats, radii_m: Floats | float) -> Flags:
    """Return whether a body at the end of a way in a direction, so far away, may be hidden by something round, (M,)."""
    x, y = to_centres.T
    along = ahead_x * x + ahead_y * y
    reach = radii_m + BODY_RADIUS_M
    near: Flags = (np.abs(ahead_x * y - ahead_y * x) < reach) & (along > -reach) & (along < far + reach)
    return near


def _ways(ways: Floats) -> Floats:
    """Return for ways to bodies, shape (N, 2), the ways to each of their lines, shape (N, L, 2)."""
    x, y = ways[:, :1], ways[:, 1:]
    aside = _LINES / np.maximum(np.hypot(x, y), _TOUCH)
    lines: Floats = np.stack([x - y * aside, y + x * aside], axis=2)
    return lines
