"""Reads and writes a garment's npz file, checked value by value."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import make_body
from simulators.rendering.clothing.bundle import VERTICES
from simulators.rendering.clothing.files import read_arrays
from simulators.rendering.clothing.forms import REFERENCE
from simulators.rendering.clothing.meshes import lighter
from simulators.rendering.clothing.pieces import MAKEHUMAN_TOPOLOGY, AssetError, Fitting, Surface, Topology
from simulators.rendering.fabrics import Floats32, linear

Indices = NDArray[np.int64]

MOST_POINTS = 60_000
MOST_COLOURED = 15_000
_CELL_M = 0.012
_SUM_TOLERANCE = 0.02
_FARTHEST_M = 2.0
_GREY = 128


class GarmentFile:
    """What a garment's npz file holds.

    `anchors`, `shares`, `offsets_m` (shape (V, 3)) say how V points follow a body, `triangles` (T, 3) join them, `uv`
    (V, 2) places them in a picture, or `colours` (V, 3), 0 to 255, paints them. `hides` (K,), of a bundle's body alone,
    names vertices beneath.

    Args:
        path: The file.
        topology: The body that it is made for.
        has_picture: Whether `uv` is wanted rather than `colours`.

    Raises:
        AssetError: An array is missing, has another shape, or values that cannot be.
    """

    def __init__(self, path: Path, topology: Topology, *, has_picture: bool) -> None:
        self._path, self._arrays = path, read_arrays(path)
        body = VERTICES if topology == MAKEHUMAN_TOPOLOGY else len(make_body(REFERENCE).vertices)
        anchors = self._indices("anchors", 3, body, f"vertices of topology {topology}")
        self._count = len(anchors)
        if not 3 <= self._count <= MOST_POINTS:  # noqa: PLR2004 - a triangle's corners
            msg = f"{path}: 'anchors' is of {self._count} points; a mesh has 3 to {MOST_POINTS}"
            raise AssetError(msg)
        self.fitting = Fitting(anchors, self._shares(), self._floats("offsets_m", 3, _FARTHEST_M))
        self._triangles = self._indices("triangles", 3, self._count, "points of the mesh")
        self.hides = self._hidden(topology, body)
        self._uv = self._floats("uv", 2) if has_picture else None
        self._colours = None if has_picture else self._painted()

    def surface(self, points_m: NDArray[np.float64]) -> Surface:
        """Return its triangles, made light enough to be drawn.

        Args:
            points_m: Where its points are on a middling body, shape (V, 3).
        """
        if self._uv is not None:
            return lighter(points_m, np.arange(self._count), self._uv, self._triangles, _CELL_M)
        corners = np.arange(self._triangles.size).reshape(-1, 3)
        return lighter(points_m, self._triangles.reshape(-1), _cells(len(corners)), corners, _CELL_M)

    def colours(self) -> Floats32:
        """Return a picture with a cell for each triangle, of the mean colour of its points; RGB shares of light."""
        side = _side(len(self._triangles))
        picture = np.full((side, side, 3), _GREY, dtype=np.uint8)
        if self._colours is not None:
            cells = np.arange(len(self._triangles))
            picture[cells // side, cells % side] = self._colours[self._triangles].mean(axis=1)
        return linear(picture)

    def _shares(self) -> Floats32:
        shares = self._floats("shares", 3)
        off = np.abs(shares.sum(axis=1) - 1)
        worst = int(off.argmax())
        if off[worst] > _SUM_TOLERANCE:
            msg = f"{self._path}: 'shares' of point {worst} sum to {shares[worst].sum():.3f}, not to 1"
            raise AssetError(msg)
        return shares

    def _hidden(self, topology: Topology, body: int) -> Indices:
        if "hides" not in self._arrays:
            return np.zeros(0, dtype=np.int64)
        if topology != MAKEHUMAN_TOPOLOGY:
            msg = f"{self._path}: 'hides' is for garments of {MAKEHUMAN_TOPOLOGY}; leave it out for {topology}"
            raise AssetError(msg)
        return self._indices("hides", None, body, "vertices of the body")

    def _painted(self) -> Floats32:
        colours = self._floats("colours", 3, 255.0)
        if len(self._triangles) > MOST_COLOURED:
            msg = f"{self._path} has {len(self._triangles)} triangles; {MOST_COLOURED} may have colours, more a picture"
            raise AssetError(msg)
        return np.abs(colours)

    def _array(self, name: str, columns: int | None) -> NDArray[Any]:
        if name not in self._arrays:
            msg = f"{self._path} has no array {name!r}; it has {', '.join(sorted(self._arrays)) or 'none'}"
            raise AssetError(msg)
        array = self._arrays[name]
        wanted = (len(array), columns) if columns and array.ndim else (array.size,)
        if array.shape != wanted:
            msg = f"{self._path}: {name!r} has shape {array.shape}, not {f'(any, {columns})' if columns else '(any,)'}"
            raise AssetError(msg)
        return array

    def _indices(self, name: str, columns: int | None, below: int, what: str) -> Indices:
        array = self._array(name, columns)
        if array.dtype.kind not in "iu":
            msg = f"{self._path}: {name!r} holds {array.dtype}, not whole numbers"
            raise AssetError(msg)
        if array.size and not 0 <= array.min() <= array.max() < below:
            worst = array.max() if array.max() >= below else array.min()
            msg = f"{self._path}: {name!r} names {worst}; {what} are 0 to {below - 1}"
            raise AssetError(msg)
        return array.astype(np.int64)

    def _floats(self, name: str, columns: int, most: float | None = None) -> Floats32:
        array = self._array(name, columns)
        if len(array) != self._count:
            msg = f"{self._path}: {name!r} has {len(array)} rows, but 'anchors' has {self._count}"
            raise AssetError(msg)
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            msg = f"{self._path}: {name!r} holds something that is no finite number"
            raise AssetError(msg)
        if most is not None and np.abs(array).max() > most:
            msg = f"{self._path}: {name!r} has {float(np.abs(array).max()):g}; at most {most:g}"
            raise AssetError(msg)
        return array.astype(np.float32)


def _side(triangles: int) -> int:
    return max(1, int(np.ceil(np.sqrt(triangles))))


def _cells(triangles: int) -> Floats32:
    """Return the middle of each triangle's cell of a square picture, for each of its corners, shape (3 T, 2)."""
    side = _side(triangles)
    cell = np.repeat(np.arange(triangles), 3)
    return np.column_stack([(cell % side + 0.5) / side, 1 - (cell // side + 0.5) / side]).astype(np.float32)
