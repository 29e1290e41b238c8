"""A lens that bends straight lines, taken out of single points. Pure: no clock, randomness or I/O.

The model is the radial one of Brown and Conrady (D. C. Brown, "Decentering distortion of lenses", Photogrammetric
Engineering, 1966) as OpenCV and most calibration tools write it: a point at the distance r from the picture's middle,
in units, is seen at r (1 + k1 r² + k2 r⁴). Only foot points are straightened, never whole pictures.
"""

from collections.abc import Callable
from math import hypot

import msgspec

from edge.core.geometry import Point

_NEWTON_STEPS = 20
_STEPS = 400


class Lens(msgspec.Struct, frozen=True, kw_only=True):
    """How far a lens bends lines.

    Attributes:
        k1: First radial coefficient; negative where straight lines bulge outward (barrel), as in wide lenses.
        k2: Second radial coefficient.
        centre_px: Where the lens's axis meets the picture.
        unit_px: Pixels of r = 1: the focal length, for coefficients of a calibration tool.
    """

    k1: float
    k2: float = 0.0
    centre_px: Point
    unit_px: float


def bend(lens: Lens, point_px: Point) -> Point:
    """Return where the lens shows a point of the straight picture."""
    return _scaled(lens, point_px, lambda r: _bent(lens, r))


def straighten(lens: Lens, point_px: Point) -> Point:
    """Return where a point would be seen without distortion."""
    return _scaled(lens, point_px, lambda r: _straight(lens, r))


def check_lens(lens: Lens, frame_wh_px: tuple[int, int]) -> None:
    """Check that every point of a picture has one place in the straight picture.

    Raises:
        ValueError: The coefficients fold the picture over itself before its corners.
    """
    width_px, height_px = frame_wh_px
    corners = [(x, y) for x in (0.0, width_px) for y in (0.0, height_px)]
    needed = max(hypot(x - lens.centre_px[0], y - lens.centre_px[1]) for x, y in corners) / lens.unit_px
    reached, straight = 0.0, 0.0
    step = 2 * needed / _STEPS
    while reached < needed:
        straight += step
        before, reached = reached, _bent(lens, straight)
        if reached - before < step / _STEPS:
            msg = (
                f"k1 {lens.k1:g} and k2 {lens.k2:g} fold the picture of {width_px}x{height_px} over itself "
                f"{before * lens.unit_px:.0f} pixels from its middle, and its corners are {needed * lens.unit_px:.0f} "
                "away; take values nearer to 0, or draw the straight lines again"
            )
            raise ValueError(msg)


def _scaled(lens: Lens, point_px: Point, moved: Callable[[float], float]) -> Point:
    across, down = point_px[0] - lens.centre_px[0], point_px[1] - lens.centre_px[1]
    before = hypot(across, down) / lens.unit_px
    if before == 0:
        return point_px
    scale = moved(before) / before
    return lens.centre_px[0] + scale * across, lens.centre_px[1] + scale * down


def _bent(lens: Lens, straight: float) -> float:
    square = straight * straight
    return straight * (1 + square * (lens.k1 + square * lens.k2))


def _straight(lens: Lens, bent: float) -> float:
    """Return the root nearest to `bent`, by Newton's method."""
    straight = bent
    for _ in range(_NEWTON_STEPS):
        square = straight * straight
        slope = 1 + square * (3 * lens.k1 + 5 * square * lens.k2)
        straight -= (_bent(lens, straight) - bent) / slope
    return straight
