"""Makes the probability of a touch's likeliest visit say how often such a visit is the right one. Pure.

The sum over assignments takes each fact as independent of the others, and the tracks as true. So it says too little
where several stand close together, and too much where it is nearly certain: a track may have changed people unseen.
How often it is right was measured in simulated stores (`python -m benchmarks.linking_calibration`); the points lie on
the isotonic regression of that (Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass
Probability Estimates", KDD 2002), and between them log odds are interpolated.
"""

from bisect import bisect_right
from collections.abc import Mapping
from math import exp, log
from typing import TypeAlias

Points: TypeAlias = tuple[tuple[float, float], ...]

POINTS: Points = (
    (0.026, 0.231),
    (0.434, 0.552),
    (0.555, 0.733),
    (0.647, 0.879),
    (0.762, 0.898),
    (0.877, 0.936),
    (0.955, 0.959),
    (0.984, 0.959),
    (0.996, 0.972),
    (0.998, 0.995),
)
"""Probability as summed, and how often that is right; neither falls.

Below the first point both go to 0 together; above the last the frequency stays.
"""

_AHEAD = 0.1
"""Where the likeliest visit is less ahead of the next one, as a share of both, less is changed: equals stay equal."""


def log_odds(probability: float) -> float:
    """Return the logarithm of the odds of a probability strictly between 0 and 1."""
    return log(probability / (1 - probability))


def calibrated(shares: Mapping[str | None, float], points: Points = POINTS) -> dict[str | None, float]:
    """Return the probabilities of a touch's visits, and of none of them, with the likeliest visit's calibrated.

    The others keep their proportions among themselves; all still add up to 1.

    Args:
        shares: Probability of each visit, and of none under None; they add up to 1.
        points: See `POINTS`; none of them: nothing is changed.
    """
    best = max((key for key in shares if key is not None), key=lambda key: (shares[key], key), default=None)
    if best is None or shares[best] <= 0 or not points:
        return dict(shares)
    next_best = max((share for key, share in shares.items() if key not in (None, best)), default=0.0)
    ahead = min(1.0, (shares[best] - next_best) / (shares[best] + next_best) / _AHEAD)
    right = shares[best] + ahead * (_frequency(shares[best], points) - shares[best])
    rest = sum(share for key, share in shares.items() if key != best)
    if rest <= 0:
        return {**shares, best: right, None: 1 - right}
    return {key: right if key == best else share / rest * (1 - right) for key, share in shares.items()}


def _frequency(summed: float, points: Points) -> float:
    """Return how often what was summed to this probability is right."""
    after = bisect_right(points, summed, key=lambda point: point[0])
    if after == 0:
        return summed / points[0][0] * points[0][1]
    if after == len(points):
        return points[-1][1]
    (low, low_right), (high, high_right) = points[after - 1 : after + 1]
    share = (log_odds(summed) - log_odds(low)) / (log_odds(high) - log_odds(low))
    return 1 / (1 + exp(-(log_odds(low_right) + share * (log_odds(high_right) - log_odds(low_right)))))
