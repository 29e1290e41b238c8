"""The empty shop as a camera sees it, cast ray by ray, once per camera: colours, nearness, the floor. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import ConvexObstacle, Point, Polygon, contains, signed_area
from simulators.core.optics import CameraOptics
from simulators.core.scenario import Scenario
from simulators.rendering.surfaces import Hits, Surfaces

Floats = NDArray[np.float64]

SUPERSAMPLING = 2
"""Rays and people's pixels per picture pixel, across and down."""

_CEILING_ABOVE_CAMERA_M = 0.35
_REACHES_CEILING_M = 2.2
"""Walls of this height are drawn up to the ceiling, however high that is."""
_LEAST_DEPTH_M = 0.05
_BACKDROP_M = 40.0


@dataclass(frozen=True, slots=True)
class Scenery:
    """What stands still, in fine pixels (`SUPERSAMPLING` per picture pixel): arrays of shape (H, W, ...).

    Attributes:
        colour: Linear red, green, blue, float32, shape (H, W, 3).
        nearness: 1 / depth along the camera's axis, per metre, float32.
        floor_m: The floor's point there, float32, shape (H, W, 2); NaN where something else is seen.
    """

    colour: NDArray[np.float32]
    nearness: NDArray[np.float32]
    floor_m: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Prism:
    """An upright block. Its footprint's corners run clockwise on the plan."""

    polygon: Polygon
    height_m: float
    shelf: int | None


def build_scenery(scenario: Scenario, optics: CameraOptics, seed: int) -> Scenery:
    """Return the empty store as a camera sees it."""
    width, height = (side * SUPERSAMPLING for side in optics.frame_px)
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    rays = optics.rays((pixels + 0.5) / SUPERSAMPLING).reshape(height, width, 3)
    surfaces = Surfaces(scenario, seed)
    colour, depth, floor_m = _ground(rays, optics, surfaces)
    for prism in _prisms(scenario, _ceiling_m(surfaces, optics.eye_m)):
        if not _holds(prism, optics):
            _add(prism, rays, optics, surfaces, colour, depth, floor_m)
    return Scenery(
        colour=colour.astype(np.float32),
        nearness=(1 / depth).astype(np.float32),
        floor_m=floor_m.astype(np.float32),
    )


def _prisms(scenario: Scenario, ceiling_m: float) -> Iterator[_Prism]:
    for wall in scenario.walls:
        height_m = ceiling_m if wall.height_m >= _REACHES_CEILING_M else wall.height_m
        yield _Prism(_clockwise(wall.polygon), height_m, None)
    for index, shelf in enumerate(scenario.shelves):
        yield _Prism(_clockwise(shelf.polygon), shelf.height_m, index)


def _clockwise(polygon: Polygon) -> Polygon:
    return tuple(polygon) if signed_area(polygon) > 0 else tuple(reversed(polygon))


def _holds(prism: _Prism, optics: CameraOptics) -> bool:
    """Return whether the camera hangs inside, as one that is fixed to a wall may: it looks out of it."""
    x, y, z = (float(value) for value in optics.eye_m)
    return z <= prism.height_m and bool(ConvexObstacle(prism.polygon, 0.02).contains(np.array([[x, y]]))[0])


def _ground(rays: Floats, optics: CameraOptics, surfaces: Surfaces) -> tuple[Floats, Floats, Floats]:
    """Return colour, depth and floor points of floor, ceiling and what is far outside."""
    eye = optics.eye_m
    depth = np.full(rays.shape[:2], _BACKDROP_M)
    floor_m = np.full((*rays.shape[:2], 2), np.nan)
    colour = surfaces.backdrop(rays)
    with np.errstate(divide="ignore"):
        down = np.where(rays[..., 2] < 0, -eye[2] / rays[..., 2], np.inf)
        up = np.where(rays[..., 2] > 0, (_ceiling_m(surfaces, eye) - eye[2]) / rays[..., 2], np.inf)
    seen = down < _BACKDROP_M
    points = eye[:2] + down[seen][:, None] * rays[seen][:, :2]
    depth[seen], floor_m[seen], colour[seen] = down[seen], points, surfaces.floor(points)
    above = np.flatnonzero(up.reshape(-1) < _BACKDROP_M)
    points = eye[:2] + up.reshape(-1)[above][:, None] * rays.reshape(-1, 3)[above][:, :2]
    roofed = surfaces.is_inside(points)
    above, points = above[roofed], points[roofed]
    depth.reshape(-1)[above] = up.reshape(-1)[above]
    colour.reshape(-1, 3)[above] = surfaces.ceiling(points)
    return colour, depth, floor_m


