"""How far visits come along some steps. Pure."""

from collections.abc import Iterable, Sequence
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
        wanted: The steps' names, at least one.
        order: `strict`: one after the other; others may lie between. `any`: in whatever order.
        window_ms: Within how much time from the first of them on; None: within the visit.
    """
    expected, variance = [0] * len(wanted), [0] * len(wanted)
    for journey in journeys:
        for index, weight in enumerate(reach_of(journey, wanted, order, window_ms)):
            expected[index] += weight
            variance[index] += weight * (PPM - weight) // PPM
    return [Reached(expected_ppm=e, variance_ppm=v) for e, v in zip(expected, variance, strict=True)]


def reach_of(journey: Sequence[Step], wanted: Sequence[str], order: Order, window_ms: int | None) -> list[int]:
    """Return, for each wanted step, how probable it is in millionths that a visit came that far.

    Links of one member to one visit stand or fall together, so a chain is as probable as its least probable step.
    """
    # What happens in one moment is taken in the wanted order: somebody may enter right into a zone.
    rank = {name: index for index, name in reversed(list(enumerate(wanted)))}
    steps = sorted((step for step in journey if step[1] in rank), key=lambda step: (step[0], rank[step[1]], step[2]))
    best = [0] * len(wanted)
    for index, (start_ms, name, _) in enumerate(steps):
        if order == "strict" and name != wanted[0]:
            continue
        within = [step for step in steps[index:] if window_ms is None or step[0] <= start_ms + window_ms]
        found = _in_order(within, wanted) if order == "strict" else _together(within, wanted)
        best = [max(old, new) for old, new in zip(best, found, strict=True)]
        if window_ms is None:
            break  # Without a window whatever follows a later start follows the first one too.
    return best


def _in_order(steps: Iterable[Step], wanted: Sequence[str]) -> list[int]:
    """Return how probable the best chain up to each step is, among steps in order of time."""
    best = [0] * len(wanted)
    for _, name, weight in steps:
        for index in range(len(wanted) - 1, -1, -1):
            if wanted[index] == name:
                before = PPM if index == 0 else best[index - 1]
                best[index] = max(best[index], min(before, weight))
    return best


def _together(steps: Iterable[Step], wanted: Sequence[str]) -> list[int]:
    most: dict[str, int] = {}
    for _, name, weight in steps:
        most[name] = max(most.get(name, 0), weight)
    found, least = [], PPM
    for name in wanted:
        least = min(least, most.get(name, 0))
        found.append(least)
    return found
