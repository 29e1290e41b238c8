"""How much of the floor a drawing shows."""

from msgspec import Struct

from simulators.core.scenario import Scenario, obstacles

_MARGIN_M = 0.6


class Bounds(Struct, frozen=True):
    """A rectangle of the floor, metres."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width_m(self) -> float:
        """Return its width."""
        return self.right - self.left

    @property
    def height_m(self) -> float:
        """Return its height on the plan."""
        return self.bottom - self.top


def bounds_of(scenario: Scenario) -> Bounds:
    """Return the rectangle round all that stands, lies or is walked in a scenario, with a margin."""
    corners = [
        *(corner for polygon in obstacles(scenario) for corner in polygon),
        *(corner for zone in scenario.zones for corner in zone.polygon),
        *(point for wire in scenario.tripwires for point in wire.points),
        *(camera.position for camera in scenario.cameras),
        *(point for pavement in scenario.pavements for point in (pavement.start, pavement.end)),
    ]
    xs, ys = zip(*corners, strict=True)
    return Bounds(min(xs) - _MARGIN_M, min(ys) - _MARGIN_M, max(xs) + _MARGIN_M, max(ys) + _MARGIN_M)
