"""Event times are put right beside the device's own, whatever else a message holds."""

from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from contracts.clock import ClockAnswer, decode_clock_request, encode_clock
from contracts.errors import ContractError
from contracts.events import MAX_EVENT_BYTES, Source, decode_event, draft_event, encode_event
from contracts.payloads import Coverage
from contracts.topics import event_topic
from gateway.adapters.clock_rows import ClockRows
from gateway.adapters.device_clocks import DeviceClocks
from gateway.adapters.device_database import MIGRATIONS, DeviceDatabase
from gateway.core.judging import Delivery, judge
from gateway.errors import DeviceStoreError

CAMERA = Source("acme", "store-1", "cam-1")
T = 1_772_442_000_000
PAYLOAD = Coverage(interval_start_ms=1, interval_end_ms=2, observed_s=0.0, frames_processed=1, frames_dropped=0)


class Clock:
    """A wall clock and a steady one, both set by the test."""

    def __init__(self) -> None:
        self.us = T * 1000

    def wall_us(self) -> int:
        return self.us

    def steady_us(self) -> int:
        return self.us - T * 1000


def _clocks(path: Path, clock: Clock) -> DeviceClocks:
    return DeviceClocks(ClockRows(DeviceDatabase(path)), clock.wall_us, clock.steady_us)


def _answer(clocks: DeviceClocks, clock: Clock, ahead_us: int, events_ahead_ms: float | None = 0.0) -> None:
    clock.us += 16_000_000
    asked = clocks.ask("cam-1")
    assert asked is not None
    at_us = decode_clock_request(asked).asked_us
    clock.us += 2000
    answer = ClockAnswer(
        asked_us=at_us, received_us=at_us + 1000 + ahead_us, sent_us=at_us + 1000 + ahead_us,
        events_ahead_ms=events_ahead_ms,
    )  # fmt: skip
    clocks.answered("cam-1", encode_clock(answer), clock.steady_us())


def _delivery(body: bytes, received_ms: int) -> Delivery:
    return judge(event_topic(CAMERA, Coverage), body, {}, received_ms)


def _event(time_ms: int) -> bytes:
    return encode_event(draft_event(CAMERA, PAYLOAD, time_ms).numbered(CAMERA, 1))


def test_both_times_are_kept_and_outlive_a_restart(tmp_path: Path):
    clock = Clock()
    clocks = _clocks(tmp_path / "devices.sqlite", clock)
    for _ in range(3):
        _answer(clocks, clock, 7_200_000_000)
    now_ms = clock.us // 1000
    for each in (clocks, _clocks(tmp_path / "devices.sqlite", clock)):
        fixed = each.correct(_delivery(_event(now_ms + 7_200_000), now_ms))
        assert fixed.event == decode_event(fixed.body)
        assert fixed.event is not None
        assert (fixed.event.time_ms, fixed.event.clockoffset) == (now_ms + 7_200_000, 7_200_000)
        assert fixed.event.correctedtime == "2026-03-02T09:00:48.006Z"
    (told,) = clocks.told()
    assert (told.device, told.offset_ms, told.error_ms, told.steps) == ("cam-1", 7_200_000.0, 1.0, 0)


def test_a_clock_that_was_set_before_a_restart_stays_counted(tmp_path: Path):
    clock = Clock()
    clocks = _clocks(tmp_path / "devices.sqlite", clock)
    for ahead_us in (0, 5_000_000):
        _answer(clocks, clock, ahead_us)
    clocks = _clocks(tmp_path / "devices.sqlite", clock)
    _answer(clocks, clock, 5_000_000)
    assert [each.steps for each in clocks.told()] == [1]


def test_fields_of_a_later_version_stay_as_they_came(tmp_path: Path):
    clock = Clock()
    clocks = _clocks(tmp_path / "devices.sqlite", clock)
    _answer(clocks, clock, 60_000_000)
    now_ms = clock.us // 1000
    body = b" " + _event(now_ms + 60_000).replace(b'"data":{', b'"later":[1],"data":{"more":{"x":2},')
    fixed = msgspec.json.decode(clocks.correct(_delivery(body, now_ms)).body)
    assert (fixed["later"], fixed["data"]["more"], fixed["clockoffset"]) == ([1], {"x": 2}, 60_000)


