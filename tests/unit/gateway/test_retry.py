"""Waits grow, stay within their bounds, and leave something to chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.retry import RetryPolicy, wait_s

POLICY = RetryPolicy(first_s=0.5, longest_s=60)


@given(st.integers(min_value=1, max_value=10_000), st.floats(min_value=0, max_value=1))
def test_waits_stay_within_their_bounds(failures: int, chance: float):
    assert POLICY.first_s / 2 <= wait_s(POLICY, failures, chance) <= POLICY.longest_s


def test_waits_double_up_to_the_longest():
    assert [wait_s(POLICY, failures, 1) for failures in (1, 2, 3, 7, 8, 9)] == [0.5, 1, 2, 32, 60, 60]


def test_chance_spreads_the_waits():
    assert wait_s(POLICY, 4, 0) == 2
    assert wait_s(POLICY, 4, 1) == 4


@pytest.mark.parametrize(("failures", "chance"), [(0, 0.5), (1, -0.1), (1, 1.1)])
def test_senseless_input_is_refused(failures: int, chance: float):
    with pytest.raises(ValueError, match="expected failures >= 1"):
        wait_s(POLICY, failures, chance)
