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


class Obstacles:
    """Walls and shelves as each camera meets them, padded so that all cameras are asked at once.

    Args:
        cameras: The cameras, C in all.
        views: The floor that each one sees.
        footprints: Convex footprints and heights, m.
    """

    def __init__(
        self, cameras: Sequence[Camera], views: Sequence[Polygon], footprints: Sequence[tuple[Polygon, float]]
    ) -> None:
        met = [_met(camera, view, footprints) for camera, view in zip(cameras, views, strict=True)]
        most = max(len(each) for each in met)
        edges = max((len(polygon) for polygon, _ in footprints), default=0)
        shape = (len(cameras), most, edges)
        # What is padded stays as a half plane that contains nothing: no ray passes through.
        self._normals: Floats = np.zeros((*shape, 2))
        self._gaps: Floats = np.full(shape, -1.0)  # From the lens to each edge, positive where it is inside.
        self._tops_m: Floats = np.zeros(shape[:2])
        for i, (camera, each) in enumerate(zip(cameras, met, strict=True)):
            for k, (polygon, height_m) in enumerate(each):
                normals, offsets = ConvexObstacle(polygon).half_planes()
                fill = np.arange(edges) % len(normals)  # The same edge twice changes nothing.
                self._normals[i, k] = normals[fill]
                self._gaps[i, k] = (offsets - normals @ np.asarray(camera.position))[fill]
                self._tops_m[i, k] = height_m
        self._eyes_m: Floats = np.array([camera.height_m for camera in cameras])

    def hide(self, cameras: Indices, ways: Floats) -> Floats:
        """Return below which height rays are hidden, m, shape (N, L); minus infinity where nothing is in the way.

        Args:
            cameras: Whose lens each ray begins at, shape (N,).
            ways: From there to the rays' ends along the floor, m, shape (N, L, 2).
        """
        normals, gaps = self._normals[cameras, None], self._gaps[cameras, None]  # (N, 1, W, E[, 2])
        x, y = ways[:, :, None, None, 0], ways[:, :, None, None, 1]
        speeds = x * normals[..., 0] + y * normals[..., 1]  # (N, L, W, E)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = gaps / speeds
        enter = np.where(speeds < 0, times, 0.0).max(axis=3, initial=0.0)
        leave = np.where(speeds > 0, times, 1.0).min(axis=3, initial=1.0)
        passes = (enter < leave - _TOUCH) & ~((speeds == 0) & (gaps <= 0)).any(axis=3)
        tops, eyes = self._tops_m[cameras, None], self._eyes_m[cameras, None, None]
        hidden = np.where(passes, hidden_below(eyes, tops, enter, leave), -np.inf)
        highest: Floats = hidden.max(axis=2, initial=-np.inf)
        return highest


