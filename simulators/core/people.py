"""People on the floor: who they are, where they stand and where they walk to."""

from math import atan2
from typing import Literal

from simulators.core.geometry import Point, distance

Role = Literal["shopper", "passer_by", "staff", "delivery"]
Age = Literal["adult", "child"]
ADULT_HEIGHT_M = 1.7


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
    """

    def __init__(  # noqa: PLR0913 - what is known of a person
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
        self._way: list[Point] = []
        self._waits_s = 0.0

    @property
    def is_walking(self) -> bool:
        """Whether the person has not yet arrived."""
        return bool(self._way)

    def go(self, way: list[Point], after_s: float = 0.0) -> None:
        """Walk along `way` from where the person stands, after a pause of `after_s` seconds."""
        self._way = list(way)
        self._waits_s = after_s

    def advance(self, seconds: float) -> list[tuple[Point, float]]:
        """Walk on for a time.

        Returns:
            Each point reached on the way, with the seconds since the start at which it was reached; the last point is
            where the person now stands. Empty for someone who stood still.
        """
        waited = min(self._waits_s, seconds)
        self._waits_s -= waited
        elapsed = waited
        reached: list[tuple[Point, float]] = []
        while self._way and elapsed < seconds:
            (x, y), target = self.position, self._way[0]
            needed_s = distance(self.position, target) / self.pace_mps
            if needed_s:
                self.heading = atan2(target[1] - y, target[0] - x)
            if elapsed + needed_s <= seconds:
                elapsed += needed_s
                self.position = self._way.pop(0)
            else:
                share = (seconds - elapsed) / needed_s
                elapsed = seconds
                self.position = (x + share * (target[0] - x), y + share * (target[1] - y))
            reached.append((self.position, elapsed))
        return reached
