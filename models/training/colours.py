"""What colours people wear from top to bottom, as numbers that a model's file computes beside its own. Pure.

Each place of a picture is shared out among some typical colours, softly, and the shares are gathered in overlapping
stripes, each place as much as it is the person (`models.training.figure`). Colours are compared as logarithms, from
which a part of the picture's own mean is taken, so that light and a sensor's cast count less (the grey-world
assumption: Buchsbaum, J. Franklin Institute 310, 1980). The square roots of shares (Hellinger's distance) are turned
and shortened so that pictures of one person come near to each other and people stay apart (Fisher's linear
discriminant, as on colours by Liao et al., "Person Re-identification by Local Maximal Occurrence Representation and
Metric Learning", CVPR 2015). All of it is learned from rendered people.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.discriminant import Discriminant, learn_discriminant
from models.training.figure import LEAST_WEIGHT

Array = NDArray[np.float64]
Pictures = NDArray[np.float32]  # (N, 3, H, W), RGB, 0 to 1

BLOCK_PX = 4
FLOOR = 0.08
"""Added before the logarithm: darkness has no colour."""

GREY_SHARE = 0.5
"""Of the picture's own mean, taken away."""

AXES = np.array([[1.0, -1.0, 0.0], [0.5, 0.5, -1.0], [1 / 6, 1 / 6, 1 / 6]])
"""Red against green, both against blue, and half of the brightness."""

STRIPES = 16
LEAST_SHARE = 1e-6

_COLOURS = 64
_DIMENSIONS = 128
_SIDE_FADES = 0.5
_STRIPE_FADES = 0.6
_SOFTNESS = 0.8
_ROUNDS = 12
_SAMPLE = 12_000
_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Colours:
    """How colours become numbers.

    Attributes:
        centres: Typical colours on `AXES`, shape (K, 3).
        spread: How softly a place is shared out among them.
        stripes: How much each block of a picture counts in each stripe, shape (blocks, `STRIPES`).
        mean: Of the square roots of shares, shape (K * `STRIPES`,).
        projection: Shape (K * `STRIPES`, D).
    """

    centres: Array
    spread: float
    stripes: Array
    mean: Array
    projection: Array

    def scores(self) -> tuple[Array, Array]:
        """Return by what colours are multiplied, shape (3, K), and what is added, shape (K,), to rate each centre.

        The share of each is its softmax: the square of the colour itself is common to all, and falls out.
        """
        double_variance = 2 * self.spread**2
        return 2 * AXES.T @ self.centres.T / double_variance, -(self.centres**2).sum(axis=1) / double_variance

    def describe(self, pictures: Pictures, shown: Array) -> Array:
        """Return the colours of people, shape (N, D), rows of length 1.

        Args:
            pictures: Shape (N, 3, H, W) as when they were learned, RGB, 0 to 1.
            shown: How much of each block is the person, 0 to 1, shape (N, H / `BLOCK_PX`, W / `BLOCK_PX`).
        """
        return Discriminant(self.mean, self.projection).turned(_roots(self, pictures, shown))


def learn_colours(
    pictures: Pictures, shown: Array, person: NDArray[np.int32], camera: NDArray[np.int32], seed: int = 1
) -> Colours:
    """Return how to tell people apart by colours.

    Args:
        pictures: Of rendered people, as different cameras would show them, shape (N, 3, H, W), RGB, 0 to 1.
        shown: How much of each block is the person, as `Figure.shown` finds it, 0 to 1.
        person: Who is on each, shape (N,).
        camera: Which of the person's cameras took it, shape (N,); of each person several.
        seed: What is drawn from.
    """
    rng = np.random.default_rng(seed)
    few = rng.permutation(len(pictures))[: max(1, _SAMPLE // 16)]
    places = (_logarithms(pictures[few]) @ AXES.T).reshape(-1, 3)
    centres = _typical(rng.permutation(places)[:_SAMPLE])
    gaps = np.linalg.norm(centres[:, None] - centres, axis=2) + np.where(np.eye(len(centres)), np.inf, 0.0)
    height, width = (side // BLOCK_PX for side in pictures.shape[2:])
    size = len(centres) * STRIPES
    softness = _SOFTNESS * float(gaps.min(axis=1).mean())
    bare = Colours(centres, softness, _stripes(height, width), np.zeros(size), np.eye(size))
    roots = _roots(bare, pictures, shown)
    best = learn_discriminant(roots, person, camera, _DIMENSIONS)
    return Colours(centres, bare.spread, bare.stripes, best.mean, best.projection)


def _logarithms(pictures: Pictures) -> Array:
    """Return the logarithms of blocks' colours, shape (N, blocks, 3)."""
    count, channels, height, width = pictures.shape
    blocks = pictures.reshape(count, channels, height // BLOCK_PX, BLOCK_PX, width // BLOCK_PX, BLOCK_PX)
    found = np.log(blocks.mean(axis=(3, 5), dtype=np.float64).reshape(count, channels, -1) + FLOOR)
    balanced: Array = found - GREY_SHARE * found.mean(axis=2, keepdims=True)
    return balanced.transpose(0, 2, 1)


def _roots(colours: Colours, pictures: Pictures, shown: Array) -> Array:
    """Return square roots of shares, shape (N, K * `STRIPES`)."""
    return np.concatenate(list(_parts(colours, pictures, shown)))


def _parts(colours: Colours, pictures: Pictures, shown: Array) -> Iterator[Array]:
    factors, added = colours.scores()
    for first in range(0, len(pictures), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        rated = _logarithms(pictures[some]) @ factors + added
        shares = np.exp(rated - rated.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        weight = shown[some].reshape(len(rated), 1, -1) + LEAST_WEIGHT
        gathered = (shares.transpose(0, 2, 1) * weight) @ colours.stripes / (weight @ colours.stripes)
        yield np.sqrt(np.maximum(gathered, LEAST_SHARE)).reshape(len(rated), -1)


def _typical(places: Array) -> Array:
    """Return typical colours (Lloyd, "Least squares quantization in PCM", 1982), the first ones drawn before."""
    centres = places[:_COLOURS].copy()
    for _ in range(_ROUNDS):
        nearest = (np.square(centres).sum(axis=1) - 2 * places @ centres.T).argmin(axis=1)
        for index in np.unique(nearest).tolist():
            centres[index] = places[nearest == index].mean(axis=0)
    return centres


def _stripes(height: int, width: int) -> Array:
    down, across = ((np.arange(side) + 0.5) / side for side in (height, width))
    middles = (np.arange(STRIPES) + 0.5) / STRIPES
    rows = np.exp(-0.5 * ((down[:, None] - middles) * STRIPES / _STRIPE_FADES) ** 2)
    columns = np.exp(-0.5 * ((across - 0.5) / _SIDE_FADES) ** 2)
    found: Array = (rows[:, None] * columns[:, None]).reshape(height * width, STRIPES)
    return found
