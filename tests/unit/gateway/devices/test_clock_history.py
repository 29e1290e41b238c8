"""Events get the offset that their device's clock had when they happened, not the one of when they came."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.devices.clock_history import (
    LONGEST_SPAN_MS,
    MOST_SPANS,
    REACH_BACK_MS,
    ClockSpan,
    Corrected,
    correct,
    remember,
)
from gateway.core.devices.clock_offset import ClockEstimate

T = 1_772_442_000_000
HOUR_MS = 3_600_000


def _measured(spans: tuple[ClockSpan, ...], at_ms: int, offset_ms: float, **other: float) -> tuple[ClockSpan, ...]:
    drift_ppm = other.get("drift_ppm")
    found = ClockEstimate(at_ms, offset_ms, other.get("error_ms", 1.0), drift_ppm, 0)
    return remember(spans, found, other.get("ahead_ms", 0.0))


def _watched(
    since_ms: int, until_ms: int, offset_ms: float, spans: tuple[ClockSpan, ...] = ()
) -> tuple[ClockSpan, ...]:
    for at_ms in range(since_ms, until_ms + 1, 16_000):
        spans = _measured(spans, at_ms, offset_ms)
    return spans


def test_an_event_is_put_right_by_what_was_measured():
    spans = _watched(T, T + 160_000, 5000.0)
    assert correct(spans, T + 60_000 + 5000, T + 61_000) == Corrected(T + 60_000, 5000)
    assert len(spans) == 1


def test_what_the_measurement_cannot_tell_from_right_is_right():
    assert correct(_watched(T, T, 0.6), T + 50, T + 50) == Corrected(T + 50, 0)


def test_where_nothing_is_known_nothing_is_said():
    assert correct((), T, T) is None
    spans = _watched(T, T, 0.0)
    assert correct(spans, T - REACH_BACK_MS - 1, T) is None
    assert correct(spans, T + HOUR_MS, T) is None, "an event of the future is not from this clock"


def test_what_happened_before_the_first_measurement_is_put_right_too():
    assert correct(_watched(T, T, 2000.0), T - HOUR_MS + 2000, T) == Corrected(T - HOUR_MS, 2000)


def test_a_device_that_woke_in_1970_loses_and_doubles_nothing():
    """Ten minutes of a clock that began at 0, then it is set: each minute is told once, in order, by the gateway."""
    spans = _watched(T, T + 600_000, float(-T))
    spans = _watched(T + 616_000, T + 1_200_000, 0.0, spans)
    happened = list(range(T, T + 1_200_000, 60_000))
    shown = [each - T if each <= T + 600_000 else each for each in happened]
    put_right = [correct(spans, time_ms, T + 1_200_000) for time_ms in shown]
    assert [each.time_ms if each else None for each in put_right] == happened


def test_a_device_on_local_time_that_goes_back_an_hour_keeps_its_intervals_apart():
    """Winter time begins: by the device's clock an hour comes twice; live, each event is put where it happened."""
    spans = _watched(T, T + HOUR_MS, float(2 * HOUR_MS))
    before = [correct(spans, t + 2 * HOUR_MS, t + 500) for t in range(T, T + HOUR_MS, 600_000)]
    spans = _watched(T + HOUR_MS + 16_000, T + 2 * HOUR_MS, float(HOUR_MS), spans)
    after = [correct(spans, t + HOUR_MS, t + 500) for t in range(T + HOUR_MS + 20_000, T + 2 * HOUR_MS, 600_000)]
    times = [each.time_ms for each in (*before, *after) if each is not None]
    assert len(times) == 12
    assert times == sorted(set(times))


def test_a_clock_that_went_forward_leaves_no_event_in_both_spans():
    spans = _watched(T + 116_000, T + 200_000, float(HOUR_MS), _watched(T, T + 100_000, 0.0))
    assert correct(spans, T + 50_000, T + 200_000) == Corrected(T + 50_000, 0)
    assert correct(spans, T + 150_000 + HOUR_MS, T + 200_000) == Corrected(T + 150_000, HOUR_MS)


def test_an_event_that_comes_late_gets_the_offset_of_its_time_by_the_drift():
    spans = _measured((), T, 1000.0, drift_ppm=100.0)
    spans = _measured(spans, T + 10_000, 1001.0, drift_ppm=100.0)
    found = correct(spans, T + 1000, T + 10_000)
    assert found == Corrected(T, 1000)


def test_times_of_a_camera_are_ahead_of_its_wall_clock_by_what_it_says():
    assert correct(_measured((), T, 500.0, ahead_ms=-4000.0), T - 3500, T + 10) == Corrected(T, -3500)


def test_a_span_ends_after_an_hour_and_old_ones_are_forgotten():
    spans = _watched(T, T + LONGEST_SPAN_MS + 32_000, 0.0)
    assert len(spans) == 2
    for number in range(MOST_SPANS + 5):
        spans = _measured(spans, T + 2 * LONGEST_SPAN_MS + number * 1000, 1000.0 * number)
    assert len(spans) == MOST_SPANS


@given(
    st.lists(st.tuples(st.integers(1000, 100_000), st.integers(-(10**8), 10**8)), min_size=1, max_size=10),
    st.integers(0, 10**6),
)
def test_no_corrected_event_is_from_the_future(sets: list[tuple[int, int]], late_ms: int):
    spans: tuple[ClockSpan, ...] = ()
    at_ms = T
    for gone_ms, offset_ms in sets:
        at_ms += gone_ms
        spans = _measured(spans, at_ms, float(offset_ms))
    found = correct(spans, at_ms + sets[-1][1], at_ms + late_ms)
    assert found is not None
    assert found.time_ms <= at_ms + late_ms + 1000
