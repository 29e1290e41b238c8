"""Parts of the picture that nobody may see. Pure: no clock, randomness or I/O.

Points are frame pixels, x to the right and y down from the picture's upper left corner, so that the middle of the first
pixel lies at (0.5, 0.5). A pixel is masked as soon as a mask covers the smallest part of it.
"""

from collections.abc import Iterable, Sequence
from math import ceil, floor, hypot

import numpy as np
from numpy.typing import NDArray

from edge.core.geometry import Point, area, edges
from edge.core.polygons import check_polygon

Pixels = NDArray[np.bool_]  # (H, W)

LEAST_AREA_PX2 = 16.0
"""A smaller mask is a slip of the hand."""


def check_mask(polygon: Sequence[Point]) -> None:
    """Check that a polygon can be a mask.

    Raises:
        ValueError: It touches itself, or covers next to nothing; the message names the corners.
    """
    check_polygon(polygon)
    covered_px2 = area(polygon)
    if covered_px2 < LEAST_AREA_PX2:
        msg = (
            f"points must enclose at least {LEAST_AREA_PX2:g} square pixels, got {covered_px2:g} within "
            f"{list(polygon)}; move the corners apart"
        )
        raise ValueError(msg)


def rasterize(polygons: Iterable[Sequence[Point]], frame_wh_px: tuple[int, int]) -> Pixels:
    """Return which pixels masks cover, wholly or in part, shape (H, W).

    Args:
        polygons: Corners in frame pixels; they may reach beyond the picture.
        frame_wh_px: Width and height of the picture.
    """
    width_px, height_px = frame_wh_px
    covered = np.zeros((height_px, width_px), dtype=np.bool_)
    for polygon in polygons:
        covered |= _middles_inside(polygon, frame_wh_px)
        for start, end in edges(polygon):
            if start != end:
                _cover_side(covered, start, end)
    return covered


def is_masked(masked: Pixels, point: Point) -> bool:
    """Tell whether a point of the picture lies on a masked pixel."""
    x, y = floor(point[0]), floor(point[1])
    height_px, width_px = masked.shape
    return 0 <= x < width_px and 0 <= y < height_px and bool(masked[y, x])


def _middles_inside(polygon: Sequence[Point], frame_wh_px: tuple[int, int]) -> Pixels:
    """Return the pixels whose middle lies inside, by the even-odd rule: a toggle wherever a side meets a row."""
    width_px, height_px = frame_wh_px
    toggles = np.zeros((height_px, width_px + 1), dtype=np.int32)
    for (x1, y1), (x2, y2) in edges(polygon):
        if y1 == y2:
            continue
        low, high = sorted((y1, y2))
        rows = np.arange(_clipped(ceil(low - 0.5), height_px), _clipped(ceil(high - 0.5), height_px))
        meets = x1 + (rows + 0.5 - y1) * (x2 - x1) / (y2 - y1)
        columns = np.clip(np.ceil(meets - 0.5), 0, width_px).astype(np.intp)
        np.add.at(toggles, (rows, columns), 1)
    inside: Pixels = np.cumsum(toggles, axis=1)[:, :width_px] % 2 == 1
    return inside


def _cover_side(covered: Pixels, start: Point, end: Point) -> None:
    """Mark the pixels whose inner part a side goes through, by the separating axes of a square and a segment."""
    height_px, width_px = covered.shape
    (x1, y1), (x2, y2) = start, end
    left, right = _span(x1, x2, width_px)
    top, bottom = _span(y1, y2, height_px)
    x, y = np.arange(left, right) + 0.5, np.arange(top, bottom)[:, None] + 0.5
    length = hypot(x2 - x1, y2 - y1)
    across_x, across_y = (y1 - y2) / length, (x2 - x1) / length
    away = np.abs(across_x * (x - x1) + across_y * (y - y1))
    covered[top:bottom, left:right] |= away < 0.5 * (abs(across_x) + abs(across_y))


def _span(first: float, second: float, size_px: int) -> tuple[int, int]:
    low, high = sorted((first, second))
    return _clipped(floor(low), size_px), _clipped(max(ceil(high), floor(low) + 1), size_px)


def _clipped(index: int, size_px: int) -> int:
    return min(max(index, 0), size_px)
