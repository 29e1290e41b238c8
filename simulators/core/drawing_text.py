"""Floor plans as characters for a terminal."""

from math import ceil, floor

from simulators.core.drawing_bounds import Bounds, bounds_of
from simulators.core.geometry import Point, Polygon, contains
from simulators.core.scenario import Scenario

_WIDEST = 120
_NARROWEST_CELL_M = 0.2
_HIGH_PER_WIDE = 2  # A character is about twice as high as it is wide.
_ACROSS = (1 / 6, 1 / 2, 5 / 6)
_DOWN = (1 / 12, 3 / 12, 5 / 12, 7 / 12, 9 / 12, 11 / 12)
_ANY, _HALF = 1, 9  # Of the 18 points that a cell is looked at in.
_ZONES = {
    "entrance": "e",
    "shelf": ".",
    "fitting_room": "f",
    "queue": "q",
    "checkout": "c",
    "staff": "s",
    "floor": "k",
}
_LEGEND = (
    "# wall  = shelf  . before a shelf  | - tripwire  e entrance  f fitting room  q queue  c checkout  s staff",
    "k before a scan terminal  K scan terminal  T till  F cabin  @ camera",
)


def draw_text(scenario: Scenario) -> str:
    """Return the floor plan as lines of at most 120 characters, with what they mean below."""
    sketch = _Sketch(bounds_of(scenario))
    for zone in scenario.zones:
        sketch.fill(zone.polygon, _ZONES[zone.kind], least=_HALF)
    for shelf in scenario.shelves:
        sketch.fill(shelf.polygon, "=", least=_HALF)
    for wall in scenario.walls:
        sketch.fill(wall.polygon, "#", least=_ANY)
    for wire in scenario.tripwires:
        sketch.line(*wire.points)
    marks = [
        ("F", [cabin for room in scenario.fitting_rooms for cabin in room.cabins]),
        ("K", [kiosk.spot for kiosk in scenario.kiosks]),
        ("T", [till.spot for till in scenario.tills]),
        ("@", [camera.position for camera in scenario.cameras]),
    ]
    for character, points in marks:
        for point in points:
            sketch.mark(point, character)
    return "\n".join([*sketch.lines(), "", *_LEGEND])


class _Sketch:
    """A grid of characters, painted over and over."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._wide_m = max(_NARROWEST_CELL_M, bounds.width_m / _WIDEST)
        self._high_m = _HIGH_PER_WIDE * self._wide_m
        columns, rows = ceil(bounds.width_m / self._wide_m - 1e-9), ceil(bounds.height_m / self._high_m - 1e-9)
        self._cells = [[" "] * columns for _ in range(rows)]

    def lines(self) -> list[str]:
        return ["".join(row).rstrip() for row in self._cells]

    def fill(self, polygon: Polygon, character: str, least: int) -> None:
        """Paint the cells of which at least `least` of its points lie in a polygon."""
        xs, ys = zip(*polygon, strict=True)
        (first_row, first), (last_row, last) = self._cell((min(xs), min(ys))), self._cell((max(xs), max(ys)))
        for row in range(first_row, last_row + 1):
            for column in range(first, last + 1):
                inside = sum(contains(polygon, self._point(row + v, column + u)) for u in _ACROSS for v in _DOWN)
                if inside >= least:
                    self._cells[row][column] = character

    def line(self, start: Point, end: Point) -> None:
        (ax, ay), (bx, by) = start, end
        character = "|" if abs(by - ay) > abs(bx - ax) else "-"
        steps = ceil(max(abs(bx - ax) / self._wide_m, abs(by - ay) / self._high_m)) + 1
        for step in range(steps + 1):
            share = step / steps
            self.mark((ax + share * (bx - ax), ay + share * (by - ay)), character)

    def mark(self, point: Point, character: str) -> None:
        row, column = self._cell(point)
        self._cells[row][column] = character

    def _cell(self, point: Point) -> tuple[int, int]:
        row = floor((point[1] - self._bounds.top) / self._high_m)
        column = floor((point[0] - self._bounds.left) / self._wide_m)
        return min(max(row, 0), len(self._cells) - 1), min(max(column, 0), len(self._cells[0]) - 1)

    def _point(self, row: float, column: float) -> Point:
        return self._bounds.left + column * self._wide_m, self._bounds.top + row * self._high_m
