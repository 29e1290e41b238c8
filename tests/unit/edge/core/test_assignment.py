"""The assignment is the best there is, by comparison with trying every one."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.assignment import assign

sizes = st.integers(1, 5)


@given(sizes, sizes, st.integers(0, 10**6), st.sampled_from([0.3, 0.6, 1.0]))
def test_no_other_assignment_costs_less(rows: int, columns: int, seed: int, limit: float) -> None:
    costs = np.random.default_rng(seed).random((rows, columns))
    found = assign(costs, limit)
    assert len({row for row, _ in found}) == len({column for _, column in found}) == len(found)
    capped = np.minimum(costs, limit)
    short, long = (capped, columns) if rows <= columns else (capped.T, rows)
    best = min(
        sum(short[place, choice] for place, choice in enumerate(chosen))
        for chosen in permutations(range(long), short.shape[0])
    )
    unpaired = min(rows, columns) - len(found)
    assert sum(capped[pair] for pair in found) + limit * unpaired == pytest.approx(best, abs=1e-5)


def test_a_pair_that_costs_too_much_is_left_out() -> None:
    assert assign(np.array([[0.1, 0.9], [0.2, 0.95]]), 0.8) == [(0, 0)]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nobody_is_assigned_to_nobody(shape: tuple[int, int]) -> None:
    assert assign(np.zeros(shape), 1.0) == []


def test_a_chain_of_rivals_is_solved_as_one() -> None:
    far = 9.0
    costs = np.array([[0.1, 0.2, far, far], [far, 0.1, 0.2, far], [far, far, 0.1, far], [far, far, far, 0.5]])
    assert assign(costs, 1.0) == [(0, 0), (1, 1), (2, 2), (3, 3)]


@given(st.integers(0, 10**6))
def test_turning_rows_into_columns_turns_the_pairs(seed: int) -> None:
    costs = np.random.default_rng(seed).random((7, 9))
    assert sorted((column, row) for row, column in assign(costs, 0.4)) == assign(costs.T, 0.4)
