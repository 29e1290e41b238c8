"""Points, lines, polygons and the map from image to floor. Pure: no clock, randomness or I/O.

Coordinates are (x, y) in the camera's plane: frame pixels with y down, or metres on the floor.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import hypot
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Point: TypeAlias = tuple[float, float]
Matrix: TypeAlias = tuple[tuple[float, float, float], ...]

IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
"""Of a plane that is the floor already."""

MIN_CORRESPONDENCES = 4
_FLAT = 1e-9


def distance(a: Point, b: Point) -> float:
    """Return the distance between two points, in their unit."""
    return hypot(b[0] - a[0], b[1] - a[1])


def signed_distance(start: Point, end: Point, point: Point) -> float:
    """Return how far a point lies from the infinite line, in its unit.

    Positive to the right of `start` -> `end` where y points down, as on a screen.
    """
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    cross = along_x * (point[1] - start[1]) - along_y * (point[0] - start[0])
    return cross / hypot(along_x, along_y)


def is_between_ends(start: Point, end: Point, point: Point) -> bool:
    """Tell whether a point's projection onto the line falls on the segment, its ends included."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    along = (point[0] - start[0]) * along_x + (point[1] - start[1]) * along_y
    return 0 <= along <= along_x * along_x + along_y * along_y


def distance_to_segment(start: Point, end: Point, point: Point) -> float:
    """Return the distance from a point to the nearest point of a segment, in their unit."""
    if start != end and is_between_ends(start, end, point):
        return abs(signed_distance(start, end, point))
    return min(distance(start, point), distance(end, point))


def edges(polygon: Sequence[Point]) -> list[tuple[Point, Point]]:
    """Return a polygon's sides, the closing one included."""
    return list(pairwise([*polygon, polygon[0]]))


def is_inside(polygon: Sequence[Point], point: Point) -> bool:
    """Tell whether a point lies in a polygon, by the even-odd rule."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in edges(polygon):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


class PolygonSides:
    """The sides of several polygons, laid out so that many points are tried at once.

    Args:
        polygons: Each with three corners or more.
    """

    def __init__(self, polygons: Sequence[Sequence[Point]]) -> None:
        sides = [side for polygon in polygons for side in edges(polygon)]
        ends = np.array(sides, dtype=np.float64).reshape(-1, 4)
        self._x1, self._y1, x2, self._y2 = (np.ascontiguousarray(column) for column in ends.T)
        self._along_x, along_y = x2 - self._x1, self._y2 - self._y1
        self._along_y = np.where(along_y == 0, 1.0, along_y)  # No point is level with a level side.
        self._starts = np.cumsum([0, *(len(polygon) for polygon in polygons)])[:-1]

    def inside(self, points: Sequence[Point]) -> list[list[bool]]:
        """Return for each point whether it lies in each polygon: the very answers of `is_inside`."""
        if not points or not self._starts.size:
            return [[False] * self._starts.size for _ in points]
        x, y = np.array(points, dtype=np.float64).T[:, :, None]
        is_level = (self._y1 > y) != (self._y2 > y)
        with np.errstate(over="ignore", invalid="ignore"):  # Only beside sides that no point is level with.
            is_left = x < self._x1 + (y - self._y1) * self._along_x / self._along_y
        inside: list[list[bool]] = np.logical_xor.reduceat(is_level & is_left, self._starts, axis=1).tolist()
        return inside


def distance_outside(polygon: Sequence[Point], point: Point) -> float:
    """Return how far outside a polygon a point lies, in their unit; 0 inside."""
    if is_inside(polygon, point):
        return 0.0
    return min(distance_to_segment(start, end, point) for start, end in edges(polygon))


def area(polygon: Sequence[Point]) -> float:
    """Return a polygon's area, in its unit squared."""
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in edges(polygon))) / 2


def fit_homography(image_px: Sequence[Point], floor_m: Sequence[Point]) -> Matrix:
    """Return the 3x3 homography that maps image points to floor points best (least squares).

    The direct linear transform on normalized points: Hartley and Zisserman, Multiple View Geometry
    in Computer Vision, 2nd edition, algorithm 4.2.

    Args:
        image_px: At least four points in the frame, no three of them on a line.
        floor_m: The same points on the floor, in the same order.

    Raises:
        ValueError: There are too few points, unequally many, or they lie on a line.
    """
    equations, to_source, to_target = homography_equations(image_px, floor_m)
    _, singular, right = np.linalg.svd(equations)
    normalized = right[-1].reshape(3, 3)
    if singular[7] < _FLAT or abs(np.linalg.det(normalized)) < _FLAT:
        msg = f"a floor map needs points of which no three lie on a line, got {list(image_px)} and {list(floor_m)}"
        raise ValueError(msg)
    matrix = np.linalg.inv(to_target) @ normalized @ to_source
    matrix = matrix / np.linalg.norm(matrix)
    if matrix[2] @ [*np.mean(np.array(image_px), axis=0), 1] < 0:  # the picture's points lie below the horizon
        matrix = -matrix
    first, second, third = matrix.tolist()
    return (tuple(first), tuple(second), tuple(third))


def homography_equations(
    image_px: Sequence[Point], floor_m: Sequence[Point]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the equations of the direct linear transform, and what normalizes both kinds of points.

    Returns:
        Equations, shape (2 N, 9), of the homography between normalized points; the transforms that normalize image and
        floor points, shape (3, 3) each.

    Raises:
        ValueError: There are too few points, or unequally many.
    """
    if len(image_px) != len(floor_m) or len(image_px) < MIN_CORRESPONDENCES:
        msg = (
            f"a floor map needs {MIN_CORRESPONDENCES} or more points of both kinds, "
            f"got {len(image_px)} in the image and {len(floor_m)} on the floor"
        )
        raise ValueError(msg)
    source, to_source = _normalized(image_px)
    target, to_target = _normalized(floor_m)
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([-x, -y, -1, 0, 0, 0, u * x, u * y, u])
        rows.append([0, 0, 0, -x, -y, -1, v * x, v * y, v])
    return np.array(rows), to_source, to_target


def _normalized(points: Sequence[Point]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points moved to the origin at a mean distance of sqrt(2), and what moves them there."""
    array = np.array(points, dtype=np.float64)
    centre = array.mean(axis=0)
    spread = np.linalg.norm(array - centre, axis=1).mean()
    scale = np.sqrt(2) / max(float(spread), _FLAT)
    transform = np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])
    return (array - centre) * scale, transform


def apply_homography(matrix: Matrix, point: Point) -> Point | None:
    """Return where a point goes, None where it lies on the horizon or above it, which is nowhere on the floor."""
    x, y = point
    u, v, w = (row[0] * x + row[1] * y + row[2] for row in matrix)
    if w < _FLAT:
        return None
    return u / w, v / w
