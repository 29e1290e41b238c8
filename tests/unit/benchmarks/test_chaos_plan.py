"""The chaos suite's list of faults follows from its seed alone."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chaos.plan import Kind, plan


@given(seed=st.integers(0, 2**32), count=st.integers(1, 60), groups=st.integers(1, 5))
def test_a_seed_gives_the_same_faults_each_kind_about_as_often(seed: int, count: int, groups: int):
    faults = plan(seed, count, groups)
    assert faults == plan(seed, count, groups)
    assert len(faults) == count
    times = Counter(fault.kind for fault in faults)
    assert max(times[kind] for kind in Kind) - min(times[kind] for kind in Kind) <= 1
    assert {fault.group for fault in faults} <= set(range(groups))
    assert all(0 < seconds <= 1.2 for fault in faults for seconds in (fault.pause_s, fault.hold_s))


def test_other_seeds_give_other_faults():
    assert plan(1, 20, 2) != plan(2, 20, 2)


def test_chosen_kinds_alone_are_drawn():
    kinds = (Kind.GATEWAY_KILLED, Kind.REPEATED)
    assert {fault.kind for fault in plan(3, 9, 1, kinds)} == set(kinds)


@pytest.mark.parametrize(("count", "groups", "kinds"), [(0, 1, tuple(Kind)), (1, 0, tuple(Kind)), (1, 1, ())])
def test_an_empty_plan_is_refused(count: int, groups: int, kinds: tuple[Kind, ...]):
    with pytest.raises(ValueError, match="a plan needs a fault"):
        plan(1, count, groups, kinds)
