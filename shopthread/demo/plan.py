"""A simulated store's floor plan, as the cloud keeps plans. Pure."""

from typing import Any

from simulators.core.scenario import Scenario


def plan_of(scenario: Scenario) -> dict[str, Any]:
    """Return zones, obstacles, tripwires and terminals in metres, as `PUT /v1/stores/{store}/plan` takes them."""
    places = [(each.id, each.spot) for each in scenario.kiosks] + [(each.id, each.spot) for each in scenario.tills]
    return {
        "zones": [
            {"zone_id": zone.id, "zone_kind": zone.kind, "corners": list(map(list, zone.polygon))}
            for zone in scenario.zones
        ],
        "obstacles": [
            *({"name": "wall", "corners": list(map(list, wall.polygon))} for wall in scenario.walls),
            *({"name": shelf.id, "corners": list(map(list, shelf.polygon))} for shelf in scenario.shelves),
        ],
        "tripwires": [
            {"tripwire_id": wire.id, "kind": wire.kind, "start": list(wire.points[0]), "end": list(wire.points[1])}
            for wire in scenario.tripwires
        ],
        "devices": [{"device": device, "at": list(spot)} for device, spot in places],
    }
