"""What speaks for a visit having made a touch: where the visit stood, and for how long. Pure.

Times here are true times: the touch's own time less its terminal's clock offset.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import exp, hypot, log, pi

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

_WALK_MPMS = 0.9 / 1000
"""Between two points of a path somebody first stands, then walks at this speed: a path has no points of who stands."""
_CLOSE_M = 1.0
SLACK_MS = 2000
NOWHERE_M = 1e6

Point = tuple[float, float]


class Motion:
    """Where a visit was, over time.

    Args:
        points: (t_ms, x_m, y_m) in order of time.
        opened_ms: First sighting.
        ended_ms: Last sighting.
    """

    def __init__(self, points: Sequence[tuple[int, float, float]], opened_ms: int, ended_ms: int) -> None:
        self._points = points
        self._times = [point[0] for point in points]
        self.opened_ms, self.ended_ms = opened_ms, ended_ms

    @property
    def is_known(self) -> bool:
        """Return whether anything is known of where it was."""
        return bool(self._points)

    def position(self, t_ms: float) -> Point:
        """Return where the visit was, in metres; before its first point and after its last one, there.

        Raises:
            IndexError: Nothing is known of where it was.
        """
        place = bisect_right(self._times, t_ms)
        if place in {0, len(self._points)}:
            return self._points[place - 1 if place else 0][1:]
        (from_ms, ax, ay), (to_ms, bx, by) = self._points[place - 1], self._points[place]
        walk_ms = min(to_ms - from_ms, hypot(bx - ax, by - ay) / _WALK_MPMS)
        left_ms = to_ms - t_ms
        share = 0.0 if left_ms >= walk_ms else 1 - left_ms / walk_ms
        return ax + share * (bx - ax), ay + share * (by - ay)

    def positions(self, t_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where the visit was at times, shape (N, 2); far from everything where it was not in the store.

        Raises:
            IndexError: Nothing is known of where it was.
        """
        points = np.array(self._points, dtype=np.float64)
        times, where = points[:, 0], points[:, 1:]
        place = np.searchsorted(times, t_ms, side="right")
        before, after = np.maximum(place - 1, 0), np.minimum(place, len(points) - 1)
        step_m = where[after] - where[before]
        walk_ms = np.minimum(times[after] - times[before], np.hypot(step_m[:, 0], step_m[:, 1]) / _WALK_MPMS)
        left_ms = times[after] - t_ms
        share = np.where(left_ms >= walk_ms, 0.0, 1 - left_ms / np.maximum(walk_ms, 1e-9))
        found = where[before] + np.clip(share, 0.0, 1.0)[:, None] * step_m
        found[(t_ms < self.opened_ms - SLACK_MS) | (t_ms > self.ended_ms + SLACK_MS)] = NOWHERE_M
        return found

    def stood_s(self, place: Point, t_ms: float) -> float:
        """Return for how long, around a time, the visit was within a metre of a place; 0: it was not there."""
        if distance(self.position(t_ms), place) > _CLOSE_M:
            return 0.0
        last = bisect_right(self._times, t_ms)
        first = bisect_left(self._times, t_ms)
        while first > 0 and distance(self._points[first - 1][1:], place) <= _CLOSE_M:
            first -= 1
        while last < len(self._points) and distance(self._points[last][1:], place) <= _CLOSE_M:
            last += 1
        began_ms = self._times[first] if first < len(self._times) else self._times[-1]
        until_ms = self._times[last] if last < len(self._times) else self.ended_ms
        return max(0.0, (until_ms - min(began_ms, t_ms)) / 1000)


def distance(one: Point, other: Point) -> float:
    """Return the distance of two points, m."""
    return hypot(other[0] - one[0], other[1] - one[1])


class EvidenceRules(Struct, frozen=True, kw_only=True):
    """How much each fact weighs.

    Attributes:
        spread_m: Standard deviation of where somebody stands who makes a touch, about the terminal's place, per axis.
        stray: Share of touches whose maker stands anywhere within `reach_m`.
        reach_m: Who is farther away did not make the touch.
        crowd_per_m2: How many people who do not make the touch stand on a square metre there.
        stood_s: Bounds of the bins of how long somebody stood at the place, s, ascending.
        stood_log_ratios: Of each bin, the log of how much more frequent it is among makers than among others there.
    """

    spread_m: float = 0.25
    stray: float = 0.05
    reach_m: float = 2.5
    crowd_per_m2: float = 0.15
    stood_s: tuple[float, ...] = (1.0, 4.0, 8.0)
    stood_log_ratios: tuple[float, ...] = (-2.0, -1.0, 0.0, 0.3)


def log_ratio_of_place(rules: EvidenceRules, away_m: float, error_m: float) -> float:
    """Return log of how much more likely the maker stands there than anybody else, -inf beyond reach.

    Args:
        rules: How the maker and the others stand.
        away_m: Distance from the terminal's place.
        error_m: Standard error of the visit's positions.
    """
    if away_m > rules.reach_m:
        return float("-inf")
    variance = rules.spread_m**2 + error_m**2
    near = exp(-(away_m**2) / (2 * variance)) / (2 * pi * variance)
    made = (1 - rules.stray) * near + rules.stray / (pi * rules.reach_m**2)
    return log(made / rules.crowd_per_m2)


def log_ratio_of_standing(rules: EvidenceRules, stood_s: float) -> float:
    """Return log of how much more frequent it is among makers than among others to have stood there for so long."""
    return rules.stood_log_ratios[bisect_right(rules.stood_s, stood_s)]


class Sight(Struct, frozen=True):
    """Where a visit was at one instant, and what that says.

    Attributes:
        away_m: How far from the terminal's place.
        stood_s: For how long it stood there.
        place: Log ratio of the distance.
        standing: Log ratio of the standing time.
    """

    away_m: float
    stood_s: float
    place: float
    standing: float

    @property
    def ratio(self) -> float:
        """Return what both say together."""
        return self.place + self.standing


def look(rules: EvidenceRules, motion: Motion, place_m: Point, at_ms: float, error_m: float) -> Sight:
    """Return where a visit was at an instant, and what that says.

    Args:
        rules: How much each fact weighs.
        motion: Where the visit was; something is known of it.
        place_m: The terminal's place.
        at_ms: The instant.
        error_m: Standard error of the visit's positions.
    """
    away_m, stood_s = distance(motion.position(at_ms), place_m), motion.stood_s(place_m, at_ms)
    return Sight(away_m, stood_s, log_ratio_of_place(rules, away_m, error_m), log_ratio_of_standing(rules, stood_s))
