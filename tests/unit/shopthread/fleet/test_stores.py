"""A virtual store's devices make exactly the events that the real agents make of the same feeds."""

import threading
from pathlib import Path

import pytest

from contracts.events import EventDraft
from contracts.operations import DeviceHealth
from contracts.privacy import Payload
from edge.adapters.line_source import FileLines
from edge.adapters.track_feed import BadLine, TrackFeed
from edge.camera_agent import CameraAgent
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.core.receipts import PosRules
from edge.core.scanning import scan_rules
from edge.line_agent import LineReader, ReceiptReader, ScanReader
from edge.ports import Drafts
from shopthread.fleet.request import SIMULATION_KEY
from shopthread.fleet.stores import VirtualStore
from simulators.adapters.clock import SystemClock
from simulators.adapters.playback import Pace, play
from simulators.core.lines import ScanLine, TrackLine
from simulators.core.scenario import Noise
from tests.unit.shopthread.fleet.fleets import (
    BUSY_S,
    START_MS,
    busy_shop,
    corner_shop,
    events_of,
    plan,
    said_in_the_busy_shop,
)

SCENARIO = busy_shop()


class _Sink:
    """Keeps what an agent emits."""

    def __init__(self) -> None:
        self.drafts: list[EventDraft[Payload]] = []

    def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:  # noqa: ARG002 - as the port says
        self.drafts += drafts


def _camera_events(folder: Path, camera: str) -> list[EventDraft[Payload]]:
    config = load_camera_config(folder / f"camera-{camera}.toml")
    sink, bad = _Sink(), list[BadLine]()
    feed = TrackFeed(FileLines(folder / f"tracks-{camera}.jsonl", follow=False), bad.append)
    CameraAgent(feed, pipeline_rules(config), sink, lambda: 0.0).run(lambda: False)
    assert bad == []
    return sink.drafts


def _line_events(file: Path, reader: LineReader) -> list[EventDraft[Payload]]:
    drafts = [reader.read(line, 0) for line in file.read_bytes().splitlines()[:-1]]
    return [draft for draft in drafts if draft is not None]


@pytest.fixture(name="store")
def _store() -> VirtualStore:
    return said_in_the_busy_shop()[0]


def test_devices_make_what_the_real_agents_make_of_the_same_feeds(store: VirtualStore, tmp_path: Path):
    play(SCENARIO, 5, Pace(start_ms=START_MS, speed=0, duration_s=BUSY_S), tmp_path, SystemClock(threading.Event()))
    sources = {name: outbox.source for name, outbox in store.outboxes.items()}
    expected = {camera.id: _camera_events(tmp_path, camera.id) for camera in SCENARIO.cameras}
    for kiosk in SCENARIO.kiosks:
        rules = scan_rules(sources[kiosk.id], SIMULATION_KEY, {"MEMBER:": "member_number"}, 30.0, zone_id=kiosk.zone_id)
        expected[kiosk.id] = _line_events(tmp_path / f"scans-{kiosk.id}.jsonl", ScanReader(rules))
    for till in SCENARIO.tills:
        pos = PosRules(source=sources[till.id], pseudonym_key=SIMULATION_KEY, zone_id=till.zone_id)
        expected[till.id] = _line_events(tmp_path / f"receipts-{till.id}.jsonl", ReceiptReader(pos))
    made = events_of(store)
    assert made.keys() == expected.keys()
    for name, drafts in expected.items():
        others = [event for event in made[name] if not isinstance(event.data, DeviceHealth)]
        assert [(each.id, each.data) for each in others] == [(each.id, each.data) for each in drafts]
    assert all(expected.values()), "each kind of device must have had something to say"


def test_sequence_numbers_are_gapless_and_no_id_comes_twice(store: VirtualStore):
    for events in events_of(store).values():
        assert [event.sequence_number for event in events] == list(range(1, len(events) + 1))
        assert len({event.id for event in events}) == len(events)


def test_each_device_reports_its_health_every_half_minute(store: VirtualStore):
    for name, events in events_of(store).items():
        reports = [event for event in events if isinstance(event.data, DeviceHealth)]
        assert [event.time_ms - START_MS for event in reports] == [30_000 * count for count in range(1, 7)]
        frame_rates = {event.data.fps for event in reports if isinstance(event.data, DeviceHealth)}
        assert frame_rates == ({SCENARIO.tick_hz} if name.startswith("cam") else {None})


def test_an_end_in_between_closes_what_is_open_and_counts_once():
    store = VirtualStore(plan(3600.0, seed=3), lambda: "epoch-1")
    for _ in range(200):
        store.step()
    grown = store.end()
    assert store.is_over
    assert {outbox.source.device for outbox in grown} == set(store.outboxes)
    assert store.end() == []


def test_a_line_that_a_device_cannot_use_is_counted_and_reported():
    scenario = corner_shop(noise=Noise(missed_ticks=0.5))
    store = VirtualStore(plan(31.0, scenario=scenario), lambda: "epoch-1")
    camera, kiosk = store.devices["cam-1"], store.devices["kiosk-1"]
    assert camera.take(ScanLine(t_ms=START_MS, code="x")) == []
    assert kiosk.take(TrackLine(t_ms=START_MS, tracks=())) == []
    assert kiosk.take(ScanLine(t_ms=START_MS, code="y" * 3000)) == []
    while not store.is_over:
        store.step()
    health = {
        name: next(event.data for event in events if isinstance(event.data, DeviceHealth))
        for name, events in events_of(store).items()
    }
    assert {name: data.input_errors for name, data in health.items() if data.input_errors} == {"cam-1": 1, "kiosk-1": 2}
    assert 1.0 < (health["cam-1"].fps or 0) < 3.0, "half of the ticks are missed"
