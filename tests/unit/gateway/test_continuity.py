"""Continuity: any order, any repetition, and gaps show."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.continuity import Continuity, advance

numbers = st.lists(st.integers(min_value=1, max_value=40))


@given(numbers, st.randoms(use_true_random=False))
def test_any_order_and_any_batching_end_in_the_same_state(received: list[int], random):  # noqa: ANN001
    at_once = advance(Continuity(), received)
    shuffled = received * 2
    random.shuffle(shuffled)
    one_by_one = Continuity()
    for number in shuffled:
        one_by_one = advance(one_by_one, [number])
    assert one_by_one == at_once


@given(numbers)
def test_through_and_gaps_say_exactly_what_is_missing(received: list[int]):
    held = advance(Continuity(), received)
    missing = {number for gap in held.missing for number in gap}
    assert set(range(1, max(received, default=0) + 1)) - set(received) == missing
    assert all(number in received for number in range(1, held.through + 1))


def test_numbers_below_the_oldest_are_not_waited_for():
    assert advance(Continuity(), [11, 12, 14], oldest=11) == Continuity(12, frozenset({14}))


def test_an_old_oldest_takes_nothing_back():
    assert advance(Continuity(5), [6], oldest=2) == Continuity(6)
