"""Ids are deterministic, told apart by every part, and in the order of time."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import deterministic_id, time_ms_of

times_ms = st.integers(min_value=0, max_value=2**48 - 1)
parts = st.lists(st.text(max_size=8) | st.integers(), min_size=1, max_size=4)


@given(times_ms, parts)
def test_the_same_input_gives_the_same_id_and_the_id_its_time(time_ms: int, given_parts: list[str | int]):
    made = deterministic_id(time_ms, *given_parts)
    assert made == deterministic_id(time_ms, *given_parts)
    assert time_ms_of(made) == time_ms
    assert UUID(made).version == 7
    assert UUID(made).variant == "specified in RFC 4122"


@given(times_ms, times_ms, parts)
def test_ids_sort_by_time(one: int, other: int, given_parts: list[str | int]):
    if one != other:
        made = sorted([deterministic_id(one, *given_parts), deterministic_id(other, *given_parts)])
        assert [time_ms_of(each) for each in made] == sorted([one, other])


def test_parts_do_not_run_into_each_other():
    assert deterministic_id(0, "ab", "c") != deterministic_id(0, "a", "bc")
    assert deterministic_id(0, "a") != deterministic_id(0, "a", "")


@pytest.mark.parametrize("time_ms", [-1, 2**48])
def test_a_time_out_of_range_is_refused(time_ms: int):
    with pytest.raises(ValueError, match=str(time_ms)):
        deterministic_id(time_ms, "a")


def test_an_id_without_parts_is_refused():
    with pytest.raises(ValueError, match="at least one part"):
        deterministic_id(0)


def test_the_time_of_another_kind_of_uuid_is_refused():
    with pytest.raises(ValueError, match="version 7"):
        time_ms_of("f47ac10b-58cc-4372-a567-0e02b2c3d479")
