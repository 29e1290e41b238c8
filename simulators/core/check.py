"""Whether a scenario can be simulated: what its types alone cannot say."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import hypot, isclose

from simulators.core.errors import ScenarioError
from simulators.core.geometry import ConvexObstacle, Point, contains
from simulators.core.gtin import is_valid_gtin
from simulators.core.navigation import CLEARANCE_M, Navigator, NoWayError
from simulators.core.places import DOORSTEP_M, free_places
from simulators.core.scenario import Scenario, device_ids, obstacles


def check_scenario(scenario: Scenario) -> Navigator:
    """Check a scenario and return the navigator of its floor.

    Raises:
        ScenarioError: Something in it is impossible; the error names the key, the value and what is allowed.
    """
    _check_names(scenario)
    _check_references(scenario)
    _check_numbers(scenario)
    _check_products(scenario)
    _check_obstacles(scenario)
    navigator = Navigator(obstacles(scenario))
    _check_spots(scenario, navigator)
    return navigator


def _check_names(scenario: Scenario) -> None:
    for kind, names in (
        ("camera, kiosk or till", device_ids(scenario)),
        ("zone", [zone.id for zone in scenario.zones]),
        ("tripwire", [tripwire.id for tripwire in scenario.tripwires]),
        ("shelf", [shelf.id for shelf in scenario.shelves]),
        ("staff", [member.id for member in scenario.staff]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                key = f"{kind} id"
                raise ScenarioError(key, name, f"each id once, this one stands {times} times")


def _check_references(scenario: Scenario) -> None:
    zones = {zone.id: zone.kind for zone in scenario.zones}
    wanted: list[tuple[str, str, Sequence[str]]] = [
        *((f"shelf[{i}].zone_id", shelf.zone_id, ("shelf",)) for i, shelf in enumerate(scenario.shelves)),
        *((f"kiosk[{i}].zone_id", kiosk.zone_id, ("floor", "shelf")) for i, kiosk in enumerate(scenario.kiosks)),
        *((f"till[{i}].zone_id", till.zone_id, ("checkout",)) for i, till in enumerate(scenario.tills)),
        *((f"till[{i}].queue_zone_id", till.queue_zone_id, ("queue",)) for i, till in enumerate(scenario.tills)),
    ]
    for key, zone_id, kinds in wanted:
        if zones.get(zone_id) not in kinds:
            fitting = sorted(name for name, kind in zones.items() if kind in kinds)
            raise ScenarioError(key, zone_id, f"the id of a zone of kind {' or '.join(kinds)}: {', '.join(fitting)}")
    needs: list[tuple[str, float, bool, str]] = [
        ("purposes.scan", scenario.purposes.scan, bool(scenario.kiosks), "[[kiosk]]"),
        ("purposes.buy", scenario.purposes.buy, bool(scenario.tills), "[[till]]"),
        ("purposes.refund", scenario.purposes.refund, bool(scenario.tills), "[[till]]"),
    ]
    for key, weight, is_there, section in needs:
        if weight > 0 and not is_there:
            raise ScenarioError(key, weight, f"0, as the scenario has no {section}")


def _check_numbers(scenario: Scenario) -> None:
    purposes = scenario.purposes
    for key, weights in (
        ("purposes", (purposes.browse, purposes.buy, purposes.scan, purposes.refund)),
        ("traffic.party_size_weights", scenario.traffic.party_size_weights),
        ("traffic.by_hour", scenario.traffic.by_hour),
    ):
        if not any(weights):
            raise ScenarioError(key, weights, "at least one value above 0")
    for key, pair in (
        ("behaviour.walking_mps", scenario.behaviour.walking_mps),
        ("behaviour.browse_s", scenario.behaviour.browse_s),
    ):
        if pair[0] > pair[1]:
            raise ScenarioError(key, pair, "the smaller value first")
    for i, door in enumerate(scenario.doors):
        if not isclose(hypot(*door.outward), 1.0, abs_tol=1e-3):
            key = f"door[{i}].outward"
            raise ScenarioError(key, door.outward, "a direction of length 1, for example [0.0, 1.0]")
    for i, tripwire in enumerate(scenario.tripwires):
        if tripwire.points[0] == tripwire.points[1]:
            key = f"tripwire[{i}].points"
            raise ScenarioError(key, tripwire.points, "two distinct points")


def _check_products(scenario: Scenario) -> None:
    for i, shelf in enumerate(scenario.shelves):
        for k, product in enumerate(shelf.products):
            if not is_valid_gtin(product.gtin) or not product.gtin.startswith("0"):
                key = f"shelf[{i}].products[{k}].gtin"
                raise ScenarioError(key, product.gtin, "14 digits that start with 0 and end with the right check digit")


def _check_obstacles(scenario: Scenario) -> None:
    footprints = [
        *((f"wall[{i}].polygon", wall.polygon) for i, wall in enumerate(scenario.walls)),
        *((f"shelf[{i}].polygon", shelf.polygon) for i, shelf in enumerate(scenario.shelves)),
        *((f"zone[{i}].polygon", zone.polygon) for i, zone in enumerate(scenario.zones) if zone.kind == "checkout"),
    ]
    for key, polygon in footprints:
        try:
            ConvexObstacle(polygon)
        except ValueError as error:
            raise ScenarioError(key, polygon, "a convex polygon; split others into convex ones") from error


def _spots(scenario: Scenario) -> Iterator[tuple[str, Point, str | None]]:
    """Yield each place where someone stands: its key, the point, and the zone that it must lie in."""
    for i, kiosk in enumerate(scenario.kiosks):
        yield f"kiosk[{i}].spot", kiosk.spot, kiosk.zone_id
        yield from ((f"kiosk[{i}].waiting_spots[{k}]", at, kiosk.zone_id) for k, at in enumerate(kiosk.waiting_spots))
    for i, till in enumerate(scenario.tills):
        yield f"till[{i}].spot", till.spot, till.zone_id
        yield from ((f"till[{i}].queue_slots[{k}]", at, till.queue_zone_id) for k, at in enumerate(till.queue_slots))
        yield f"till[{i}].companions_wait_at", till.companions_wait_at, None
    for i, member in enumerate(scenario.staff):
        yield from ((f"staff[{i}].posts[{k}]", at, None) for k, at in enumerate(member.posts))


def _check_spots(scenario: Scenario, navigator: Navigator) -> None:
    zones = {zone.id: zone.polygon for zone in scenario.zones}
    door = scenario.doors[0]
    doorstep = (
        door.centre[0] - DOORSTEP_M * door.outward[0],
        door.centre[1] - DOORSTEP_M * door.outward[1],
    )
    for key, point, zone_id in _spots(scenario):
        if not navigator.is_free(point):
            raise ScenarioError(key, point, f"a point at least {CLEARANCE_M} m from every wall and shelf")
        if zone_id is not None and not contains(zones[zone_id], point):
            raise ScenarioError(key, point, f"a point inside zone {zone_id}")
        _check_way(key, navigator, doorstep, point)
    for i, shelf in enumerate(scenario.shelves):
        key = f"shelf[{i}].zone_id"
        places = free_places(navigator, zones[shelf.zone_id])
        if not places:
            raise ScenarioError(key, shelf.zone_id, "a zone with room for a person to stand in")
        _check_way(key, navigator, doorstep, places[0])


def _check_way(key: str, navigator: Navigator, start: Point, goal: Point) -> None:
    try:
        navigator.walk(start, goal)
    except NoWayError as error:
        raise ScenarioError(key, goal, "a point that can be reached from the door") from error
