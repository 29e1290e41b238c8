"""A lens's distortion from lines that are straight in the world. Pure: no clock, randomness or I/O.

The plumb-line method (D. C. Brown, "Close-range camera calibration", Photogrammetric Engineering, 1971; F. Devernay and
O. Faugeras, "Straight lines have to be straight", Machine Vision and Applications, 2001): of all coefficients, the one
that leaves the lines straightest. How crooked a line is counts in pixels of the picture as it was clicked, so that a
coefficient that shrinks everything gains nothing.
"""

from collections.abc import Callable, Sequence
from math import hypot, inf

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.core.geometry import Point
from edge.core.lens import Lens, straighten

LEAST_POINTS_OF_LINE = 3
_MOST_BARREL, _MOST_PINCUSHION = -0.14, 0.6  # k1 r² of the outermost point; at -4/27 a barrel folds
_SCAN = 75
_GOLDEN = (5**0.5 - 1) / 2
_CLOSE = 1e-9
_LEAST_BEND_PX = 0.5


class LensEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """What lines say of a lens.

    Attributes:
        k1: First radial coefficient.
        k1_error: Its standard error; infinite where there are no more points than unknowns.
        crooked_px: How far points lay off their straight lines in the picture, root mean square, pixels.
        left_px: How far they lie off them with the lens taken out, in the same pixels.
    """

    k1: float
    k1_error: float
    crooked_px: float
    left_px: float


def estimate_lens(lines_px: Sequence[Sequence[Point]], centre_px: Point, unit_px: float) -> LensEstimate:
    """Return the k1 that makes lines straightest.

    Args:
        lines_px: Three or more points of each line, in the picture.
        centre_px: Where the lens's axis meets the picture.
        unit_px: Pixels of r = 1.

    Raises:
        ValueError: The lines say nothing of the lens, or there are too few points.
    """
    counts = [len(set(line)) for line in lines_px]
    if min(counts, default=0) < LEAST_POINTS_OF_LINE:
        msg = f"straight lines need {LEAST_POINTS_OF_LINE} or more different points each, got {counts or 'no line'}"
        raise ValueError(msg)
    reach = max(hypot(x - centre_px[0], y - centre_px[1]) for line in lines_px for x, y in line) / unit_px
    low, high = _MOST_BARREL / reach**2, _MOST_PINCUSHION / reach**2

    def crooked(k1: float) -> float:
        return _crooked_px2(lines_px, Lens(k1=k1, centre_px=centre_px, unit_px=unit_px))

    scanned = [low + (high - low) * step / _SCAN for step in range(_SCAN + 1)]
    best = min(range(_SCAN + 1), key=lambda step: crooked(scanned[step]))
    k1 = _lowest(crooked, scanned[max(best - 1, 0)], scanned[min(best + 1, _SCAN)])
    points = sum(len(line) for line in lines_px)
    if max(crooked(low), crooked(high)) < points * _LEAST_BEND_PX**2:
        msg = (
            "the straight lines say nothing of the lens, since they run through the picture's middle or are too short; "
            "draw long ones near its edges"
        )
        raise ValueError(msg)
    step = (high - low) / _SCAN
    bowl = (crooked(k1 + step) + crooked(k1 - step) - 2 * crooked(k1)) / step**2
    spare = points - 2 * len(lines_px) - 1
    variance = crooked(k1) / spare if spare > 0 else inf
    return LensEstimate(
        k1=k1,
        k1_error=float((2 * variance / bowl) ** 0.5),
        crooked_px=(crooked(0.0) / points) ** 0.5,
        left_px=(crooked(k1) / points) ** 0.5,
    )


def _lowest(value: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function is lowest between two places, by golden sections."""
    width = high - low
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    while high - low > _CLOSE * width:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = value(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = value(right)
    return (low + high) / 2


def _crooked_px2(lines_px: Sequence[Sequence[Point]], lens: Lens) -> float:
    """Return the sum of squared distances of points from the straight lines that fit them best, in picture pixels."""
    total = 0.0
    for line in lines_px:
        straight = np.array([straighten(lens, point) for point in line])
        along, across = _spread(straight)
        total += float((across * _spread(np.array(line))[0] / along) ** 2)
    return total


def _spread(points: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lengths of a set of points, shape (N, 2), along its longest direction and across it."""
    along, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return float(along), float(across)
