"""How a walker gives way to others: by predicting contact and choosing among velocities.

Reciprocal velocity obstacles (van den Berg, Lin and Manocha, "Reciprocal velocity obstacles for real-time multi-agent
navigation", ICRA 2008): of a few velocities about the one that a walker would like best, take the one that differs
least from it and touches others latest, where each of two walkers expects the other to take half of the trouble. Those
who stand still take none. Whatever is chosen, a step ends where two bodies would touch.
"""

from collections.abc import Callable, Sequence
from math import cos, hypot, inf, pi, sin, sqrt

from simulators.core.geometry import Point

HORIZON_S = 2.5
"""Contacts that are further away in time are nobody's concern."""

ROOM_M = 0.08
"""People plan to pass others by a little more than they must."""

_CONTACT_COST_M = 1.0  # Metres per second of deviation that are worth as much as contact in one second.
_LEFT_COST_MPS = 0.05  # Who meets head-on passes on the right.
_AT_ONCE_S = 0.1
_CHOICES = sorted(
    (hypot(cos(pi * turn / 180) * share - 1, sin(pi * turn / 180) * share), turn < 0, turn, share)
    for turn in (0, 20, -20, 40, -40, 60, -60, 85, -85)
    for share in (1.0, 0.55)
)
_TURNS = [
    (cos(pi * turn / 180) * share, sin(pi * turn / 180) * share, deviation, is_left)
    for deviation, is_left, turn, share in _CHOICES
]
"""Velocities to try, as shares of the wanted one along and across it: how far each is from it, whether it is left."""


Other = tuple[float, float, float, float, float]
"""Somebody near a walker: how far off along x and y, m, how fast, m/s, and how near their middles may get, m."""
_Gap = tuple[float, float, float, float, float]
"""The same, but last how much further off than that they are, in squares, m²."""


def time_to_contact(offset: Point, closing: Point, contact_m: float) -> float:
    """Return seconds until two bodies touch; 0 for those who touch and do not part, infinite for those who never will.

    Args:
        offset: From one's middle to the other's, m.
        closing: The one's velocity as the other sees it, m/s.
        contact_m: How far apart their middles are when they touch.
    """
    (dx, dy), (wx, wy) = offset, closing
    approach = dx * wx + dy * wy
    if approach <= 0:
        return inf
    gap = dx * dx + dy * dy - contact_m * contact_m
    if gap <= 0:
        return 0.0
    speed = wx * wx + wy * wy
    discriminant = approach * approach - speed * gap
    return inf if discriminant <= 0 else (approach - sqrt(discriminant)) / speed


def is_in_the_way(others: Sequence[Other], velocity: Point, for_s: float) -> bool:
    """Return whether a walker who goes on like this for so long touches somebody."""
    x, y = velocity
    for dx, dy, vx, vy, contact_m in others:
        wx, wy = x - vx, y - vy
        if dx * wx + dy * wy > 0 and time_to_contact((dx, dy), (wx, wy), contact_m + ROOM_M) < for_s:
            return True
    return False


def free_share(step: Point, others: Sequence[Other]) -> float:
    """Return which share of a step can be made before it touches somebody who is where he or she is now."""
    return min([time_to_contact((dx, dy), step, contact_m) for dx, dy, _, _, contact_m in others], default=1.0)


def choose_velocity(
    wanted: Point, velocity: Point, others: Sequence[Other], is_possible: Callable[[Point], bool]
) -> Point:
    """Return the best velocity that the walls leave possible, (0, 0) if there is none.

    Args:
        wanted: The velocity that the walker would like best, m/s.
        velocity: The one that it has.
        others: Who is near.
        is_possible: Tells whether the walls allow a velocity.
    """
    speed = hypot(*wanted)
    gaps = [
        (dx, dy, vx, vy, dx * dx + dy * dy - (contact_m + ROOM_M) * (contact_m + ROOM_M))
        for dx, dy, vx, vy, contact_m in others
    ]
    best, best_cost = (0.0, 0.0), speed + _contact_cost((0.0, 0.0), velocity, gaps)
    for along, across, deviation, is_left in _TURNS:
        if deviation * speed >= best_cost:
            break
        tried = (wanted[0] * along - wanted[1] * across, wanted[1] * along + wanted[0] * across)
        cost = deviation * speed + is_left * _LEFT_COST_MPS + _contact_cost(tried, velocity, gaps)
        if cost < best_cost and is_possible(tried):
            best, best_cost = tried, cost
    return best


def _contact_cost(tried: Point, velocity: Point, gaps: Sequence[_Gap]) -> float:
    """Return what the soonest contact costs, m/s. The most frequent question of all: `time_to_contact` written out."""
    soonest_s = HORIZON_S
    both_x, both_y = 2 * tried[0] - velocity[0], 2 * tried[1] - velocity[1]
    for dx, dy, vx, vy, gap in gaps:
        wx, wy = (both_x - vx, both_y - vy) if vx or vy else tried
        approach = dx * wx + dy * wy
        if approach <= 0:
            continue
        if gap <= 0:
            return _CONTACT_COST_M / _AT_ONCE_S
        speed = wx * wx + wy * wy
        discriminant = approach * approach - speed * gap
        if discriminant > 0 and (seconds := (approach - sqrt(discriminant)) / speed) < soonest_s:
            soonest_s = seconds
    return _CONTACT_COST_M / max(soonest_s, _AT_ONCE_S) if soonest_s < HORIZON_S else 0.0
