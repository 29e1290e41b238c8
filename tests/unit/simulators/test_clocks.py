"""Each device tells its own time; offset and drift can be recovered, and the truth knows the right time."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.clocks import DeviceClock
from simulators.core.layout import TerminalClock
from simulators.core.lines import TrackLine
from tests.unit.simulators.runs import START_MS
from tests.unit.simulators.trial import CLOCKS, trial

clocks = st.builds(TerminalClock, offset_s=st.floats(-86_400, 86_400), drift_ppm=st.floats(-100_000, 100_000))
times = st.integers(START_MS, START_MS + 10**10)


@given(clocks, st.lists(times, min_size=2, max_size=20))
def test_a_later_time_is_never_told_as_an_earlier_one(clock: TerminalClock, true_ms: list[int]) -> None:
    told = [DeviceClock(clock, START_MS).tell(each) for each in sorted(true_ms)]
    assert told == sorted(told)


@given(clocks, times)
def test_the_error_is_the_offset_and_what_has_drifted_since(clock: TerminalClock, true_ms: int) -> None:
    told = DeviceClock(clock, START_MS).tell(true_ms)
    since = timedelta(milliseconds=true_ms - START_MS)
    error = timedelta(seconds=clock.offset_s) + since * (clock.drift_ppm / 1e6)
    assert told - true_ms == pytest.approx(error / timedelta(milliseconds=1), abs=0.51)


def test_a_right_clock_tells_the_true_time() -> None:
    assert DeviceClock(TerminalClock(), START_MS).tell(START_MS + 12_345) == START_MS + 12_345


@pytest.mark.parametrize("device_id", ["kiosk-1", "till-1"])
def test_offset_and_drift_are_recovered_from_the_lines(device_id: str) -> None:
    touches = [touch for touch in trial().truth.touches if touch.device_id == device_id]
    since_s = np.array([touch.true_ms - START_MS for touch in touches]) / 1000
    skew_s = np.array([touch.t_ms - touch.true_ms for touch in touches]) / 1000
    drift, offset_s = np.polyfit(since_s, skew_s, 1)
    assert offset_s == pytest.approx(CLOCKS[device_id].offset_s, abs=0.002)
    assert drift * 1e6 == pytest.approx(CLOCKS[device_id].drift_ppm, abs=1)
    assert [touch.clock_skew_s for touch in touches] == pytest.approx(list(skew_s))


def test_a_camera_tells_its_own_time_too() -> None:
    lines = [output.line for output in trial().outputs if output.device_id == "cam-1"]
    assert all(isinstance(line, TrackLine) for line in lines)
    true_ms = START_MS + 1000 * np.arange(1, len(lines) + 1)
    skew_s = (np.array([line.t_ms for line in lines]) - true_ms) / 1000
    drift, offset_s = np.polyfit((true_ms - START_MS) / 1000, skew_s, 1)
    assert (offset_s, drift * 1e6) == pytest.approx((0.8, 150.0), abs=0.5)
