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
    pixels = _sample(image_bgr, boxes_xyxy_px).astype(np.float32)
    hue, grey, value = _hue_and_light(pixels)
    stripe = (np.arange(_GRID_WH[1]) * STRIPES // _GRID_WH[1])[None, :, None]
    first_bin = np.arange(count)[:, None, None] * LOOK_SIZE + stripe * _BINS
    weights = np.broadcast_to(_side_weights(), hue.shape)
    hues = np.bincount(
        (first_bin + hue).ravel(), weights=np.where(grey, 0.0, weights).ravel(), minlength=count * LOOK_SIZE
    )
    light = (value * (_LIGHTS / 256)).astype(np.intp)
    lights = np.bincount((first_bin + _HUES + light).ravel(), weights=weights.ravel(), minlength=count * LOOK_SIZE)
    weight: Array = np.asarray(hues + lights, dtype=np.float64).reshape(count, STRIPES, _BINS)
    shares = weight / (weight.sum(axis=2, keepdims=True) * STRIPES)
    looks: Array = np.sqrt(shares).reshape(count, LOOK_SIZE)
    return looks


def _sample(image_bgr: Image, boxes_xyxy_px: Array) -> NDArray[np.uint8]:
    """Return evenly spread pixels of each box, shape (N, rows, columns, 3)."""
    height, width = image_bgr.shape[:2]
    columns, rows = (np.arange(side) + 0.5 for side in _GRID_WH)
    left, top, right, bottom = (boxes_xyxy_px[:, [side]] for side in range(4))
    x = np.clip(left + (right - left) * columns / _GRID_WH[0], 0, width - 1).astype(np.intp)
    y = np.clip(top + (bottom - top) * rows / _GRID_WH[1], 0, height - 1).astype(np.intp)
    return image_bgr[y[:, :, None], x[:, None, :]]


def _hue_and_light(
    pixels_bgr: NDArray[np.float32],
) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.float32]]:
    """Return each pixel's hue, 0 to 11, whether it has none worth telling, and its value, 0 to 255."""
    blue, green, red = pixels_bgr[..., 0], pixels_bgr[..., 1], pixels_bgr[..., 2]
    value = np.maximum(np.maximum(blue, green), red)
    chroma = value - np.minimum(np.minimum(blue, green), red)
    safe = np.maximum(chroma, 1.0)
    is_red, is_green = value == red, value == green
    across = np.where(is_red, green - blue, np.where(is_green, blue - red, red - green))
    sixth = across / safe + np.where(is_red, np.float32(0), np.where(is_green, np.float32(2), np.float32(4)))
    sixth += np.where(sixth < 0, np.float32(6), np.float32(0))
    grey = (chroma < _GREY_SATURATION * value) | (value < _DARK_VALUE)
    hue = (sixth * (_HUES / 6)).astype(np.intp)
    hue[hue == _HUES] = 0
    return hue, grey, value


@cache
def _side_weights() -> Array:
    """Return how much each sampled column counts, shape (columns,): the middle most."""
    across = (np.arange(_GRID_WH[0]) + 0.5) / _GRID_WH[0] - 0.5
    weights: Array = np.exp(-0.5 * (across / _SIDE_FADES) ** 2)
    return weights


def sharpness(image_bgr: Image, boxes_xyxy_px: Array) -> Array:
    """Return how sharp people are: the mean step of brightness from pixel to pixel, 0 to 255, shape (N,)."""
    brightness = _sample(image_bgr, boxes_xyxy_px).mean(axis=3)
    steps: Array = np.abs(np.diff(brightness, axis=1)).mean(axis=(1, 2)) + np.abs(np.diff(brightness, axis=2)).mean(
        axis=(1, 2)
    )
    return steps / 2


def uncovered(boxes_xyxy_px: Array, covered_share: float) -> NDArray[np.bool_]:
    """Tell which boxes no other one covers by so much, shape (N,)."""
    if not len(boxes_xyxy_px):
        return np.zeros(0, dtype=bool)
    common = common_areas(boxes_xyxy_px, boxes_xyxy_px)
    np.fill_diagonal(common, 0.0)
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
    strange[rows, columns] = np.clip((1 - _ALIKE - alike) / _UNLIKE_SCALE, -0.5, 1.0)
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
    rows, looks = rows[shown], looks[shown]
    share = np.maximum(1 / (counts[rows] + 1), _LEAST_LEARNING)[:, None]
    mixed = known[rows] * (1 - share) + looks * share
    known, counts = known.copy(), counts.copy()
    known[rows] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    counts[rows] += 1
    return known, counts
