"""Which part of the floor each camera reports on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulators.core.errors import ScenarioError
from simulators.core.geometry import Points, Polygon, edges
from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics


def view_polygon(camera: Camera) -> Polygon:
    """Return the floor that a camera reports on: what it `sees`, or all that its picture shows within its range.

    Raises:
        ScenarioError: Its picture shows no floor, or its lens cannot be.
    """
    if camera.sees is not None:
        return camera.sees
    try:
        return CameraOptics(camera).footprint(camera.range_m)
    except ValueError as error:
        key = f"camera {camera.id}"
        raise ScenarioError(key, camera.looks_at, str(error)) from error


class ViewAreas:
    """Polygons of several cameras, to be asked about many points at once.

    Args:
        polygons: One per camera, C in all.
    """

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        self._low: Points = np.array([np.min(polygon, axis=0) for polygon in polygons])
        self._high: Points = np.array([np.max(polygon, axis=0) for polygon in polygons])
        most = max(len(polygon) for polygon in polygons)
        # A shorter polygon is filled up with edges of no length, which no ray ever meets.
        padded = [[*edges(polygon), *[(polygon[0], polygon[0])] * (most - len(polygon))] for polygon in polygons]
        (ax, ay), (bx, by) = np.asarray(padded, dtype=np.float64).transpose(2, 3, 1, 0)  # Each (E, C).
        rise = np.where(by == ay, 1.0, by - ay)
        self._lower, self._upper = np.minimum(ay, by), np.maximum(ay, by)
        self._slope = (bx - ax) / rise
        self._base = ax - ay * self._slope

    def contain(self, points: Points) -> NDArray[np.bool_]:
        """Return for points of shape (N, 2) whether each camera sees each, shape (C, N), by the even-odd rule."""
        x, y = points.T
        inside: NDArray[np.bool_] = (
            (x >= self._low[:, :1]) & (x <= self._high[:, :1]) & (y >= self._low[:, 1:]) & (y <= self._high[:, 1:])
        )
        cameras, places = np.nonzero(inside)
        x, y = x[places], y[places]
        met: NDArray[np.bool_] = (self._lower[:, cameras] <= y) & (y < self._upper[:, cameras])
        met &= x < self._slope[:, cameras] * y + self._base[:, cameras]
        inside[cameras, places] = np.logical_xor.reduce(met, axis=0)
        return inside
