"""Boxes of people in a picture, many at once. Pure.

Corners are (x1, y1, x2, y2) in frame pixels with y down; `centred` boxes are (centre x, centre y,
width, height).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TINY = np.finfo(float).tiny


def centred(boxes_xyxy_px: Array) -> Array:
    """Return corners as centres and sizes, shape (N, 4)."""
    low, high = boxes_xyxy_px[:, :2], boxes_xyxy_px[:, 2:]
    middle = (low + high) / 2
    boxes = np.empty((len(middle), 4), dtype=middle.dtype)
    boxes[:, :2], boxes[:, 2:] = middle, high - low
    return boxes


def corners(boxes_cxcywh_px: Array) -> Array:
    """Return centres and sizes as corners, shape (N, 4); no side is below a pixel."""
    centre, half = boxes_cxcywh_px[:, :2], np.maximum(boxes_cxcywh_px[:, 2:], 1.0) / 2
    boxes = np.empty((len(half), 4), dtype=half.dtype)
    boxes[:, :2], boxes[:, 2:] = centre - half, centre + half
    return boxes


def areas(boxes_xyxy_px: Array) -> Array:
    """Return areas in pixels squared, shape (N,)."""
    sides = boxes_xyxy_px[:, 2:] - boxes_xyxy_px[:, :2]
    product: Array = sides[:, 0] * sides[:, 1]
    return product


def common_areas(first: Array, second: Array) -> Array:
    """Return the area that each pair of boxes has in common, pixels squared, shape (N, M)."""
    width = np.minimum(first[:, None, 2], second[None, :, 2]) - np.maximum(first[:, None, 0], second[None, :, 0])
    height = np.minimum(first[:, None, 3], second[None, :, 3]) - np.maximum(first[:, None, 1], second[None, :, 1])
    common: Array = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    return common


def overlaps(first: Array, second: Array) -> Array:
    """Return intersection over union of each pair of boxes, shape (N, M)."""
    common = common_areas(first, second)
    union = areas(first)[:, None] + areas(second)[None, :] - common
    share: Array = common / np.maximum(union, _TINY)
    return share
