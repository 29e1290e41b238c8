"""Which areas a point lies in, found quickly: most of the floor is far from any area's edge."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from simulators.core.geometry import Point, Polygon, edges, encloses, side

_CELL_M = 0.5
_EDGE_M = 0.01

KeyT = TypeVar("KeyT", bound=Hashable)
Edges = Sequence[tuple[Point, Point]]
Box = tuple[float, float, float, float]


class AreaIndex(Generic[KeyT]):
    """Tells the areas of any point, exactly as `contains` does.

    The floor is cut into cells of 0.5 m. A cell that no edge of an area comes near lies in the area as a whole or not
    at all; in the others the area is asked. Cells are looked at when somebody first comes there.

    Args:
        areas: Polygons by key, in the order in which they are to be told.
    """

    def __init__(self, areas: Mapping[KeyT, Polygon]) -> None:
        self._areas = [(key, edges(polygon), _box(polygon)) for key, polygon in areas.items()]
        self._cells: dict[tuple[float, float], tuple[tuple[KeyT, ...], tuple[tuple[KeyT, Edges], ...]]] = {}

    def areas_at(self, point: Point) -> tuple[KeyT, ...]:
        """Return the keys of the areas that a point lies in."""
        cell = (point[0] // _CELL_M, point[1] // _CELL_M)
        known = self._cells.get(cell)
        if known is None:
            known = self._cells[cell] = self._look(cell)
        whole, cut = known
        if not cut:
            return whole
        return (*whole, *[key for key, sides in cut if encloses(sides, point)])

    def _look(self, cell: tuple[float, float]) -> tuple[tuple[KeyT, ...], tuple[tuple[KeyT, Edges], ...]]:
        """Return the areas in which a cell lies as a whole, and those that it may lie in partly with their edges."""
        left, top = cell[0] * _CELL_M - _EDGE_M, cell[1] * _CELL_M - _EDGE_M
        size = _CELL_M + 2 * _EDGE_M
        corners = [(left, top), (left + size, top), (left + size, top + size), (left, top + size)]
        right, bottom = corners[2]
        middle = (left + size / 2, top + size / 2)
        whole: list[KeyT] = []
        cut: list[tuple[KeyT, Edges]] = []
        for key, sides, (area_left, area_top, area_right, area_bottom) in self._areas:
            if area_left > right or left > area_right or area_top > bottom or top > area_bottom:
                continue
            if any(_meets(corners, a, b) for a, b in sides):
                cut.append((key, sides))
            elif encloses(sides, middle):
                whole.append(key)
        return tuple(whole), tuple(cut)


def _box(polygon: Polygon) -> Box:
    """Return the left, top, right and bottom end of an area."""
    xs, ys = zip(*polygon, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _meets(corners: Sequence[Point], a: Point, b: Point) -> bool:
    """Return whether a line from `a` to `b` may meet the rectangle with these corners."""
    (left, top), (right, bottom) = corners[0], corners[2]
    if max(a[0], b[0]) < left or min(a[0], b[0]) > right or max(a[1], b[1]) < top or min(a[1], b[1]) > bottom:
        return False
    sides = [side(a, b, corner) > 0 for corner in corners]
    return any(sides) and not all(sides)
