"""How soon somebody leaves, and what that says."""

import numpy as np
import pytest

from cloud.linking.leaving import Leaving, leaves_after_s, leaving_ratio

SPOT = (3.0, 4.0)
STEP_MS = 500


def seen(*at_m: float) -> np.ndarray:
    """Return where one visit was, the latest time first: so far from the spot."""
    return np.array([[(SPOT[0], SPOT[1] + away_m) for away_m in at_m]])


def test_it_counts_from_each_time_until_somebody_is_away():
    found = leaves_after_s(seen(5.0, 0.4, 0.2, 3.0, 0.9, 0.0), SPOT, STEP_MS)
    assert found.tolist() == [[0.0, 0.5, 1.0, 0.0, 0.5, 1.0]]


def test_who_is_not_seen_to_leave_stays_as_long_as_is_known():
    assert leaves_after_s(seen(0.1, 0.1, 0.1), SPOT, STEP_MS).tolist() == [[0.5, 1.0, 1.5]]


@pytest.mark.parametrize("usual_s", [Leaving().receipt_s, Leaving().scan_s])
def test_the_usual_time_speaks_most_for_a_maker_and_any_factor_of_it_alike_against_one(usual_s: float):
    usual, half, double, never = leaving_ratio(np.array([usual_s, usual_s / 2, usual_s * 2, 0.0]), usual_s).tolist()
    assert usual > 2
    assert half == pytest.approx(double)
    assert 1 < half < usual
    assert never == pytest.approx(0.05)


def test_among_others_it_is_one_in_the_mean():
    after_s = np.geomspace(0.25, 120.0, 20_000)
    assert leaving_ratio(after_s, Leaving().receipt_s).mean() == pytest.approx(1.0, abs=0.03)
