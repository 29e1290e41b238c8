"""Smooth noise and patterns that surfaces are painted with. Pure."""

# ruff: noqa: PLR2004 - lengths and shares on a body and in a shop speak for themselves

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.looks import Pattern

Floats = NDArray[np.float64]


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Floats:
    """Return noise of mean 0 and values in [-1, 1] that changes over `cells` (down, across) cells, of shape `shape`."""
    grid = rng.uniform(-1, 1, (cells[0] + 1, cells[1] + 1))
    down, across = (_interpolation(size, count) for size, count in zip(shape, cells, strict=True))
    noise: Floats = down @ grid @ across.T
    return noise


def _interpolation(size: int, count: int) -> Floats:
    place = np.linspace(0, count, size, endpoint=False)
    whole = place.astype(np.int64)
    share = place - whole
    share = share * share * (3 - 2 * share)
    matrix = np.zeros((size, count + 1))
    rows = np.arange(size)
    matrix[rows, whole] = 1 - share
    matrix[rows, whole + 1] += share
    return matrix


def second_colour_share(
    pattern: Pattern, x_m: Floats, y_m: Floats, repeat_m: float, rng: np.random.Generator
) -> Floats:
    """Return how much of a pattern's second colour shows at points of a cloth, 0 to 1, in the points' shape (H, W).

    Args:
        pattern: The pattern; what lies at a place on the body (`print`, `block`, `zip`) is not drawn here.
        x_m: Across the body.
        y_m: Up the body.
        repeat_m: Size of the repeat.
        rng: Where blotches are drawn from.
    """
    if pattern == "stripes":
        return ((y_m / repeat_m) % 1 < 0.5).astype(np.float64)
    if pattern == "pinstripes":
        return ((x_m / (0.4 * repeat_m)) % 1 < 0.3).astype(np.float64)
    if pattern == "checks":
        return 0.5 * ((y_m / repeat_m) % 1 < 0.5) + 0.5 * ((x_m / repeat_m) % 1 < 0.5)
    if pattern == "blotches":
        height, width = x_m.shape
        return np.clip(0.5 + 4 * smooth_noise(rng, (height, width), (height // 10, width // 10)), 0, 1)
    return np.zeros_like(x_m)
