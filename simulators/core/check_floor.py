"""Whether everything of a scenario's floor has its place: can be stood on, walked to and seen."""

from collections.abc import Iterator

from simulators.core.errors import ScenarioError
from simulators.core.geometry import ConvexObstacle, Point, Polygon, contains, crossing, signed_area
from simulators.core.layout import Door
from simulators.core.navigation import CLEARANCE_M, Navigator, NoWayError
from simulators.core.optics import CameraOptics
from simulators.core.places import DOORSTEP_M, free_places
from simulators.core.scenario import Scenario, obstacles
from simulators.core.views import view_of, watcher

Within = tuple[tuple[Polygon, ...], str]  # Polygons of which a point must lie in one, and what they are called.


def check_floor(scenario: Scenario) -> Navigator:
    """Check where everything stands and return the navigator of the floor.

    Raises:
        ScenarioError: Something has no area, cannot be stood on, cannot be reached or is seen by no camera.
    """
    _check_outlines(scenario)
    _check_cameras(scenario)
    navigator = Navigator(obstacles(scenario))
    _check_doors(scenario, navigator)
    _check_spots(scenario, navigator)
    _check_shelves(scenario, navigator)
    return navigator


def _check_outlines(scenario: Scenario) -> None:
    convex = [
        *((f"wall[{i}].polygon", wall.polygon) for i, wall in enumerate(scenario.walls)),
        *((f"shelf[{i}].polygon", shelf.polygon) for i, shelf in enumerate(scenario.shelves)),
        *((f"zone[{i}].polygon", zone.polygon) for i, zone in enumerate(scenario.zones) if zone.kind == "checkout"),
    ]
    for key, polygon in convex:
        try:
            ConvexObstacle(polygon)
        except ValueError as error:
            raise ScenarioError(key, polygon, "a convex polygon; split others into convex ones") from error
    for i, zone in enumerate(scenario.zones):
        if not signed_area(zone.polygon):
            key = f"zone[{i}].polygon"
            raise ScenarioError(key, zone.polygon, "corners round an area")


def _check_cameras(scenario: Scenario) -> None:
    for i, camera in enumerate(scenario.cameras):
        try:
            CameraOptics(camera)
            view_of(camera)
        except ValueError as error:
            key = f"camera[{i}]"
            raise ScenarioError(key, camera.id, str(error)) from error
    for i, wire in enumerate(scenario.tripwires):
        if watcher(scenario.cameras, wire.points) is None:
            key = f"tripwire[{i}].points"
            raise ScenarioError(key, wire.points, "a line whose middle at least one camera sees")


def _doorstep(door: Door) -> Point:
    (x, y), (out_x, out_y) = door.centre, door.outward
    return x - DOORSTEP_M * out_x, y - DOORSTEP_M * out_y


def _outside(door: Door) -> Point:
    (x, y), (out_x, out_y) = door.centre, door.outward
    return x + door.approach_m * out_x, y + door.approach_m * out_y


def _check_doors(scenario: Scenario, navigator: Navigator) -> None:
    first = _doorstep(scenario.doors[0])
    entrances = [wire.points for wire in scenario.tripwires if wire.kind == "entrance"]
    for i, door in enumerate(scenario.doors):
        key, outside, inside = f"door[{i}].centre", _outside(door), _doorstep(door)
        if not navigator.is_free(inside) or _way(navigator, outside, inside) != [inside]:
            allowed = f"a place in the wall with free floor from {door.approach_m} m outside to {DOORSTEP_M} m inside"
            raise ScenarioError(key, door.centre, allowed)
        if _way(navigator, first, inside) is None:
            raise ScenarioError(key, door.centre, f"a door that can be reached from door {scenario.doors[0].id}")
        if (door.weight or door.leave_weight) and not any(crossing(wire, outside, inside) == 1 for wire in entrances):
            allowed = "a door spanned by a [[tripwire]] of kind entrance, inside on the right of first to second point"
            raise ScenarioError(key, door.centre, allowed)


def _spots(scenario: Scenario) -> Iterator[tuple[str, Point, Within | None]]:
    """Yield each place where someone stands: its key, the point, and the zones of which it must lie in one."""
    zones = {zone.id: ((zone.polygon,), f"zone {zone.id}") for zone in scenario.zones}
    for i, kiosk in enumerate(scenario.kiosks):
        within = zones[kiosk.zone_id]
        yield f"kiosk[{i}].spot", kiosk.spot, within
        yield from ((f"kiosk[{i}].waiting_spots[{k}]", at, within) for k, at in enumerate(kiosk.waiting_spots))
    for i, till in enumerate(scenario.tills):
        line = zones[till.queue_zone_id]
        yield f"till[{i}].spot", till.spot, zones[till.zone_id]
        yield from ((f"till[{i}].queue_slots[{k}]", at, line) for k, at in enumerate(till.queue_slots))
        yield f"till[{i}].companions_wait_at", till.companions_wait_at, None
    for i, room in enumerate(scenario.fitting_rooms):
        yield from ((f"fitting_room[{i}].cabins[{k}]", at, zones[room.zone_id]) for k, at in enumerate(room.cabins))
        yield from ((f"fitting_room[{i}].waiting_spots[{k}]", at, None) for k, at in enumerate(room.waiting_spots))
    for i, member in enumerate(scenario.staff):
        yield from ((f"staff[{i}].posts[{k}]", at, None) for k, at in enumerate(member.posts))
    if scenario.delivery is not None:
        yield "delivery.spot", scenario.delivery.spot, None
    yield from _break_spots(scenario)


def _break_spots(scenario: Scenario) -> Iterator[tuple[str, Point, Within | None]]:
    rooms = tuple(zone.polygon for zone in scenario.zones if zone.kind == "staff")
    for i, member in enumerate(scenario.staff):
        if member.break_spot is not None:
            yield f"staff[{i}].break_spot", member.break_spot, (rooms, "a zone of kind staff")


def _check_spots(scenario: Scenario, navigator: Navigator) -> None:
    door = scenario.doors[0]
    for key, point, within in _spots(scenario):
        if not navigator.is_free(point):
            raise ScenarioError(key, point, f"a point at least {CLEARANCE_M} m from every wall and shelf")
        if within is not None and not any(contains(polygon, point) for polygon in within[0]):
            raise ScenarioError(key, point, f"a point inside {within[1]}")
        if _way(navigator, _doorstep(door), point) is None:
            raise ScenarioError(key, point, f"a point that can be reached from the door {door.id}")


def _check_shelves(scenario: Scenario, navigator: Navigator) -> None:
    zones, door = {zone.id: zone.polygon for zone in scenario.zones}, scenario.doors[0]
    for i, shelf in enumerate(scenario.shelves):
        key = f"shelf[{i}].zone_id"
        places = free_places(navigator, zones[shelf.zone_id])
        if not places:
            raise ScenarioError(key, shelf.zone_id, "a zone with room for a person to stand in")
        if _way(navigator, _doorstep(door), places[0]) is None:
            raise ScenarioError(key, places[0], f"a zone that can be reached from the door {door.id}")


def _way(navigator: Navigator, start: Point, goal: Point) -> list[Point] | None:
    try:
        return navigator.walk(start, goal)
    except NoWayError:
        return None
