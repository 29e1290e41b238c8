"""What people look like, as far as a camera needs it to tell them apart for moments. Pure.

Colours in horizontal stripes, as clothes are worn from top to bottom: a histogram of hue and
brightness in each (a symmetric, body-part idea after Farenzena et al., CVPR 2010), compared by the
Bhattacharyya coefficient. Nothing of it can be turned back into a picture, and nothing of it leaves
the device.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge.core.boxes import areas, common_areas

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]
Rows = NDArray[np.intp]
Image = NDArray[np.uint8]

STRIPES = 8
_HUES, _LIGHTS = 12, 8
_LIGHT_BITS = 5  # of a value's eight bits are too fine to tell
_BINS = _HUES + _LIGHTS
LOOK_SIZE = STRIPES * _BINS
_GRID_WH = (24, 48)  # pixels sampled of each box
_GREY_SATURATION = 40 / 255
_DARK_VALUE = 40
_SIDE_FADES = 0.28  # of the width: the background shows at the sides

_ALIKE = 0.12  # cosine distance of one person's looks a moment apart
_UNLIKE_SCALE = 0.25
_KNOWN_LOOKS = 3
_LEAST_LEARNING = 0.1


def colour_stripes(image_bgr: Image, boxes_xyxy_px: Array) -> Array:
    """Return the colours of the people in boxes.

    Args:
        image_bgr: Shape (H, W, 3).
        boxes_xyxy_px: Shape (N, 4).

    Returns:
        Shape (N, LOOK_SIZE), rows of length 1: square roots of shares, so that the product of two
        rows is their Bhattacharyya coefficient.
    """
    count = len(boxes_xyxy_px)
    if not count:
        return np.zeros((0, LOOK_SIZE))
    hue, grey, light = _hue_and_light(_sample(image_bgr, boxes_xyxy_px))
    stripe = (np.arange(_GRID_WH[1]) * STRIPES // _GRID_WH[1])[:, None, None]
    first_bin = np.arange(count) * LOOK_SIZE + stripe * _BINS
    weights = np.broadcast_to(_side_weights()[:, None], hue.shape)
    coloured = ~grey
    hues = np.bincount((first_bin + hue)[coloured], weights=weights[coloured], minlength=count * LOOK_SIZE)
    lights = np.bincount((first_bin + _HUES + light).ravel(), weights=weights.ravel(), minlength=count * LOOK_SIZE)
    weight: Array = np.asarray(hues + lights, dtype=np.float64).reshape(count, STRIPES, _BINS)
    shares = weight / (weight.sum(axis=2, keepdims=True) * STRIPES)
    looks: Array = np.sqrt(shares).reshape(count, LOOK_SIZE)
    return looks


def _sample(image_bgr: Image, boxes_xyxy_px: Array) -> Image:
    """Return evenly spread pixels of each box, channel by channel, shape (3, rows, columns, N).

    Neighbours in memory are of different boxes, so that sums by box do not wait for each other.
    """
    height, width = image_bgr.shape[:2]
    columns, rows = (np.arange(side) + 0.5 for side in _GRID_WH)
    left, top, right, bottom = boxes_xyxy_px.T
    x = np.clip(left + (right - left) * columns[:, None] / _GRID_WH[0], 0, width - 1).astype(np.intp)
    y = np.clip(top + (bottom - top) * rows[:, None] / _GRID_WH[1], 0, height - 1).astype(np.intp)
    blue = (y * (width * 3))[:, None] + x * 3
    pixels: Image = image_bgr.reshape(-1).take(blue + np.arange(3)[:, None, None, None])
    return pixels


def _hue_and_light(pixels_bgr: Image) -> tuple[NDArray[np.int8], NDArray[np.bool_], Image]:
    """Return each pixel's hue, 0 to 11, whether it has none worth telling, and its brightness, 0 to 7.

    A hue is a whole twelfth of the colour circle: comparisons of whole numbers find it without a division.

    Args:
        pixels_bgr: Shape (3, ...).
    """
    blue, green, red = pixels_bgr
    value = np.maximum(np.maximum(blue, green), red)
    chroma = value - np.minimum(np.minimum(blue, green), red)
    is_red, is_green = value == red, value == green
    one = np.where(is_red, green, np.where(is_green, blue, red))
    other = np.where(is_red, blue, np.where(is_green, red, green))
    across = one.astype(np.int16) - other
    most, half = chroma.astype(np.int16), 2 * across
    is_no_red, is_blue = ~is_red, ~(is_red | is_green)
    hue = 4 * is_no_red.view(np.int8) + 4 * is_blue.view(np.int8) - 2
    for is_beyond in (half >= -most, across >= 0, half >= most, across == most):
        hue += is_beyond
    hue += 12 * (hue < 0).view(np.int8)
    return hue, chroma < _least_chroma().take(value), value >> _LIGHT_BITS


@cache
def _least_chroma() -> NDArray[np.int16]:
    """Return from which chroma on a pixel of each value, 0 to 255, has a hue worth telling."""
    values = np.arange(256, dtype=np.float32)
    return np.where(values < _DARK_VALUE, 256, np.ceil(_GREY_SATURATION * values)).astype(np.int16)


@cache
def _side_weights() -> Array:
    """Return how much each sampled column counts, shape (columns,): the middle most."""
    across = (np.arange(_GRID_WH[0]) + 0.5) / _GRID_WH[0] - 0.5
    weights: Array = np.exp(-0.5 * (across / _SIDE_FADES) ** 2)
    return weights


def sharpness(image_bgr: Image, boxes_xyxy_px: Array) -> Array:
    """Return how sharp people are: the mean step of brightness from pixel to pixel, 0 to 255, shape (N,)."""
    brightness = np.ascontiguousarray(_sample(image_bgr, boxes_xyxy_px).mean(axis=0).transpose(2, 0, 1))
    steps: Array = np.abs(np.diff(brightness, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(brightness, axis=2)).mean(
        axis=(1, 2)
    )
    return steps / 2


def uncovered(boxes_xyxy_px: Array, covered_share: float) -> NDArray[np.bool_]:
    """Tell which boxes no other one covers by so much, shape (N,)."""
    if not len(boxes_xyxy_px):
        return np.zeros(0, dtype=bool)
    common = common_areas(boxes_xyxy_px, boxes_xyxy_px)
    common.ravel()[:: len(common) + 1] = 0.0
    alone: NDArray[np.bool_] = common.max(axis=0) < covered_share * areas(boxes_xyxy_px)
    return alone


def differences(known: Array, counts: Numbers, looks: Array, near: NDArray[np.bool_]) -> Array:
    """Return how strange looks are for tracks: -0.5 alike to 1 unlike, 0 not known or not asked for.

    Args:
        known: What is known of the tracks' looks, shape (N, D).
        counts: Sightings that went into it, shape (N,).
        looks: Shape (M, D); a row of 0 is not known.
        near: Which pairs are asked for, shape (N, M).
    """
    strange = np.zeros(near.shape)
    if known.shape[1] != looks.shape[1] or not looks.shape[1]:
        return strange
    rows, columns = (near & (counts >= _KNOWN_LOOKS)[:, None] & looks.any(axis=1)).nonzero()
    alike = np.einsum("pd,pd->p", known[rows], looks[columns])
    strange[rows, columns] = np.minimum(np.maximum((1 - _ALIKE - alike) / _UNLIKE_SCALE, -0.5), 1.0)
    return strange


def blend(known: Array, counts: Numbers, rows: Rows, looks: Array) -> tuple[Array, Numbers]:
    """Return what is known of looks after some were seen again.

    Args:
        known: Shape (N, D).
        counts: Sightings that went into them, shape (N,).
        rows: Which were seen, shape (K,).
        looks: As what, shape (K, D); rows of 0 tell nothing.
    """
    shown = looks.any(axis=1) if known.shape[1] == looks.shape[1] else np.zeros(len(looks), dtype=bool)
    if not shown.any():
        return known, counts
    if not shown.all():
        rows, looks = rows[shown], looks[shown]
    share = np.maximum(1 / (counts[rows] + 1), _LEAST_LEARNING)[:, None]
    mixed = known[rows] * (1 - share) + looks * share
    known, counts = known.copy(), counts.copy()
    known[rows] = mixed / np.sqrt((mixed * mixed).sum(axis=1, keepdims=True))
    counts[rows] += 1
    return known, counts
