"""How far visits come along some steps. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from cloud.analytics.metric import BAND_Z
from cloud.analytics.parts import PPM

Step = tuple[int, str, int]
"""Milliseconds after the entry, what was reached, and how probable it is in millionths."""

Order = Literal["strict", "any"]


class Reached(Struct, frozen=True, kw_only=True):
    """How many visits are expected to have reached a step, with the variance of that number."""

    expected_ppm: int
    variance_ppm: int

    @property
    def value(self) -> float:
        """Return the expected number of visits."""
        return self.expected_ppm / PPM

    @property
    def spread(self) -> float:
        """Return how far a band of 95 % reaches to either side, by the Poisson-binomial's variance."""
        return float(BAND_Z * (self.variance_ppm / PPM) ** 0.5)


def count_reached(
    journeys: Iterable[Sequence[Step]], wanted: Sequence[str], order: Order, window_ms: int | None
) -> list[Reached]:
    """Return, for each wanted step, how many visits are expected to have come that far.

    Args:
        journeys: What each visit came to; a step that a link gives has the link's probability.
        wanted: The steps' names, at least one, each once.
        order: `strict`: one after the other; others may lie between. `any`: in whatever order.
        window_ms: Within how much time from the first of them on; None: within the visit.
    """
    expected, variance = [0] * len(wanted), [0] * len(wanted)
    rank = _rank(wanted)
    for journey in journeys:
        for index, weight in enumerate(_reach(journey, rank, order, window_ms)):
            expected[index] += weight
            variance[index] += weight * (PPM - weight) // PPM
    return [Reached(expected_ppm=e, variance_ppm=v) for e, v in zip(expected, variance, strict=True)]


def reach_of(journey: Sequence[Step], wanted: Sequence[str], order: Order, window_ms: int | None) -> list[int]:
    """Return, for each wanted step, how probable it is in millionths that a visit came that far.

    Links of one member to one visit stand or fall together, so a chain is as probable as its least probable step.
    """
    return _reach(journey, _rank(wanted), order, window_ms)


_Ranked = tuple[int, int, int]
"""Milliseconds after the entry, how manieth wanted step it is, and how probable it is in millionths."""


def _rank(wanted: Sequence[str]) -> Mapping[str, int]:
    return {name: index for index, name in enumerate(wanted)}


def _reach(journey: Sequence[Step], rank: Mapping[str, int], order: Order, window_ms: int | None) -> list[int]:
    # What happens in one moment is taken in the wanted order: somebody may enter right into a zone.
    steps = sorted([(at_ms, rank[name], weight) for at_ms, name, weight in journey if name in rank])
    find = _in_order if order == "strict" else _together
    if window_ms is None:
        return find(steps, len(rank))
    best = [0] * len(rank)
    for start, (start_ms, index, _) in enumerate(steps):
        if order == "any" or index == 0:
            within = [step for step in steps[start:] if step[0] <= start_ms + window_ms]
            best = [max(old, new) for old, new in zip(best, find(within, len(rank)), strict=True)]
    return best


def _in_order(steps: Iterable[_Ranked], count: int) -> list[int]:
    """Return how probable the best chain up to each step is, among steps in order of time."""
    best = [0] * count
    for _, index, weight in steps:
        chained = min(best[index - 1], weight) if index else weight
        best[index] = max(best[index], chained)
    return best


def _together(steps: Iterable[_Ranked], count: int) -> list[int]:
    """Return how probable it is that all up to each step were reached, in whatever order."""
    most = [0] * count
    for _, index, weight in steps:
        most[index] = max(most[index], weight)
    return list(accumulate(most, min))
