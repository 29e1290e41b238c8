"""People on the floor: who they are, where they stand and where they walk to."""

from math import atan2, hypot
from typing import Literal

from simulators.core.geometry import Point, distance
from simulators.core.navigation import Navigator

Role = Literal["shopper", "passer_by", "staff", "delivery"]
Age = Literal["adult", "child"]
Reached = list[tuple[Point, float]]
"""Points that someone comes to in the course of a tick, and the seconds since its start."""
ADULT_HEIGHT_M = 1.7
NEAR_ENOUGH_M = 0.5
"""Who finds the end of the way taken may stay this far off, unless it must be reached."""


class Person:
    """One person on the floor, standing still or walking along straight lines.

    Attributes:
        person_id: Known to the ground truth alone; no device ever learns it.
        role: Why the person is here.
        party_id: Who came together.
        position: Where the person stands, m.
        age: Adult or child.
        height_m: From the floor to the top of the head.
        heading: The direction that the person last walked in, radians from the x axis towards the y axis.
        pace_mps: How fast the person likes to walk.
        velocity: How the person moved in the last tick, m/s along x and y.
        way: The points still to be walked to.
        ground: What knows the walls round that way; None where there are none.
        must_reach: Whether the way's last point has to be reached, though somebody stands near it.
        held_up_s: How long others have kept this person from getting on.
    """

    def __init__(
        self,
        person_id: str,
        role: Role,
        party_id: str,
        position: Point,
        pace_mps: float,
        *,
        age: Age = "adult",
        height_m: float = ADULT_HEIGHT_M,
    ) -> None:
        self.person_id = person_id
        self.role: Role = role
        self.party_id = party_id
        self.position = position
        self.age: Age = age
        self.height_m = height_m
        self.heading = 0.0
        self.pace_mps = pace_mps
        self.velocity: Point = (0.0, 0.0)
        self.way: list[Point] = []
        self.ground: Navigator | None = None
        self.must_reach = False
        self.held_up_s = 0.0
        self._waits_s = 0.0

    @property
    def is_walking(self) -> bool:
        """Whether the person has not yet arrived."""
        return bool(self.way)

    @property
    def walks_for_s(self) -> float:
        """How long the person is still on the way at the very least, 0 for someone who stands: nobody runs."""
        if not self.way:
            return 0.0
        short_of_m = 0.0 if self.must_reach else NEAR_ENOUGH_M
        return max(0.0, distance(self.position, self.way[-1]) - short_of_m) / self.pace_mps

    def go(
        self, way: list[Point], after_s: float = 0.0, ground: Navigator | None = None, *, must_reach: bool = False
    ) -> None:
        """Walk along `way` from where the person stands, after a pause of `after_s` seconds."""
        self.way, self.ground, self.must_reach = list(way), ground, must_reach
        self._waits_s, self.held_up_s = after_s, 0.0

    def pause(self, seconds: float) -> float:
        """Let a time pass. Return how much of it the person still stood, before setting out."""
        if not self._waits_s:
            return 0.0
        waited = min(self._waits_s, seconds)
        self._waits_s -= waited
        return waited

    def advance(self, seconds: float) -> Reached:
        """Walk on for a time as if nobody else were there.

        Returns:
            Each point reached on the way, with the seconds since the start at which it was reached; the last point is
            where the person now stands. The first one is where the person stood, if there was a pause before setting
            out. Empty for someone who stood still.
        """
        elapsed = self.pause(seconds)
        reached: Reached = [(self.position, elapsed)] if 0 < elapsed < seconds and self.way else []
        while self.way and elapsed < seconds:
            (x, y), (goal_x, goal_y) = self.position, self.way[0]
            gap_x, gap_y = goal_x - x, goal_y - y
            needed_s = hypot(gap_x, gap_y) / self.pace_mps
            if needed_s:
                self.heading = atan2(gap_y, gap_x)
            if elapsed + needed_s <= seconds:
                elapsed += needed_s
                self.position = self.way.pop(0)
            else:
                share = (seconds - elapsed) / needed_s
                elapsed = seconds
                self.position = (x + share * gap_x, y + share * gap_y)
            reached.append((self.position, elapsed))
        return reached
