"""Floor plans as pictures: SVG for a browser, characters for a terminal."""

from collections.abc import Sequence
from html import escape

from simulators.core.geometry import Point, Polygon, contains
from simulators.core.scenario import Scenario, obstacles

_SCALE = 60  # SVG units per metre.
_MARGIN_M = 0.4
_LABEL_DROP_M = 0.35
_CELL_M = (0.2, 0.4)  # A character is about twice as high as it is wide.
_ZONE_COLOURS = {
    "entrance": "#bfdbfe",
    "shelf": "#d9f99d",
    "fitting_room": "#fbcfe8",
    "queue": "#fde68a",
    "checkout": "#fdba74",
    "staff": "#e5e7eb",
    "floor": "#c7d2fe",
}
_ZONE_LETTERS = {"entrance": "e", "fitting_room": "f", "queue": "q", "checkout": "c", "staff": "s", "floor": "k"}


def _bounds(scenario: Scenario) -> tuple[float, float, float, float]:
    corners = [corner for polygon in _all_polygons(scenario) for corner in polygon]
    xs, ys = zip(*corners, strict=True)
    return min(xs) - _MARGIN_M, min(ys) - _MARGIN_M, max(xs) + _MARGIN_M, max(ys) + _MARGIN_M


def _all_polygons(scenario: Scenario) -> list[Polygon]:
    return [
        *obstacles(scenario),
        *(zone.polygon for zone in scenario.zones),
        *(camera.sees or () for camera in scenario.cameras),
        *(tripwire.points for tripwire in scenario.tripwires),
    ]


def draw_svg(scenario: Scenario) -> str:
    """Return the floor plan as an SVG document: walls, shelves, zones, tripwires and where devices stand."""
    left, top, right, bottom = _bounds(scenario)

    def at(point: Point) -> str:
        return f"{(point[0] - left) * _SCALE:.0f},{(point[1] - top) * _SCALE:.0f}"

    def polygon(points: Polygon, style: str, title: str) -> str:
        return f'<polygon points="{" ".join(map(at, points))}" {style}><title>{escape(title)}</title></polygon>'

    def label(point: Point, text: str) -> str:
        x, y = at(point).split(",")
        return f'<text x="{x}" y="{y}" text-anchor="middle">{escape(text)}</text>'

    width, height = round((right - left) * _SCALE), round((bottom - top) * _SCALE)
    head = 'xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" font-size="15"'
    parts = [
        f'<svg {head} viewBox="0 0 {width} {height}"><title>{escape(scenario.title)}</title>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    seen = 'fill="#f8fafc" stroke="#94a3b8" stroke-dasharray="6 6"'
    parts += [polygon(camera.sees or (), seen, f"{camera.id} sees this") for camera in scenario.cameras]
    for zone in scenario.zones:
        parts.append(polygon(zone.polygon, f'fill="{_ZONE_COLOURS[zone.kind]}"', f"zone {zone.id} ({zone.kind})"))
    parts += [polygon(wall.polygon, 'fill="#475569"', "wall") for wall in scenario.walls]
    parts += [polygon(shelf.polygon, 'fill="#65a30d"', f"{shelf.id}: {shelf.category}") for shelf in scenario.shelves]
    for wire in scenario.tripwires:
        start, end = (at(point).split(",") for point in wire.points)
        parts.append(
            f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" stroke="#dc2626" stroke-width="4">'
            f"<title>tripwire {escape(wire.id)} ({wire.kind})</title></line>"
        )
    parts += [label(_label_place(zone.polygon), zone.id) for zone in scenario.zones]
    spots = [*((kiosk.id, kiosk.spot) for kiosk in scenario.kiosks), *((till.id, till.spot) for till in scenario.tills)]
    for name, spot in spots:
        x, y = at(spot).split(",")
        parts.append(f'<circle cx="{x}" cy="{y}" r="8" fill="#1d4ed8"><title>{escape(name)}</title></circle>')
    return "\n".join([*parts, "</svg>", ""])


def _label_place(polygon: Polygon) -> Point:
    xs, ys = zip(*polygon, strict=True)
    return (min(xs) + max(xs)) / 2, min(ys) + _LABEL_DROP_M


def draw_text(scenario: Scenario) -> str:
    """Return the floor plan as lines of characters, with what they mean below."""
    left, top, right, bottom = _bounds(scenario)
    columns, rows = round((right - left) / _CELL_M[0]), round((bottom - top) / _CELL_M[1])
    lines = []
    for row in range(rows):
        y = top + (row + 0.5) * _CELL_M[1]
        line = "".join(_character(scenario, (left + (column + 0.5) * _CELL_M[0], y)) for column in range(columns))
        lines.append(line.rstrip())
    legend = "# wall  = shelf  . before a shelf  | - tripwire  e entrance  q queue  c checkout  k kiosk  s staff"
    return "\n".join([*lines, "", legend])


def _character(scenario: Scenario, point: Point) -> str:
    for wire in scenario.tripwires:
        (ax, ay), (bx, by) = wire.points
        near_x, near_y = _CELL_M[0] * 0.51, _CELL_M[1] * 0.51
        if (
            min(ax, bx) - near_x <= point[0] <= max(ax, bx) + near_x
            and min(ay, by) - near_y <= point[1] <= max(ay, by) + near_y
        ):
            return "|" if abs(ay - by) > abs(ax - bx) else "-"
    if _is_in(point, [wall.polygon for wall in scenario.walls]):
        return "#"
    if _is_in(point, [shelf.polygon for shelf in scenario.shelves]):
        return "="
    for zone in scenario.zones:
        if contains(zone.polygon, point):
            return _ZONE_LETTERS.get(zone.kind, ".")
    return " "


def _is_in(point: Point, polygons: Sequence[Polygon]) -> bool:
    return any(contains(polygon, point) for polygon in polygons)
