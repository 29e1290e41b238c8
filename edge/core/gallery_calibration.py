"""A threshold for "the same person" that a camera finds by itself. Pure.

Two people in one frame are certainly two: the likeness of their signatures is a certain negative. The
threshold is the least likeness that at most a set share of such pairs reach, so dull clothes, bad
light or a uniform raise it without anybody's help. Until there are enough pairs, a prior counts as
some of them.
"""

from dataclasses import dataclass
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 200
_EDGES = np.linspace(-1.0, 1.0, BINS + 1)
_PRIOR_PAIRS = 20.0
_PRIOR_MEAN, _PRIOR_STD = 0.2, 0.15  # of the default embedder, between clips not used for its training
_MOST_PAIRS = 4000.0  # older pairs count half when there are more: light and season change


def _prior_shares() -> Array:
    """Return the prior share of pairs in each bin, shape (BINS,)."""
    below = np.array([0.5 * (1 + erf((edge - _PRIOR_MEAN) / (_PRIOR_STD * sqrt(2)))) for edge in _EDGES.tolist()])
    shares: Array = np.diff(below) / (below[-1] - below[0])
    return shares


_PRIOR = _prior_shares()


@dataclass(frozen=True, slots=True)
class Negatives:
    """How alike certain strangers were: a histogram of likeness from -1 to 1, shape (BINS,)."""

    counts: Array

    @property
    def pairs(self) -> float:
        """Return how many pairs count."""
        return float(self.counts.sum())


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a camera has learned of its own mistakes.

    Attributes:
        threshold: Signatures at least so alike may be one person's, -1 to 1.
        false_match_rate: Expected share of strangers that reach it, 0 to 1.
        pairs: Certain negatives that it rests on.
    """

    threshold: float
    false_match_rate: float
    pairs: float


def no_negatives() -> Negatives:
    """Return what is known before anybody was seen together."""
    return Negatives(np.zeros(BINS))


def add_negatives(negatives: Negatives, likeness: Array) -> Negatives:
    """Return the histogram with more pairs, shape (K,), in it; old ones fade when there are very many."""
    counts = negatives.counts / 2 if negatives.pairs > _MOST_PAIRS else negatives.counts
    places = np.clip(((likeness + 1) / 2 * BINS).astype(np.intp), 0, BINS - 1)
    return Negatives(counts + np.bincount(places, minlength=BINS))


def calibrate(negatives: Negatives, target_rate: float, least_threshold: float) -> Calibration:
    """Return the least threshold that strangers reach at most so often.

    Args:
        negatives: Certain negatives.
        target_rate: Share of strangers that may reach the threshold, 0 to 1.
        least_threshold: It never falls below this: who has seen few people knows little.
    """
    shares = (negatives.counts + _PRIOR_PAIRS * _PRIOR) / (negatives.pairs + _PRIOR_PAIRS)
    reach = np.append(np.cumsum(shares[::-1])[::-1], 0.0)  # share of strangers at or above each edge
    allowed = (reach <= target_rate) & (least_threshold <= _EDGES)
    place = int(np.argmax(allowed)) if allowed.any() else BINS
    return Calibration(float(_EDGES[place]), float(reach[place]), negatives.pairs)
