"""From where people are at each frame to how their bodies move: heading, steps, standing, reaching. Pure."""

import zlib
from dataclasses import dataclass
from math import atan2, cos, exp, hypot, pi, sin

import numpy as np

from simulators.core.geometry import Point
from simulators.core.people import Person
from simulators.rendering.gait import Pose, stride_m

_STREAM = 23
_TURN_PER_S = 4.5
_EASE_PER_S = 5.0
_PACE_AT_EASE_MPS = 1.15
_STANDS_BELOW_MPS = 0.12
_REACHES_AFTER_S = 1.2


@dataclass(slots=True)
class _Habits:
    """What is a person's own: when it looks around and reaches."""

    offset: float
    look_period_s: float
    reach_period_s: float
    reach_rise: float


@dataclass(frozen=True, slots=True)
class Interest:
    """What somebody who stands turns to.

    Attributes:
        point: Its nearest point on the floor.
        goods: Whether there is something to reach for.
    """

    point: Point
    goods: bool


class Walker:
    """One person's body in motion.

    Args:
        seed: What habits are drawn from, with the person's id.
        person: Where it is first.
    """

    def __init__(self, seed: int, person: Person) -> None:
        rng = np.random.default_rng([seed, _STREAM, zlib.crc32(person.person_id.encode())])
        self._habits = _Habits(
            float(rng.uniform(0, 2 * pi)),
            float(rng.uniform(3, 8)),
            float(rng.uniform(5, 11)),
            float(rng.uniform(0.0, 0.9)),
        )
        self._position = person.position
        self.heading: float | None = None
        self._phase = self._habits.offset
        self._pace_mps = 0.0
        self._swing = 0.0
        self._stands_s = 0.0
        self._clock_s = 0.0

    def step(self, person: Person, seconds: float, near: Interest | None, *, carries: bool) -> tuple[float, Pose]:
        """Go on to where the person is now.

        Args:
            person: The person.
            seconds: Since the step before.
            near: What the person would turn to, if anything is near.
            carries: Whether the right arm holds something.

        Returns:
            The heading, radians from the floor's x axis towards its y axis, and the pose.
        """
        dx, dy = person.position[0] - self._position[0], person.position[1] - self._position[1]
        self._position = person.position
        self._clock_s += seconds
        ease = 1 - exp(-_EASE_PER_S * seconds)
        walked_m = hypot(dx, dy)
        self._pace_mps += ease * (walked_m / seconds - self._pace_mps)
        stands = walked_m / seconds < _STANDS_BELOW_MPS
        self._stands_s = self._stands_s + seconds if stands else 0.0
        target = person.heading if stands else atan2(dy, dx)
        if stands and near is not None and self._stands_s > _REACHES_AFTER_S / 2:
            target = atan2(near.point[1] - person.position[1], near.point[0] - person.position[0])
        self._turn(target, seconds)
        self._phase += 2 * pi * walked_m / stride_m(person.height_m, max(self._pace_mps, 0.3))
        wanted = 0.0 if stands else min(1.0, (max(self._pace_mps, walked_m / seconds) / _PACE_AT_EASE_MPS) ** 0.7)
        self._swing += ease * (wanted - self._swing)
        return self.heading or 0.0, self._pose(near is not None and near.goods, carries=carries)

    def _turn(self, target: float, seconds: float) -> None:
        if self.heading is None:
            self.heading = target
        off = (target - self.heading + pi) % (2 * pi) - pi
        most = _TURN_PER_S * seconds
        self.heading += max(-most, min(most, 0.6 * off if abs(off) < most else off))

    def _pose(self, at_goods: bool, *, carries: bool) -> Pose:
        habits, now = self._habits, self._clock_s
        look = 0.35 * sin(2 * pi * now / habits.look_period_s + habits.offset)
        reach = 0.0
        if at_goods and self._stands_s > _REACHES_AFTER_S:
            reach = max(0.0, cos(2 * pi * (self._stands_s - _REACHES_AFTER_S) / habits.reach_period_s + pi)) ** 0.6
        return Pose(
            phase=self._phase,
            swing=self._swing,
            reach=reach,
            reach_rise=habits.reach_rise,
            look=look,
            nod=0.1 + 0.15 * (1 - min(1.0, self._swing)),
            carry=(0.75 if carries else 0.0) * (1 - reach),
        )
