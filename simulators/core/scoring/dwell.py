"""Lengths of visits and of times in zones against the truth."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from simulators.core.scoring.identification import overlaps_of
from simulators.core.scoring.intervals import (
    Floats,
    Ints,
    Measure,
    block_weights,
    mean_of,
    median_of,
    spread_of,
)
from simulators.core.scoring.measured import Blocks, MeasuredStay, blocks_of
from simulators.core.scoring.timeline import Timeline
from simulators.core.scoring.visits import found_pairs
from simulators.core.truth import TrueStay, Truth

_REPLICATES = 200
_QUANTILES = 41
_FEWEST_BLOCKS = 2
_MS = 1000


class Length(Struct, frozen=True):
    """When something began, and how long it was."""

    from_ms: int
    seconds: float


class LengthScore(Struct, frozen=True, kw_only=True):
    """Lengths of one kind. Errors are measured minus true, in seconds.

    Attributes:
        of: `visit`, or a zone's id.
        true: How many there really were that have ended.
        measured: How many were measured that have ended.
        median_error: Over pairs that belong together; of a zone, a pair's whole time in it.
        mean_error: The same.
        mean_absolute_error: The same.
        distance: Wasserstein distance between the two distributions, s: the mean difference of their quantiles.
        true_quantiles: The lengths at even steps from the shortest to the longest, s; empty without lengths.
        measured_quantiles: The same as measured.
    """

    of: str
    true: int
    measured: int
    median_error: Measure
    mean_error: Measure
    mean_absolute_error: Measure
    distance: Measure
    true_quantiles: tuple[float, ...]
    measured_quantiles: tuple[float, ...]


def wasserstein(
    true: Floats, measured: Floats, true_weights: Floats | None = None, measured_weights: Floats | None = None
) -> float:
    """Return the first Wasserstein distance of two weighted samples, not a number where one has no weight.

    It is the area between the distribution functions: Vallender (1974), Theory of Probability and Its Applications
    18:784-786.
    """
    values, place = np.unique(np.concatenate([true, measured]), return_inverse=True)
    weights = [np.ones(place.size) if w is None else w for w in (true_weights, measured_weights)]
    return _area(
        values, (place[: true.size], place[true.size :]), (weights[0][: true.size], weights[1][: measured.size])
    )


def _area(values: Floats, places: tuple[Ints, Ints], weights: tuple[Floats, Floats]) -> float:
    """Return the area between two distribution functions, of samples that lie at these places among the values."""
    shares = []
    for where, weight in zip(places, weights, strict=True):
        mass = np.cumsum(np.bincount(where, weight, minlength=values.size))
        if values.size == 0 or mass[-1] == 0:
            return float("nan")
        shares.append(mass / mass[-1])
    return float(np.abs(shares[0] - shares[1])[:-1] @ np.diff(values))


def score_dwell(timeline: Timeline, truth: Truth, rng: np.random.Generator) -> tuple[LengthScore, ...]:
    """Return the score of visits' lengths, door to door, then that of the times in each zone."""
    pairs = found_pairs(overlaps_of(timeline.sightings))
    both = [(timeline.true[t], timeline.measured[m]) for t, m in pairs.tolist()]
    ended = [(t, m) for t, m in both if t.left_ms is not None and m.closed_ms is not None]
    blocks = blocks_of(truth)
    scores = [
        score_lengths(
            "visit",
            lengths_of((v.entered_ms, v.left_ms) for v in timeline.true),
            lengths_of((v.opened_ms, v.closed_ms) for v in timeline.measured),
            [
                (m.closed_ms - m.opened_ms - (t.left_ms - t.entered_ms)) / _MS
                for t, m in ended
                if t.left_ms is not None and m.closed_ms is not None
            ],
            blocks,
            rng,
        )
    ]
    true_stays = [stay for visit in timeline.true for stay in visit.stays]
    measured_stays = [stay for visit in timeline.measured for stay in visit.stays]
    errors = defaultdict(list)
    for t, m in ended:
        true_s, measured_s = _seconds_by_zone(t.stays), _seconds_by_zone(m.stays)
        for zone_id in true_s.keys() | measured_s.keys():
            errors[zone_id].append(measured_s.get(zone_id, 0.0) - true_s.get(zone_id, 0.0))
    for zone_id in sorted({s.zone_id for s in true_stays} | {s.zone_id for s in measured_stays}):
        true_of, measured_of = (
            lengths_of((stay.entered_ms, stay.left_ms) for stay in stays if stay.zone_id == zone_id)
            for stays in (true_stays, measured_stays)
        )
        scores.append(score_lengths(zone_id, true_of, measured_of, sorted(errors[zone_id]), blocks, rng))
    return tuple(scores)


def lengths_of(spans: Iterable[tuple[int, int | None]]) -> list[Length]:
    """Return the lengths of what has ended, from times of beginning and end in ms."""
    return [Length(begin, (end - begin) / _MS) for begin, end in spans if end is not None]


def _seconds_by_zone(stays: Iterable[TrueStay | MeasuredStay]) -> dict[str, float]:
    seconds: dict[str, float] = defaultdict(float)
    for stay in stays:
        if stay.left_ms is not None:
            seconds[stay.zone_id] += (stay.left_ms - stay.entered_ms) / _MS
    return seconds


def score_lengths(
    of: str, true: list[Length], measured: list[Length], errors: list[float], blocks: Blocks, rng: np.random.Generator
) -> LengthScore:
    """Return the score of lengths.

    Args:
        of: What they are lengths of.
        true: How long it really was.
        measured: How long it was as measured.
        errors: Measured minus true of the pairs that belong together, s.
        blocks: The truth's time.
        rng: For the bootstrap.
    """
    error = np.array(errors, dtype=np.float64)
    return LengthScore(
        of=of,
        true=len(true),
        measured=len(measured),
        median_error=median_of(error, rng),
        mean_error=mean_of(error, rng),
        mean_absolute_error=mean_of(np.abs(error), rng),
        distance=_distance(true, measured, blocks, rng),
        true_quantiles=_quantiles(true),
        measured_quantiles=_quantiles(measured),
    )


def _distance(true: list[Length], measured: list[Length], blocks: Blocks, rng: np.random.Generator) -> Measure:
    """Return the distance; both sides are resampled by the same blocks of time, so equal samples stay equal."""
    (t, t_block), (m, m_block) = (_arrays(lengths, blocks) for lengths in (true, measured))
    value, samples = wasserstein(t, m), len(true) + len(measured)
    if not np.isfinite(value):
        return Measure(value=None, samples=samples)
    used, block = np.unique(np.concatenate([t_block, m_block]), return_inverse=True)
    interval = None
    if used.size >= _FEWEST_BLOCKS:
        weights = block_weights(rng, used.size, _REPLICATES)[:, block]
        values, place = np.unique(np.concatenate([t, m]), return_inverse=True)
        places = (place[: t.size], place[t.size :])
        interval = spread_of(np.array([_area(values, places, (w[: t.size], w[t.size :])) for w in weights]))
    return Measure(value=value, samples=samples, interval=interval)


def _arrays(lengths: list[Length], blocks: Blocks) -> tuple[Floats, Ints]:
    seconds = np.array([length.seconds for length in lengths], dtype=np.float64)
    return seconds, np.array([blocks.of(length.from_ms) for length in lengths], dtype=np.int64)


def _quantiles(lengths: list[Length]) -> tuple[float, ...]:
    if not lengths:
        return ()
    steps = np.quantile([length.seconds for length in lengths], np.linspace(0, 1, _QUANTILES))
    return tuple(round(float(step), 3) for step in steps)
