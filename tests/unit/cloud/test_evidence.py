"""Where a visit was, and what that says of its having made a touch."""

from math import hypot, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.linking.evidence import EvidenceRules, Motion, log_ratio_of_place, log_ratio_of_standing

RULES = EvidenceRules()
WALK = Motion([(0, 0.0, 0.0), (10_000, 4.5, 0.0), (30_000, 4.5, 9.0)], 0, 60_000)

paths = st.lists(st.tuples(st.integers(0, 100_000), st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=8).map(
    lambda points: sorted({point[0]: point for point in points}.values())
)


def test_somebody_stands_first_and_then_walks():
    assert WALK.position(-5) == (0.0, 0.0)
    assert WALK.position(5_000) == (0.0, 0.0)
    assert WALK.position(7_500) == pytest.approx((2.25, 0.0))
    assert WALK.position(10_000) == (4.5, 0.0)
    assert WALK.position(99_000) == (4.5, 9.0)


@given(paths, st.lists(st.integers(0, 110_000), min_size=1))
def test_many_times_at_once_are_the_same_as_one_by_one(points: list[tuple[int, float, float]], times: list[int]):
    motion = Motion(points, 0, 110_000)
    many = motion.positions(np.array(times, dtype=np.float64))
    for (x_m, y_m), t_ms in zip(many.tolist(), times, strict=True):
        assert (x_m, y_m) == pytest.approx(motion.position(t_ms), abs=1e-6)


def test_who_is_not_in_the_store_is_far_from_everything():
    away = WALK.positions(np.array([-2_500.0, -1_500.0, 61_500.0, 62_500.0]))
    assert [hypot(*each) > 1000 for each in away.tolist()] == [True, False, False, True]


def test_how_long_somebody_stood_at_a_place():
    assert WALK.stood_s((0.0, 0.0), 2_000) == pytest.approx(10.0)
    assert WALK.stood_s((0.0, 0.0), 9_900) == 0.0
    assert WALK.stood_s((4.5, 9.0), 30_000) == pytest.approx(30.0), "to the end of the visit"
    assert WALK.stood_s((4.5, 9.0), 45_000) == pytest.approx(30.0)
    assert WALK.stood_s((20.0, 9.0), 45_000) == 0.0
    assert not Motion([], 0, 1).is_known


@given(st.floats(0, 2.4), st.floats(0, 2.4), st.floats(0, 0.5))
def test_nearer_is_never_less_likely(one_m: float, other_m: float, error_m: float):
    near, far = sorted((one_m, other_m))
    assert log_ratio_of_place(RULES, near, error_m) >= log_ratio_of_place(RULES, far, error_m)


def test_beyond_reach_nobody_made_the_touch():
    assert log_ratio_of_place(RULES, RULES.reach_m + 0.01, 0.1) == -inf


def test_the_makers_density_is_one_over_the_reach():
    """The ratio times the crowd's density is a density of places: it adds up to one, but for what lies beyond reach."""
    step_m = 0.01
    radii = np.arange(step_m / 2, RULES.reach_m, step_m)
    density = [np.exp(log_ratio_of_place(RULES, float(radius), 0.1)) * RULES.crowd_per_m2 for radius in radii]
    assert float(np.sum(2 * np.pi * radii * density) * step_m) == pytest.approx(1, abs=0.01)


def test_standing_longer_speaks_for_a_visit():
    ratios = [log_ratio_of_standing(RULES, stood_s) for stood_s in (0.0, 2.0, 5.0, 60.0)]
    assert ratios == sorted(ratios) == list(RULES.stood_log_ratios)
