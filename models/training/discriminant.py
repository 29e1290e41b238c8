"""Turns vectors so that people differ most for how much cameras see one person differ. Pure.

Fisher's linear discriminant ("The Use of Multiple Measurements in Taxonomic Problems", Annals of Eugenics 7, 1936), of
what each camera sees of a person on average. Along each of its axes cameras differ as much about one person: how much
clearer one axis tells rendered people than another says little of real ones. It is solved at once: the same vectors
give the same axes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEAST_LENGTH = 1e-6


@dataclass(frozen=True, slots=True)
class Discriminant:
    """How vectors are turned.

    Attributes:
        mean: What is subtracted, shape (K,).
        projection: By what the rest is multiplied, shape (K, D).
    """

    mean: Array
    projection: Array

    def turned(self, rows: Array) -> Array:
        """Return vectors of length 1, shape (N, D), of vectors (N, K)."""
        return unit((rows - self.mean) @ self.projection)


def learn_discriminant(
    rows: Array, person: NDArray[np.int32], camera: NDArray[np.int32], dimensions: int, ridge: float = 0.3
) -> Discriminant:
    """Return directions in which people differ most for how much cameras see one differ, the clearest ones first.

    Args:
        rows: A vector of each picture, shape (N, K).
        person: Who is on each picture, shape (N,).
        camera: Which of the person's cameras took it, shape (N,); of each person several.
        dimensions: How many directions at most.
        ridge: How much is added to what cameras differ by in every direction, times the mean of all: the more, the less
            a direction counts in which rendered people are told by little.
    """
    views, taken = np.unique(np.stack([person, camera]), axis=1, return_inverse=True)
    seen = _means(rows, taken.reshape(-1))
    _, who = np.unique(views[0], return_inverse=True)
    means, mean = _means(seen, who), seen.mean(axis=0)
    within, between = (each.T @ each / len(each) for each in (seen - means[who], means - mean))
    within += ridge * np.trace(within) / len(within) * np.eye(len(within))
    sizes, axes = np.linalg.eigh(within)
    whitened = axes / np.sqrt(sizes)
    clear, directions = np.linalg.eigh(whitened.T @ between @ whitened)
    best = slice(None, -min(dimensions, len(clear)) - 1, -1)
    return Discriminant(mean, whitened @ directions[:, best])


def _means(rows: Array, group: NDArray[np.intp]) -> Array:
    """Return the mean of each group's rows."""
    sums = np.zeros((int(group.max()) + 1, rows.shape[1]))
    np.add.at(sums, group, rows)
    found: Array = sums / np.bincount(group)[:, None]
    return found


def unit(rows: Array) -> Array:
    """Return rows of length 1, (N, D); a row of zeros stays."""
    found: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), LEAST_LENGTH)
    return found
