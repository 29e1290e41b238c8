"""Whether a scenario can be simulated: what its types alone cannot say."""

from collections import Counter
from collections.abc import Iterator, Sequence

from simulators.core.check_floor import check_floor
from simulators.core.check_numbers import check_numbers
from simulators.core.errors import ScenarioError
from simulators.core.gtin import is_valid_gtin
from simulators.core.navigation import Navigator
from simulators.core.scenario import Scenario, device_ids


def check_scenario(scenario: Scenario) -> Navigator:
    """Check a scenario and return the navigator of its floor.

    Raises:
        ScenarioError: Something in it is impossible; the error names the key, the value and what is allowed.
    """
    _check_names(scenario)
    _check_zones_of(scenario)
    _check_references(scenario)
    _check_needs(scenario)
    _check_products(scenario)
    check_numbers(scenario)
    return check_floor(scenario)


def _check_names(scenario: Scenario) -> None:
    products = [product.gtin for shelf in scenario.shelves for product in shelf.products]
    for kind, names in (
        ("camera, kiosk or till id", device_ids(scenario)),
        ("door id", [door.id for door in scenario.doors]),
        ("zone id", [zone.id for zone in scenario.zones]),
        ("tripwire id", [tripwire.id for tripwire in scenario.tripwires]),
        ("shelf id", [shelf.id for shelf in scenario.shelves]),
        ("fitting_room id", [room.id for room in scenario.fitting_rooms]),
        ("staff id", [member.id for member in scenario.staff]),
        ("product gtin", products),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                raise ScenarioError(kind, name, f"each one once, this one stands {times} times")


def _check_zones_of(scenario: Scenario) -> None:
    zones = {zone.id: zone.kind for zone in scenario.zones}
    wanted: list[tuple[str, str, Sequence[str]]] = [
        *((f"shelf[{i}].zone_id", shelf.zone_id, ("shelf",)) for i, shelf in enumerate(scenario.shelves)),
        *((f"kiosk[{i}].zone_id", kiosk.zone_id, ("floor", "shelf")) for i, kiosk in enumerate(scenario.kiosks)),
        *((f"till[{i}].zone_id", till.zone_id, ("checkout",)) for i, till in enumerate(scenario.tills)),
        *((f"till[{i}].queue_zone_id", till.queue_zone_id, ("queue",)) for i, till in enumerate(scenario.tills)),
        *((f"fitting_room[{i}].zone_id", r.zone_id, ("fitting_room",)) for i, r in enumerate(scenario.fitting_rooms)),
    ]
    for key, zone_id, kinds in wanted:
        if zones.get(zone_id) not in kinds:
            fitting = sorted(name for name, kind in zones.items() if kind in kinds)
            raise ScenarioError(key, zone_id, f"the id of a zone of kind {' or '.join(kinds)}: {', '.join(fitting)}")


def _references(scenario: Scenario) -> Iterator[tuple[str, str | None, str, list[str]]]:
    """Yield each id that stands for something else: its key, the id, what it names, and which ids there are."""
    doors, cameras = [door.id for door in scenario.doors], [camera.id for camera in scenario.cameras]
    for i, member in enumerate(scenario.staff):
        yield f"staff[{i}].door_id", member.door_id, "door", doors
    if scenario.delivery is not None:
        yield "delivery.door_id", scenario.delivery.door_id, "door", doors
    for i, outage in enumerate(scenario.outages):
        if outage.what == "camera":
            yield f"outage[{i}].device_id", outage.device_id, "camera", cameras


def _check_references(scenario: Scenario) -> None:
    for key, name, kind, names in _references(scenario):
        if name is not None and name not in names:
            raise ScenarioError(key, name, f"the id of a {kind}: {', '.join(names)}")
    for i, outage in enumerate(scenario.outages):
        if outage.what != "camera" and outage.device_id is not None:
            key = f"outage[{i}].device_id"
            raise ScenarioError(key, outage.device_id, f"nothing here, as the {outage.what} is no camera")


def _check_needs(scenario: Scenario) -> None:
    purposes = scenario.purposes
    needs: list[tuple[str, float, bool, str]] = [
        ("purposes.scan", purposes.scan, bool(scenario.kiosks), "[[kiosk]]"),
        ("purposes.buy", purposes.buy, bool(scenario.tills), "[[till]]"),
        ("purposes.refund", purposes.refund, bool(scenario.tills), "[[till]]"),
        ("purposes.try_on", purposes.try_on, bool(scenario.fitting_rooms), "[[fitting_room]]"),
        (
            "traffic.passers_by_per_hour",
            scenario.traffic.passers_by_per_hour,
            bool(scenario.pavements),
            "[[pavement]]",
        ),
    ]
    for key, weight, is_there, section in needs:
        if weight > 0 and not is_there:
            raise ScenarioError(key, weight, f"0, as the scenario has no {section}")


def _check_products(scenario: Scenario) -> None:
    for i, shelf in enumerate(scenario.shelves):
        for k, product in enumerate(shelf.products):
            if not is_valid_gtin(product.gtin) or not product.gtin.startswith("0"):
                key = f"shelf[{i}].products[{k}].gtin"
                raise ScenarioError(key, product.gtin, "14 digits that start with 0 and end with the right check digit")
