"""Every observed millisecond is told once, in the interval in which it lies."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from contracts.payloads import Coverage
from edge.core.coverage import CoverageState, drop, tell, watch

INTERVAL_MS = 10_000
GAP_MS = 2_000


def run(times_ms: list[int], state: CoverageState = CoverageState()) -> list[Coverage]:  # noqa: B008 - frozen
    told: list[Coverage | None] = []
    before_ms = None
    for now_ms in times_ms:
        state, ended = watch(state, before_ms, now_ms, interval_ms=INTERVAL_MS, gap_ms=GAP_MS)
        told.append(ended)
        before_ms = now_ms
    told.append(tell(state, times_ms[-1]))
    return [coverage for coverage in told if coverage]


def test_a_steady_camera_observes_everything() -> None:
    told = run(list(range(5_000, 25_001, 100)))
    assert [(c.interval_start_ms, c.interval_end_ms, c.observed_s) for c in told] == [
        (5_000, 10_000, 5.0),
        (10_000, 20_000, 10.0),
        (20_000, 25_000, 5.0),
    ]
    assert sum(c.frames_processed for c in told) == 201


def test_a_blind_time_is_missing_not_zero() -> None:
    first, second = run([0, 1000, 2000, 15_000, 16_000])
    assert (first.interval_end_ms, first.observed_s, first.frames_processed) == (10_000, 2.0, 3)
    assert (second.interval_start_ms, second.observed_s, second.frames_processed) == (10_000, 1.0, 2)


def test_an_interval_in_which_nothing_was_seen_is_not_told() -> None:
    assert [c.interval_start_ms for c in run([0, 1000, 55_000, 56_000])] == [0, 50_000]


def test_dropped_frames_are_told() -> None:
    state, _ = watch(drop(CoverageState(), 2), None, 0, interval_ms=INTERVAL_MS, gap_ms=GAP_MS)
    told = tell(drop(state, 3), 1000)
    assert told is not None
    assert told.frames_dropped == 5


def test_after_a_resumption_coverage_begins_with_a_whole_interval() -> None:
    told = run(list(range(5_000, 35_001, 500)), CoverageState(waits=True))
    assert [(c.interval_start_ms, c.observed_s) for c in told] == [(10_000, 10.0), (20_000, 10.0), (30_000, 5.0)]


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=60))
def test_what_was_observed_is_told_once(gaps_ms: list[int]) -> None:
    times_ms = [sum(gaps_ms[: place + 1]) for place in range(len(gaps_ms))]
    told = run(times_ms)
    observed_ms = sum(gap for gap in gaps_ms[1:] if gap <= GAP_MS)
    assert round(sum(c.observed_s for c in told) * 1000) <= observed_ms
    if max(gaps_ms[1:], default=0) <= GAP_MS and times_ms[-1] > times_ms[0]:
        assert round(sum(c.observed_s for c in told) * 1000) == observed_ms
    for c in told:
        assert c.interval_start_ms < c.interval_end_ms
        assert round(c.observed_s * 1000) <= c.interval_end_ms - c.interval_start_ms
    assert all(a.interval_end_ms <= b.interval_start_ms for a, b in itertools.pairwise(told))
