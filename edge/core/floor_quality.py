"""How exact a floor map is. Pure: no clock, randomness or I/O."""

from collections.abc import Sequence
from itertools import combinations
from math import hypot

import msgspec
import numpy as np

from edge.core.floor import FloorMap, condition_number, fit_floor, floor_point, straightened
from edge.core.geometry import MIN_CORRESPONDENCES, Matrix, Point, distance, fit_homography
from edge.core.lens import Lens

CLICK_ERROR_PX = 2.0
"""Standard error of each coordinate of a point that an operator clicked."""
FOOT_ERROR_PX = 4.0
"""Standard error of each coordinate of where a detector sees somebody stand."""
_NUDGE_PX = 0.5
_LEAST_ERROR_M = 0.01


class FloorQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How well points in the picture and on the floor go together.

    Attributes:
        residuals_m: Distance on the floor between each point and where the map puts it.
        left_out_m: The same for a map that was fitted to all other points; None where those give no map, or there are
            four points only, which every map fits.
        condition_number: Of the equations; see `MOST_CONDITION_NUMBER`.
        is_mirrored: The floor's points go round the other way than the picture's.
        error_m: Standard error of each coordinate of somebody's place, expected between the points.
    """

    residuals_m: tuple[float, ...]
    left_out_m: tuple[float | None, ...]
    condition_number: float
    is_mirrored: bool
    error_m: float

    @property
    def rms_m(self) -> float:
        """Return the root of the mean squared residual."""
        return float(np.sqrt(np.mean(np.square(self.residuals_m))))

    @property
    def worst(self) -> int:
        """Return the index of the point that fits least. With five points several fit about as badly."""
        return max(range(len(self.residuals_m)), key=lambda index: self.residuals_m[index])


def floor_quality(image_px: Sequence[Point], floor_m: Sequence[Point], lens: Lens | None = None) -> FloorQuality:
    """Return how well points go together.

    Args:
        image_px: See `fit_floor`.
        floor_m: See `fit_floor`.
        lens: See `fit_floor`.

    Raises:
        ValueError: As in `fit_floor`.
    """
    fitted = fit_floor(image_px, floor_m, lens)
    residuals = tuple(_miss(fitted, *pair) for pair in zip(image_px, floor_m, strict=True))
    count = len(image_px)
    left_out: list[float | None] = [None] * count
    if count > MIN_CORRESPONDENCES:
        left_out = [_left_out(image_px, floor_m, lens, index) for index in range(count)]
    middles = [((x1 + x2) / 2, (y1 + y2) / 2) for (x1, y1), (x2, y2) in combinations(image_px, 2)]
    expected = expected_errors(image_px, floor_m, lens, [*image_px, *middles])
    squares = [error * error for error in expected if error is not None]
    spread = float(np.sqrt(sum(np.square(residuals)) / (2 * count - 8))) if count > MIN_CORRESPONDENCES else 0.0
    return FloorQuality(
        residuals_m=residuals,
        left_out_m=tuple(left_out),
        condition_number=condition_number(straightened(image_px, lens), floor_m),
        is_mirrored=_is_mirrored(fitted.matrix, straightened(image_px, lens)),
        error_m=max(_LEAST_ERROR_M, round(max(float(np.sqrt(np.mean(squares))), spread), 2)),
    )


def expected_errors(
    image_px: Sequence[Point], floor_m: Sequence[Point], lens: Lens | None, places_px: Sequence[Point]
) -> list[float | None]:
    """Return the standard error of each floor coordinate at places of the picture, m; None where there is no floor.

    The errors of the clicks and of the foot point are propagated to first order (Hartley and Zisserman, Multiple View
    Geometry in Computer Vision, 2nd edition, section 5.2), with derivatives by central differences.

    Args:
        image_px: See `fit_floor`.
        floor_m: See `fit_floor`.
        lens: See `fit_floor`.
        places_px: Where somebody may stand.
    """
    fitted = FloorMap(fit_homography(straightened(image_px, lens), floor_m), lens)
    nudged = [_nudged_maps(image_px, floor_m, lens, index, axis) for index in range(len(image_px)) for axis in (0, 1)]
    found: list[float | None] = []
    for place in places_px:
        moves = [CLICK_ERROR_PX * _rate(floor_point(low, place), floor_point(high, place)) for low, high in nudged]
        for axis in (0, 1):
            low, high = (floor_point(fitted, _nudge(place, axis, sign)) for sign in (-1, 1))
            moves.append(FOOT_ERROR_PX * _rate(low, high))
        total = hypot(*moves) / 2**0.5
        found.append(total if np.isfinite(total) else None)
    return found


def _nudged_maps(
    image_px: Sequence[Point], floor_m: Sequence[Point], lens: Lens | None, index: int, axis: int
) -> tuple[FloorMap, FloorMap]:
    def nudged(sign: int) -> FloorMap:
        points = [*image_px[:index], _nudge(image_px[index], axis, sign), *image_px[index + 1 :]]
        return FloorMap(fit_homography(straightened(points, lens), floor_m), lens)

    return nudged(-1), nudged(1)


def _nudge(point: Point, axis: int, sign: int) -> Point:
    x, y = point
    return (x + sign * _NUDGE_PX, y) if axis == 0 else (x, y + sign * _NUDGE_PX)


def _rate(low: Point | None, high: Point | None) -> float:
    """Return metres on the floor per pixel of a nudge; infinite where one side of it is in the sky."""
    return float("inf") if low is None or high is None else distance(low, high) / (2 * _NUDGE_PX)


def _miss(floor: FloorMap, image_px: Point, floor_m: Point) -> float:
    found = floor_point(floor, image_px)
    return float("inf") if found is None else distance(found, floor_m)


def _left_out(image_px: Sequence[Point], floor_m: Sequence[Point], lens: Lens | None, index: int) -> float | None:
    try:
        others = fit_floor([*image_px[:index], *image_px[index + 1 :]], [*floor_m[:index], *floor_m[index + 1 :]], lens)
    except ValueError:
        return None
    miss = _miss(others, image_px[index], floor_m[index])
    return miss if np.isfinite(miss) else None


def _is_mirrored(matrix: Matrix, straight_px: Sequence[Point]) -> bool:
    """Tell whether the map turns clockwise into anticlockwise: the sign of det(H) / w³ (its Jacobian's determinant)."""
    x, y = np.mean(np.array(straight_px), axis=0)
    depth = matrix[2][0] * x + matrix[2][1] * y + matrix[2][2]
    return bool(np.linalg.det(np.array(matrix)) * depth < 0)
