"""Whether ids stay with people over time: HOTA and IDF1, for similarities of 0 and 1.

HOTA, DetA, AssA: Luiten et al. (2021), "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking", IJCV
129:548-578. IDF1: Ristani et al. (2016), "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking",
ECCV workshops. A visit either holds a track of the person at an instant or it does not, so HOTA is the same at every
localization threshold.
"""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from simulators.core.scoring.assignment import best_matching
from simulators.core.scoring.intervals import Floats, Ints, Measure, measures_of
from simulators.core.scoring.measured import Blocks


class Sightings(Struct, frozen=True, eq=False):
    """Which true and which measured ids there are at which instants, and which of them fit.

    Attributes:
        true: Rows (instant, true id), shape (N, 2), each once.
        measured: Rows (instant, measured id), shape (M, 2), each once.
        fits: Rows (instant, true id, measured id), shape (F, 3), each once; both ids are there at that instant.
    """

    true: Ints
    measured: Ints
    fits: Ints


class TrackingBlock(Struct, frozen=True, kw_only=True):
    """One hour, or 5 minutes of a short run. None where there was nobody."""

    from_ms: int
    hota: float | None
    det_a: float | None
    ass_a: float | None
    idf1: float | None


class TrackingScore(Struct, frozen=True, kw_only=True):
    """How well measured ids follow true ones. Samples are instants of persons; intervals come from blocks of time.

    Attributes:
        hota: Geometric mean of `det_a` and `ass_a`.
        det_a: Detection accuracy: matched / (matched + missed + false).
        ass_a: Association accuracy: mean over matches of the Jaccard index of the two ids.
        idf1: F1 of `id_precision` and `id_recall`, under the one-to-one assignment of ids that is best overall.
        true: Instants at which somebody was there.
        measured: Instants at which a measured id was.
        matched: Instants of both, one to one (HOTA's).
        id_matched: The same under the assignment of IDF1.
    """

    hota: Measure
    det_a: Measure
    ass_a: Measure
    idf1: Measure
    id_precision: Measure
    id_recall: Measure
    true: int
    measured: int
    matched: int
    id_matched: int
    blocks: tuple[TrackingBlock, ...]


class Overlaps(Struct, frozen=True, eq=False):
    """What pairs of a true and a measured id have in common.

    Attributes:
        pairs: Rows (true id, measured id), shape (P, 2).
        together: Instants at which they fit, shape (P,).
        true_count: Instants of each true id, by id.
        measured_count: Instants of each measured id, by id.
        pair_of_fit: Index into `pairs` of each row of `fits`, shape (F,).
    """

    pairs: Ints
    together: Ints
    true_count: Ints
    measured_count: Ints
    pair_of_fit: Ints

    def jaccard(self, together: Floats | Ints) -> Floats:
        """Return, for each pair, instants in common as a share of the instants of either."""
        either = self.true_count[self.pairs[:, 0]] + self.measured_count[self.pairs[:, 1]] - together
        return np.asarray(together / either, dtype=np.float64)


def unique_rows(rows: Ints) -> tuple[Ints, Ints]:
    """Return each row once, in order, and how often it stands there. No number may be negative.

    Rows are sorted as single numbers, which takes a tenth of the time that `numpy.unique` takes for rows.
    """
    widths = rows.max(axis=0, initial=0) + 1
    key = rows[:, 0]
    for column in range(1, rows.shape[1]):
        key = key * widths[column] + rows[:, column]
    keys, counts = np.unique(key, return_counts=True)
    columns = []
    for column in range(rows.shape[1] - 1, 0, -1):
        keys, values = np.divmod(keys, widths[column])
        columns.append(values)
    return np.stack([keys, *columns[::-1]], axis=1), counts