def _ceiling_m(surfaces: Surfaces, eye: Floats) -> float:
    return float(max(surfaces.highest_m, eye[2] + _CEILING_ABOVE_CAMERA_M))


def _add(
    prism: _Prism,
    rays: Floats,
    optics: CameraOptics,
    surfaces: Surfaces,
    colour: Floats,
    depth: Floats,
    floor_m: Floats,
) -> None:
    """Paint a block over what is farther away (slab clipping of rays; Cyrus and Beck, 1978)."""
    window = _window(prism, optics, rays.shape)
    if window is None:
        return
    near = rays[window]
    corners = np.asarray(prism.polygon)
    along = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.hypot(along[:, 0], along[:, 1])[:, None]
    gaps = [*((corners - optics.eye_m[:2]) * normals).sum(axis=1), prism.height_m - optics.eye_m[2], optics.eye_m[2]]
    speeds = [*np.moveaxis(near[..., :2] @ normals.T, -1, 0), near[..., 2], -near[..., 2]]
    enter = np.full(near.shape[:2], _LEAST_DEPTH_M)
    leave = np.full(near.shape[:2], np.inf)
    face = np.full(near.shape[:2], -1)
    for index, (gap, speed) in enumerate(zip(gaps, speeds, strict=True)):
        with np.errstate(divide="ignore", invalid="ignore"):
            time = gap / speed
        later = (speed < 0) & (time > enter)
        enter, face = np.where(later, time, enter), np.where(later, index, face)
        leave = np.where(speed > 0, np.minimum(time, leave), leave)
        if gap <= 0:
            leave = np.where(speed == 0, -np.inf, leave)
    hit = (enter < leave) & (face >= 0) & (enter < depth[window])
    points = optics.eye_m + enter[hit][:, None] * near[hit]
    hits = Hits(points=points, face=face[hit], corners=corners, normals=normals, height_m=prism.height_m)
    shelf = prism.shelf
    colour[window][hit] = surfaces.wall(hits) if shelf is None else surfaces.shelf(hits, shelf)
    depth[window][hit] = enter[hit]
    floor_m[window][hit] = np.nan


def _window(prism: _Prism, optics: CameraOptics, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Return the part of the picture in which a block can be, None if it is nowhere in it."""
    whole = (slice(0, shape[0]), slice(0, shape[1]))
    if contains(prism.polygon, _point(optics)):
        return whole
    corners = np.array([(x, y, z) for x, y in prism.polygon for z in (0.0, prism.height_m)])
    pixels, depth_m = optics.project(corners)
    if (depth_m <= _LEAST_DEPTH_M).all():
        return None
    if (depth_m <= _LEAST_DEPTH_M).any() or optics.distorts:
        return whole
    low = np.floor(pixels.min(axis=0) * SUPERSAMPLING).astype(int) - 1
    high = np.ceil(pixels.max(axis=0) * SUPERSAMPLING).astype(int) + 1
    columns, rows = (slice(max(0, low[i]), min(shape[1 - i], max(0, high[i]))) for i in range(2))
    return None if rows.start >= rows.stop or columns.start >= columns.stop else (rows, columns)


def _point(optics: CameraOptics) -> Point:
    return float(optics.eye_m[0]), float(optics.eye_m[1])
