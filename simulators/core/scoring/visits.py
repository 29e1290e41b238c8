"""Stitched visits against true ones: found, missed, merged, split."""

import numpy as np
from msgspec import Struct

from simulators.core.scoring.assignment import best_matching
from simulators.core.scoring.identification import Overlaps, overlaps_of, unique_rows
from simulators.core.scoring.intervals import Floats, Ints, Measure, ratio_of, share_of
from simulators.core.scoring.measured import Options, blocks_of
from simulators.core.scoring.timeline import Timeline
from simulators.core.truth import Truth

_MOST = 0.5
"""A visit is found from above this share in common on. Several fit where two cameras' visits were not stitched."""


class VisitScore(Struct, frozen=True, kw_only=True):
    """Visits of customers.

    Attributes:
        true: True visits; those too short to hold an instant are not among them, here and below.
        measured: Measured visits, without those that the system holds to be staff's.
        error_share: (measured - true) / true.
        found: Pairs, one to one, of a true and a measured visit with more than half of their instants in common
            (intersection over union above 0.5, as in panoptic quality: Kirillov et al., 2019, CVPR).
        merges: Measured visits in which two or more customers are, `shared_s` each at least.
        splits: True visits that two or more measured visits share, `shared_s` each at least.
        pieces: Measured visits beyond the first of each split visit.
        empty: Measured visits in which no customer ever is: passers-by, staff, nobody at all.
        of_passers_by: Those of them in which a passer-by is.
        of_workers: Those in which somebody is who works here or brings goods.
        set_aside: Visits that the system holds to be staff's.
    """

    true: int
    measured: int
    error_share: Measure
    found: int
    precision: Measure
    recall: Measure
    f1: Measure
    merges: Measure
    splits: Measure
    pieces: int
    empty: int
    of_passers_by: int
    of_workers: int
    set_aside: int


def found_pairs(overlaps: Overlaps) -> Ints:
    """Return the pairs of visits that found each other, one to one, rows (true visit, measured visit), shape (P, 2)."""
    common = overlaps.jaccard(overlaps.together)
    is_near = common > _MOST
    pairs = (tuple(pair) for pair in overlaps.pairs[is_near].tolist())
    found = best_matching(dict(zip(pairs, common[is_near].tolist(), strict=True)))
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 2)


def score_visits(
    timeline: Timeline, truth: Truth, set_aside: int, options: Options, rng: np.random.Generator
) -> VisitScore:
    """Return how well stitched visits fit the true ones.

    Args:
        timeline: True and measured visits.
        truth: What really happened.
        set_aside: Measured visits that the time line leaves out since they are staff's.
        options: How long makes a share of a visit.
        rng: For the bootstrap of F1.
    """
    overlaps = overlaps_of(timeline.sightings)
    pairs = found_pairs(overlaps)
    true, measured, found = len(timeline.true), len(timeline.measured), len(pairs)
    least = options.shared_s / options.instant_s
    shared = overlaps.pairs[overlaps.together >= least]
    pieces = np.bincount(shared[:, 0], minlength=1)
    people = np.array([visit.person for visit in timeline.true], dtype=np.int64)[shared[:, 0]]
    in_visit, _ = unique_rows(np.column_stack([people, shared[:, 1]]))
    merges = int((np.bincount(in_visit[:, 1], minlength=1) > 1).sum())
    empty = sorted(set(range(measured)) - set(overlaps.pairs[:, 1].tolist()))
    roles = _roles(timeline, truth, empty)
    return VisitScore(
        true=true,
        measured=measured,
        error_share=_error_share(timeline, truth, rng),
        found=found,
        precision=share_of(found, measured),
        recall=share_of(found, true),
        f1=_f1(timeline, pairs, truth, rng),
        merges=share_of(merges, measured),
        splits=share_of(int((pieces > 1).sum()), true),
        pieces=int(np.maximum(0, pieces - 1).sum()),
        empty=len(empty),
        of_passers_by=sum("passer_by" in each for each in roles),
        of_workers=sum(bool(each & {"staff", "delivery"}) for each in roles),
        set_aside=set_aside,
    )


def _roles(timeline: Timeline, truth: Truth, visits: list[int]) -> list[set[str]]:
    roles: dict[int, set[str]] = {visit: set() for visit in visits}
    for visit, person, _ in timeline.owners.tolist():
        if visit in roles:
            roles[visit].add(truth.people[person].role)
    return list(roles.values())


def _error_share(timeline: Timeline, truth: Truth, rng: np.random.Generator) -> Measure:
    true, measured = _begun(timeline, truth)
    return ratio_of(measured - true, true, len(timeline.true), rng)


def _begun(timeline: Timeline, truth: Truth) -> tuple[Floats, Floats]:
    """Return how many true and how many measured visits began in each block of time."""
    blocks = blocks_of(truth)
    return (
        blocks.counts([visit.entered_ms for visit in timeline.true]),
        blocks.counts([visit.opened_ms for visit in timeline.measured]),
    )


def _f1(timeline: Timeline, pairs: Ints, truth: Truth, rng: np.random.Generator) -> Measure:
    """Return F1, resampled by the blocks in which visits begin."""
    true, measured = _begun(timeline, truth)
    found = blocks_of(truth).counts([timeline.true[index].entered_ms for index in pairs[:, 0].tolist()])
    return ratio_of(2 * found, true + measured, len(timeline.true) + len(timeline.measured), rng)
