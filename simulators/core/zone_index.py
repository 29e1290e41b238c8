"""Which zones a point lies in, found quickly: most of the floor is far from any zone's edge."""

from collections.abc import Sequence
from math import floor

from simulators.core.geometry import Point, contains, edges, side
from simulators.core.layout import Zone

_CELL_M = 0.5
_EDGE_M = 0.01


class ZoneIndex:
    """Tells the zones of any point, exactly as `contains` does.

    The floor is cut into cells of 0.5 m. A cell that no edge of a zone comes near lies in the zone as a whole or not at
    all; in the others the zone is asked. Cells are looked at when somebody first comes there.

    Args:
        zones: In the order in which they are to be told.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = [(zone, _box(zone)) for zone in zones]
        self._cells: dict[tuple[int, int], tuple[tuple[str, ...], tuple[Zone, ...]]] = {}

    def zones_at(self, point: Point) -> tuple[str, ...]:
        """Return the ids of the zones that a point lies in."""
        cell = (floor(point[0] / _CELL_M), floor(point[1] / _CELL_M))
        known = self._cells.get(cell)
        if known is None:
            known = self._cells[cell] = self._look(cell)
        whole, cut = known
        if not cut:
            return whole
        return (*whole, *(zone.id for zone in cut if contains(zone.polygon, point)))

    def _look(self, cell: tuple[int, int]) -> tuple[tuple[str, ...], tuple[Zone, ...]]:
        left, top = cell[0] * _CELL_M - _EDGE_M, cell[1] * _CELL_M - _EDGE_M
        size = _CELL_M + 2 * _EDGE_M
        corners = [(left, top), (left + size, top), (left + size, top + size), (left, top + size)]
        right, bottom = corners[2]
        near = [
            zone
            for zone, (zone_left, zone_top, zone_right, zone_bottom) in self._zones
            if zone_left <= right and left <= zone_right and zone_top <= bottom and top <= zone_bottom
        ]
        cut = tuple(zone for zone in near if any(_meets(corners, a, b) for a, b in edges(zone.polygon)))
        middle = (left + size / 2, top + size / 2)
        whole = (zone.id for zone in near if zone not in cut and contains(zone.polygon, middle))
        return tuple(whole), cut


def _box(zone: Zone) -> tuple[float, float, float, float]:
    """Return the left, top, right and bottom end of a zone."""
    xs, ys = zip(*zone.polygon, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _meets(corners: Sequence[Point], a: Point, b: Point) -> bool:
    """Return whether a line from `a` to `b` may meet the rectangle with these corners."""
    (left, top), (right, bottom) = corners[0], corners[2]
    if max(a[0], b[0]) < left or min(a[0], b[0]) > right or max(a[1], b[1]) < top or min(a[1], b[1]) > bottom:
        return False
    sides = [side(a, b, corner) > 0 for corner in corners]
    return any(sides) and not all(sides)
