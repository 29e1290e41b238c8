"""How well a camera counts, and how sure that is: counted crossings against labelled ones. Pure.

Each crossing that happened or was told is one trial: it was counted (matched), missed, or invented. Shares carry
Wilson's score interval at 95 %: Wilson, JASA 22 (1927) 209; its merits: Brown, Cai and DasGupta, Statistical Science
16 (2001) 101.
"""

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from typing import TypeVar

import msgspec
import numpy as np

from edge.core.assignment import assign
from edge.core.tripwire import Direction

Z_95 = 1.959963984540054
"""Standard normal quantile of 0.975: two-sided 95 %."""

LEVELS = (0.99, 0.98, 0.95, 0.90, 0.85, 0.80)
"""What an audit may certify, best first."""

_MOST_TRIALS = 100_000

KeyT = TypeVar("KeyT")


class LineCrossing(msgspec.Struct, frozen=True, order=True):
    """Somebody crossed a line.

    Attributes:
        time_ms: When, Unix milliseconds.
        tripwire_id: Which line.
        direction: Which way.
        people: How many people were in view then.
    """

    time_ms: int
    tripwire_id: str
    direction: Direction
    people: int = 0


class Share(msgspec.Struct, frozen=True):
    """A share of trials and its interval at 95 %; all None without trials."""

    value: float | None
    low: float | None
    high: float | None
    trials: int


class Matching(msgspec.Struct, frozen=True):
    """Crossings that happened, against those that were told.

    Attributes:
        pairs: What happened, and what was told of it.
        missed: Happened, not told.
        invented: Told, did not happen.
    """

    pairs: tuple[tuple[LineCrossing, LineCrossing], ...] = ()
    missed: tuple[LineCrossing, ...] = ()
    invented: tuple[LineCrossing, ...] = ()

    def plus(self, other: "Matching") -> "Matching":
        """Return both together, as of two recordings."""
        return Matching(self.pairs + other.pairs, self.missed + other.missed, self.invented + other.invented)

    def score(self) -> "Scores":
        """Return the figures."""
        return score(len(self.pairs), len(self.missed), len(self.invented))


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of an audit, or of a part of it.

    Attributes:
        labelled: Crossings that happened.
        counted: Crossings that were told.
        matched: Crossings that happened and were told.
        missed: Happened, not told.
        invented: Told, did not happen.
        accuracy: matched / (matched + missed + invented): wrong either way is wrong.
        precision: matched / counted.
        recall: matched / labelled.
        net_error: (counted - labelled) / labelled: what is left where mistakes cancel. It may be negative.
    """

    labelled: int
    counted: int
    matched: int
    missed: int
    invented: int
    accuracy: Share
    precision: Share
    recall: Share
    net_error: Share


def wilson(hits: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval of a share.

    Args:
        hits: From 0 to `trials`.
        trials: At least 1.
        z: Standard normal quantile.

    Raises:
        ValueError: The counts are none of a share.
    """
    if not 0 <= hits <= trials or trials < 1:
        msg = f"a share needs 0 <= hits <= trials and a trial, got {hits} of {trials}"
        raise ValueError(msg)
    share, square = hits / trials, z * z
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = z * sqrt(share * (1 - share) / trials + square / (4 * trials * trials)) / (1 + square / trials)
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == trials else min(1.0, middle + half)
    return low, high


def share_of(hits: int, trials: int) -> Share:
    """Return a share with its interval; nothing without trials."""
    if trials == 0:
        return Share(None, None, None, 0)
    low, high = wilson(hits, trials)
    return Share(hits / trials, low, high, trials)


def paired_difference(both: int, first_only: int, second_only: int, neither: int = 0) -> tuple[float, float, float]:
    """Return how much more often the first of two observers of the same trials says yes, and its interval at 95 %.

    The score interval of Newcombe, Statistics in Medicine 17 (1998) 2635, method 10: Wilson's intervals of both
    shares, put together with the correlation of the two.

    Args:
        both: Trials in which both say yes.
        first_only: Only the first does.
        second_only: Only the second does.
        neither: Neither does.

    Returns:
        Difference of the shares, lower and upper bound.

    Raises:
        ValueError: There is no trial.
    """
    trials = both + first_only + second_only + neither
    first, second = both + first_only, both + second_only
    (low_1, high_1), (low_2, high_2) = wilson(first, trials), wilson(second, trials)
    p_1, p_2 = first / trials, second / trials
    margins = first * (trials - first) * second * (trials - second)
    excess = float(both * neither - first_only * second_only)
    if excess > 0:
        excess = max(excess - trials / 2, 0.0)
    phi = excess / sqrt(margins) if margins else 0.0
    below = _joined(p_1 - low_1, high_2 - p_2, phi)
    above = _joined(high_1 - p_1, p_2 - low_2, phi)
    return p_1 - p_2, p_1 - p_2 - below, p_1 - p_2 + above


def _joined(a: float, b: float, phi: float) -> float:
    return sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))