def overlaps_of(seen: Sightings) -> Overlaps:
    """Return what each pair of ids has in common."""
    width = int(seen.measured[:, 1].max(initial=0)) + 1
    keys, pair_of_fit, together = np.unique(
        seen.fits[:, 1] * width + seen.fits[:, 2], return_inverse=True, return_counts=True
    )
    return Overlaps(
        np.stack([keys // width, keys % width], axis=1),
        together,
        np.bincount(seen.true[:, 1], minlength=1),
        np.bincount(seen.measured[:, 1], minlength=1),
        pair_of_fit.reshape(-1),
    )


def score_tracking(seen: Sightings, blocks: Blocks, block_of_instant: Ints, rng: np.random.Generator) -> TrackingScore:
    """Return HOTA and IDF1.

    Intervals come from drawing blocks of time anew while matches and associations stay as they are.

    Args:
        seen: Who is there and what is measured, at each instant.
        blocks: The blocks of time.
        block_of_instant: Index of the block that each instant lies in, by instant.
        rng: For the bootstrap.
    """
    overlaps = overlaps_of(seen)
    chosen = _hota_matches(seen.fits, overlaps)
    association = overlaps.jaccard(
        np.bincount(overlaps.pair_of_fit[chosen], minlength=len(overlaps.pairs)).astype(np.float64)
    )
    assigned = best_matching(
        {(int(g), int(p)): float(n) for (g, p), n in zip(overlaps.pairs, overlaps.together, strict=True)}
    )
    is_assigned = np.array([(int(g), int(p)) in assigned for g, p in overlaps.pairs], dtype=bool)
    by_identity = is_assigned[overlaps.pair_of_fit]

    def per_block(rows: Ints, weights: Floats | None = None) -> Floats:
        return np.bincount(block_of_instant[rows[:, 0]], weights, minlength=blocks.count).astype(np.float64)

    sums = np.stack(
        [
            per_block(seen.true),
            per_block(seen.measured),
            per_block(seen.fits[chosen]),
            per_block(seen.fits[chosen], association[overlaps.pair_of_fit[chosen]]),
            per_block(seen.fits[by_identity]),
        ]
    )
    return _score(sums, blocks, rng)


def _score(sums: Floats, blocks: Blocks, rng: np.random.Generator) -> TrackingScore:
    """Return the score from sums by block: true, measured, matched, association, matched by identity, shape (5, B)."""
    true, measured, matched, _, id_matched = (int(each) for each in sums.sum(axis=1))
    total = measures_of(sums, _figures, true, rng)
    by_block = _figures(sums)

    def at(name: str, block: int) -> float | None:
        value = float(by_block[name][block])
        return value if np.isfinite(value) else None

    return TrackingScore(
        hota=total["hota"],
        det_a=total["det_a"],
        ass_a=total["ass_a"],
        idf1=total["idf1"],
        id_precision=total["id_precision"],
        id_recall=total["id_recall"],
        true=true,
        measured=measured,
        matched=matched,
        id_matched=id_matched,
        blocks=tuple(
            TrackingBlock(
                from_ms=blocks.start_ms + block * blocks.block_ms,
                hota=at("hota", block),
                det_a=at("det_a", block),
                ass_a=at("ass_a", block),
                idf1=at("idf1", block),
            )
            for block in range(blocks.count)
        ),
    )


def _figures(sums: Floats) -> dict[str, Floats]:
    """Return every figure, shape (R,), from sums of shape (5, R); not a number where undefined."""
    true, measured, matched, association, id_matched = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        det_a = matched / (true + measured - matched)
        ass_a = np.where(matched > 0, association / matched, np.where(true + measured > 0, 0.0, np.nan))
        return {
            "det_a": det_a,
            "ass_a": ass_a,
            "hota": np.sqrt(det_a * ass_a),
            "idf1": 2 * id_matched / (true + measured),
            "id_precision": id_matched / measured,
            "id_recall": id_matched / true,
        }


def _hota_matches(fits: Ints, overlaps: Overlaps) -> NDArray[np.bool_]:
    """Return which fits are matches: at each instant one to one, so that global alignments sum up to the most."""
    groups = {side: _groups(fits[:, [0, side]]) for side in (1, 2)}
    true_degree, measured_degree = (np.bincount(group, minlength=1)[group] for group in groups.values())
    similarity = 1 / (true_degree + measured_degree - 1)
    alignment = overlaps.jaccard(np.bincount(overlaps.pair_of_fit, weights=similarity, minlength=len(overlaps.pairs)))[
        overlaps.pair_of_fit
    ]
    chosen = np.asarray((true_degree == 1) & (measured_degree == 1))
    is_star = np.zeros(len(fits), dtype=bool)
    for side, own, other in ((1, true_degree, measured_degree), (2, measured_degree, true_degree)):
        hub = (own > 1) & (_most(groups[side], other) == 1)
        is_star |= hub
        chosen[_first_of_each(fits[:, [0, side]], alignment, hub)] = True
    _match_rest(fits, alignment, np.flatnonzero(~chosen & ~is_star), chosen)
    return chosen


def _groups(keys: Ints) -> Ints:
    """Return a number for each row that equal rows share, shape (F,)."""
    return np.unique(keys[:, 0] * (keys[:, 1].max(initial=0) + 1) + keys[:, 1], return_inverse=True)[1].reshape(-1)


def _most(group: Ints, values: Ints) -> Ints:
    """Return the greatest value in each row's group."""
    most = np.zeros(len(group) + 1, dtype=np.int64)
    np.maximum.at(most, group, values)
    return most[group]


def _first_of_each(keys: Ints, alignment: Floats, allowed: NDArray[np.bool_]) -> Ints:
    """Return the row of greatest alignment in each group, of those rows that are allowed."""
    rows = np.flatnonzero(allowed)
    order = np.lexsort((rows, -alignment[rows], keys[rows, 1], keys[rows, 0]))
    ordered = rows[order]
    is_first = np.ones(len(ordered), dtype=bool)
    is_first[1:] = (keys[ordered[1:]] != keys[ordered[:-1]]).any(axis=1)
    return ordered[is_first]


def _match_rest(fits: Ints, alignment: Floats, rows: Ints, chosen: NDArray[np.bool_]) -> None:
    """Match where people and visits are entangled, instant by instant; `chosen` changes in place."""
    instants = np.split(rows, np.flatnonzero(np.diff(fits[rows, 0])) + 1) if rows.size else []
    known: dict[bytes, NDArray[np.bool_]] = {}
    for at in instants:
        key = fits[at, 1:].tobytes()
        if key not in known:
            edges = [(int(g), int(p)) for g, p in fits[at, 1:]]
            best = best_matching(dict(zip(edges, alignment[at].tolist(), strict=True)))
            known[key] = np.array([edge in best for edge in edges])
        chosen[at] = known[key]
