"""Floor plans as pictures: SVG for a browser; `drawing_text` has those for a terminal."""

from simulators.core.drawing_bounds import bounds_of
from simulators.core.drawing_canvas import Canvas, svg_document
from simulators.core.drawing_legend import ABOVE, BELOW, draw_frame
from simulators.core.drawing_style import STYLE, ZONE_WORDS
from simulators.core.drawing_text import draw_text
from simulators.core.layout import Camera, Door, Tripwire
from simulators.core.scenario import Scenario, obstacles
from simulators.core.views import middle, view_of

__all__ = ["draw_svg", "draw_text"]

_WIDTH = 1280
_LABEL = 10.5
_LABELLED = ("fitting_room", "staff")  # Terminals and doors in other zones bear names themselves.
_LOW_M = 1.6  # Counters and stands are lower than walls.


def draw_svg(scenario: Scenario) -> str:
    """Return the floor plan as an SVG document: what stands there, what cameras see, and where people go.

    It follows the page's light or dark scheme; pointing at a camera lights up what it sees, and everything tells its
    name.
    """
    canvas = Canvas(bounds_of(scenario), _WIDTH, ABOVE)
    _draw_ground(canvas, scenario)
    _draw_furniture(canvas, scenario)
    _draw_spots(canvas, scenario)
    for camera in scenario.cameras:
        _draw_camera(canvas, camera)
    for wire in scenario.tripwires:
        _draw_tripwire(canvas, wire)
    for door in scenario.doors:
        _draw_door(canvas, door)
    _draw_terminals(canvas, scenario)
    draw_frame(canvas, scenario)
    return svg_document(_WIDTH, canvas.plan_bottom + BELOW, scenario.title, STYLE, canvas.marks)


def _draw_ground(canvas: Canvas, scenario: Scenario) -> None:
    for pavement in scenario.pavements:
        canvas.line(pavement.start, pavement.end, "pavement", "passers-by walk here", pavement.width_m)
    canvas.rectangle([corner for polygon in obstacles(scenario) for corner in polygon], "inside")
    for zone in scenario.zones:
        canvas.polygon(zone.polygon, f"zone-{zone.kind}", f"zone {zone.id} ({ZONE_WORDS[zone.kind]})")


def _draw_furniture(canvas: Canvas, scenario: Scenario) -> None:
    for shelf in scenario.shelves:
        canvas.polygon(shelf.polygon, "shelf", f"{shelf.id}: {shelf.category}, {len(shelf.products)} products")
    for wall in scenario.walls:
        is_low = wall.height_m < _LOW_M
        canvas.polygon(wall.polygon, "low" if is_low else "wall", "counter or stand" if is_low else "wall")
    category_of = {shelf.zone_id: shelf.category for shelf in scenario.shelves}
    for zone in scenario.zones:
        if zone.id in category_of:
            canvas.label(zone.polygon, category_of[zone.id], "quiet", _LABEL)
        elif zone.kind in _LABELLED:
            canvas.label(zone.polygon, zone.id, "", _LABEL, at_foot=True)


def _draw_spots(canvas: Canvas, scenario: Scenario) -> None:
    for room in scenario.fitting_rooms:
        for number, cabin in enumerate(room.cabins, start=1):
            canvas.box(cabin, 16, "cabin", f"cabin {number} of {room.id}")
    waiting = [
        *((f"in line at {till.id}", till.queue_slots) for till in scenario.tills),
        *((f"waiting for {kiosk.id}", kiosk.waiting_spots) for kiosk in scenario.kiosks),
        *((f"waiting for {room.id}", room.waiting_spots) for room in scenario.fitting_rooms),
    ]
    for title, spots in waiting:
        for spot in spots:
            canvas.dot(spot, 4, "spot", title)
    for member in scenario.staff:
        rests = [member.break_spot] if member.break_spot is not None else []
        for post in [*member.posts, *rests]:
            canvas.dot(post, 3, "staff", f"{member.id} works here" if post in member.posts else "break")


def _draw_camera(canvas: Canvas, camera: Camera) -> None:
    canvas.marks.append('<g class="camera">')
    canvas.polygon(view_of(camera), "view", f"{camera.id} sees this")
    where = f"{camera.id}: {camera.height_m:g} m high, {camera.horizontal_fov_deg:g}° wide"
    if camera.looks_at != camera.position:
        canvas.wedge(camera.position, camera.looks_at, camera.horizontal_fov_deg, 34, "lens", where)
    canvas.dot(camera.position, 5, "body", where)
    canvas.text(camera.position, camera.id, "device", (0, -13))
    canvas.marks.append("</g>")


def _draw_tripwire(canvas: Canvas, wire: Tripwire) -> None:
    (ax, ay), (bx, by) = wire.points
    canvas.line(*wire.points, "wire", f"tripwire {wire.id} ({wire.kind}); the arrow is in")
    canvas.arrow(middle(wire.points), (ay - by, bx - ax), "way", 20)


def _draw_door(canvas: Canvas, door: Door) -> None:
    (x, y), (out_x, out_y) = door.centre, door.outward
    aside = door.width_m / 4
    far = 46 / canvas.scale
    if door.weight:
        canvas.arrow((x + far * out_x - aside * out_y, y + far * out_y + aside * out_x), (-out_x, -out_y), "walk")
    if door.leave_weight:
        near = 22 / canvas.scale
        canvas.arrow((x + near * out_x + aside * out_y, y + near * out_y - aside * out_x), door.outward, "walk")
    beside = 60 / canvas.scale
    canvas.text((x + beside * out_x, y + beside * out_y), door.id, "door", upright=abs(out_x) > abs(out_y))


def _draw_terminals(canvas: Canvas, scenario: Scenario) -> None:
    for kiosk in scenario.kiosks:
        canvas.box(kiosk.spot, 15, "kiosk", f"scan terminal {kiosk.id}")
        canvas.text(kiosk.spot, kiosk.id, "device", (0, 15))
    for till in scenario.tills:
        opens = f", opens when {till.opens_at} wait in each line" if till.opens_at else ""
        canvas.box(till.spot, 15, "till", f"{till.id}{opens}")
        canvas.text(till.spot, till.id, "device", (0, 15))
