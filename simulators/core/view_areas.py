"""Who stands in which camera's view."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Points, Polygon, edges

Edge = tuple[float, float, float]


class ViewAreas:
    """Polygons of several cameras, to be asked about many points at once.

    Each polygon is cut into slabs at the y of its corners, so that a point is compared only with the few edges that
    cross its own slab (the slab method of Dobkin and Lipton, "Multidimensional searching problems", 1976).

    Args:
        polygons: One per camera, C in all.
    """

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        self._low: Points = np.array([np.min(polygon, axis=0) for polygon in polygons])
        self._high: Points = np.array([np.max(polygon, axis=0) for polygon in polygons])
        # Polygon after polygon along one axis, so that one search finds the slab in the right one.
        self._shift_m = float(self._high[:, 1].max() - self._low[:, 1].min()) + 1.0
        slabs: list[list[Edge]] = [[]]
        levels: list[float] = []
        for camera, polygon in enumerate(polygons):
            corners_y = sorted({y for _, y in polygon})
            levels += [y + camera * self._shift_m for y in corners_y]
            slabs += [_crossing(polygon, (low + high) / 2) for low, high in pairwise(corners_y)]
            slabs.append([])
        self._levels = np.array(levels)
        most = max(len(slab) for slab in slabs)
        nothing = (-np.inf, 0.0, 0.0)  # No point lies left of it.
        padded = np.array([[*slab, *[nothing] * (most - len(slab))] for slab in slabs]).reshape(len(slabs), most, 3)
        self._x, self._y, self._slope = (np.ascontiguousarray(values) for values in padded.transpose(2, 1, 0))

    def contain(self, points: Points) -> NDArray[np.bool_]:
        """Return for points of shape (N, 2) whether each camera sees each, shape (C, N), by the even-odd rule."""
        x, y = points.T
        low, high = self._low, self._high
        inside: NDArray[np.bool_] = (x >= low[:, :1]) & (x <= high[:, :1]) & (y >= low[:, 1:]) & (y <= high[:, 1:])
        cameras, places = np.nonzero(inside)
        x, y = x[places], y[places]
        slabs = np.searchsorted(self._levels, y + cameras * self._shift_m, side="right")
        left = x < self._x.take(slabs, axis=1) + (y - self._y.take(slabs, axis=1)) * self._slope.take(slabs, axis=1)
        inside[cameras, places] = np.logical_xor.reduce(left, axis=0)
        return inside


def _crossing(polygon: Polygon, y: float) -> list[Edge]:
    """Return the edges that cross a height, as a point of each and its slope, x per y."""
    return [(ax, ay, (bx - ax) / (by - ay)) for (ax, ay), (bx, by) in edges(polygon) if (ay > y) != (by > y)]
