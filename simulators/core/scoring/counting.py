"""Counts at tripwires against the truth."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from msgspec import Struct

from simulators.core.scoring.intervals import Measure, count_of, ratio_of
from simulators.core.scoring.measured import Blocks, MeasuredCrossing, Observation, blocks_of
from simulators.core.truth import Direction, TripwireTotal, TrueCrossing, Truth

Counts = Mapping[tuple[str, str, int], int]


class BlockCount(Struct, frozen=True, kw_only=True):
    """One hour, or 5 minutes of a short run."""

    from_ms: int
    true: int
    measured: int


class DirectionScore(Struct, frozen=True, kw_only=True):
    """Counts of one direction.

    Attributes:
        error: Measured minus true, over the whole time.
        error_share: The same as a share of the true count.
        block_error: Mean of |measured - true| over the blocks; without value where only totals were given.
        blocks: None where only totals were given.
    """

    true: int
    measured: int
    error: int
    error_share: Measure
    block_error: Measure
    blocks: tuple[BlockCount, ...] | None


class TripwireScore(Struct, frozen=True, kw_only=True):
    """One tripwire."""

    tripwire_id: str
    tripwire_kind: str
    crossed_in: DirectionScore
    crossed_out: DirectionScore


class CountingScore(Struct, frozen=True, kw_only=True):
    """All tripwires, and whether who came in also went out.

    Attributes:
        inside_true: How many more people are inside at the end than at the beginning.
        inside_measured: In minus out over all entrances, as counted.
        is_conserved: Whether the two are equal.
    """

    tripwires: tuple[TripwireScore, ...]
    inside_true: int
    inside_measured: int
    is_conserved: bool


def score_counting(seen: Observation, truth: Truth, rng: np.random.Generator) -> CountingScore:
    """Return each tripwire's score, in the truth's order. A tripwire that nobody measured counts as nothing counted.

    Args:
        seen: Its `crossings` and `counts`; a tripwire in `counts` is taken from there.
        truth: What really happened.
        rng: For the bootstrap.

    Raises:
        ValueError: A measured tripwire is unknown to the truth.
    """
    counts = seen.counts or {}
    _require_known([*counts, *(crossing.tripwire_id for crossing in seen.crossings or ())], truth)
    blocks = blocks_of(truth)
    true = _count((c for person in truth.people for c in person.crossings), blocks)
    measured = _count(seen.crossings or (), blocks)
    scores = []
    for total in truth.totals.tripwires:
        given = counts.get(total.tripwire_id)
        timed = given is None and seen.crossings is not None
        scores.append(
            TripwireScore(
                tripwire_id=total.tripwire_id,
                tripwire_kind=total.tripwire_kind,
                crossed_in=_by_block(total, "in", (true, measured), blocks, rng)
                if timed
                else _by_total(total.crossed_in, given.crossed_in if given else 0),
                crossed_out=_by_block(total, "out", (true, measured), blocks, rng)
                if timed
                else _by_total(total.crossed_out, given.crossed_out if given else 0),
            )
        )
    presences = [presence for person in truth.people for presence in person.presences]
    inside_true = sum(presence.left_ms is None for presence in presences)
    inside = sum(s.crossed_in.measured - s.crossed_out.measured for s in scores if s.tripwire_kind == "entrance")
    return CountingScore(
        tripwires=tuple(scores),
        inside_true=inside_true,
        inside_measured=inside,
        is_conserved=inside == inside_true,
    )


def _require_known(names: Iterable[str], truth: Truth) -> None:
    known = [total.tripwire_id for total in truth.totals.tripwires]
    if unknown := sorted(set(names) - set(known)):
        msg = f"unknown tripwire {unknown[0]!r}; the truth knows {', '.join(known)}"
        raise ValueError(msg)


def _count(crossings: Iterable[MeasuredCrossing | TrueCrossing], blocks: Blocks) -> Counts:
    return Counter((each.tripwire_id, each.direction, blocks.of(each.t_ms)) for each in crossings)


def _by_total(true: int, measured: int) -> DirectionScore:
    return DirectionScore(
        true=true,
        measured=measured,
        error=measured - true,
        error_share=count_of(measured, true, true) if true else Measure(value=None, samples=0),
        block_error=Measure(value=None, samples=0),
        blocks=None,
    )


def _by_block(
    total: TripwireTotal, direction: Direction, counts: tuple[Counts, Counts], blocks: Blocks, rng: np.random.Generator
) -> DirectionScore:
    true, measured = (
        np.array([count.get((total.tripwire_id, direction, block), 0) for block in range(blocks.count)], dtype=float)
        for count in counts
    )
    return DirectionScore(
        true=int(true.sum()),
        measured=int(measured.sum()),
        error=int(measured.sum() - true.sum()),
        error_share=ratio_of(measured - true, true, int(true.sum()), rng),
        block_error=ratio_of(np.abs(measured - true), np.ones(blocks.count), blocks.count, rng),
        blocks=tuple(
            BlockCount(from_ms=blocks.start_ms + index * blocks.block_ms, true=int(t), measured=int(m))
            for index, (t, m) in enumerate(zip(true, measured, strict=True))
        ),
    )
