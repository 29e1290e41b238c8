"""Waits grow, stay within their bounds, and leave something to chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.retry import RetryPolicy, wait_s

POLICY = RetryPolicy(first_s=0.5, longest_s=60)


@given(
    st.integers(min_value=1, max_value=10_000),
    st.floats(min_value=0, max_value=1),
    st.floats(min_value=0, max_value=1e6),
)
def test_waits_stay_within_their_bounds(failures: int, chance: float, asked_s: float):
    waited_s = wait_s(POLICY, failures, chance, asked_s)
    assert min(asked_s, 3600) <= waited_s <= POLICY.longest_s + POLICY.longest_asked_s


def test_waits_double_up_to_the_longest():
    assert [wait_s(POLICY, failures, 1) for failures in (1, 2, 3, 7, 8, 9)] == [0.5, 1, 2, 32, 60, 60]


def test_chance_spreads_the_waits_over_all_of_the_bound():
    assert [wait_s(POLICY, 4, chance) for chance in (0, 0.25, 1)] == [0, 1, 4]


def test_the_cloud_is_given_the_time_that_it_asks_for():
    assert [wait_s(POLICY, 4, 0.25, asked_s) for asked_s in (30, 1e9)] == [31, 3601]


@pytest.mark.parametrize(("failures", "chance", "asked_s"), [(0, 0.5, 0), (1, -0.1, 0), (1, 1.1, 0), (1, 0.5, -1)])
def test_senseless_input_is_refused(failures: int, chance: float, asked_s: float):
    with pytest.raises(ValueError, match="expected failures >= 1"):
        wait_s(POLICY, failures, chance, asked_s)
