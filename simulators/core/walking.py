"""Everyone on the floor, and how they walk round each other, tick by tick.

Someone with nobody near walks straight on. Others look ahead, give way (see `avoidance`) and stop where bodies would
touch. Who is held up for long turns the shoulders, then squeezes by, so that no crowd stands for ever.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from math import atan2, ceil, floor, hypot, sqrt

from simulators.core.avoidance import (
    HORIZON_S,
    ROOM_M,
    Other,
    choose_velocity,
    free_share,
    is_in_the_way,
)
from simulators.core.geometry import Point, distance
from simulators.core.navigation import NoWayError
from simulators.core.people import NEAR_ENOUGH_M, Person, Reached

BODY_RADIUS_M = 0.22
_CELL_M = 4.0
_HALF_CELL_M = _CELL_M / 2
_COMPANIONS_M = 0.3  # Companions may walk so near to each other.
_PATIENCE = ((2.5, 2 * BODY_RADIUS_M), (8.0, 0.33), (12.0, 0.31), (16.0, 0.15))  # Held up less than s: keep m apart.
_GIVES_UP_SPOT_S = 1.5
_SLOW_SHARE = 0.25  # Who makes less than this share of the way that the pace allows is held up.

Move = tuple[Person, Point, Reached]
"""Someone who moved, from where, and the points reached with their times."""


class Walkers:
    """All people in sight, in the order in which they came."""

    def __init__(self) -> None:
        self.people: list[Person] = []
        self._cells: defaultdict[tuple[int, int], list[Person]] = defaultdict(list)
        self._round: dict[tuple[int, int], tuple[list[Person], ...]] = {}

    def add(self, person: Person) -> None:
        """Someone comes into sight."""
        self.people.append(person)
        self._cells[_cell(person.position)].append(person)

    def remove(self, person: Person) -> None:
        """Someone goes out of sight."""
        self.people.remove(person)
        self._cells[_cell(person.position)].remove(person)

    def near(self, point: Point) -> list[Person]:
        """Return everyone within 2 m of a point along each axis, and some who are further away."""
        corner = (ceil(point[0] / _HALF_CELL_M), ceil(point[1] / _HALF_CELL_M))
        cells = self._round.get(corner)
        if cells is None:
            left, top = corner[0] // 2 - 1, corner[1] // 2 - 1
            cells = self._round[corner] = tuple(
                self._cells[cell] for cell in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1))
            )
        one, two, three, four = cells
        return [*one, *two, *three, *four]

    def has_room(self, point: Point) -> bool:
        """Return whether nobody stands where someone's body would be."""
        return all(distance(point, other.position) >= 2 * BODY_RADIUS_M for other in self.near(point))

    def step(self, seconds: float) -> list[Move]:
        """Let everyone walk for a time, one after the other. Return who moved."""
        moves: list[Move] = []
        for person in self.people:
            if not person.way:
                continue
            before = person.position
            if reached := self._walk(person, seconds):
                moves.append((person, before, reached))
                self._move(person, before)
        return moves

    def _move(self, person: Person, before: Point) -> None:
        (x, y), (was_x, was_y) = person.position, before
        if x // _CELL_M != was_x // _CELL_M or y // _CELL_M != was_y // _CELL_M:
            self._cells[_cell(before)].remove(person)
            self._cells[_cell(person.position)].append(person)

    def _walk(self, person: Person, seconds: float) -> Reached:
        near = self.near(person.position)
        if len(near) == 1:
            return _straight_on(person, seconds)
        waited_s = person.pause(seconds)
        if waited_s >= seconds:
            return []
        walks_s, stood_at = seconds - waited_s, person.position
        apart_m = _keeps_apart_m(person)
        if apart_m is not None and not _may_be_hindered(person, near, walks_s, apart_m):
            moved = _straight_on(person, walks_s)
            if person.held_up_s:
                person.held_up_s = max(0.0, person.held_up_s - walks_s)
        else:
            moved = _Walker(person, near, walks_s, apart_m).walk()
        if not waited_s or not moved:
            return moved
        return [(stood_at, waited_s), *((point, waited_s + after_s) for point, after_s in moved)]


def _keeps_apart_m(person: Person) -> float | None:
    """Return how near to others someone goes, which depends on how long they are in the way; None: squeezes by."""
    for until_s, apart_m in _PATIENCE:
        if person.held_up_s < until_s:
            return apart_m
    return None


def _may_be_hindered(person: Person, near: Sequence[Person], seconds: float, apart_m: float) -> bool:
    """Return whether anybody is ahead, or so near that the next steps may end in contact.

    Seldom true, and asked of everyone who walks: hence one loop over plain numbers.
    """
    (x, y), (goal_x, goal_y), pace_mps = person.position, person.way[0], person.pace_mps
    party_id, companions_m = person.party_id, min(apart_m, _COMPANIONS_M)
    gap_m, reach_m = hypot(goal_x - x, goal_y - y), pace_mps * seconds
    wanted_x, wanted_y = _wanted(person, gap_m)
    ahead_s = min(HORIZON_S, max(seconds, gap_m / pace_mps))
    for other in near:
        if other is person:
            continue
        (other_x, other_y), (vx, vy) = other.position, other.velocity
        contact_m = companions_m if other.party_id == party_id else apart_m
        dx, dy, closing_x, closing_y = other_x - x, other_y - y, wanted_x - vx, wanted_y - vy
        away = dx * dx + dy * dy
        if away < (reach_m + contact_m) * (reach_m + contact_m):
            return True
        approach = dx * closing_x + dy * closing_y
        if approach > 0:  # From here on `time_to_contact`, written out.
            gap = away - (contact_m + ROOM_M) * (contact_m + ROOM_M)
            speed = closing_x * closing_x + closing_y * closing_y
            discriminant = approach * approach - speed * gap
            if gap <= 0 or (discriminant > 0 and (approach - sqrt(discriminant)) / speed < ahead_s):
                return True
    return False


