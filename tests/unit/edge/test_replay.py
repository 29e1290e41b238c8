"""A recording that runs again gives the same bytes, and what is counted differently is told."""

import io
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from contracts.events import Source, draft_event, encode_event
from contracts.payloads import FootfallCrossing, Stay, VisitSegment
from tests.fakes.cameras import BrightDetector, FakeCamera, FakeClock, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

import cv2

from edge.camera_agent import CameraAgent
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.core.tracker import TrackedBox
from edge.errors import FeedError
from edge.ports import Frame
from edge.replay import Difference, MotWriter, RecordedEvents, compare_events, read_events, replay
from edge.video_observations import VideoObservations
from models.registry import ModelRegistry
from shopthread.edge_commands import app

SOURCE = Source("acme", "north", "camera-1")
CONFIG = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "file:x.avi"
[[tripwire]]
id = "door"
points = [[160.0, 230.0], [160.0, 10.0]]
"""


def config(tmp_path: Path):
    (tmp_path / "camera.toml").write_text(CONFIG, encoding="utf-8")
    return load_camera_config(tmp_path / "camera.toml")


def walk_through(tmp_path: Path) -> tuple[RecordedEvents, str]:
    """Return the events and tracks of somebody who walks through the picture and is hidden once."""
    settings = config(tmp_path)
    places = [[] if 30 <= index < 32 else [(40 + 4 * index, 100)] for index in range(60)]
    text, events = io.StringIO(), RecordedEvents(SOURCE)
    camera = FakeCamera([picture(place) for place in places])
    source = VideoObservations(camera, BrightDetector(), settings, on_tracked=MotWriter(text).write)
    CameraAgent(source, pipeline_rules(settings), events, FakeClock().monotonic_s).run(lambda: False)
    return events, text.getvalue()


def test_the_same_pictures_give_the_same_bytes_and_tracks(tmp_path: Path) -> None:
    first, again = walk_through(tmp_path), walk_through(tmp_path)
    assert first[0].ndjson() == again[0].ndjson()
    assert first[1] == again[1]
    assert [event.sequence_number for event in first[0].events] == list(range(1, len(first[0].events) + 1))


def test_tracks_are_written_as_motchallenge_text(tmp_path: Path) -> None:
    rows = [line.split(",") for line in walk_through(tmp_path)[1].splitlines()]
    assert {len(row) for row in rows} == {10}
    assert {row[1] for row in rows} == {"1"}
    assert [int(row[0]) for row in rows] == list(range(3, 61))
    frame_20 = [float(field) for field in rows[17]]
    assert frame_20[2:7] == pytest.approx([40 + 4 * 19, 100, 20, 50, 0.9], abs=1.5)
    assert [row[0] for row in rows if float(row[6]) == 0] == ["31", "32"]  # hidden: foretold


def test_no_event_tells_what_anybody_looks_like(tmp_path: Path) -> None:
    written = walk_through(tmp_path)[0].ndjson()
    for word in (b"look", b"signature", b"embedding", b"colour", b"feature", b"box"):
        assert word not in written


def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for index in range(12):
        writer.write(picture([(10 * index, 90)]))
    writer.release()
    return path


def test_a_recording_runs_twice_to_the_same_bytes(tmp_path: Path) -> None:
    video = clip(tmp_path)
    clock = FakeClock().as_camera_clock()
    first, again = (replay(config(tmp_path), video, clock, ModelRegistry(), io.StringIO()) for _ in range(2))
    assert first.ndjson() == again.ndjson() != b""
    path = tmp_path / "events.ndjson"
    path.write_bytes(first.ndjson())
    change = compare_events(read_events(path), again.events)
    assert (change.figures, change.gained, change.lost) == ((), (), ())


def crossing(time_ms: int, direction: str = "in") -> FootfallCrossing:
    return FootfallCrossing(
        tripwire_id="door",
        tripwire_kind="entrance",
        direction=direction,  # type: ignore[arg-type]
        track_id=f"t-{time_ms}",
        confidence=0.9,
        rule_version="crossing-1",
    )


def segment(left_ms: int) -> VisitSegment:
    return VisitSegment(
        segment_id="018bcfe5-687b-7394-9be1-000000000001",
        track_id="t-1",
        phase="closed",
        ordinal=1,
        opened_ms=0,
        updated_ms=9000,
        closed_ms=9000,
        stays=(Stay(zone_id="shelf", zone_kind="shelf", entered_ms=1000, left_ms=left_ms),),
        path=(),
        rule_version="segment-1",
    )


def events_of(*times: int, left_ms: int = 3000):
    drafts = [draft_event(SOURCE, crossing(time_ms), time_ms, time_ms) for time_ms in times]
    numbered = [draft.numbered(SOURCE, index) for index, draft in enumerate(drafts, start=1)]
    return [*numbered, draft_event(SOURCE, segment(left_ms), 9000, 1).numbered(SOURCE, 99)]


def test_what_is_counted_differently_is_told() -> None:
    change = compare_events(events_of(10_000, 20_000, 30_000), events_of(10_400, 40_000, left_ms=4000))
    assert change.figures == (
        Difference("crossings of door in", 3, 2),
        Difference("milliseconds in shelf", 2000, 3000),
    )
    assert change.gained == (("door", "in", 40_000),)
    assert change.lost == (("door", "in", 20_000), ("door", "in", 30_000))


def test_a_file_that_holds_no_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="cannot be read"):
        read_events(tmp_path / "none.ndjson")
    (tmp_path / "bad.ndjson").write_bytes(b'{"what": 1}\n')
    with pytest.raises(FeedError, match=r"bad.ndjson:1 is no event"):
        read_events(tmp_path / "bad.ndjson")


def test_a_foretold_box_outside_the_picture_is_not_written() -> None:
    text = io.StringIO()
    frame = Frame(np.zeros((240, 320, 3), np.uint8), 0, 4)
    outside = TrackedBox(1, (-40.0, 10.0, -10.0, 90.0), 0.0, is_foretold=True)
    MotWriter(text).write(frame, [outside, TrackedBox(2, (-40.0, 10.0, -10.0, 90.0), 0.5)])
    assert text.getvalue() == "5,2,-40.00,10.00,30.00,80.00,0.500,-1,-1,-1\n"


def test_the_command_writes_events_and_tracks_and_compares(tmp_path: Path) -> None:
    config(tmp_path)
    events, mot, old = (tmp_path / name for name in ("events.ndjson", "tracks.txt", "old.ndjson"))
    base = ["replay", str(clip(tmp_path)), "--config", str(tmp_path / "camera.toml")]
    written = CliRunner().invoke(app, [*base, "--events", str(events), "--mot", str(mot)])
    assert written.exit_code == 0, written.output
    assert mot.exists()
    same = CliRunner().invoke(app, [*base, "--compare", str(events)])
    assert "Everything is counted as before." in same.output
    old.write_bytes(b"".join(encode_event(event) + b"\n" for event in events_of(10_000)))
    changed = CliRunner().invoke(app, [*base, "--compare", str(old)])
    assert changed.exit_code == 0, changed.output
    assert "lost: door in at 1970-01-01T00:00:10.000+00:00" in changed.output
    refused = CliRunner().invoke(app, [*base, "--compare", str(tmp_path / "none.ndjson")])
    assert refused.exit_code == 1
