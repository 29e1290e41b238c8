"""What makes a polygon a zone: checks with the place of the mistake and its remedy. Pure.

Corners and sides are counted from 1; side n goes from corner n to the next, the last one back to corner 1.
"""

from collections.abc import Sequence
from itertools import combinations
from math import isfinite

from edge.core.geometry import Point, area, distance, edges

MIN_CORNERS = 3
_FLAT = 1e-9  # of the polygon's extent: nearer together than this is the same place


def check_polygon(polygon: Sequence[Point]) -> None:
    """Check that a polygon has an area and never touches itself.

    Args:
        polygon: Its corners, in order, in any unit.

    Raises:
        ValueError: It has fewer than three corners, a corner that is no point, one twice or one that bends nothing,
            or two of its sides meet; the message names them and the remedy.
    """
    if len(polygon) < MIN_CORNERS:
        msg = f"points must be {MIN_CORNERS} corners or more, got {list(polygon)}"
        raise ValueError(msg)
    for number, corner in enumerate(polygon, 1):
        if not all(map(isfinite, corner)):
            msg = f"corner {number} must have finite coordinates, got {corner}"
            raise ValueError(msg)
    slack = _FLAT * _extent(polygon)
    _check_repeats(polygon, slack)
    if not _has_breadth(polygon, slack):
        msg = f"points must enclose an area, but they all lie on one line: {list(polygon)}; move one off the line"
        raise ValueError(msg)
    _check_sides(polygon, slack)
    _check_bends(polygon, slack)


def share_within(polygon: Sequence[Point], width: float, height: float) -> float:
    """Return how much of a polygon's area lies in the rectangle from (0, 0) to (width, height), 0 to 1.

    Clipped side by side: Sutherland and Hodgman (1974), "Reentrant polygon clipping", CACM 17:32-42.
    """
    whole = area(polygon)
    corners = list(polygon)
    for axis, bound, sign in ((0, 0.0, 1), (0, width, -1), (1, 0.0, 1), (1, height, -1)):
        corners = _clip(corners, axis, bound, sign)
    return min(1.0, area(corners) / whole) if corners else 0.0


def _extent(polygon: Sequence[Point]) -> float:
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return max(max(xs) - min(xs), max(ys) - min(ys))


def _check_repeats(polygon: Sequence[Point], slack: float) -> None:
    for (first, a), (second, b) in combinations(enumerate(polygon, 1), 2):
        if distance(a, b) <= slack:
            msg = f"corners {first} and {second} are the same point {a}; leave one of them out"
            raise ValueError(msg)


def _has_breadth(polygon: Sequence[Point], slack: float) -> bool:
    """Tell whether some corner lies off the line through the first two."""
    return any(abs(_turn(polygon[0], polygon[1], corner)) > slack for corner in polygon[2:])


def _check_sides(polygon: Sequence[Point], slack: float) -> None:
    """Check that sides meet at the corners that they share and nowhere else."""
    sides = list(enumerate(edges(polygon), 1))
    for (first, one), (second, other) in combinations(sides, 2):
        are_neighbours = second - first in (1, len(sides) - 1)
        if _fold_back(one, other, slack) if are_neighbours else _meet(one, other, slack):
            msg = (
                f"side {first} from {one[0]} to {one[1]} crosses side {second} from {other[0]} to {other[1]}; "
                "give the corners in the order in which one walks round the zone"
            )
            raise ValueError(msg)


def _check_bends(polygon: Sequence[Point], slack: float) -> None:
    count = len(polygon)
    for index, corner in enumerate(polygon):
        before, after = polygon[index - 1], polygon[(index + 1) % count]
        if abs(_turn(before, after, corner)) <= slack:
            neighbours = f"{(index - 1) % count + 1} and {(index + 1) % count + 1}"
            msg = f"corner {index + 1} {corner} lies on the straight line between corners {neighbours}; leave it out"
            raise ValueError(msg)


def _turn(start: Point, end: Point, point: Point) -> float:
    """Return how far a point lies beside the line from start to end, in its unit; 0 where those are one point."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = distance(start, end)
    cross = along_x * (point[1] - start[1]) - along_y * (point[0] - start[0])
    return cross / length if length else 0.0


def _side_of(start: Point, end: Point, point: Point, slack: float) -> int:
    turn = _turn(start, end, point)
    return 0 if abs(turn) <= slack else (1 if turn > 0 else -1)


def _meet(one: tuple[Point, Point], other: tuple[Point, Point], slack: float) -> bool:
    """Tell whether two sides have a point in common."""
    a = (_side_of(*one, other[0], slack), _side_of(*one, other[1], slack))
    b = (_side_of(*other, one[0], slack), _side_of(*other, one[1], slack))
    if a == (0, 0):
        return _overlap(one, other, slack)
    return a[0] * a[1] <= 0 and b[0] * b[1] <= 0


def _overlap(one: tuple[Point, Point], other: tuple[Point, Point], slack: float) -> bool:
    """Tell whether two sides on one line share a point."""
    return all(
        max(min(p[axis] for p in one), min(p[axis] for p in other))
        <= min(max(p[axis] for p in one), max(p[axis] for p in other)) + slack
        for axis in (0, 1)
    )


def _fold_back(one: tuple[Point, Point], other: tuple[Point, Point], slack: float) -> bool:
    """Tell whether of two sides that share a corner one runs back along the other."""
    shared = one[1] if one[1] == other[0] else one[0]
    ends = [next(point for point in side if point != shared) for side in (one, other)]
    (ax, ay), (bx, by) = ((end[0] - shared[0], end[1] - shared[1]) for end in ends)
    return ax * bx + ay * by > 0 and min(abs(_turn(*one, ends[1])), abs(_turn(*other, ends[0]))) <= slack


def _clip(corners: list[Point], axis: int, bound: float, sign: int) -> list[Point]:
    """Return the part of a polygon on one side of a line along an axis."""
    kept: list[Point] = []
    for start, end in edges(corners) if corners else []:
        before, after = (sign * (point[axis] - bound) for point in (start, end))
        if before >= 0:
            kept.append(start)
        if before * after < 0:
            share = before / (before - after)
            kept.append((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
    return kept