def _wanted(person: Person, gap_m: float) -> Point:
    """Return the velocity that leads straight to the next point of the way, which is so far off, m/s."""
    if not gap_m:
        return (0.0, 0.0)
    (x, y), (goal_x, goal_y), speed = person.position, person.way[0], person.pace_mps
    return ((goal_x - x) / gap_m * speed, (goal_y - y) / gap_m * speed)


class _Walker:
    """Someone with others near, for one tick."""

    def __init__(self, person: Person, near: Sequence[Person], seconds: float, apart_m: float | None) -> None:
        self._person, self._seconds = person, seconds
        self._stood_at = person.position
        x, y = person.position
        companions_m = min(apart_m or 0.0, _COMPANIONS_M)
        self._others: list[Other] = []
        if apart_m is not None:
            for other in near:
                if other is not person:
                    contact_m = companions_m if other.party_id == person.party_id else apart_m
                    self._others.append((other.position[0] - x, other.position[1] - y, *other.velocity, contact_m))

    def walk(self) -> Reached:
        """Make the step. Return the points reached, as `Person.advance` does."""
        person, target = self._person, self._person.way[0]
        gap_m = distance(person.position, target)
        reached = self._unhindered(gap_m)
        if not reached:
            reached = self._round_others(target, gap_m)
        gained_m = gap_m - distance(person.position, target) if person.way[:1] == [target] else gap_m
        if gained_m < _SLOW_SHARE * min(gap_m, person.pace_mps * self._seconds):
            person.held_up_s += self._seconds
        else:
            person.held_up_s = max(0.0, person.held_up_s - self._seconds)
        return reached

    def _unhindered(self, gap_m: float) -> Reached:
        """Walk straight on if nobody is in the way; else stay and return nothing."""
        person = self._person
        ahead_s = min(HORIZON_S, max(self._seconds, gap_m / person.pace_mps))
        if is_in_the_way(self._others, _wanted(person, gap_m), ahead_s):
            return []
        way, heading = list(person.way), person.heading
        reached = _straight_on(person, self._seconds)
        if self._is_free(reached):
            return reached
        person.way, person.position, person.heading = way, self._stood_at, heading
        return []

    def _is_free(self, reached: Reached) -> bool:
        """Return whether a walk of several straight steps touches nobody."""
        x, y = self._stood_at
        before = self._stood_at
        for point, _ in reached:
            step = (point[0] - before[0], point[1] - before[1])
            dx, dy = before[0] - x, before[1] - y
            others = self._others
            if dx or dy:
                others = [(other[0] - dx, other[1] - dy, 0.0, 0.0, other[4]) for other in others]
            if free_share(step, others) < 1:
                return False
            before = point
        return True

    def _round_others(self, target: Point, gap_m: float) -> Reached:
        person, seconds, (x, y) = self._person, self._seconds, self._stood_at
        if self._is_near_enough(gap_m):
            person.way, person.velocity = [], (0.0, 0.0)
            return []
        slow = min(1.0, gap_m / (person.pace_mps * seconds))
        wanted = _wanted(person, gap_m)
        wanted = (wanted[0] * slow, wanted[1] * slow)
        chosen = choose_velocity(wanted, person.velocity, self._others, self._keeps_clear)
        share = min(1.0, free_share((chosen[0] * seconds, chosen[1] * seconds), self._others))
        person.velocity = (chosen[0] * share, chosen[1] * share)
        if person.velocity == (0.0, 0.0):
            return []
        person.position = (x + person.velocity[0] * seconds, y + person.velocity[1] * seconds)
        person.heading = atan2(person.velocity[1], person.velocity[0])
        _find_back(person, target)
        return [(person.position, seconds)]

    def _is_near_enough(self, gap_m: float) -> bool:
        person = self._person
        return (
            len(person.way) == 1
            and not person.must_reach
            and gap_m < NEAR_ENOUGH_M
            and person.held_up_s >= _GIVES_UP_SPOT_S
        )

    def _keeps_clear(self, velocity: Point) -> bool:
        (x, y), seconds, ground = self._stood_at, self._seconds, self._person.ground
        return ground is None or ground.is_clear((x, y), (x + velocity[0] * seconds, y + velocity[1] * seconds))


def _straight_on(person: Person, seconds: float) -> Reached:
    (x, y) = person.position
    reached = person.advance(seconds)
    if person.way:
        person.velocity = ((person.position[0] - x) / seconds, (person.position[1] - y) / seconds)
    else:
        person.velocity = (0.0, 0.0)
    return reached


def _find_back(person: Person, target: Point) -> None:
    """Let someone who left the straight way go on from there: on to the next point but one if it is in sight."""
    ground = person.ground
    if ground is None:
        return
    if len(person.way) > 1 and ground.is_clear(person.position, person.way[1]):
        person.way.pop(0)
    elif not ground.is_clear(person.position, target):
        with suppress(NoWayError):
            person.way = [*ground.walk(person.position, target), *person.way[1:]]


def _cell(point: Point) -> tuple[int, int]:
    return (floor(point[0] / _CELL_M), floor(point[1] / _CELL_M))
