"""Who comes back carries the same re-entry hint, and no signature leaves memory."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest

from contracts.payloads import VisitSegment
from tests.fakes.cameras import BrightDetector, ColourEncoder, FakeCamera, FakeClock, MemorySink

pytest.importorskip("cv2", reason="cameras need the extra edge")

import cv2
from msgspec.structs import replace

from edge.camera_agent import CameraAgent
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.core.gallery import GalleryRules
from edge.core.segments import REENTRY_RULE, SEGMENT_RULE
from edge.core.signatures import SignatureRules
from edge.recognition import Recognition
from edge.replay import MotWriter, RecordedEvents, replay
from edge.video_observations import VideoObservations
from models.registry import ModelRegistry
from tests.unit.edge.test_replay import CONFIG

RED, BLUE = (201, 201, 255), (255, 201, 201)
SHARP = GalleryRules(least_threshold=0.999, margin=0.0)


class VividEncoder(ColourEncoder):
    """Exaggerates colours, so that light red and light blue are far apart."""

    def encode(self, image_bgr: np.ndarray, boxes_xyxy_px: np.ndarray) -> np.ndarray:
        vivid = np.clip((image_bgr.astype(int) - 200) * 4, 0, 255).astype(np.uint8)
        return super().encode(vivid, boxes_xyxy_px)


def walks(*colours: tuple[int, int, int]) -> list[np.ndarray]:
    """Return pictures of people who cross one after the other, three seconds of nobody between them."""
    pictures = []
    for colour in colours:
        for index in range(60):
            image = np.zeros((240, 320, 3), np.uint8)
            image[100:150, 20 + 4 * index : 40 + 4 * index] = colour
            pictures.append(image)
        pictures += [np.zeros((240, 320, 3), np.uint8)] * 30
    return pictures


def run(tmp_path: Path, pictures: list[np.ndarray], *, known: bool = True) -> tuple[list[VisitSegment], bytes, str]:
    (tmp_path / "camera.toml").write_text(CONFIG, encoding="utf-8")
    settings = load_camera_config(tmp_path / "camera.toml")
    sink, text = MemorySink(), io.StringIO()
    source = VideoObservations(
        FakeCamera(pictures),
        BrightDetector(),
        settings,
        on_tracked=MotWriter(text).write,
        recognition=Recognition(VividEncoder(), SHARP) if known else None,
    )
    CameraAgent(source, pipeline_rules(settings), sink, FakeClock().monotonic_s).run(lambda: False)
    events = RecordedEvents(settings.device.source)
    events.emit(sink.drafts)
    data = [draft.data for draft in sink.drafts]
    closed = [one for one in data if isinstance(one, VisitSegment) and one.phase == "closed"]
    return closed, events.ndjson(), text.getvalue()


def test_who_comes_back_has_the_reentry_hint_of_the_first_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        first, stranger, again = run(tmp_path, walks(RED, BLUE, RED))[0]
    assert len({first.track_id, stranger.track_id, again.track_id}) == 3
    assert first.reentry_hint == again.reentry_hint == first.track_id
    assert stranger.reentry_hint == stranger.track_id
    assert {segment.group_hint for segment in (first, stranger, again)} == {None}
    assert again.rule_version == REENTRY_RULE
    assert "is person" in caplog.text
    assert "strangers expected to reach it" in caplog.text


def test_without_recognition_nobody_has_a_reentry_hint(tmp_path: Path) -> None:
    found = run(tmp_path, walks(RED, RED), known=False)[0]
    assert {(segment.reentry_hint, segment.rule_version) for segment in found} == {(None, SEGMENT_RULE)}


def test_no_signature_is_in_events_tracks_or_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        _, events, tracks = run(tmp_path, walks(RED, BLUE, RED))
    whole, box = np.array([[0.0, 0.0, 9.0, 9.0]]), np.zeros((9, 9, 3), np.uint8)
    for colour in (RED, BLUE):
        for number in VividEncoder().encode(box + np.array(colour, np.uint8), whole).ravel():
            assert f"{number:.4f}"[1:] not in events.decode() + tracks + caplog.text
    for word in ("signature", "embedding", "look", "colour", "array("):
        assert word not in events.decode() + tracks + caplog.text


class Told:
    """Keeps what is told of looks."""

    def __init__(self) -> None:
        self.looks: list[tuple[str, np.ndarray, int]] = []

    def send(self, segment_id: str, signature: np.ndarray, time_ms: int) -> None:
        self.looks.append((segment_id, signature, time_ms))


@pytest.mark.parametrize("window_s", [0.0, 300.0])
def test_looks_are_told_under_the_ids_of_the_segments(tmp_path: Path, window_s: float) -> None:
    (tmp_path / "camera.toml").write_text(CONFIG, encoding="utf-8")
    settings = load_camera_config(tmp_path / "camera.toml")
    sink, told = MemorySink(), Told()
    telling = SignatureRules(views_each=2, most_per_track=3, least_people=2)
    recognition = Recognition(VividEncoder(), replace(SHARP, window_s=window_s), telling)
    source = VideoObservations(FakeCamera(walks(RED, BLUE, RED)), BrightDetector(), settings, recognition=recognition)
    agent = CameraAgent(source, pipeline_rules(settings), sink, FakeClock().monotonic_s)
    agent.tell_looks(told)
    agent.run(lambda: False)
    segments = [draft.data for draft in sink.drafts if isinstance(draft.data, VisitSegment)]
    _, second, third = [each for each in segments if each.phase == "closed"]
    assert [each for each, *_ in told.looks] == [second.segment_id] * 3 + [third.segment_id] * 3
    assert {each.reentry_hint is None for each in segments} == {window_s == 0}
    blue, red = told.looks[0][1], told.looks[3][1]
    assert blue @ red < 0 < blue @ told.looks[1][1]
    assert second.opened_ms < told.looks[0][2] < second.updated_ms


@pytest.mark.parametrize("window_s", [0.0, 300.0])
def test_the_camera_tells_how_often_it_expects_to_be_wrong(tmp_path: Path, window_s: float) -> None:
    (tmp_path / "camera.toml").write_text(CONFIG, encoding="utf-8")
    settings = load_camera_config(tmp_path / "camera.toml")
    recognition = Recognition(VividEncoder(), replace(SHARP, window_s=window_s))
    source = VideoObservations(FakeCamera(walks(RED)), BrightDetector(), settings, recognition=recognition)
    agent = CameraAgent(source, pipeline_rules(settings), MemorySink(), FakeClock().monotonic_s)
    agent.run(lambda: False)
    found = agent.vitals()
    if window_s == 0:
        assert (found.match_threshold, found.false_match_rate) == (None, None)
    else:
        assert found.match_threshold == 1.0  # the least edge of the histogram from 0.999 up
        assert found.false_match_rate == pytest.approx(0.0, abs=0.01)


def test_a_configuration_asks_for_recognition_with_a_real_embedder(tmp_path: Path) -> None:
    video = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for picture in walks(RED)[:8]:
        writer.write(picture)
    writer.release()
    (tmp_path / "camera.toml").write_text(
        CONFIG.replace("[camera]\n", "[camera]\nreentry_s = 60\nsignatures = true\n"), encoding="utf-8"
    )
    clock = FakeClock().as_camera_clock()
    found = replay(load_camera_config(tmp_path / "camera.toml"), video, clock, ModelRegistry())
    assert found.events