def score(matched: int, missed: int, invented: int) -> Scores:
    """Return the figures that follow from three counts.

    The net error's interval is that of `paired_difference` with the labels and the camera as the two observers, as a
    share of what was labelled.
    """
    labelled, counted, trials = matched + missed, matched + invented, matched + missed + invented
    if labelled == 0:
        net_error = Share(None, None, None, 0)
    else:
        scale = trials / labelled
        found = paired_difference(matched, invented, missed)
        difference, low, high = (round(value * scale, 12) for value in found)
        net_error = Share(difference, low, high, labelled)
    return Scores(
        labelled=labelled,
        counted=counted,
        matched=matched,
        missed=missed,
        invented=invented,
        accuracy=share_of(matched, trials),
        precision=share_of(matched, counted),
        recall=share_of(matched, labelled),
        net_error=net_error,
    )


def match(truth: Sequence[LineCrossing], told: Sequence[LineCrossing], tolerance_ms: int) -> Matching:
    """Return which crossings that were told happened: as many pairs as possible, then the nearest in time.

    Args:
        truth: What happened, in one recording.
        told: What was told of it.
        tolerance_ms: Farther apart in time is not the same crossing. Line and direction must be the same.
    """
    truth, told = sorted(truth), sorted(told)
    apart_ms = np.array([[abs(one.time_ms - other.time_ms) for other in told] for one in truth], dtype=np.float64)
    apart_ms = apart_ms.reshape(len(truth), len(told))
    same = [[_kind(one) == _kind(other) for other in told] for one in truth]
    no_pair = (tolerance_ms + 1.0) * (min(len(truth), len(told)) + 1)  # dearer than all pairs together
    is_pair = np.array(same, dtype=bool).reshape(apart_ms.shape) & (apart_ms <= tolerance_ms)
    pairs = assign(np.where(is_pair, apart_ms, no_pair + 1), no_pair)
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    return Matching(
        tuple((truth[row], told[column]) for row, column in pairs),
        tuple(one for row, one in enumerate(truth) if row not in rows),
        tuple(one for column, one in enumerate(told) if column not in columns),
    )


def _kind(crossing: LineCrossing) -> tuple[str, str]:
    return crossing.tripwire_id, crossing.direction


def slices(matching: Matching, key: Callable[[LineCrossing], KeyT]) -> dict[KeyT, Scores]:
    """Return the figures of each part of a matching; a pair belongs where what happened belongs."""
    matched = [key(true) for true, _ in matching.pairs]
    missed, invented = ([key(one) for one in some] for some in (matching.missed, matching.invented))
    parts: Iterable[KeyT] = dict.fromkeys([*matched, *missed, *invented])
    return {part: score(matched.count(part), missed.count(part), invented.count(part)) for part in parts}


def certified_level(scores: Scores) -> float | None:
    """Return the best of `LEVELS` that the lower bound of the accuracy reaches, None where it reaches none."""
    low = scores.accuracy.low
    return None if low is None else next((level for level in LEVELS if low >= level), None)


def trials_needed(share: float, level: float) -> int | None:
    """Return how many crossings an audit needs for its lower bound to reach a level, if the share stays as it is.

    None where it never does, or only beyond 100,000.
    """
    if share <= level:
        return None
    return next((n for n in range(1, _MOST_TRIALS) if wilson(int(share * n), n)[0] >= level), None)


class Agreement(msgspec.Struct, frozen=True):
    """How far two people who labelled the same recording agree.

    Attributes:
        both: Crossings that both saw.
        first_only: Crossings that only the first saw.
        second_only: Crossings that only the second saw.
        positive: 2 both / (2 both + first_only + second_only), None where nobody saw any. Hripcsak and Rothschild,
            JAMIA 12 (2005) 296.
        kappa: Cohen's kappa, Educational and Psychological Measurement 20 (1960) 37, over cells of time; None where
            chance alone decides.
    """

    both: int
    first_only: int
    second_only: int
    positive: float | None
    kappa: float | None


def agreement(
    first: Sequence[LineCrossing], second: Sequence[LineCrossing], tolerance_ms: int, cells: int
) -> Agreement:
    """Return how far two people agree.

    Args:
        first: What the first saw.
        second: What the second saw.
        tolerance_ms: Farther apart in time is not the same crossing.
        cells: In how many cells (of time, line and direction) a crossing could have been seen; cells in which neither
            saw one are what they agree on besides.
    """
    found = match(first, second, tolerance_ms)
    both, first_only, second_only = len(found.pairs), len(found.missed), len(found.invented)
    seen = both + first_only + second_only
    neither = max(0, cells - seen)
    trials = seen + neither
    share = (both + neither) / trials if trials else 1.0
    yes_1, yes_2 = both + first_only, both + second_only
    chance = (yes_1 * yes_2 + (trials - yes_1) * (trials - yes_2)) / (trials * trials) if trials else 1.0
    return Agreement(
        both,
        first_only,
        second_only,
        2 * both / (yes_1 + yes_2) if seen else None,
        (share - chance) / (1 - chance) if chance < 1 else None,
    )
