"""What users of other camera systems complain of, tried on ours: sources, clocks, brokers, reloads."""

import gc
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count, pairwise
from pathlib import Path

import pytest

from contracts.events import Source
from contracts.payloads import Coverage, FootfallCrossing, VisitSegment, ZoneOccupancy
from tests.fakes.cameras import BrightDetector, FakeCapture, FakeClock, MemorySink, Played, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

import cv2

from contracts.delivery import Presence
from edge.adapters.camera import CameraClock, VideoFile
from edge.adapters.live_camera import LiveCamera
from edge.adapters.outbox import Outbox
from edge.adapters.outbox_sink import OutboxSink
from edge.adapters.publisher import Publisher
from edge.camera_agent import CameraAgent
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.config import BrokerSettings
from edge.config_watch import ConfigWatch, ReloadBell
from edge.ports import Frame, Image, Silence, Stopped
from edge.video_observations import VideoObservations

START_MS = 1_772_442_000_000
HEAD = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "rtsp://camera/door"
"""
DOOR = '[[tripwire]]\nid = "door"\npoints = [[160.0, 230.0], [160.0, 10.0]]\n'
HALL = '[[zone]]\nid = "hall"\nkind = "floor"\npoints = [[1.0, 1.0], [318.0, 1.0], [318.0, 238.0], [1.0, 238.0]]\n'


def lit(places: list[tuple[int, int]]) -> Image:
    """Return people in a shop with its lights on."""
    image = picture(places)
    image[image == 0] = 60
    return image


def config(tmp_path: Path, layout: str = DOOR + HALL) -> CameraConfig:
    path = tmp_path / "camera.toml"
    path.write_text(HEAD + layout, encoding="utf-8")
    return load_camera_config(path)


def agent_of(settings: CameraConfig, source: Played | LiveCamera, sink: MemorySink) -> CameraAgent:
    observations = VideoObservations(source, BrightDetector(), settings)
    return CameraAgent(observations, pipeline_rules(settings), sink, FakeClock(look_s=0.1).monotonic_s, config=settings)


def test_count_stuck_after_a_camera_reconnects(tmp_path: Path) -> None:
    """Frigate #1832: people in sight when a camera breaks off are counted there for ever."""
    two = [Frame(lit([(60, 100), (220, 100)]), START_MS + 100 * i, i) for i in range(100)]
    silence = [Silence(START_MS + 15_000 + 1000 * i, START_MS + 9900) for i in range(15)]
    nobody = [Frame(lit([]), START_MS + 30_000 + 100 * i, 100 + i) for i in range(250)]
    sink = MemorySink()
    agent_of(config(tmp_path), Played([*two, *silence, *nobody]), sink).run(lambda: False)
    samples = [(d.time_ms - START_MS, d.data.zones[0].people) for d in sink.drafts if isinstance(d.data, ZoneOccupancy)]
    assert [people for time_ms, people in samples if time_ms < 10_000] == []
    assert {people for time_ms, people in samples if time_ms > 30_000} == {0}
    closed = [d.data.closed_ms for d in sink.drafts if isinstance(d.data, VisitSegment) and d.data.phase == "closed"]
    assert closed == [START_MS + 9900] * 2
    assert [d for d in sink.drafts if isinstance(d.data, FootfallCrossing)] == []


def test_rtsp_never_recovers() -> None:
    """Frigate #3122, #6502: after a hang, an error or torn pictures a stream stays dead until a restart."""
    attempt, gate = count(), threading.Event()

    class Hanging(FakeCapture):
        def grab(self) -> bool:
            gate.wait()
            return False

    class Torn(FakeCapture):
        def retrieve(self) -> tuple[bool, object]:
            raise cv2.error

    def opener(_: str | int) -> FakeCapture:
        number = next(attempt)
        if number == 1:
            raise cv2.error
        kinds = {0: Hanging, 2: Torn}
        return kinds.get(number, FakeCapture)([] if number == 3 else [lit([])] * 20)

    clock = FakeClock(look_s=5.0).as_camera_clock()
    frames = LiveCamera("rtsp://camera/door", clock, opener=opener, look_s=0.01).frames(lambda: False)
    assert next(frames).image_bgr.shape == (240, 320, 3)
    gate.set()
    frames.close()  # type: ignore[attr-defined]
    assert next(attempt) >= 5


def test_memory_grows_for_days(tmp_path: Path) -> None:
    """SceneScape #845, Frigate #6174: what people and reconnections leave behind piles up."""
    walk = [lit([(20 + 8 * step, 100)]) for step in range(30)] + [lit([])] * 30

    class Endless(Played):
        def looks(self, stopped: Stopped) -> Iterator[Frame | Silence]:
            for index in count():
                if stopped():
                    return
                time_ms = START_MS + 100 * index
                yield (
                    Silence(time_ms, time_ms - 5000) if index % 120 == 119 else Frame(walk[index % 60], time_ms, index)
                )

    class Forgetful(MemorySink):
        def emit(self, *_: object) -> None:
            pass

    agent = agent_of(config(tmp_path), Endless([]), Forgetful())
    objects: dict[int, int] = {}

    def measured() -> bool:
        if agent.frames_processed in (240, 720) and agent.frames_processed not in objects:
            gc.collect()
            objects[agent.frames_processed] = len(gc.get_objects())
        return agent.frames_processed > 720

    agent.run(measured)
    before, after = objects.values()
    assert after - before < 100


