"""An alert opens once and ends once, whatever the value does meanwhile."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cloud.alerts.lifecycle import CLEAR, Standing, step

_VERDICTS = st.lists(st.tuples(st.integers(1, 400_000), st.sampled_from([True, False, None])), max_size=80)


def told(verdicts: Sequence[tuple[int, bool | None]], hold_s: float, clear_s: float) -> list[tuple[str, int]]:
    standing, now_ms = CLEAR, 0
    found: list[tuple[str, int]] = []
    for later_ms, holds in verdicts:
        now_ms += later_ms
        standing, change = step(standing, now_ms, holds=holds, hold_s=hold_s, clear_s=clear_s)
        if change is not None:
            found.append((change, now_ms))
    return found


def test_it_opens_when_the_condition_has_held_and_ends_when_it_has_not():
    holds = [(60_000, True)] * 5 + [(60_000, False)] * 4
    assert told(holds, 120, 60) == [("opened", 180_000), ("resolved", 420_000)]
    assert told([(1, True), (1, True), (1, False)], 0, 0) == [("opened", 1), ("resolved", 3)]


def test_what_is_unknown_opens_nothing_and_ends_nothing():
    assert told([(60_000, None)] * 50, 0, 0) == []
    interrupted = [(60_000, True), (60_000, None), (60_000, True), (60_000, True)]
    assert told(interrupted, 120, 0) == [], "nobody saw it hold for two minutes"
    assert told([(1, True), *[(600_000, None)] * 9, (1, False), (1, None), (1, False)], 0, 5) == [("opened", 1)]


def test_an_alert_that_is_ending_is_the_same_when_the_condition_holds_again():
    open_now = Standing("open", 10)
    ending, _ = step(open_now, 20, holds=False, hold_s=0, clear_s=60)
    assert ending == Standing("clearing", 20)
    again, change = step(ending, 30, holds=True, hold_s=0, clear_s=60)
    assert (again.phase, change) == ("open", None)


@given(_VERDICTS, st.integers(0, 600), st.integers(0, 600))
def test_openings_and_ends_alternate_and_lie_apart(verdicts: list[tuple[int, bool | None]], hold_s: int, clear_s: int):
    found = told(verdicts, hold_s, clear_s)
    assert [change for change, _ in found] == (["opened", "resolved"] * len(found))[: len(found)]
    for (change, at_ms), (_, later_ms) in pairwise(found):
        least_s = clear_s if change == "opened" else hold_s
        assert later_ms - at_ms >= least_s * 1000
    openings = [at_ms for change, at_ms in found if change == "opened"]
    assert all(b - a >= (hold_s + clear_s) * 1000 for a, b in pairwise(openings)), "no flapping"
    if not any(holds for _, holds in verdicts):
        assert found == []


@given(_VERDICTS)
def test_without_waiting_it_follows_the_known_verdicts(verdicts: list[tuple[int, bool | None]]):
    now_ms, holding, expected = 0, False, []
    for later_ms, holds in verdicts:
        now_ms += later_ms
        if holds is not None and holds != holding:
            holding = holds
            expected.append(("opened" if holds else "resolved", now_ms))
    assert told(verdicts, 0, 0) == expected
