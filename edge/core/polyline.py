"""Directed lines of two or more points: on which side somebody is, and where a step goes through. Pure.

Coordinates are (x, y) in the camera's plane, y down. Right of the line is positive. The first and the last arm go on
straight beyond their ends for telling sides; only the line itself can be gone through.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise

from edge.core.geometry import Point, distance, distance_to_segment, is_between_ends, signed_distance

MIN_POINTS = 2


def arms(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Return the straight pieces of a line, in its direction."""
    return list(pairwise(points))


def signed_distance_to(points: Sequence[Point], point: Point) -> float:
    """Return how far a point lies from a line, in its unit, positive to the right of the line's direction.

    What counts is the nearest arm, or the nearest corner. Beyond the line's ends it is the distance to the first or
    the last arm made longer, so that with two points it is the distance to the infinite line.

    A nearest corner is seen from outside of the bend (Bærentzen and Aanæs, Signed distance computation using the angle
    weighted pseudonormal, IEEE TVCG 11, 2005, for the plane).
    """
    if len(points) == MIN_POINTS:
        return signed_distance(points[0], points[1], point)
    sides = arms(points)
    index = min(range(len(sides)), key=lambda place: distance_to_segment(sides[place][0], sides[place][1], point))
    start, end = sides[index]
    if is_between_ends(start, end, point):
        return signed_distance(start, end, point)
    is_at_end = distance(end, point) < distance(start, point)
    corner = index + is_at_end
    if corner in (0, len(sides)):
        return signed_distance(start, end, point)
    return distance(points[corner], point) * _side_of_corner(
        points[corner - 1], points[corner], points[corner + 1], point
    )


def is_beside(points: Sequence[Point], point: Point) -> bool:
    """Tell whether a point's nearest place on a line is not beyond one of its ends."""
    start, end = min(arms(points), key=lambda arm: distance_to_segment(arm[0], arm[1], point))
    begins_before = start != points[0] or _is_along(start, end, point)
    return begins_before and (end != points[-1] or _is_along(end, start, point))


def distance_to(points: Sequence[Point], point: Point) -> float:
    """Return the distance from a point to the nearest place of a line, in their unit."""
    return min(distance_to_segment(start, end, point) for start, end in arms(points))


def _side_of_corner(start: Point, corner: Point, end: Point, point: Point) -> int:
    """Return 1 right of a bent line, -1 left of it, for a point next to the corner: where the arms differ, outside."""
    is_right = _turn(start, corner, point) > 0
    if is_right != (_turn(corner, end, point) > 0):
        is_right = _turn(start, corner, end) < 0
    return 1 if is_right else -1


def passes(points: Sequence[Point], before: Point, after: Point) -> int:
    """Return how a straight step goes through a line: times to the right less times to the left.

    A step right through a corner counts once, one that only touches a corner from outside 0. The ends belong to the
    line.
    """
    last = len(points) - 2
    return sum(
        _passes_arm(start, end, before, after, is_first=index == 0, is_last=index == last)
        for index, (start, end) in enumerate(arms(points))
    )


def _passes_arm(start: Point, end: Point, before: Point, after: Point, *, is_first: bool, is_last: bool) -> int:
    """Return 1, -1 or 0. At a corner both arms ask on which side of the step it lies, so that one of them counts."""
    from_distance, to_distance = signed_distance(start, end, before), signed_distance(start, end, after)
    if (from_distance > 0) == (to_distance > 0):
        return 0
    direction = 1 if to_distance > 0 else -1
    share = from_distance / (from_distance - to_distance)
    meeting = (before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1]))
    if is_first and is_last:
        return direction if is_between_ends(start, end, meeting) else 0
    begins_before = _is_along(start, end, meeting) if is_first else _is_right(before, after, start) == (direction > 0)
    ends_behind = _is_along(end, start, meeting) if is_last else _is_right(before, after, end) == (direction < 0)
    return direction if begins_before and ends_behind else 0


def _is_right(before: Point, after: Point, corner: Point) -> bool:
    """Tell on which side of a step a corner lies; the other one for the step back, even where it lies on it."""
    low, high = min(before, after), max(before, after)
    return (_turn(low, high, corner) > 0) == (before <= after)


def _is_along(start: Point, end: Point, point: Point) -> bool:
    """Tell whether a point does not lie before `start`, seen towards `end`."""
    return (point[0] - start[0]) * (end[0] - start[0]) + (point[1] - start[1]) * (end[1] - start[1]) >= 0


def _turn(a: Point, b: Point, c: Point) -> float:
    """Return the unit squared; positive where `c` lies to the right of `a` -> `b`."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def fault(points: Sequence[Point]) -> str | None:
    """Return why points make no usable line, None where they do: too few, repeated, folded back or crossing itself."""
    if len(points) < MIN_POINTS:
        return f"needs {MIN_POINTS} or more points, got {len(points)}"
    sides = arms(points)
    for index, (start, end) in enumerate(sides):
        if start == end:
            return f"points {index + 1} and {index + 2} must be two different points, got {start} twice"
    for (first, one), (second, other) in combinations(enumerate(sides, start=1), 2):
        if _folds_back(*one, other[1]) if second == first + 1 else _meet(one, other):
            return (
                f"the piece from {one[0]} to {one[1]} (points {first} and {first + 1}) meets the piece from "
                f"{other[0]} to {other[1]} (points {second} and {second + 1}); a line must not cross or touch itself"
            )
    return None


def _folds_back(start: Point, corner: Point, end: Point) -> bool:
    back = (start[0] - corner[0]) * (end[0] - corner[0]) + (start[1] - corner[1]) * (end[1] - corner[1])
    return _turn(start, corner, end) == 0 and back > 0


def _meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Tell whether two segments have a point in common."""
    turns = [_turn(*one, other[0]), _turn(*one, other[1]), _turn(*other, one[0]), _turn(*other, one[1])]
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((one, other[0]), (one, other[1]), (other, one[0]), (other, one[1]))
    return any(turn == 0 and is_between_ends(*arm, end) for turn, (arm, end) in zip(turns, ends, strict=True))
