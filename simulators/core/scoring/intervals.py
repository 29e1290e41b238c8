"""How sure a measure is: intervals at 95% for shares, counts and whatever else. Pure: randomness is passed in."""

from collections.abc import Callable, Mapping
from math import sqrt
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Method = Literal["wilson", "poisson", "bootstrap"]

Z_95_ONE_SIDED = 1.6448536269514722
Z_95 = 1.959963984540054
REPLICATES = 1000
_TAIL = 0.025
_FEWEST_BLOCKS = 2


class Interval(Struct, frozen=True, kw_only=True):
    """Where the truth of a measure lies with 95% confidence, and how that was found."""

    low: float
    high: float
    method: Method


class Measure(Struct, frozen=True, kw_only=True):
    """One figure.

    Attributes:
        value: None where there was nothing to measure.
        samples: How many observations it rests on.
        interval: None where the samples are too few for one.
    """

    value: float | None
    samples: int
    interval: Interval | None = None


def wilson_lower_bound(hits: int, trials: int, z: float = Z_95_ONE_SIDED) -> float:
    """Return the lower bound of a share: with 95% confidence the true share is not below it.

    The score interval of Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA
    22:209-212; Brown, Cai and DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science
    16:101-133, recommend it for small numbers of trials.

    Args:
        hits: Successes, 0 to `trials`.
        trials: All attempts; without any the bound is 0.
        z: Normal quantile of the confidence, 1.645 for 95% on one side.

    Raises:
        ValueError: `hits` is not 0 to `trials`.
    """
    if not 0 <= hits <= trials:
        msg = f"hits must be 0 to trials, got {hits} of {trials}"
        raise ValueError(msg)
    if hits == 0:
        return 0.0
    share = hits / trials
    centre = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return max(0.0, (centre - spread) / (1 + z * z / trials))


def share_of(hits: int, trials: int) -> Measure:
    """Return `hits / trials` with Wilson's interval on both sides; no value without trials."""
    if trials == 0:
        return Measure(value=None, samples=0)
    low, high = wilson_lower_bound(hits, trials, Z_95), 1 - wilson_lower_bound(trials - hits, trials, Z_95)
    return Measure(value=hits / trials, samples=trials, interval=Interval(low=low, high=high, method="wilson"))


def count_of(count: int, minus: float = 0.0, over: float = 1.0) -> Measure:
    """Return `(count - minus) / over`, where `count` is a Poisson count.

    The interval is Byar's approximation to the exact one: Breslow and Day (1987), Statistical Methods in Cancer
    Research II, IARC, section 2.3.
    """
    low = 0.0 if count == 0 else count * max(0.0, 1 - 1 / (9 * count) - Z_95 / (3 * sqrt(count))) ** 3
    more = count + 1
    high = more * (1 - 1 / (9 * more) + Z_95 / (3 * sqrt(more))) ** 3
    interval = Interval(low=(low - minus) / over, high=(high - minus) / over, method="poisson")
    return Measure(value=(count - minus) / over, samples=count, interval=interval)


def block_weights(rng: np.random.Generator, blocks: int, replicates: int = REPLICATES) -> Floats:
    """Return how often each block is drawn in each replicate of the bootstrap, shape (replicates, blocks).

    Blocks of time are drawn with replacement, since what happens within one hangs together: Kuensch (1989), "The
    jackknife and the bootstrap for general stationary observations", Annals of Statistics 17:1217-1241.
    """
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=replicates).astype(np.float64)


def spread_of(replicates: Floats) -> Interval | None:
    """Return the middle 95% of a bootstrap's replicates (Efron's percentile interval), None where none has a value."""
    known = replicates[np.isfinite(replicates)]
    if known.size == 0:
        return None
    low, high = np.quantile(known, [_TAIL, 1 - _TAIL])
    return Interval(low=float(low), high=float(high), method="bootstrap")


def measures_of(
    sums: Floats, figures: Callable[[Floats], Mapping[str, Floats]], samples: int, rng: np.random.Generator
) -> dict[str, Measure]:
    """Return several figures that follow from the same sums, each with a bootstrap interval over blocks.

    Args:
        sums: What each block adds to each sum, shape (K, B).
        figures: Makes figures by name, shape (R,), from sums of shape (K, R); not a number where one is undefined.
        samples: How many observations went into all blocks.
        rng: For the bootstrap.
    """
    used = sums[:, (sums != 0).any(axis=0)]
    replicates = None
    if used.shape[1] >= _FEWEST_BLOCKS:
        replicates = figures(used @ block_weights(rng, used.shape[1]).T)
    measures = {}
    for name, values in figures(sums.sum(axis=1, keepdims=True)).items():
        value = float(values[0])
        is_known = bool(np.isfinite(value))
        interval = spread_of(replicates[name]) if replicates and is_known else None
        measures[name] = Measure(value=value if is_known else None, samples=samples, interval=interval)
    return measures


def ratio_of(above: Floats, below: Floats, samples: int, rng: np.random.Generator) -> Measure:
    """Return the sum of `above` over the sum of `below`, with a bootstrap interval over blocks.

    Args:
        above: What each block adds above the line, shape (B,).
        below: The same below the line.
        samples: How many observations went into all blocks.
        rng: For the bootstrap.
    """

    def ratio(sums: Floats) -> dict[str, Floats]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"ratio": sums[0] / sums[1]}

    return measures_of(np.stack([above, below]), ratio, samples, rng)["ratio"]


def median_of(values: Floats, rng: np.random.Generator) -> Measure:
    """Return the median with a bootstrap interval over single values."""
    return _of_values(values, lambda drawn: np.median(drawn, axis=-1), rng)


def mean_of(values: Floats, rng: np.random.Generator) -> Measure:
    """Return the mean with a bootstrap interval over single values."""
    return _of_values(values, lambda drawn: drawn.mean(axis=-1), rng)


def quantile_of(values: Floats, share: float, rng: np.random.Generator) -> Measure:
    """Return the value that this share of the values do not exceed, with a bootstrap interval over single values."""
    return _of_values(values, lambda drawn: np.quantile(drawn, share, axis=-1), rng)


def _of_values(values: Floats, figure: Callable[[Floats], Floats], rng: np.random.Generator) -> Measure:
    if values.size == 0:
        return Measure(value=None, samples=0)
    drawn = values[rng.integers(values.size, size=(REPLICATES, values.size))]
    interval = spread_of(figure(drawn)) if values.size >= _FEWEST_BLOCKS else None
    return Measure(value=float(figure(values)), samples=values.size, interval=interval)
