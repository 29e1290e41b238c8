"""Stays begin inside, end well outside, and are told when they are long enough."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge.core.zones import StayState, Zone, counts, end, stays, visit

ZONE = Zone(
    id="shelf", kind="shelf", polygon=((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)), band=1.0, min_stay_s=1.0
)


def follow(xs: list[float], step_ms: int = 500) -> tuple[StayState, int]:
    state = StayState()
    for index, x in enumerate(xs):
        state = visit(ZONE, state, (x, 5.0), index * step_ms)
    return state, (len(xs) - 1) * step_ms


def test_a_stay_has_its_times() -> None:
    state, _ = follow([-5.0, 5.0, 5.0, 5.0, 15.0])
    (stay,) = state.ended
    assert (stay.zone_id, stay.zone_kind, stay.entered_ms, stay.left_ms) == ("shelf", "shelf", 500, 2000)


def test_flicker_at_the_edge_is_one_stay() -> None:
    state, now_ms = follow([9.9, 10.5, 9.9, 10.9, 9.9, 10.5])
    assert len(stays(ZONE, state, now_ms)) == 1
    assert state.ended == ()


def test_a_short_stay_is_not_told() -> None:
    state, now_ms = follow([-5.0, 5.0, 15.0])
    assert stays(ZONE, state, now_ms) == ()


def test_a_stay_that_goes_on_has_no_end_and_counts_from_its_least_length() -> None:
    state, now_ms = follow([5.0, 5.0])
    assert not counts(ZONE, state, now_ms)
    assert stays(ZONE, state, now_ms) == ()
    (stay,) = stays(ZONE, state, now_ms + 500)
    assert stay.left_ms is None


@given(st.lists(st.integers(-5, 15), max_size=40))
def test_stays_of_one_zone_never_overlap(xs: list[int]) -> None:
    state, now_ms = follow([float(x) for x in xs])
    told = end(ZONE, state, max(0, now_ms)).ended
    for stay in told:
        assert stay.left_ms is not None
        assert stay.left_ms - stay.entered_ms >= 1000
    assert all((a.left_ms or 0) <= b.entered_ms for a, b in itertools.pairwise(told))