def test_a_right_clock_an_unknown_one_and_a_recording_change_nothing(tmp_path: Path):
    clock = Clock()
    clocks = _clocks(tmp_path / "devices.sqlite", clock)
    body = _event(clock.us // 1000)
    assert clocks.correct(_delivery(body, clock.us // 1000)).body == body, "nothing was measured"
    _answer(clocks, clock, 60_000_000, events_ahead_ms=None)
    body = _event(clock.us // 1000)
    assert clocks.correct(_delivery(body, clock.us // 1000)).body == body, "a recording has times of its own"
    _answer(clocks, clock, 300)
    assert clocks.correct(_delivery(body, clock.us // 1000)).body == body, "the clock is right"
    bad = _delivery(b"{", 1)
    assert clocks.correct(bad) == bad


def test_a_device_cannot_correct_itself(tmp_path: Path):
    clocks = _clocks(tmp_path / "devices.sqlite", Clock())
    event = decode_event(_event(T))
    claimed = encode_event(replace(event, clockoffset=5, correctedtime="2026-03-02T09:00:48.006Z"))
    assert clocks.correct(_delivery(claimed, T)).body == _event(T)


def test_an_event_that_would_grow_too_large_stays_as_it_is(tmp_path: Path):
    clock = Clock()
    clocks = _clocks(tmp_path / "devices.sqlite", clock)
    _answer(clocks, clock, 60_000_000)
    body = _event(clock.us // 1000 + 60_000)
    body = body[:-1] + b',"x":"' + b"y" * (MAX_EVENT_BYTES - len(body) - 7) + b'"}'
    assert clocks.correct(_delivery(body, clock.us // 1000)).body == body


def test_it_asks_fast_at_first_and_answers_that_were_not_asked_for_change_nothing(tmp_path: Path):
    clock = Clock()
    clocks = _clocks(tmp_path / "devices.sqlite", clock)
    asked = 0
    for _ in range(40):
        asked += clocks.ask("cam-1") is not None
        clock.us += 1_000_000
    assert asked == 20
    stray = ClockAnswer(asked_us=1, received_us=1, sent_us=1)
    clocks.answered("cam-1", encode_clock(stray), 1)
    impossible = ClockAnswer(asked_us=clock.us - 2_000_000, received_us=9, sent_us=1)
    clocks.answered("cam-1", encode_clock(impossible), clock.steady_us())
    assert clocks.told() == ()
    with pytest.raises(ContractError):
        clocks.answered("cam-1", b"?", 1)


def test_a_file_that_a_later_version_made_is_left_alone(tmp_path: Path):
    path = tmp_path / "devices.sqlite"
    database = DeviceDatabase(path)
    with database.transaction() as db:
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    database.close()
    with pytest.raises(DeviceStoreError, match="upgrade the program"):
        DeviceDatabase(path)


def test_a_file_that_is_none_is_told(tmp_path: Path):
    (tmp_path / "devices.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(DeviceStoreError, match="cannot"):
        DeviceDatabase(tmp_path / "devices.sqlite")
    with pytest.raises(DeviceStoreError, match="cannot open"):
        DeviceDatabase(tmp_path / "devices.sqlite" / "x")
    database = DeviceDatabase(tmp_path / "other.sqlite")
    with pytest.raises(DeviceStoreError, match="cannot read"), database.reading() as db:
        db.execute("SELECT * FROM nothing")
    with pytest.raises(DeviceStoreError, match="cannot write"), database.transaction() as db:
        db.execute("SELECT * FROM nothing")


def test_a_gateway_whose_clock_is_not_set_measures_nobody(tmp_path: Path):
    clock = Clock()
    rows = ClockRows(DeviceDatabase(tmp_path / "devices.sqlite"))
    clocks = DeviceClocks(rows, lambda: clock.us - T * 1000, clock.steady_us, 16.0, T)
    assert clocks.ask("cam-1") is None
    clocks = DeviceClocks(rows, clock.wall_us, clock.steady_us, 16.0, T)
    _answer(clocks, clock, 0)
    assert [each.offset_ms for each in clocks.told()] == [0.0]
