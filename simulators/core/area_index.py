"""Which areas a point lies in, found quickly: most of the floor is far from any area's edge."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from simulators.core.geometry import Point, Polygon, edges, encloses, side

_CELL_M = 0.5
_EDGE_M = 0.01

KeyT = TypeVar("KeyT", bound=Hashable)


class AreaIndex(Generic[KeyT]):
    """Tells the areas of any point, exactly as `contains` does.

    The floor is cut into cells of 0.5 m. A cell that no edge of an area comes near lies in the area as a whole or not
    at all; in the others the area is asked. Cells are looked at when somebody first comes there.

    Args:
        areas: Polygons by key, in the order in which they are to be told.
    """

    def __init__(self, areas: Mapping[KeyT, Polygon]) -> None:
        self._areas = [_Area(key, polygon) for key, polygon in areas.items()]
        self._cells: dict[tuple[float, float], tuple[tuple[KeyT, ...], tuple[_Area[KeyT], ...]]] = {}

    def areas_at(self, point: Point) -> tuple[KeyT, ...]:
        """Return the keys of the areas that a point lies in."""
        cell = (point[0] // _CELL_M, point[1] // _CELL_M)
        known = self._cells.get(cell)
        if known is None:
            known = self._cells[cell] = self._look(cell)
        whole, cut = known
        if not cut:
            return whole
        return (*whole, *[area.key for area in cut if area.has(point)])

    def _look(self, cell: tuple[float, float]) -> tuple[tuple[KeyT, ...], tuple["_Area[KeyT]", ...]]:
        """Return the areas in which a cell lies as a whole, and those that it may lie in partly."""
        left, top = cell[0] * _CELL_M - _EDGE_M, cell[1] * _CELL_M - _EDGE_M
        size = _CELL_M + 2 * _EDGE_M
        corners = [(left, top), (left + size, top), (left + size, top + size), (left, top + size)]
        middle = (left + size / 2, top + size / 2)
        whole: list[KeyT] = []
        cut: list[_Area[KeyT]] = []
        for area in self._areas:
            if not area.is_near(corners[0], corners[2]):
                continue
            if any(_meets(corners, a, b) for a, b in area.sides):
                cut.append(area)
            elif area.has(middle):
                whole.append(area.key)
        return tuple(whole), tuple(cut)


class _Area(Generic[KeyT]):
    """An area with its edges and the rectangle round it."""

    def __init__(self, key: KeyT, polygon: Polygon) -> None:
        self.key, self.sides = key, edges(polygon)
        xs, ys = zip(*polygon, strict=True)
        self._left, self._right = float(min(xs)), float(max(xs))
        self._top, self._bottom = float(min(ys)), float(max(ys))
        is_upright = all(ax == bx or ay == by for (ax, ay), (bx, by) in self.sides)
        self._is_rectangle = is_upright and len(polygon) == len(set(polygon)) == 4  # noqa: PLR2004

    def is_near(self, low: Point, high: Point) -> bool:
        """Return whether the rectangle round the area meets the one between two points."""
        return not (self._left > high[0] or low[0] > self._right or self._top > high[1] or low[1] > self._bottom)

    def has(self, point: Point) -> bool:
        """Return whether a point lies in the area. Most areas are rectangles, which are quickly asked."""
        if self._is_rectangle:
            return self._left <= point[0] < self._right and self._top <= point[1] < self._bottom
        return encloses(self.sides, point)


def _meets(corners: Sequence[Point], a: Point, b: Point) -> bool:
    """Return whether a line from `a` to `b` may meet the rectangle with these corners."""
    (left, top), (right, bottom) = corners[0], corners[2]
    if max(a[0], b[0]) < left or min(a[0], b[0]) > right or max(a[1], b[1]) < top or min(a[1], b[1]) > bottom:
        return False
    sides = [side(a, b, corner) > 0 for corner in corners]
    return any(sides) and not all(sides)
