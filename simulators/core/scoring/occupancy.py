"""People inside the store and in each zone, over time, against the truth."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from simulators.core.scoring.intervals import Floats, Ints, Measure, ratio_of
from simulators.core.scoring.measured import Blocks, MeasuredCrossing, MeasuredPeople, blocks_of
from simulators.core.truth import Truth

SAMPLE_MS = 10_000
_POINTS = 300


class OccupancyPoint(Struct, frozen=True, kw_only=True):
    """One instant."""

    t_ms: int
    true: int
    measured: int


class OccupancyScore(Struct, frozen=True, kw_only=True):
    """One place. Errors are measured minus true, at each instant at which somebody looked.

    Attributes:
        place: A zone's id, None for the whole store.
        mean_absolute_error: In people.
        bias: Mean error, in people.
        exact: Share of instants without error.
        series: What was measured over time, thinned out for a picture.
    """

    place: str | None
    mean_absolute_error: Measure
    bias: Measure
    exact: Measure
    series: tuple[OccupancyPoint, ...]


def people_at(intervals: Iterable[tuple[int, int | None]], at_ms: Ints) -> Ints:
    """Return how many of the intervals, from the first time on and before the second, hold each time, shape (T,)."""
    pairs = list(intervals)
    begun = np.sort(np.array([begin for begin, _ in pairs], dtype=np.int64))
    ended = np.sort(np.array([end for _, end in pairs if end is not None], dtype=np.int64))
    return np.searchsorted(begun, at_ms, side="right") - np.searchsorted(ended, at_ms, side="right")


def true_people(truth: Truth, place: str | None, at_ms: Ints) -> Ints:
    """Return how many people really were at a place at each time, shape (T,)."""
    if place is None:
        return people_at(((p.entered_ms, p.left_ms) for person in truth.people for p in person.presences), at_ms)
    stays = (stay for person in truth.people for stay in person.stays if stay.zone_id == place)
    return people_at(((stay.entered_ms, stay.left_ms) for stay in stays), at_ms)


def inside_by_crossings(
    crossings: Sequence[MeasuredCrossing], entrances: set[str], truth: Truth
) -> list[MeasuredPeople]:
    """Return how many people are inside by what was counted at the entrances, every 10 s; nobody is at the start."""
    at_ms = np.arange(truth.start_ms, truth.until_ms + 1, SAMPLE_MS)
    counted = [each for each in crossings if each.tripwire_id in entrances]
    came = np.sort(np.array([each.t_ms for each in counted if each.direction == "in"], dtype=np.int64))
    went = np.sort(np.array([each.t_ms for each in counted if each.direction == "out"], dtype=np.int64))
    inside = np.searchsorted(came, at_ms, side="right") - np.searchsorted(went, at_ms, side="right")
    return [
        MeasuredPeople(place=None, t_ms=int(t_ms), people=int(people))
        for t_ms, people in zip(at_ms, inside, strict=True)
    ]


def score_occupancy(
    measured: Sequence[MeasuredPeople], truth: Truth, rng: np.random.Generator
) -> tuple[OccupancyScore, ...]:
    """Return the score of each place that was looked at, the store first.

    Instants near to each other are alike, so intervals come from a bootstrap over blocks of time.
    """
    by_place: dict[str | None, list[MeasuredPeople]] = defaultdict(list)
    for sample in measured:
        if truth.start_ms <= sample.t_ms <= truth.until_ms:
            by_place[sample.place].append(sample)
    blocks = blocks_of(truth)
    places = sorted(by_place, key=lambda place: (place is not None, place or ""))
    return tuple(_score(place, by_place[place], truth, blocks, rng) for place in places)


def _score(
    place: str | None, samples: list[MeasuredPeople], truth: Truth, blocks: Blocks, rng: np.random.Generator
) -> OccupancyScore:
    samples = sorted(samples, key=lambda sample: sample.t_ms)
    at_ms = np.array([sample.t_ms for sample in samples], dtype=np.int64)
    people = np.array([sample.people for sample in samples], dtype=np.int64)
    true = true_people(truth, place, at_ms)
    block = np.array([blocks.of(t_ms) for t_ms in at_ms.tolist()], dtype=np.int64)

    def by_block(values: Floats) -> Floats:
        return np.bincount(block, weights=values, minlength=blocks.count).astype(np.float64)

    error, looks = (people - true).astype(np.float64), by_block(np.ones(at_ms.size))
    thinned = np.unique(np.linspace(0, at_ms.size - 1, _POINTS).astype(np.int64))
    return OccupancyScore(
        place=place,
        mean_absolute_error=ratio_of(by_block(np.abs(error)), looks, at_ms.size, rng),
        bias=ratio_of(by_block(error), looks, at_ms.size, rng),
        exact=ratio_of(by_block((error == 0).astype(np.float64)), looks, at_ms.size, rng),
        series=tuple(
            OccupancyPoint(t_ms=int(at_ms[index]), true=int(true[index]), measured=int(people[index]))
            for index in thinned
        ),
    )
