"""Intervals, against closed forms and by repetition."""

from math import exp, isclose, lgamma, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.scoring.intervals import (
    count_of,
    mean_of,
    measures_of,
    median_of,
    ratio_of,
    share_of,
    wilson_lower_bound,
)


def test_wilson_bound_of_known_cases() -> None:
    # Brown, Cai and DasGupta (2001): at full success the interval begins at n / (n + z^2).
    assert wilson_lower_bound(10, 10, z=1.96) == pytest.approx(10 / (10 + 1.96**2))
    assert wilson_lower_bound(0, 10) == 0.0
    assert wilson_lower_bound(0, 0) == 0.0
    with pytest.raises(ValueError, match="0 to trials"):
        wilson_lower_bound(3, 2)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.1, 4))
def test_wilson_bound_solves_the_score_equation(case: tuple[int, int], z: float) -> None:
    hits, trials = case
    bound = wilson_lower_bound(hits, trials, z)
    assert 0 <= bound <= hits / trials + 1e-12
    assert hits / trials - bound == pytest.approx(z * sqrt(bound * (1 - bound) / trials), abs=1e-6)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_and_what_is_left_of_it_have_mirrored_intervals(case: tuple[int, int]) -> None:
    hits, trials = case
    share, rest = share_of(hits, trials), share_of(trials - hits, trials)
    assert share.interval is not None
    assert rest.interval is not None
    assert share.value is not None
    assert share.interval.low <= share.value <= share.interval.high
    assert share.interval.low == pytest.approx(1 - rest.interval.high)
    assert share_of(0, 0).value is None


def _poisson_tail(count: int, mean: float) -> float:
    """Return the probability of at most `count`."""
    return sum(exp(k * log(mean) - mean - lgamma(k + 1)) for k in range(count + 1))


@pytest.mark.parametrize("count", [3, 10, 57, 400])
def test_a_counts_interval_leaves_a_fortieth_on_either_side(count: int) -> None:
    interval = count_of(count).interval
    assert interval is not None
    assert 1 - _poisson_tail(count - 1, interval.low) == pytest.approx(0.025, abs=0.003)
    assert _poisson_tail(count, interval.high) == pytest.approx(0.025, abs=0.003)
    nothing = count_of(0, minus=5, over=10)
    assert nothing.value == -0.5
    assert nothing.interval is not None
    assert nothing.interval.low == -0.5
    assert nothing.interval.high == pytest.approx((3.689 - 5) / 10, abs=0.01)  # Exact: -ln(0.025)


def test_a_bootstrap_covers_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        below = rng.poisson(20, size=40).astype(float)
        interval = ratio_of(rng.binomial(below.astype(int), 0.3).astype(float), below, 1, rng).interval
        assert interval is not None
        covered += interval.low <= 0.3 <= interval.high
    assert 0.89 <= covered / 200 <= 0.985


def test_the_same_seed_gives_the_same_interval_and_one_block_none() -> None:
    values = np.arange(20.0)
    assert mean_of(values, np.random.default_rng(1)) == mean_of(values, np.random.default_rng(1))
    assert median_of(values, np.random.default_rng(1)) == median_of(values, np.random.default_rng(1))
    assert median_of(values, np.random.default_rng(1)).value == 9.5
    one = mean_of(np.array([4.0]), np.random.default_rng(1))
    assert (one.value, one.interval) == (4.0, None)
    assert median_of(np.array([4.0]), np.random.default_rng(1)).interval is None
    assert mean_of(np.array([]), np.random.default_rng(1)).value is None
    assert median_of(np.array([]), np.random.default_rng(1)).value is None


def test_what_is_undefined_in_every_replicate_has_no_interval() -> None:
    def figures(
        sums: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
    ) -> dict[str, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"]:
        whole = sums[0] if sums.shape[1] == 1 else np.full(sums.shape[1], np.nan)
        return {"sum": whole}

    measure = measures_of(np.ones((1, 5)), figures, 5, np.random.default_rng(1))["sum"]
    assert measure.value is not None
    assert isclose(measure.value, 5)
    assert measure.interval is None
