"""What stands round a floor plan: its title above, the legend and the scale below."""

from html import escape

from simulators.core.drawing_canvas import Canvas
from simulators.core.drawing_style import ZONE_WORDS
from simulators.core.scenario import Scenario

ABOVE = 74
"""Room for the title above a plan, in the picture's units."""

BELOW = 92
"""Room for the legend below it."""

_MARGIN = 28
_ROWS = (28, 58)
_LETTER = 6.4
_GAP = 44
_SCALE_BARS_M = (1, 2, 5, 10)
_WIDEST_BAR = 0.2


def draw_frame(canvas: Canvas, scenario: Scenario) -> None:
    """Write the title, the legend and the scale."""
    canvas.marks += [
        f'<text class="title" x="{_MARGIN}" y="30">{escape(scenario.title)}</text>',
        f'<text class="note" x="{_MARGIN}" y="56">{" · ".join(_counts(scenario))}</text>',
    ]
    kinds = sorted({zone.kind for zone in scenario.zones}, key=list(ZONE_WORDS).index)
    areas = [(f'<rect class="zone-{kind}" width="16" height="12" y="-6" rx="2"/>', ZONE_WORDS[kind]) for kind in kinds]
    solid = [(f'<rect class="{kind}" width="16" height="12" y="-6"/>', kind) for kind in ("shelf", "wall")]
    _draw_row(canvas, _ROWS[0], [*areas, *solid, ('<rect class="low" width="16" height="12" y="-6"/>', "counter")])
    _draw_row(canvas, _ROWS[1], _marks(scenario))
    _draw_scale(canvas)


def _counts(scenario: Scenario) -> list[str]:
    counts = (
        (len(scenario.cameras), "camera", "cameras"),
        (len(scenario.doors), "door", "doors"),
        (len(scenario.kiosks), "scan terminal", "scan terminals"),
        (len(scenario.tills), "till", "tills"),
        (sum(len(room.cabins) for room in scenario.fitting_rooms), "fitting cabin", "fitting cabins"),
        (len(scenario.shelves), "shelf", "shelves"),
    )
    return [f"{number} {one if number == 1 else more}" for number, one, more in counts if number]


def _marks(scenario: Scenario) -> list[tuple[str, str]]:
    wire = '<path class="wire" d="M0,0 h16"/><path class="way" d="M8,0 v2 m0,6 l-4,-6 h8 z"/>'
    marks = [
        ('<path class="lens" d="M4,0 L18,-8 A16,16 0 0 1 18,8 Z"/><circle class="body" cx="5" r="5"/>', "camera"),
        ('<rect class="view" width="16" height="12" y="-6"/>', "what it sees"),
        (wire, "tripwire, arrow: in"),
        ('<path class="walk" d="M0,0 H10 M16,0 l-7,-4 v8 z"/>', "way in or out"),
    ]
    if scenario.kiosks:
        marks.append(('<rect class="kiosk" width="14" height="14" y="-7" rx="3"/>', "scan terminal"))
    if scenario.tills:
        marks.append(('<rect class="till" width="14" height="14" y="-7" rx="3"/>', "till"))
    marks.append(('<circle class="spot" cx="8" r="4"/>', "place to wait"))
    if scenario.fitting_rooms:
        marks.append(('<rect class="cabin" width="14" height="14" y="-7" rx="3"/>', "cabin"))
    if scenario.staff:
        marks.append(('<circle class="staff" cx="8" r="3"/>', "post of staff"))
    return marks


def _draw_row(canvas: Canvas, y: float, entries: list[tuple[str, str]]) -> None:
    x = float(_MARGIN)
    for mark, words in entries:
        at = f"translate({x:.0f},{canvas.plan_bottom + y:.0f})"
        canvas.marks.append(f'<g transform="{at}">{mark}<text class="key" x="25" y="0">{words}</text></g>')
        x += _LETTER * len(words) + _GAP


def _draw_scale(canvas: Canvas) -> None:
    length_m = max(bar for bar in _SCALE_BARS_M if bar * canvas.scale <= canvas.width * _WIDEST_BAR)
    left, right, y = canvas.width - _MARGIN - length_m * canvas.scale, canvas.width - _MARGIN, 44
    canvas.marks += [
        f'<path class="scale" d="M{left:.1f},{y - 5} v10 M{left:.1f},{y} H{right} m0,-5 v10"/>',
        f'<text x="{(left + right) / 2:.1f}" y="{y - 14}">{length_m} m</text>',
    ]
