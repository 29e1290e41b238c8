"""How evidence of staff adds up."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.fields import StaffEvidenceKind
from contracts.staff import MOST, PRIOR, Habit, StaffEvidence, listed, score_of, time_evidence

CUSTOMERS, STAFF = Habit(share=0.02, mean_s=5.0), Habit(share=0.5, mean_s=60.0)
KINDS: tuple[StaffEvidenceKind, ...] = ("zone", "hours", "presence", "uniform", "card")
LOG_ODDS = st.floats(-MOST, MOST)


def test_nothing_but_the_prior():
    assert score_of(()) == PRIOR


def test_evidence_of_time_is_the_ratio_of_two_densities():
    expon = pytest.importorskip("scipy.stats", reason="scipy is the oracle of this test").expon
    for time_s in (8.0, 15.0, 25.0):
        ratio = STAFF.share * expon.pdf(time_s, scale=60.0) / (CUSTOMERS.share * expon.pdf(time_s, scale=5.0))
        assert abs(2.718281828459045 ** time_evidence(time_s, CUSTOMERS, STAFF) - ratio) < 1e-6 * ratio


def test_a_short_time_never_speaks_against_staff():
    assert time_evidence(0.0, CUSTOMERS, STAFF) == 0.0
    assert time_evidence(60.0, Habit(mean_s=900.0), Habit(mean_s=7200.0)) == 0.0


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_time_never_says_less_and_is_bounded(one_s: float, other_s: float):
    short, long = sorted((one_s, other_s))
    assert 0 <= time_evidence(short, CUSTOMERS, STAFF) <= time_evidence(long, CUSTOMERS, STAFF) <= MOST


@given(st.tuples(*[LOG_ODDS] * 5), st.integers(0, 4), st.floats(0, 3))
def test_a_score_grows_with_every_evidence_whatever_its_order(values: tuple[float, ...], place: int, more: float):
    found = listed(zip(KINDS, values, strict=True))
    score = score_of(found)
    assert 0 <= score <= 1
    assert {score_of(each) for each in list(permutations(found))[:12]} == {score}
    raised = [value + more * (index == place) for index, value in enumerate(values)]
    assert score_of(listed(zip(KINDS, raised, strict=True))) >= score


def test_what_says_nothing_is_not_listed():
    assert listed((("zone", 0.0), ("card", 9.0), ("uniform", -0.004))) == (StaffEvidence(kind="card", log_odds=MOST),)
