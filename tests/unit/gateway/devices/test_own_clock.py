"""The gateway learns that its own clock is wrong: from the cloud's answers, or from devices that agree."""

import logging
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.own_clock import CloudClock, OwnClock, read_own_offset
from gateway.core.devices.clock_offset import ClockEstimate
from gateway.core.devices.own_clock import (
    CloudTime,
    OwnOffset,
    clock_light,
    observe,
    offset_by_cloud,
    offset_by_devices,
)

T = 1_772_442_000_000
DAY_S = 86_400.0


@given(
    off_s=st.floats(-400 * DAY_S, 400 * DAY_S),
    asked=st.lists(st.tuples(st.floats(0, 3_600_000), st.floats(0, 800), st.floats(0, 800)), min_size=3, max_size=20),
    stale_ms=st.integers(0, 1000),
)
def test_the_truth_lies_within_the_error(off_s: float, asked: list[tuple[float, float, float]], stale_ms: int):
    """Answers take any time there and back, and the server writes its header up to a second early."""
    known: tuple[CloudTime, ...] = ()
    for at_ms, there_ms, back_ms in sorted(asked):
        written_ms = T + at_ms + there_ms - stale_ms
        known = observe(known, int(written_ms // 1000) * 1000, at_ms, at_ms + there_ms + back_ms)
    now_ms = known[-1].at_ms
    found = offset_by_cloud(known, T + now_ms + off_s * 1000, now_ms)
    assert found is not None
    assert abs(found.offset_s - off_s) <= found.error_s + 0.01
    later = offset_by_cloud(known, T + now_ms + DAY_S * 1000, now_ms + DAY_S * 1000)
    assert later is not None
    assert later.error_s == pytest.approx(found.error_s + 43.2, abs=0.01), "a clock may drift by 500 ppm meanwhile"


def test_a_few_answers_that_lie_bend_nothing():
    known: tuple[CloudTime, ...] = ()
    for number in range(9):
        lie_ms = 900_000_000 if number % 3 == 0 else 0
        known = observe(known, T + number * 1000 + lie_ms, number * 1000.0, number * 1000.0)
    assert offset_by_cloud(known, T + 8000, 8000) == OwnOffset(offset_s=-1.0, error_s=1.0, source="cloud")
    assert offset_by_cloud(known[:2], T, 0) is None


@pytest.mark.parametrize(
    ("ahead_ms", "offset_s"),
    [
        ([], None),
        ([1_200_000.0] * 2, None),
        ([1_200_000.0, 1_200_400.0, 1_199_900.0], -1200.0),
        ([1_200_000.0, 1_200_400.0, 1_199_900.0, 0.0, 0.0], -1199.9),
        ([0.0, 600_000.0, 1_200_000.0], None),
        ([0.0, 0.0, 1_200_000.0, 1_200_000.0], None),
    ],
)
def test_devices_are_believed_where_most_agree(ahead_ms: list[float], offset_s: float | None):
    found = offset_by_devices(ahead_ms)
    assert (None if found is None else found.offset_s) == offset_s
    assert found is None or (found.source, found.error_s < 2) == ("devices", True)


@pytest.mark.parametrize(
    ("offset_s", "error_s", "light", "said"),
    [
        (1.9, 1.0, "green", ""),
        (-2.0, 1.0, "yellow", "2.0 s behind the cloud's"),
        (5.0, 6.0, "green", ""),
        (59.9, 1.0, "yellow", "59.9 s ahead of"),
        (60.0, 1.0, "red", "60.0 s ahead of"),
        (-1200.0, 1.0, "red", "20.0 minutes behind"),
        (-9000.0, 1.0, "red", "2.5 hours behind"),
        (365 * DAY_S, 1.0, "red", "365.0 days ahead of"),
    ],
)
def test_the_light_says_how_wrong_it_is_and_what_to_do(offset_s: float, error_s: float, light: str, said: str):
    shown, why = clock_light(OwnOffset(offset_s=offset_s, error_s=error_s, source="cloud"))
    assert (shown, said in why, "chrony" in why) == (light, True, light != "green")
    assert "most of its devices'" in clock_light(OwnOffset(offset_s=99, error_s=1, source="devices"))[1]
    assert clock_light(None)[0] == "grey"


class Gateway:
    """A gateway whose clocks a test sets, and a cloud that answers."""

    def __init__(self, folder: Path) -> None:
        self.wall_us, self.steady_us = T * 1000, 0
        self.cloud_ms, self.status, self.date = T, 200, ""
        self.devices: dict[str, ClockEstimate] = {}
        cloud = CloudClock(lambda: self.steady_us)
        self.client = httpx.Client(base_url="http://cloud.test", transport=httpx.MockTransport(self._answer))
        cloud.watch(self.client)
        self.database = DeviceDatabase(folder / "devices.sqlite")
        self.clock = OwnClock(self.database, cloud, lambda: self.wall_us, lambda: self.steady_us, lambda: self.devices)

    def _answer(self, _: httpx.Request) -> httpx.Response:
        self.steady_us += 20_000
        date = self.date or formatdate(self.cloud_ms / 1000, usegmt=True)
        return httpx.Response(self.status, headers={"date": date} if date != "none" else {})

    def ask(self, times: int = 1) -> None:
        for _ in range(times):
            self.client.get("/")

    def device(self, name: str, offset_ms: float, at_ms: int = T) -> None:
        self.devices[name] = ClockEstimate(at_ms=at_ms, offset_ms=offset_ms, error_ms=1.0, drift_ppm=None, steps=0)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path)
    yield made
    made.client.close()
    made.database.close()


def test_a_clock_that_is_a_year_off_is_found_and_setting_it_shows_at_once(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    gateway.wall_us += round(365 * DAY_S * 1e6)
    assert gateway.clock.save() is None
    assert read_own_offset(gateway.database) is None
    gateway.ask(3)
    found = gateway.clock.save()
    assert found is not None
    assert found.offset_s == pytest.approx(365 * DAY_S, abs=1.1)
    assert read_own_offset(gateway.database) == found, "another process tells the same"
    gateway.wall_us = T * 1000
    for _ in range(2):
        gateway.clock.save()
    said = [(record.levelname, record.getMessage()) for record in caplog.records if "clock" in record.getMessage()]
    assert [level for level, _ in said] == ["ERROR", "INFO"], "once each"
    assert "365.0 days ahead of the cloud's" in said[0][1]
    gateway.wall_us += 10_000_000
    gateway.clock.save()
    assert caplog.records[-1].levelname == "WARNING"


@pytest.mark.parametrize("date", ["none", "yesterday", "Mon, 99 Mar 2026 09:00:00 GMT"])
def test_an_answer_without_a_time_says_nothing(gateway: Gateway, date: str):
    gateway.date = date
    gateway.ask(5)
    assert gateway.clock.offset() is None


def test_a_refusal_says_nothing_and_a_time_without_a_zone_is_utc(gateway: Gateway):
    gateway.status = 503
    gateway.ask(5)
    assert gateway.clock.offset() is None
    gateway.status, gateway.date = 200, formatdate(T / 1000)
    assert gateway.date.endswith("-0000")
    gateway.ask(3)
    found = gateway.clock.offset()
    assert found is not None
    assert abs(found.offset_s) < 1.1


def test_while_the_cloud_is_away_devices_that_agree_are_asked(gateway: Gateway):
    for name in ("cam-1", "cam-2"):
        gateway.device(name, -1_200_000.0)
    gateway.device("old", -1_200_000.0, T - 601_000)
    assert gateway.clock.offset() is None, "too few of them were measured of late"
    gateway.device("cam-3", -1_200_000.0)
    found = gateway.clock.save()
    assert found == OwnOffset(offset_s=1200.0, error_s=0.0, source="devices")
    assert read_own_offset(gateway.database) == found
    gateway.ask(3)
    found = gateway.clock.offset()
    assert found is not None
    assert found.source == "cloud"