def test_all_frames_dropped_as_late(tmp_path: Path) -> None:
    """SceneScape #18: a clock that is set back makes every later frame late."""
    wall_ms, turn = [START_MS], threading.Semaphore(1)

    class OneByOne(FakeCapture):
        def grab(self) -> bool:
            return turn.acquire(timeout=10) and super().grab()

    fake = FakeClock(look_s=0.05)
    clock = CameraClock(lambda: wall_ms[0] + round(fake.now_s * 1000), fake.monotonic_s, fake.sleep)
    camera = LiveCamera(0, clock, opener=lambda _: OneByOne([lit([])] * 40), look_s=0.01)
    sink = MemorySink()
    agent = agent_of(config(tmp_path), camera, sink)

    def stopped() -> bool:
        if agent.frames_processed == 10:
            wall_ms[0] = START_MS - 3_600_000
        turn.release()
        return agent.frames_processed >= 30

    agent.run(stopped)
    processed = sum(d.data.frames_processed for d in sink.drafts if isinstance(d.data, Coverage))
    assert processed == agent.frames_processed
    assert agent.vitals().clock_offset_ms == pytest.approx(3_600_000, abs=2000)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
def test_clock_drift_and_daylight_saving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """Frigate #22321, #2158: an hour is missing or told twice when summer time begins or ends."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        path = tmp_path / "some.avi"
        path.touch()
        for begin in ("2026-10-25T02:59:59+02:00", "2026-03-29T01:59:59+01:00", "2026-11-01T01:59:59-04:00"):
            start_ms = round(datetime.fromisoformat(begin).timestamp() * 1000)
            clock = FakeClock().as_camera_clock()
            source = VideoFile(path, start_ms, clock, opener=lambda _: FakeCapture([lit([])] * 30))
            times_ms = [frame.time_ms for frame in source.frames(lambda: False)]
            assert {late - early for early, late in pairwise(times_ms)} == {100}
            assert times_ms[0] == start_ms
    finally:
        monkeypatch.undo()
        time.tzset()


def test_mqtt_events_silently_lost_on_a_disconnected_broker(tmp_path: Path) -> None:
    """Zmeventnotification #191; others publish with QoS 0 and drop what they cannot send."""
    source = Source("acme", "north", "camera-1")
    walk = [Frame(lit([(40 + 4 * i, 100)]), START_MS + 100 * i, i) for i in range(60)]
    told = MemorySink()
    agent_of(config(tmp_path), Played(list(walk)), told).run(lambda: False)

    outbox = Outbox(tmp_path / "outbox.sqlite", source, lambda: "a1")
    nobody = BrokerSettings(port=9)  # nothing listens there
    publisher = Publisher(outbox, source, nobody, Presence(online=True, kind="camera", software_version="1"))
    publisher.start()
    agent = agent_of(config(tmp_path), Played(list(walk)), MemorySink())
    agent._sink = OutboxSink(outbox, None, publisher.wake)
    agent.run(lambda: False)
    assert not publisher.drain(0.2)
    publisher.stop()
    outbox.close()

    again = Outbox(tmp_path / "outbox.sqlite", source, lambda: "a2")
    assert (again.counts().depth, again.epoch) == (len(told.drafts), "a1")
    again.close()


def test_reload_without_restart(tmp_path: Path) -> None:
    """Frigate #17326: another zone needs a restart, and everybody in sight is lost."""
    settings, sink = config(tmp_path, DOOR), MemorySink()
    path = tmp_path / "camera.toml"

    class Edited(Played):
        def looks(self, stopped: Stopped) -> Iterator[Frame | Silence]:
            for look in super().looks(stopped):
                if isinstance(look, Frame) and look.index in (10, 30):
                    path.write_text("[device" if look.index == 10 else HEAD + DOOR + HALL, encoding="utf-8")
                    watch.look()
                yield look

    walk: list[Frame | Silence] = [Frame(lit([(40 + 4 * i, 100)]), START_MS + 100 * i, i) for i in range(60)]
    agent, bad = agent_of(settings, Edited(walk), sink), []
    watch = ConfigWatch(
        path,
        lambda: agent.reconfigure(load_camera_config(path)),
        lambda _content, reason: bad.append(reason),
        bell=ReloadBell(),
        watches_file=True,
    )
    agent.run(lambda: False)
    assert len(bad) == 1
    (closed,) = [d.data for d in sink.drafts if isinstance(d.data, VisitSegment) and d.data.phase == "closed"]
    assert [stay.zone_id for stay in closed.stays] == ["hall"]
    assert [d.data.direction for d in sink.drafts if isinstance(d.data, FootfallCrossing)] == ["in"]


def test_a_returning_camera_id(tmp_path: Path) -> None:
    """SceneScape #1546 and others: a camera that is set up again under its old name gets old numbers and names."""
    source = Source("acme", "north", "camera-1")
    found = []
    for run, epoch in enumerate(("a1", "a2")):
        walk: list[Frame | Silence] = [
            Frame(lit([(40 + 4 * i, 100)]), START_MS + 3_600_000 * run + 100 * i, i) for i in range(60)
        ]
        sink = MemorySink()
        agent_of(config(tmp_path), Played(walk), sink).run(lambda: False)
        outbox = Outbox(tmp_path / epoch / "outbox.sqlite", source, lambda epoch=epoch: epoch)  # type: ignore[misc]
        found.append((outbox.epoch, sink.drafts))
        outbox.close()
    (first_epoch, first), (second_epoch, second) = found
    assert first_epoch != second_epoch, "the gateway tells the new outbox's numbers from the old one's"
    assert not {draft.id for draft in first} & {draft.id for draft in second}
    tracks = [{d.data.track_id for d in drafts if isinstance(d.data, VisitSegment)} for drafts in (first, second)]
    assert not tracks[0] & tracks[1]
