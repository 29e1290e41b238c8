"""Batches find their size, and neither old nor new events starve."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.pacing import Pace, shares


@given(st.lists(st.one_of(st.none(), st.floats(0, 60))), st.integers(1, 10_000))
def test_a_batch_has_at_least_one_event_and_never_more_than_allowed(answers: list[float | None], most: int):
    pace = Pace(events=most, most=most)
    for took_s in answers:
        pace = pace.troubled() if took_s is None else pace.answered(took_s)
        assert 1 <= pace.events <= most


def test_quick_answers_double_a_batch_slow_ones_halve_it():
    pace = Pace(events=100, most=300)
    assert [pace.answered(took_s).events for took_s in (0.1, 1.0, 2.0, 9.0)] == [200, 200, 100, 50]
    assert pace.answered(0.1).answered(0.1).events == 300


@given(st.integers(2, 10_000), st.floats(0, 1), st.integers(0, 9))
def test_every_batch_takes_from_both_ends(events: int, live_share: float, turn: int):
    oldest, newest = shares(events, live_share, turn)
    assert oldest + newest == events
    assert min(oldest, newest) >= 1
    assert abs(newest - live_share * events) <= 1


def test_a_single_event_is_of_one_end_and_the_other_in_turn():
    assert [shares(1, 0.5, turn) for turn in range(4)] == [(1, 0), (0, 1), (1, 0), (0, 1)]
