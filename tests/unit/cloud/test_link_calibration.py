"""Calibrated probabilities: ordered, whole, between the measured points, and never quite sure."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.linking.calibration import POINTS, calibrated

SHARES = st.dictionaries(st.sampled_from("abcdef"), st.floats(1e-9, 1), min_size=1).flatmap(
    lambda found: st.floats(0, 1).map(lambda nobody: {None: nobody, **found})
)


def whole(shares: dict[str | None, float]) -> dict[str | None, float]:
    return {key: share / sum(shares.values()) for key, share in shares.items()}


def of_best(share: float) -> float:
    return calibrated({None: 1 - share, "a": share})["a"]


def test_the_points_rise_and_are_met():
    for (summed, right), (later, more) in pairwise(POINTS):
        assert summed < later
        assert right <= more
    for summed, right in POINTS:
        assert of_best(summed) == pytest.approx(right)


@given(SHARES.map(whole))
def test_they_still_add_up_and_the_likeliest_visit_stays_the_likeliest(shares: dict[str | None, float]):
    found = calibrated(shares)
    assert set(found) == set(shares)
    assert sum(found.values()) == pytest.approx(1)
    visits = [key for key in shares if key is not None]
    best = max(visits, key=lambda key: (shares[key], key))
    assert max(found[key] for key in visits) == pytest.approx(found[best])
    assert found[best] <= POINTS[-1][1] + 1e-12
    for one, other in pairwise(sorted((key for key in visits if key != best), key=lambda key: shares[key])):
        assert found[one] <= found[other] + 1e-12


@given(st.floats(1e-6, 1), st.floats(1e-6, 1))
def test_what_is_more_probable_stays_more_probable(one: float, other: float):
    low, high = sorted((one, other))
    assert of_best(low) <= of_best(high) + 1e-12


def test_a_visit_without_any_alternative_leaves_a_remainder_for_nobody():
    assert calibrated({"a": 1.0, None: 0.0}) == pytest.approx({"a": 0.995, None: 0.005})


def test_equals_stay_equal_and_who_is_a_little_ahead_gains_a_little():
    assert calibrated({None: 0.02, "a": 0.49, "b": 0.49}) == pytest.approx({None: 0.02, "a": 0.49, "b": 0.49})
    little = calibrated({None: 0.02, "a": 0.50, "b": 0.48})["a"]
    assert 0.5 < little < of_best(0.5)


def test_without_points_nothing_changes():
    assert calibrated({None: 0.25, "a": 0.5, "b": 0.25}, ()) == {None: 0.25, "a": 0.5, "b": 0.25}


def test_nobody_there_stays_nobody():
    assert calibrated({None: 1.0}) == {None: 1.0}
    assert calibrated({None: 1.0, "a": 0.0}) == {None: 1.0, "a": 0.0}
    assert of_best(0.013) == pytest.approx(0.1155)
