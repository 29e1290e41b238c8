"""What patterns people wear from top to bottom, by one of an embedder's own maps, where they are the person. Pure.

Means and deviations of a map's channels in overlapping stripes (style statistics: Li et al., "Demystifying Neural Style
Transfer", IJCAI 2017), each place as much as it is figure (`models.training.figure`), turned by a discriminant as
colours are. The network's own vector weighs places as it likes, ground among them, and knows two halves alone.
"""

import numpy as np
from numpy.typing import NDArray

from models.training.figure import HEIGHT, LEAST_WEIGHT, MAPS, Array, Map

MAP = len(MAPS) - 1
"""Which of the maps."""

STRIPES = 8
LEAST_VARIANCE = 1e-4

_FADES = 0.6


def stripes(height: int, width: int) -> Array:
    """Return how much each place of a map counts in each stripe, shape (height * width, `STRIPES`)."""
    down, middles = ((np.arange(count) + 0.5) / count for count in (height, STRIPES))
    rows = np.exp(-0.5 * ((down[:, None] - middles) * STRIPES / _FADES) ** 2)
    return np.repeat(rows, width, axis=0)


def gather(seen: Map, shown: NDArray[np.float64]) -> Array:
    """Return each stripe's means, and then deviations, of each channel, shape (N, 2 * C * `STRIPES`).

    Args:
        seen: The map, shape (N, C, H, W).
        shown: How much of each place is the person, shape (N, `figure.HEIGHT`, `figure.WIDTH`).
    """
    count, channels, height, width = seen.shape
    side = HEIGHT // height
    weight = shown.reshape(count, height, side, width, side).mean(axis=(2, 4)) + LEAST_WEIGHT
    weight = weight.reshape(count, 1, -1)
    belongs = stripes(height, width)
    values = seen.reshape(count, channels, -1).astype(np.float64)
    total = weight @ belongs
    mean = (values * weight) @ belongs / total
    square = (values**2 * weight) @ belongs / total
    deviation = np.sqrt(np.maximum(square - mean**2, LEAST_VARIANCE))
    return np.concatenate([mean, deviation], axis=1).reshape(count, -1)
