"""What goes when the disk fills, and that it adds up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.operations import DeviceHealth, EventsThinned
from contracts.payloads import CodeScanned, Correction, FloorHeat, FootfallCrossing, PosSale, StaffShown, VisitSegment
from gateway.core.thinning import NEVER, PERSONS, RANKS, SAMPLES, StorageRules, rank_of, sum_up

RULES = StorageRules(max_bytes=100 * 1024 * 1024, thin_above=0.9, thin_to=0.8)
EVENTS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 99)))


@pytest.mark.parametrize("kind", [PosSale, CodeScanned, FootfallCrossing, Correction, StaffShown, EventsThinned])
def test_what_cannot_be_had_again_is_never_deleted_unsent(kind: type):
    assert rank_of(kind) == NEVER
    assert rank_of(kind) not in RANKS


def test_samples_go_before_persons():
    assert (rank_of(FloorHeat), rank_of(DeviceHealth), rank_of(VisitSegment)) == (SAMPLES, SAMPLES, PERSONS)
    assert RANKS == (SAMPLES, PERSONS)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=300 * 1024 * 1024))
def test_room_is_made_above_one_share_down_to_the_other(used_bytes: int):
    excess = RULES.excess_bytes(used_bytes)
    assert (excess > 0) == (used_bytes > 0.9 * RULES.max_bytes)
    assert excess == 0 or used_bytes - excess == round(0.8 * RULES.max_bytes)
    assert RULES.is_full(used_bytes) == (used_bytes > RULES.max_bytes)


@pytest.mark.parametrize(
    ("share", "is_relieved"), [(0.0, True), (0.69, True), (0.71, False), (0.8, False), (1.2, False)]
)
def test_there_is_room_again_once_as_much_is_free_as_is_made_at_once(share: float, is_relieved: bool):
    assert RULES.is_relieved(round(share * RULES.max_bytes)) == is_relieved


@settings(deadline=None)
@given(EVENTS)
def test_sums_add_up(events: list[tuple[str, str, int]]):
    sums = sum_up(events)
    assert sum(each.events for each in sums) == len(events)
    for each in sums:
        times = [time_ms for source, kind, time_ms in events if (source, kind) == (each.source, each.type)]
        assert (each.events, each.earliest_ms, each.latest_ms) == (len(times), min(times), max(times))
