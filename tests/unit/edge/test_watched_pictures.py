"""A picture that shows nothing, or in which nobody knows where the lines lie, is not counted in."""

import logging
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from contracts.fields import PictureState
from contracts.payloads import Coverage, FootfallCrossing, VisitSegment
from tests.fakes.cameras import BrightDetector, FakeCamera, FakeClock, MemorySink, Played, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.camera import VideoFile
from edge.camera_agent import CameraAgent
from edge.camera_building import frame_source
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules, tamper_rules
from edge.camera_settings import CameraConfig
from edge.core.tamper import TamperRules
from edge.errors import ConfigurationError
from edge.ports import Frame, Image, Silence
from edge.video_observations import VideoObservations
from edge.watched_pictures import Blindness, WatchedPictures

CLIP = Path(__file__).parents[3] / "simulators" / "footage" / "entrance"
RANDOM = np.random.default_rng(11)
CONFIG = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "rtsp://camera/door"
[[tripwire]]
id = "door"
points = [[160.0, 230.0], [160.0, 10.0]]
"""


def config(tmp_path: Path, camera: str = "") -> CameraConfig:
    path = tmp_path / "camera.toml"
    path.write_text(CONFIG.replace("[[tripwire]]", f"{camera}\n[[tripwire]]"), encoding="utf-8")
    return load_camera_config(path)


def noisy(image: Image) -> Image:
    """Return a picture as a sensor gives it: a shop in grey, no two alike."""
    made: Image = np.clip(image.astype(np.int16) + RANDOM.integers(60, 80, image.shape), 0, 255).astype(np.uint8)
    return made


def walk(frames: int = 60, from_px: int = 40, step_px: int = 4) -> list[Image]:
    return [noisy(picture([(from_px + step_px * index, 100)])) for index in range(frames)]


def run(settings: CameraConfig, images: list[Image]) -> tuple[CameraAgent, MemorySink, list[PictureState | None]]:
    sink = MemorySink()
    told: list[PictureState | None] = []
    agent = CameraAgent(
        VideoObservations(FakeCamera(images), BrightDetector(), settings),
        pipeline_rules(settings),
        sink,
        FakeClock(look_s=0.1).monotonic_s,
    )
    agent.on_picture = lambda: told.append(agent.vitals().picture)
    agent.run(lambda: False)
    return agent, sink, told


def crossings(sink: MemorySink) -> list[str]:
    return [draft.data.direction for draft in sink.drafts if isinstance(draft.data, FootfallCrossing)]


def observed_s(sink: MemorySink) -> float:
    return sum(draft.data.observed_s for draft in sink.drafts if isinstance(draft.data, Coverage))


def test_a_covered_camera_is_told_at_once_and_counts_nothing_until_it_sees_again(tmp_path: Path) -> None:
    covered = [np.zeros((240, 320, 3), np.uint8)] * 100
    agent, sink, told = run(config(tmp_path), [*walk(), *covered, *walk()])
    assert told == ["black", "good"]
    assert crossings(sink) == ["in", "in"]
    assert observed_s(sink) == pytest.approx(5.9 + 6 - 0.5, abs=0.3)
    tracks = {draft.data.track_id for draft in sink.drafts if isinstance(draft.data, VisitSegment)}
    assert len(tracks) == 2
    assert agent.vitals().picture == "good"


def test_a_camera_blinded_by_a_lamp_is_told(tmp_path: Path) -> None:
    assert run(config(tmp_path), [np.full((240, 320, 3), 255, np.uint8)] * 50)[2] == ["bright"]


def test_a_person_frozen_beyond_the_line_is_one_visit_that_ends(tmp_path: Path) -> None:
    settings = config(tmp_path, "frozen_s = 10.0")
    stuck = walk()[30]
    _, sink, told = run(settings, [*walk()[:30], *[stuck.copy() for _ in range(600)]])
    assert told == ["frozen"]
    (closed,) = [d.data for d in sink.drafts if isinstance(d.data, VisitSegment) and d.data.phase == "closed"]
    assert closed.closed_ms is not None
    assert closed.closed_ms - closed.opened_ms < 15_000
    assert observed_s(sink) == pytest.approx(3.1, abs=0.2)


def test_an_empty_shop_at_night_is_not_frozen(tmp_path: Path) -> None:
    night = [noisy(picture([])) // 2 for _ in range(400)]
    assert run(config(tmp_path), night)[2] == []


def test_a_recording_is_taken_for_frozen_only_where_that_is_asked_for(tmp_path: Path) -> None:
    live = config(tmp_path)
    recorded = replace(live, camera=replace(live.camera, source="file:x.avi"))
    assert tamper_rules(live).frozen_s == 30
    assert tamper_rules(recorded).frozen_s is None
    asked = replace(recorded, camera=replace(recorded.camera, frozen_s=20.0))
    assert tamper_rules(asked).frozen_s == 20
    never = replace(live, camera=replace(live.camera, frozen_s=0.0))
    assert tamper_rules(never).frozen_s is None


def test_the_committed_clip_played_over_and_over_is_always_good() -> None:
    looks = count()
    source = VideoFile(CLIP / "video.mp4", 0, FakeClock().as_camera_clock(), loop=True)
    watched = WatchedPictures(source, TamperRules(frozen_s=5.0))
    seen = list(watched.looks(lambda: next(looks) >= 500))
    assert len(seen) > 450
    assert all(isinstance(look, Frame) for look in seen)


def test_a_smaller_stream_of_the_same_shape_is_scaled_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    images = walk()
    small = [np.ascontiguousarray(image[::2, ::2]) for image in images[20:40]]
    agent, sink, told = run(config(tmp_path), [*images[:20], *small, *images[40:]])
    assert crossings(sink) == ["in"]
    assert told == []
    assert agent.vitals().bad_pictures == 0
    assert "pictures are now 160x120, lines and zones are drawn in 320x240" in caplog.text


def test_a_stream_that_changes_its_shape_is_not_counted_in_until_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wide = [noisy(picture([(index * 4, 50)], (320, 180))) for index in range(50)]
    agent, sink, told = run(config(tmp_path), [*walk(), *wide, *walk()])
    assert told == ["silent", "good"]
    assert crossings(sink) == ["in", "in"]
    assert agent.vitals().bad_pictures == 50
    assert caplog.text.count("nothing is counted until it is back") == 1
    assert observed_s(sink) == pytest.approx(11.8, abs=0.2)


def test_the_size_in_which_lines_are_drawn_can_be_told(tmp_path: Path) -> None:
    doubled = [np.repeat(np.repeat(image, 2, axis=0), 2, axis=1) for image in walk()]
    settings = config(tmp_path, "picture_size = [320, 240]")
    assert crossings(run(settings, doubled)[1]) == ["in"]
    wide = [noisy(picture([], (320, 180)))] * 10
    with pytest.raises(ConfigurationError, match=r"picture_size is 320x240, and the camera gives 320x180"):
        run(settings, wide)


def test_a_silent_camera_is_told_and_what_came_before_is_not_joined_to_what_comes_after(tmp_path: Path) -> None:
    settings, start_ms = config(tmp_path), 1_772_442_000_000
    first = [Frame(image, start_ms + 100 * i, i) for i, image in enumerate(walk(30))]
    silence = [Silence(start_ms + 8000 + 1000 * i, start_ms + 2900) for i in range(20)]
    after = [Frame(image, start_ms + 28_000 + 100 * i, 30 + i) for i, image in enumerate(walk(30, from_px=200))]
    sink = MemorySink()
    told: list[PictureState | None] = []
    source = VideoObservations(Played([*first, *silence, *after]), BrightDetector(), settings)
    agent = CameraAgent(source, pipeline_rules(settings), sink, FakeClock(look_s=0.1).monotonic_s)
    agent.on_picture = lambda: told.append(agent.vitals().picture)
    agent.run(lambda: False)
    assert told == ["silent", "good"]
    assert crossings(sink) == []
    assert observed_s(sink) == pytest.approx(5.8)
    assert agent.frames_processed == 60


def test_how_long_it_is_blind_is_told_with_each_moment() -> None:
    black = [np.zeros((24, 32, 3), np.uint8)] * 50
    watched = WatchedPictures(FakeCamera(black, 0), TamperRules())
    seen = list(watched.looks(lambda: False))
    assert [isinstance(look, Frame) for look in seen] == [True] * 30 + [False] * 20
    assert seen[30] == Blindness(3000, 0, "black", 1)
    assert watched.size_wh_px() == (32, 24)


def test_nothing_is_known_of_no_picture() -> None:
    watched = WatchedPictures(FakeCamera([]), TamperRules())
    assert list(watched.looks(lambda: False)) == []
    assert watched.size_wh_px() is None


def test_the_clip_s_own_configuration_opens(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        source = frame_source(load_camera_config(CLIP / "camera.toml"), FakeClock().as_camera_clock())
        assert len(list(source.frames(lambda: False))) == 400
    assert caplog.text == ""
