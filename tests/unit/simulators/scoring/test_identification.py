"""HOTA and IDF1, against TrackEval, by hand, and by what must hold."""

import json
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.scoring.assignment import assign, best_matching
from simulators.core.scoring.identification import Sightings, TrackingScore, score_tracking
from simulators.core.scoring.measured import Blocks
from tests.unit.simulators.scoring.record_trackeval import RECORD
from tests.unit.simulators.scoring.sightings import CASES, random_sightings


def _score(seen: Sightings, blocks: int = 4) -> TrackingScore:
    instants = int(max(seen.true[:, 0].max(initial=0), seen.measured[:, 0].max(initial=0))) + 1
    cut = Blocks(start_ms=0, block_ms=1000, count=blocks)
    return score_tracking(seen, cut, np.arange(instants) * blocks // instants, np.random.default_rng(0))


def _sightings(
    true: list[tuple[int, int]], measured: list[tuple[int, int]], fits: list[tuple[int, int, int]]
) -> Sightings:
    rows = (np.array(each, dtype=np.int64).reshape(-1, width) for each, width in ((true, 2), (measured, 2), (fits, 3)))
    return Sightings(*rows)


@pytest.mark.parametrize("case", range(CASES))
def test_figures_are_those_of_trackeval(case: int) -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))[case]
    score = _score(random_sightings(case))
    ours = {
        "HOTA": score.hota,
        "DetA": score.det_a,
        "AssA": score.ass_a,
        "IDF1": score.idf1,
        "IDP": score.id_precision,
        "IDR": score.id_recall,
    }
    assert {name: each.value for name, each in ours.items()} == pytest.approx(recorded, abs=1e-6)


def test_the_cases_are_entangled_enough_to_tell() -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))
    assert len(recorded) == CASES
    assert len({round(each["HOTA"], 6) for each in recorded}) > CASES // 2
    assert any(each["HOTA"] == 1 for each in recorded)
    assert any(each["HOTA"] < 0.5 for each in recorded)


def test_a_switch_in_the_middle_by_hand() -> None:
    # One person for 10 instants, under id 0 for 6 and id 1 for 4.
    seen = _sightings(
        [(t, 0) for t in range(10)],
        [(t, int(t >= 6)) for t in range(10)],
        [(t, 0, int(t >= 6)) for t in range(10)],
    )
    score = _score(seen)
    assert score.det_a.value == 1
    assert score.ass_a.value == pytest.approx((6 * 6 / 10 + 4 * 4 / 10) / 10)
    assert score.idf1.value == pytest.approx(0.6)
    assert score.blocks[0].idf1 == 1
    assert score.blocks[-1].idf1 == 0


def test_nobody_and_nothing() -> None:
    nothing = _score(_sightings([], [], []))
    assert nothing.hota.value is None
    assert nothing.blocks[0].hota is None
    missed = _score(_sightings([(0, 0)], [], []))
    assert (missed.hota.value, missed.det_a.value, missed.id_recall.value, missed.id_precision.value) == (0, 0, 0, None)
    false = _score(_sightings([], [(0, 0), (1, 0)], []))
    assert (false.hota.value, false.idf1.value, false.id_recall.value) == (0, 0, None)


@given(st.integers(0, 10_000))
def test_names_of_ids_do_not_matter(seed: int) -> None:
    seen = random_sightings(seed % CASES)
    rng = np.random.default_rng(seed)
    names = rng.permutation(60)
    renamed = Sightings(
        seen.true,
        np.column_stack([seen.measured[:, 0], names[seen.measured[:, 1]]]),
        np.column_stack([seen.fits[:, :2], names[seen.fits[:, 2]]]),
    )
    mine, other = _score(seen), _score(renamed)
    assert mine.idf1.value == pytest.approx(other.idf1.value)
    assert mine.det_a.value == pytest.approx(other.det_a.value)
    assert mine.hota.interval is None or mine.hota.interval.low <= mine.hota.interval.high


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10_000))
def test_an_assignment_is_as_good_as_the_best_of_all(rows: int, columns: int, seed: int) -> None:
    weights = np.random.default_rng(seed).integers(0, 9, size=(rows, columns)).astype(float)
    table = weights if rows <= columns else weights.T
    best = max(
        sum(table[row, column] for row, column in enumerate(order))
        for order in permutations(range(table.shape[1]), table.shape[0])
    )
    pairs = assign(weights)
    assert len(pairs) == min(rows, columns)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert sum(weights[pair] for pair in pairs) == best
    edges = {(row, column): float(weights[row, column]) for row, column in np.argwhere(weights > 0).tolist()}
    matched = best_matching(edges)
    assert sum(edges[edge] for edge in matched) == best
    assert matched <= edges.keys()
