"""Which tripwires tell who comes in and goes out by which door."""

from collections.abc import Sequence

from msgspec import Struct

from simulators.core.geometry import Point, distance_to_edge
from simulators.core.layout import Door, Tripwire
from simulators.core.scenario import Scenario

_NEAR_M = 2.0


class DoorLine(Struct, frozen=True):
    """A door and the lines that part inside from outside there.

    Attributes:
        door_id: The door.
        tripwires: Its tripwires of kind `entrance`; where it has none, a line across the door itself, whose id is ''.
        depth_m: How far behind the door the innermost of them lies.
    """

    door_id: str
    tripwires: tuple[Tripwire, ...]
    depth_m: float


def door_lines(scenario: Scenario) -> dict[str, DoorLine]:
    """Return each door's lines by door id. A tripwire belongs to the nearest door, if one is within 2 m and its width.

    Tripwires that stand elsewhere belong to none.
    """
    owned: dict[str, list[Tripwire]] = {door.id: [] for door in scenario.doors}
    for wire in scenario.tripwires:
        if wire.kind == "entrance":
            gap_m, door = min(((_gap(wire, door), door) for door in scenario.doors), key=lambda pair: pair[0])
            if gap_m <= _NEAR_M + door.width_m / 2:
                owned[door.id].append(wire)
    return {door.id: _line(door, owned[door.id]) for door in scenario.doors}


def _line(door: Door, wires: Sequence[Tripwire]) -> DoorLine:
    depths = (_depth(door, wire) for wire in wires)
    return DoorLine(door.id, tuple(wires) or (_across(door),), max(depths, default=0.0))


def _gap(wire: Tripwire, door: Door) -> float:
    return distance_to_edge(wire.points, door.centre)


def _depth(door: Door, wire: Tripwire) -> float:
    (ax, ay), (bx, by) = wire.points
    (cx, cy), (ox, oy) = door.centre, door.outward
    return -((ax + bx) / 2 - cx) * ox - ((ay + by) / 2 - cy) * oy


def _across(door: Door) -> Tripwire:
    """Return a line across a door, `in` being inward."""
    (cx, cy), (ox, oy), half = door.centre, door.outward, door.width_m / 2
    left: Point = (cx + half * oy, cy - half * ox)
    right: Point = (cx - half * oy, cy + half * ox)
    return Tripwire(id="", kind="entrance", points=(left, right))
