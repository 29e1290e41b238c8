"""Seconds in squares of the floor: added up, and brought to the largest squares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.floor.squares import add_up

_SQUARES = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50), st.floats(0, 100)), max_size=20)
_TOLD = st.lists(st.tuples(st.sampled_from([0.25, 0.5, 1.0]), _SQUARES), max_size=6)


def test_nothing_told_is_nothing_known():
    assert add_up([]) == (None, {})
    assert add_up([(0.5, [])]) == (0.5, {})


def test_smaller_squares_go_to_the_larger_that_hold_them():
    told = [(0.5, [(0, 0, 1.0), (1, 1, 2.0), (2, 0, 4.0), (-1, 0, 8.0)]), (1.0, [(0, 0, 16.0)])]
    assert add_up(told) == (1.0, {(0, 0): 19.0, (1, 0): 4.0, (-1, 0): 8.0})


@given(_TOLD)
def test_no_second_is_lost_and_order_does_not_matter(told: list[tuple[float, list[tuple[int, int, float]]]]):
    side_m, squares = add_up(told)
    assert sum(squares.values()) == pytest.approx(sum(person_s for _, cells in told for _, _, person_s in cells))
    again_m, again = add_up(told[::-1])
    assert again_m == side_m
    assert again == pytest.approx(squares)
