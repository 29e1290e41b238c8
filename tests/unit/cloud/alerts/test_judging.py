"""Whether a condition holds, and what is unusual."""

from math import sqrt
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.alerts.judging import LEAST_HISTORY, Reading, Subject, Verdict, judge, spread_of
from cloud.alerts.rules import AlertRule, Condition


def a_rule(condition: Condition, limit: float, **others: object) -> AlertRule:
    return AlertRule(name="r", measure="heads", condition=condition, limit=limit, grain="hour", **others)  # type: ignore[arg-type]  # a test's values


def a_reading(value: float | None, **others: object) -> Reading:
    return Reading(subject=Subject(store="west"), value=value, end_ms=0, **others)  # type: ignore[arg-type]  # a test's values


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [("above", 5.1, True), ("above", 5, False), ("below", 4.9, True), ("below", 5, False)],
)
def test_a_value_is_compared_with_the_limit(condition: Condition, value: float, holds: bool):
    assert judge(a_rule(condition, 5), a_reading(value)).holds is holds


@pytest.mark.parametrize("condition", ["above", "below", "unusually_high", "unusually_low"])
def test_what_is_unknown_is_never_low(condition: Condition):
    reading = a_reading(None, unknown="poorly_observed", history=(1.0,) * 8)
    assert judge(a_rule(condition, 5), reading) == Verdict(holds=None, unknown="poorly_observed")
    assert judge(a_rule(condition, 5), a_reading(None)).unknown == "not_observed"


def test_a_ratio_of_little_is_not_judged():
    few = a_reading(0.0, sample=19, is_share=True)
    assert judge(a_rule("below", 0.1, least_sample=20), few).unknown == "too_small_a_sample"
    assert judge(a_rule("below", 0.1, least_sample=19), few).holds is True


def test_too_little_history_tells_nothing():
    short = a_reading(0.0, history=(10.0,) * (LEAST_HISTORY - 1))
    assert judge(a_rule("unusually_low", 3), short).unknown == "too_little_history"


def test_without_any_spread_only_the_same_value_is_judged():
    same = judge(a_rule("unusually_low", 3), a_reading(10.0, history=(10.0,) * 8))
    assert (same.holds, same.usual) == (False, 10.0)
    assert judge(a_rule("unusually_low", 3), a_reading(9.0, history=(10.0,) * 8)).unknown == "no_spread"


def test_a_conversion_that_falls_is_found_and_one_that_rises_is_not():
    history = (0.31, 0.29, 0.30, 0.32, 0.28, 0.30, 0.31, 0.29)
    fallen = a_reading(0.05, history=history, sample=400, is_share=True)
    verdict = judge(a_rule("unusually_low", 3), fallen)
    assert verdict.holds is True
    assert verdict.usual == pytest.approx(0.3)
    chance = sqrt(0.3 * 0.7 / 400 * (1 + 1 / 8))
    assert verdict.z == pytest.approx((0.05 - 0.3) / chance)
    risen = a_reading(0.55, history=history, sample=400, is_share=True)
    assert judge(a_rule("unusually_low", 3), risen).holds is False
    assert judge(a_rule("unusually_high", 3), risen).holds is True
    on_three_visits = a_reading(0.0, history=history, sample=3, is_share=True)
    assert judge(a_rule("unusually_low", 3), on_three_visits).holds is False, "three visits without a sale are chance"


@given(st.lists(st.floats(-1e6, 1e6), min_size=LEAST_HISTORY, max_size=52))
def test_the_spread_is_that_of_one_more_value(history: list[float]):
    expected = np.sqrt(np.var(history, ddof=1) * (1 + 1 / len(history)))
    assert spread_of(a_reading(0.0, history=tuple(history)), fmean(history)) == pytest.approx(expected, abs=1e-4)


def test_hours_as_they_always_were_raise_few_alarms():
    """Of Poisson's counts, beyond three standard deviations lies about one in a thousand, as the tables say."""
    random = np.random.default_rng(5)
    counts = random.poisson(40, size=(4000, 9))
    rule = a_rule("unusually_low", 3)
    alarms = sum(
        judge(rule, a_reading(float(row[0]), history=tuple(map(float, row[1:])), is_count=True)).holds is True
        for row in counts
    )
    assert alarms <= 4000 * 0.003
    found = sum(
        judge(rule, a_reading(float(low), history=tuple(map(float, row[1:])), is_count=True)).holds is True
        for low, row in zip(random.poisson(10, size=4000), counts, strict=True)
    )
    assert found >= 4000 * 0.9, "a quarter of the usual is found"
