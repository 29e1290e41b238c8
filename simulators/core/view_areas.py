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
        most = max(len(polygon) for polygon in polygons)
        # A shorter polygon is filled up with edges of no length, which no ray ever meets.
        padded = [[*edges(polygon), *[(polygon[0], polygon[0])] * (most - len(polygon))] for polygon in polygons]
        corners = np.asarray(padded, dtype=np.float64)  # (C, E, start or end, xy)
        (ax, ay), (bx, by) = corners[:, :, 0].transpose(2, 0, 1), corners[:, :, 1].transpose(2, 0, 1)
        rise = np.where(by == ay, 1.0, by - ay)
        self._low, self._high = np.minimum(ay, by)[..., None], np.maximum(ay, by)[..., None]
        self._slope = ((bx - ax) / rise)[..., None]
        self._base = (ax - ay * (bx - ax) / rise)[..., None]

    def contain(self, points: Points) -> NDArray[np.bool_]:
        """Return for points of shape (N, 2) whether each camera sees each, shape (C, N), by the even-odd rule."""
        x, y = points[:, 0], points[:, 1]
        met = (self._low <= y) & (y < self._high) & (x < self._slope * y + self._base)
        inside: NDArray[np.bool_] = np.logical_xor.reduce(met, axis=1)
        return inside