def hidden_below(eye_m: Floats, top_m: Floats, enter: Floats, leave: Floats) -> Floats:
    """Return below which height the ends of rays are hidden by obstacles that they pass through, m.

    Args:
        eye_m: Height of the lens.
        top_m: Heights of the obstacles.
        enter: Share of the way along the floor at which a ray comes into the obstacle, 0 to 1.
        leave: The same where it leaves, above `enter`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        hidden: Floats = eye_m - (eye_m - top_m) / np.where(top_m > eye_m, enter, leave)
    return hidden


def _met(camera: Camera, view: Polygon, footprints: Sequence[tuple[Polygon, float]]) -> list[tuple[Polygon, float]]:
    """Return what can be between a camera and what it sees; not the wall that the camera itself is mounted in."""
    corners = np.array([camera.position, *view])
    low, high = corners.min(axis=0) - BODY_RADIUS_M, corners.max(axis=0) + BODY_RADIUS_M
    met = []
    for polygon, height_m in footprints:
        around = ConvexObstacle(polygon)
        is_apart = (around.corners.max(axis=0) < low).any() or (around.corners.min(axis=0) > high).any()
        carries = height_m >= camera.height_m and around.contains(np.array([camera.position]))[0]
        if not is_apart and not carries:
            met.append((polygon, height_m))
    return met


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
        self._lenses: Floats = np.array([camera.position for camera in scenario.cameras], dtype=np.float64)
        self._eyes_m: Floats = np.array([camera.height_m for camera in scenario.cameras])
        shape = (len(scenario.cameras), 0)
        self._shares: Floats = np.zeros(shape)
        self._behind: Floats = np.zeros((len(_LINES), *shape))  # Hidden by walls and shelves, m, (L, C, P).

    def follow(self, before: Indices) -> None:
        """Take note that others are on the floor than before."""
        self._shares = carried(self._shares, before, 0.0)
        self._behind = carried(self._behind, before, -np.inf)

    def shares(self, crowd: Crowd, in_view: Flags, *, others_left: bool) -> Floats:
        """Return which share of each body each camera sees, 0 to 1, shape (C, P); 0 for who is not in view.

        Args:
            crowd: Who stands where.
            in_view: Whether each camera's view reaches each person, shape (C, P).
            others_left: Whether anyone has left the floor since the tick before.
        """
        if not crowd.moved.any() and not others_left:
            return self._shares
        cameras, persons = np.nonzero(in_view & crowd.moved)
        self._look_past_shelves(cameras, persons, crowd.positions)
        cameras, persons = np.nonzero(in_view)
        hidden_m = np.maximum(
            self._behind[:, cameras, persons].T, self._hidden_by_people(cameras, persons, crowd)
        )  # (N, L)
        heights = crowd.heights_m[persons, None]
        self._shares = np.zeros(in_view.shape)
        self._shares[cameras, persons] = (1 - np.clip(hidden_m / heights, 0.0, 1.0)).mean(axis=1)
        return self._shares

    def _look_past_shelves(self, cameras: Indices, persons: Indices, positions: Floats) -> None:
        ways = _ways(positions[persons] - self._lenses[cameras])
        self._behind[:, cameras, persons] = self._obstacles.hide(cameras, ways).T

    def _hidden_by_people(self, cameras: Indices, persons: Indices, crowd: Crowd) -> Floats:
        """Return below which height people nearer to the camera hide each line of a body, m, shape (N, L)."""
        hidden_m = np.full((len(cameras), len(_LINES)), -np.inf)
        rows, others = self._in_the_way(cameras, persons, crowd.positions)
        if not len(rows):
            return hidden_m
        lenses = self._lenses[cameras[rows]]
        ways = _ways(crowd.positions[persons[rows]] - lenses)  # (M, L, 2)
        to_others = (crowd.positions[others] - lenses)[:, None]
        squares = (ways * ways).sum(axis=2)
        nearest = (ways * to_others).sum(axis=2) / squares
        beside = ((to_others - nearest[..., None] * ways) ** 2).sum(axis=2)
        with np.errstate(invalid="ignore"):
            half = np.sqrt((BODY_RADIUS_M * BODY_RADIUS_M - beside) / squares)
        enter, leave = np.maximum(nearest - half, 0.0), np.minimum(nearest + half, 1.0)
        tops, eyes = crowd.heights_m[others, None], self._eyes_m[cameras[rows], None]
        passes = enter < leave - _TOUCH  # Never where the ray misses: not a number is below nothing.
        np.maximum.at(hidden_m, rows, np.where(passes, hidden_below(eyes, tops, enter, leave), -np.inf))
        return hidden_m

    def _in_the_way(self, cameras: Indices, persons: Indices, positions: Floats) -> tuple[Indices, Indices]:
        """Return which of N sights each of M people may hide, shape (M,), and who that is, shape (M,)."""
        x, y = positions[:, 0] - self._lenses[:, :1], positions[:, 1] - self._lenses[:, 1:]  # (C, P)
        reach = np.hypot(x, y)
        far = np.maximum(reach[cameras, persons], _TOUCH)[:, None]
        ux, uy = x[cameras, persons][:, None] / far, y[cameras, persons][:, None] / far
        ox, oy = x[cameras], y[cameras]  # (N, P)
        is_beside = np.abs(ux * oy - uy * ox) < 2 * BODY_RADIUS_M
        rows, others = np.nonzero(is_beside & (ux * ox + uy * oy > -BODY_RADIUS_M) & (reach[cameras] < far))
        return rows, others


def _ways(ways: Floats) -> Floats:
    """Return for ways to bodies, shape (N, 2), the ways to each of their lines, shape (N, L, 2)."""
    lengths = np.maximum(np.hypot(ways[:, 0], ways[:, 1]), _TOUCH)[:, None]
    across = np.stack([-ways[:, 1], ways[:, 0]], axis=1) / lengths
    lines: Floats = ways[:, None] + _LINES[None, :, None] * across[:, None]
    return lines
