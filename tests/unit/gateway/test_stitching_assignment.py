"""Segments that begin together are assigned so that it costs least, and it is known what another choice would cost."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.stitching.assignment import assign, second_best


@given(st.integers(1, 4), st.integers(0, 2), st.data())
def test_no_other_assignment_costs_less(rows: int, more: int, data: st.DataObject):
    columns = rows + more
    costs = [data.draw(st.lists(st.integers(-9, 9), min_size=columns, max_size=columns)) for _ in range(rows)]
    found = assign(costs)
    assert len(set(found)) == rows
    every = (sum(map(list.__getitem__, costs, columns)) for columns in permutations(range(columns), rows))
    assert sum(map(list.__getitem__, costs, found)) == min(every)


def test_assignment_needs_a_column_for_every_row():
    assert assign([]) == []
    with pytest.raises(ValueError, match="2 rows and 1 columns"):
        assign([[1.0], [2.0]])


@given(st.integers(1, 3), st.integers(0, 2), st.data())
def test_the_second_best_assignment_is_the_best_without_the_first_choice(rows: int, more: int, data: st.DataObject):
    columns = rows + more + 1
    costs = [data.draw(st.lists(st.integers(-9, 9), min_size=columns, max_size=columns)) for _ in range(rows)]
    found = assign(costs)
    for row in range(rows):
        column, margin = second_best(costs, found, row, 1e6)
        ways = [way for way in permutations(range(columns), rows) if way[row] != found[row]]
        least = min(sum(map(list.__getitem__, costs, way)) for way in ways)
        assert margin == least - sum(map(list.__getitem__, costs, found))
        assert any(way[row] == column and sum(map(list.__getitem__, costs, way)) == least for way in ways)
