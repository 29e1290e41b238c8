"""Floor plans: everything of a scenario is in the picture, where it belongs."""

from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from simulators.adapters.scenario_files import load_scenario, scenario_names
from simulators.core.drawing import draw_svg, draw_text
from simulators.core.drawing_bounds import Bounds, bounds_of
from simulators.core.drawing_canvas import Canvas
from simulators.core.layout import Tripwire
from simulators.core.scenario import Scenario, device_ids

NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}


def _elements(svg: str, style: str) -> list[ET.Element]:
    return ET.fromstring(svg).findall(f".//*[@class='{style}']", NAMESPACE)


@pytest.mark.parametrize("name", scenario_names())
def test_everything_of_a_scenario_is_in_its_picture(name: str) -> None:
    scenario = load_scenario(name)
    svg = draw_svg(scenario)
    root = ET.fromstring(svg)
    titles = " ".join(each.text or "" for each in root.findall(".//svg:title", NAMESPACE))
    for known in (
        *device_ids(scenario),
        *(zone.id for zone in scenario.zones),
        *(wire.id for wire in scenario.tripwires),
    ):
        assert known in titles
    words = {each.text for each in root.findall(".//svg:text", NAMESPACE)}
    assert {door.id for door in scenario.doors} <= words
    assert {camera.id for camera in scenario.cameras} <= words
    # Each once on the plan, and once in the legend.
    assert len(_elements(svg, "view")) == len(_elements(svg, "lens")) == len(scenario.cameras) + 1
    assert len(_elements(svg, "wire")) == len(scenario.tripwires) + 1
    assert len(_elements(svg, "till")) == len(scenario.tills) + 1
    cabins = sum(len(room.cabins) for room in scenario.fitting_rooms)
    assert len(_elements(svg, "cabin")) == (cabins + 1 if cabins else 0)


def test_every_mark_lies_in_the_picture(scenario: Scenario) -> None:
    root = ET.fromstring(draw_svg(scenario))
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for polygon in root.findall(".//svg:polygon", NAMESPACE):
        for corner in polygon.attrib["points"].split():
            x, y = map(float, corner.split(","))
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_a_tripwires_arrow_points_in(scenario: Scenario) -> None:
    """Along a wire from right to left on the plan, the right hand is up: into the shop from its front door."""
    arrows = [each.attrib.get("transform", "") for each in _elements(draw_svg(scenario), "way")]
    assert [arrow.partition("rotate")[2] for arrow in arrows[:2]] == ["(-90.0)", "(0.0)"]


def test_names_cannot_break_the_picture(scenario: Scenario) -> None:
    title = "<Tom & Jerry's>"
    shelves = tuple(replace(shelf, category="a<b") for shelf in scenario.shelves)
    root = ET.fromstring(draw_svg(replace(scenario, title=title, shelves=shelves)))
    title_of = root.find("svg:title", NAMESPACE)
    assert title_of is not None
    assert title_of.text == title


def test_a_picture_of_little_has_a_legend_of_little(scenario: Scenario) -> None:
    bare = replace(scenario, kiosks=(), tills=(), staff=(), walls=(), pavements=())
    svg = draw_svg(bare)
    for style in ("kiosk", "till", "staff", "cabin"):
        assert not _elements(svg, style)


def test_a_camera_that_looks_straight_down_opens_no_wedge(scenario: Scenario) -> None:
    cameras = tuple(replace(camera, looks_at=camera.position) for camera in scenario.cameras)
    assert len(_elements(draw_svg(replace(scenario, cameras=cameras)), "lens")) == 1


def test_a_door_of_one_way_has_one_arrow(scenario: Scenario) -> None:
    def arrows(weight: float, leave_weight: float) -> int:
        doors = tuple(replace(door, weight=weight, leave_weight=leave_weight) for door in scenario.doors)
        return len(_elements(draw_svg(replace(scenario, doors=doors)), "walk")) - 1

    assert (arrows(1.0, 1.0), arrows(1.0, 0.0), arrows(0.0, 1.0)) == (2, 1, 1)


def test_a_label_that_does_not_fit_is_left_out() -> None:
    canvas = Canvas(Bounds(0.0, 0.0, 10.0, 10.0), 100, 0)
    for box in (((0, 0), (4, 0), (4, 3), (0, 3)), ((0, 0), (9, 0), (9, 0.5), (0, 0.5))):
        canvas.label(box, "Groceries", "", 10)
        assert not canvas.marks
    canvas.label(((0, 0), (9, 0), (9, 3), (0, 3)), "Groceries", "", 10)
    assert len(canvas.marks) == 1


@pytest.mark.parametrize("name", scenario_names())
def test_the_sketch_is_no_wider_than_a_terminal_and_shows_all_kinds(name: str) -> None:
    scenario = load_scenario(name)
    lines = draw_text(scenario).rsplit("\n\n", 1)[0].splitlines()
    assert max(map(len, lines)) <= 120
    letters = {"entrance": "e", "fitting_room": "f", "queue": "q", "checkout": "c", "staff": "s", "floor": "k"}
    kinds = {letters[zone.kind] for zone in scenario.zones if zone.kind != "shelf"}
    assert set("#=.-|@TK") | kinds <= set("".join(lines))
    counts = {mark: "".join(lines).count(mark) for mark in "TK"}
    assert counts == {"T": len(scenario.tills), "K": len(scenario.kiosks)}


def test_walls_are_closed_in_the_sketch_but_for_the_doors() -> None:
    """The front wall of the supermarket is thinner than a character, and no piece of it may get lost."""
    scenario = load_scenario("supermarket")
    front = next(line for line in draw_text(scenario).splitlines() if line.count("#") > 60 and "-" in line)
    assert set(front.strip()) == {"#", "-"}
    assert [len(door) for door in front.replace("#", " ").split()] == pytest.approx([7.3, 7.3], abs=1.5)


def test_a_bound_holds_what_lies_outside_the_walls(scenario: Scenario) -> None:
    far = Tripwire(id="far", kind="passby", points=((40.0, 3.0), (40.0, 5.0)))
    assert bounds_of(replace(scenario, tripwires=(*scenario.tripwires, far))).right > 40
