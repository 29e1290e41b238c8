"""Which part of a picture is the person, as an embedder's own maps tell it. Pure.

Ground differs from camera to camera, and clothes are compared better without it. A map of the network says at each
place what it sees there; a sum of its channels, and of where the place is, rates figure against ground. The sum is
learned from rendered people, of whom every pixel is known: logistic regression by Newton's method (Hosmer, Lemeshow and
Sturdivant, "Applied Logistic Regression", 2013, chapter 2). The network computes its maps anyway, so it costs little.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.pictures import FIGURE_WH

Array = NDArray[np.float64]
Map = NDArray[np.float32]  # (N, C, H, W)

MAPS = (0, 2, 5, 7)
"""Which of the sums of MobileNetV2's inverted residuals, counted from 0: they are a quarter, an eighth and twice a
sixteenth of the picture's height and width."""

WIDTH, HEIGHT = FIGURE_WH
"""Of the figure: blocks of 4 x 4 pixels."""

LEAST_WEIGHT = 0.05
"""What ground counts beside the figure's 1."""

_PLACES = 96
_AT_ONCE = 128
_ROUNDS = 10
_RIDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Figure:
    """How maps tell figure from ground.

    Attributes:
        weights: How much each channel speaks for the figure, of each map, shape (C,).
        sides: Height and width of each map.
        place: How much each place speaks for it, shape (`HEIGHT`, `WIDTH`).
    """

    weights: tuple[Array, ...]
    sides: tuple[tuple[int, int], ...]
    place: Array

    def shown(self, maps: Sequence[Map]) -> Array:
        """Return how much of each place is the person, 0 to 1, shape (N, `HEIGHT`, `WIDTH`).

        Args:
            maps: `MAPS` of N pictures.
        """
        rated = self.place
        for each, weight in zip(maps, self.weights, strict=True):
            down, across = enlarging(each.shape[2], HEIGHT), enlarging(each.shape[3], WIDTH)
            rated = rated + down @ np.einsum("nchw,c->nhw", each, weight, optimize=True) @ across.T
        found: Array = 1 / (1 + np.exp(-rated))
        return found


def enlarging(size: int, wanted: int) -> Array:
    """Return by what a row of `size` values is multiplied to become `wanted`, linear in between: (wanted, size)."""
    at = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
    below = np.minimum(at.astype(np.intp), max(0, size - 2))
    found = np.zeros((wanted, size))
    found[np.arange(wanted), below] = 1 - (at - below)
    found[np.arange(wanted), np.minimum(below + 1, size - 1)] += at - below
    return found


def learn_figure(maps: Sequence[Map], figure: NDArray[np.float32], seed: int = 1) -> Figure:
    """Return how to tell figure from ground.

    Args:
        maps: `MAPS` of N pictures.
        figure: How much of each place truly is the person, 0 to 1, shape (N, `HEIGHT`, `WIDTH`).
        seed: What places are drawn from.
    """
    rng = np.random.default_rng(seed)
    rows, truth = [], []
    for first in range(0, len(figure), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        seen = np.concatenate([*(_enlarged(each[some]) for each in maps), _where(len(figure[some]))], axis=1)
        places = rng.integers(HEIGHT * WIDTH, size=(len(seen), _PLACES))
        picture = np.arange(len(seen))[:, None]
        rows.append(seen.reshape(*seen.shape[:2], -1).transpose(0, 2, 1)[picture, places].reshape(-1, seen.shape[1]))
        truth.append(figure[some].reshape(len(seen), -1)[picture, places].reshape(-1))
    weights = _regressed(np.concatenate(rows), np.concatenate(truth))
    ends = np.cumsum([each.shape[1] for each in maps])
    *parts, place = np.split(weights, ends)
    sides = tuple((each.shape[2], each.shape[3]) for each in maps)
    return Figure(tuple(parts), sides, np.einsum("chw,c->hw", _where(1)[0], place))


def _enlarged(seen: Map) -> Map:
    down, across = enlarging(seen.shape[2], HEIGHT), enlarging(seen.shape[3], WIDTH)
    found: Map = (down @ seen @ across.T).astype(np.float32)
    return found


def _where(count: int) -> Map:
    """Return what is told of each place itself: products of how far right and how far down, (count, 10, ...)."""
    down, right = (((np.arange(side) + 0.5) / side * 2 - 1).astype(np.float32) for side in (HEIGHT, WIDTH))
    y, x = np.meshgrid(down, right, indexing="ij")
    squares = (np.ones_like(x), x**2, x**4)
    told = np.stack([*squares, y, y**2, y**3, y**4, x**2 * y, x**2 * y**2, x**4 * y**2])
    return np.broadcast_to(told, (count, *told.shape))


def _regressed(rows: NDArray[np.float32], truth: NDArray[np.float32]) -> Array:
    """Return the weights of each column, (K,), one of which is 1 everywhere."""
    spread = rows.std(axis=0).astype(np.float64)
    spread[spread == 0] = 1.0
    scaled = rows / spread.astype(np.float32)
    found = np.zeros(rows.shape[1])
    for _ in range(_ROUNDS):
        share = 1 / (1 + np.exp(-(scaled @ found.astype(np.float32))))
        slope = scaled.T @ (share - truth) / len(truth) + _RIDGE * found
        weight = np.sqrt(share * (1 - share))[:, None]
        curve = (scaled * weight).T @ (scaled * weight) / len(truth) + _RIDGE * np.eye(len(found))
        found = found - np.linalg.solve(curve.astype(np.float64), slope.astype(np.float64))
    weights: Array = found / spread
    return weights
