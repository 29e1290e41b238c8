"""The camera's agent, from pictures or tracks to events."""

import json
from pathlib import Path

import pytest

from contracts.payloads import Coverage, FloorHeat, FootfallCrossing, VisitSegment
from tests.fakes.cameras import BrightDetector, FakeCamera, FakeClock, MemorySink, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.camera import VideoFile
from edge.adapters.live_camera import LiveCamera
from edge.adapters.outbox import FeedPosition
from edge.camera_agent import CameraAgent, ModelIdentity
from edge.camera_building import build_camera_agent, feed_name, frame_source
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.errors import ConfigurationError, FeedError
from edge.video_observations import VideoObservations
from models.errors import UnknownModelError
from models.registry import ModelRegistry

HEAD = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
"""
DOOR = """
[[tripwire]]
id = "door"
points = [[160.0, 230.0], [160.0, 10.0]]
"""
FLOOR = """
[floor]
image_px = [[0.0, 0.0], [320.0, 0.0], [320.0, 240.0], [0.0, 240.0]]
floor_m = [[0.0, 0.0], [3.2, 0.0], [3.2, 2.4], [0.0, 2.4]]
"""


def config(tmp_path: Path, camera: str, rest: str = DOOR) -> CameraConfig:
    path = tmp_path / "camera.toml"
    path.write_text(f"{HEAD}[camera]\n{camera}\n{rest}", encoding="utf-8")
    return load_camera_config(path)


def run_pictures(settings: CameraConfig, count: int = 60) -> tuple[CameraAgent, MemorySink]:
    camera = FakeCamera([picture([(40 + 4 * index, 100)]) for index in range(count)])
    sink = MemorySink()
    agent = CameraAgent(
        VideoObservations(camera, BrightDetector(), settings),
        pipeline_rules(settings),
        sink,
        FakeClock(look_s=0.1).monotonic_s,
        model=ModelIdentity("bright", "1"),
    )
    agent.run(lambda: False)
    return agent, sink


def test_a_person_who_walks_through_the_picture_is_one_visit_and_one_crossing(tmp_path: Path) -> None:
    agent, sink = run_pictures(config(tmp_path, 'source = "file:x.avi"'))
    data = [draft.data for draft in sink.drafts]
    (crossing,) = [one for one in data if isinstance(one, FootfallCrossing)]
    assert (crossing.tripwire_id, crossing.direction) == ("door", "in")
    (closed,) = [one for one in data if isinstance(one, VisitSegment) and one.phase == "closed"]
    assert closed.track_id == crossing.track_id
    (coverage,) = [one for one in data if isinstance(one, Coverage)]
    assert coverage.frames_processed == agent.frames_processed == 60
    assert agent.frames_dropped == 0


def test_vitals_tell_the_frame_rate_and_the_model(tmp_path: Path) -> None:
    agent, _ = run_pictures(config(tmp_path, 'source = "file:x.avi"'))
    vitals = agent.vitals()
    assert vitals.fps == pytest.approx(10, rel=0.05)
    assert (vitals.model_name, vitals.model_version) == ("bright", "1")


def test_before_the_first_frame_the_frame_rate_is_zero(tmp_path: Path) -> None:
    rules = pipeline_rules(config(tmp_path, 'source = "file:x.avi"'))
    feed = VideoObservations(FakeCamera([]), BrightDetector(), config(tmp_path, 'source = "file:x.avi"'))
    agent = CameraAgent(feed, rules, MemorySink(), FakeClock().monotonic_s)
    agent.run(lambda: False)
    assert agent.vitals().fps == 0.0
    assert agent.vitals().model_name is None


def test_the_same_recording_gives_the_same_events(tmp_path: Path) -> None:
    settings = config(tmp_path, 'source = "file:x.avi"')
    assert run_pictures(settings)[1].drafts == run_pictures(settings)[1].drafts


def test_pictures_can_be_counted_on_the_floor(tmp_path: Path) -> None:
    wire = '[[tripwire]]\nid = "door"\npoints = [[1.6, 2.3], [1.6, 0.1]]\n'
    settings = config(tmp_path, 'source = "file:x.avi"\nplane = "floor"', wire + FLOOR)
    data = [draft.data for draft in run_pictures(settings)[1].drafts]
    assert len([one for one in data if isinstance(one, FootfallCrossing)]) == 1
    closed = [one for one in data if isinstance(one, VisitSegment)][-1]
    assert closed.path[-1].x_m > 2.5


def test_a_line_that_can_never_fire_is_refused_at_the_first_picture(tmp_path: Path) -> None:
    wire = '[[tripwire]]\nid = "door"\npoints = [[0.0, 239.0], [320.0, 239.0]]\n'
    with pytest.raises(ConfigurationError, match="can never fire"):
        run_pictures(config(tmp_path, 'source = "file:x.avi"', wire))


def feed_text(laps: int) -> str:
    lines = []
    for lap in range(laps):
        for index in range(41):
            x_m = 1.0 + 0.05 * index if index <= 40 else 3.0
            track = {"id": f"t{lap}", "x_m": x_m, "y_m": 1.0}
            lines.append(json.dumps({"t_ms": 1_000_000 + lap * 20_000 + index * 100, "tracks": [track]}))
        lines += [json.dumps({"t_ms": 1_000_000 + lap * 20_000 + 4100 + gap * 500, "tracks": []}) for gap in range(30)]
    return "\n".join(lines) + "\n"


FEED_DOOR = '[[tripwire]]\nid = "door"\npoints = [[2.0, 5.0], [2.0, 0.0]]\n'


def run_feed(settings: CameraConfig, offset: int = 0, frames: int | None = None) -> MemorySink:
    sink = MemorySink()
    agent = build_camera_agent(
        settings,
        sink,
        FakeClock().as_camera_clock(),
        registry=ModelRegistry(),
        on_bad_line=lambda line: pytest.fail(line.reason),
        resume=FeedPosition("feed", offset),
    )
    agent.run(lambda: frames is not None and agent.frames_processed >= frames)
    return sink


def test_a_feed_of_tracks_needs_no_detector(tmp_path: Path) -> None:
    (tmp_path / "feed.jsonl").write_text(feed_text(3), encoding="utf-8")
    settings = config(tmp_path, 'source = "tracks:feed.jsonl"\nplane = "floor"', FEED_DOOR)
    data = [draft.data for draft in run_feed(settings).drafts]
    assert [one.direction for one in data if isinstance(one, FootfallCrossing)] == ["in"] * 3
    assert sum(isinstance(one, VisitSegment) and one.phase == "closed" for one in data) == 3


@pytest.mark.parametrize("killed_after", [1, 30, 60, 75, 100, 150, 210])
def test_a_feed_that_is_stopped_and_read_on_loses_and_invents_nothing(tmp_path: Path, killed_after: int) -> None:
    (tmp_path / "feed.jsonl").write_text(feed_text(3), encoding="utf-8")
    settings = config(tmp_path, 'source = "tracks:feed.jsonl"\nplane = "floor"', FEED_DOOR)

    def facts(*sinks: MemorySink) -> set[str]:
        return {d.id for sink in sinks for d in sink.drafts if not isinstance(d.data, Coverage | FloorHeat)}

    whole = run_feed(settings)
    first = run_feed(settings, frames=killed_after)
    offset = next((offset for offset in reversed(first.offsets) if offset is not None), 0)
    second = run_feed(settings, offset)
    assert facts(first, second) == facts(whole)
    assert {d.id for s in (first, second) for d in s.drafts if isinstance(d.data, FloorHeat)} <= {
        d.id for d in whole.drafts
    }
    observed = sum(d.data.observed_s for s in (first, second) for d in s.drafts if isinstance(d.data, Coverage))
    assert observed <= sum(d.data.observed_s for d in whole.drafts if isinstance(d.data, Coverage))


def test_only_a_feed_can_be_resumed(tmp_path: Path) -> None:
    feed = config(tmp_path, 'source = "tracks:feed.jsonl"\nplane = "floor"', FEED_DOOR)
    assert feed_name(feed) == f"file:{tmp_path / 'feed.jsonl'}"
    assert feed_name(config(tmp_path, 'source = "file:x.avi"')) is None


def test_sources_are_opened_as_configured(tmp_path: Path) -> None:
    clock = FakeClock().as_camera_clock()
    assert isinstance(frame_source(config(tmp_path, 'source = "file:x.avi"'), clock), VideoFile)
    assert isinstance(frame_source(config(tmp_path, 'source = "usb:0"'), clock), LiveCamera)
    assert frame_source(config(tmp_path, 'source = "rtsp://a:b@cam/x"'), clock).name == "rtsp://cam/x"


def test_a_built_agent_reads_its_file_with_its_model(tmp_path: Path) -> None:
    settings = config(tmp_path, 'source = "file:absent.avi"')
    clock = FakeClock().as_camera_clock()
    agent = build_camera_agent(settings, MemorySink(), clock, registry=ModelRegistry(), on_bad_line=print)
    assert agent.vitals().model_name == "nanodet-g-person-int8"
    with pytest.raises(FeedError, match=r"absent\.avi"):
        agent.run(lambda: False)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = config(tmp_path, 'source = "file:x.avi"\nmodel = "other"')
    clock = FakeClock().as_camera_clock()
    with pytest.raises(UnknownModelError, match="other"):
        build_camera_agent(settings, MemorySink(), clock, registry=ModelRegistry(), on_bad_line=print)
