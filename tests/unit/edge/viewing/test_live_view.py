"""The live view hides heads, is drawn only while somebody looks, and keeps nothing."""

import builtins
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from contracts.events import draft_event
from contracts.payloads import FootfallCrossing, Stay, VisitSegment, ZoneCount, ZoneOccupancy
from edge.adapters.local_page import Request
from tests.fakes.cameras import BrightDetector, FakeCamera, MemorySink, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

import cv2
from msgspec.structs import replace

from edge.adapters.hidden_heads import MOST_BLOCKS, head_regions
from edge.camera_config import load_camera_config
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.core.tracker import TrackedBox
from edge.main import live_view, run_camera, view_camera
from edge.ports import Frame, Image
from edge.viewing import live_view as live_view_module
from edge.viewing.live_view import HIDDEN_FOR_MS, MOST_WATCHERS, LiveView
from edge.viewing.painting import paint
from tests.unit.edge.auditing.scenes import CONFIG, clip, walk

ZONE = '[[zone]]\nid = "shelf-1"\nkind = "shelf"\npoints = [[10, 20], [200, 20], [200, 230]]\n'
NOBODY = np.zeros((0, 4))


def config_of(tmp_path: Path, more: str = ZONE) -> CameraConfig:
    text = CONFIG.replace("rtsp://user:secret@192.0.2.1/x", "file:clip.avi")
    (tmp_path / "camera.toml").write_text(text + more, encoding="utf-8")
    return load_camera_config(tmp_path / "camera.toml")


def view_of(tmp_path: Path) -> LiveView:
    return LiveView(config_of(tmp_path), "camera", lambda _: None)


def noise(wh_px: tuple[int, int] = (320, 240)) -> Image:
    grey = np.random.default_rng(3).integers(0, 255, (wh_px[1], wh_px[0], 1), dtype=np.uint8)
    return np.repeat(grey, 3, axis=2)  # JPEG keeps brightness better than colours


def decode(jpeg: bytes) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


def coarse_part(image: Image, box: np.ndarray) -> tuple[float, float]:
    """Return how much a head's region varies within squares, and how much noise does."""
    ((x1, y1, x2, y2),) = head_regions(box.reshape(1, 4), (image.shape[1], image.shape[0]))
    part = image[y1:y2, x1:x2]
    squares = cv2.resize(part, (MOST_BLOCKS, MOST_BLOCKS), interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(squares, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
    return float(np.abs(np.asarray(smooth, float) - part).mean()), float(np.std(part))


@pytest.mark.parametrize("who", ["told", "foretold", "doubtful", "seen a moment ago"])
def test_nobodys_head_shows(who: str) -> None:
    image, box = noise(), np.array([120.0, 60.0, 180.0, 220.0])
    told = [TrackedBox(1, tuple(box.tolist()), 0.5, is_foretold=who == "foretold")] if "told" in who else []
    doubtful = box.reshape(1, 4) if who == "doubtful" else NOBODY
    recent = box.reshape(1, 4) if who == "seen a moment ago" else NOBODY
    shown = decode(paint(image, told, doubtful, recent, None))
    assert coarse_part(image, box)[0] > 50  # the noise, as it comes from the camera
    inside = np.array([140.0, 72.0, 160.0, 150.0])  # the head without the frame that is drawn around the box
    assert coarse_part(shown, inside)[0] < 12
    assert np.abs(shown[230:, :].astype(int) - image[230:, :]).mean() < 20  # elsewhere the picture is the camera's


def test_a_wide_picture_is_made_smaller_with_everything_in_its_place(tmp_path: Path) -> None:
    rules = pipeline_rules(config_of(tmp_path))
    shown = decode(paint(np.zeros((480, 1920, 3), np.uint8), [], NOBODY, NOBODY, rules))
    assert shown.shape == (240, 960, 3)
    yellow = (shown[..., 0] < 90) & (shown[..., 1] > 130) & (shown[..., 2] > 180)
    _, columns = np.nonzero(yellow)
    assert 75 <= np.median(columns) <= 85  # the line at x = 160 of the wide picture


@contextmanager
def fed(view: LiveView, image: Image, told: list[TrackedBox] | None = None) -> Iterator[None]:
    """Give the view frames until the block ends, as an agent would."""
    stop, index = threading.Event(), count()

    def feed() -> None:
        while not stop.wait(0.005):
            number = next(index)
            view.on_detected(NOBODY)
            view.on_tracked(Frame(image, 1000 + 100 * number, number), told or [])

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def stream(view: LiveView):
    return view.handlers()["GET", "/stream"](Request("GET", "/stream", {}, b""))


def test_pictures_come_while_somebody_looks_and_end_with_the_view(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    pieces = stream(view).body
    assert not isinstance(pieces, bytes)
    with fed(view, picture([(50, 60)])):
        for _ in range(3):
            piece = next(pieces)
            head, _, jpeg = piece.partition(b"\r\n\r\n")
            assert head.startswith(b"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: ")
            assert decode(jpeg).shape == (240, 320, 3)
        assert view.figures().watchers == 1
        view.end()
        assert list(pieces) == []
    assert view.figures().watchers == 0


def test_without_anybody_who_looks_nothing_is_drawn_or_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_view_module, "paint", lambda *_: pytest.fail("drawn for nobody"))
    view = view_of(tmp_path)
    for index in range(100):
        view.on_detected(np.array([[1.0, 2.0, 3.0, 4.0]]))
        view.on_tracked(Frame(noise(), 100 * index, index), [])
    assert view._seen is None
    assert len(view._hidden) <= HIDDEN_FOR_MS / 100 + 2
    assert view.figures().frames == 100


def test_all_who_look_share_one_drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = count()

    def drawing(*_: object) -> bytes:
        return b"jpeg %d" % next(drawn)

    monkeypatch.setattr(live_view_module, "paint", drawing)
    view = view_of(tmp_path)
    view._watchers = 1
    view.on_tracked(Frame(noise(), 0, 0), [])
    for _ in range(3):
        assert next(iter(stream(view).body)).endswith(b"jpeg 0\r\n")


def test_only_so_many_may_look(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    view._watchers = MOST_WATCHERS
    reply = stream(view)
    assert reply.status == 503
    assert b"close another page" in reply.body


def test_whom_the_detector_loses_for_a_moment_stays_hidden(tmp_path: Path) -> None:
    view = view_of(tmp_path)
    view._watchers = 1
    view.on_detected(np.array([[120.0, 60.0, 180.0, 220.0]]))
    view.on_tracked(Frame(noise(), 0, 0), [])
    for time_ms, is_hidden in ((1000, True), (HIDDEN_FOR_MS + 1, False)):
        view.on_detected(NOBODY)
        view.on_tracked(Frame(noise(), time_ms, 1), [])
        assert view._seen is not None
        assert len(view._seen.recent) == is_hidden


def test_figures_add_up_what_the_events_tell(tmp_path: Path) -> None:
    settings = config_of(tmp_path)
    view, sink = view_of(tmp_path), MemorySink()
    crossing = FootfallCrossing(
        tripwire_id="door",
        tripwire_kind="entrance",
        direction="in",
        track_id="t",
        confidence=1.0,
        rule_version="crossing-2",
    )
    stays = (
        Stay(zone_id="shelf-1", zone_kind="shelf", entered_ms=1000, left_ms=3000),
        Stay(zone_id="shelf-1", zone_kind="shelf", entered_ms=5000),
    )
    closed = VisitSegment(
        segment_id="018bcfe5-687b-7394-9be1-000000000001",
        track_id="t",
        phase="closed",
        ordinal=1,
        opened_ms=0,
        updated_ms=9000,
        closed_ms=9000,
        stays=stays,
        rule_version="segment-1",
    )
    people = ZoneOccupancy(zones=(ZoneCount(zone_id="shelf-1", zone_kind="shelf", people=2),))
    before = view.figures()
    assert (before.zones[0].people, before.zones[0].mean_dwell_s, before.sends_events) == (None, None, False)
    view.sink = sink
    source = settings.device.source
    facts = (crossing, replace(closed, phase="update"), closed, people)
    drafts = [draft_event(source, data, 9000, str(index)) for index, data in enumerate(facts)]
    view.emit(drafts, 7)
    figures = view.figures()
    assert [(line.crossed_in, line.crossed_out) for line in figures.lines] == [(1, 0)]
    assert (figures.zones[0].people, figures.zones[0].stays, figures.zones[0].mean_dwell_s) == (2, 2, 3.0)
    assert (figures.visits, figures.sends_events, figures.is_drawn) == (1, True, True)
    assert (len(sink.drafts), sink.offsets) == (4, [7])


def test_a_view_counts_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip(tmp_path / "clip.avi", walk(0, frames=60))
    settings = config_of(tmp_path)
    monkeypatch.setattr("edge.camera_building.OnnxDetector", lambda *_: BrightDetector())
    monkeypatch.setattr(
        "edge.camera_building.VideoFile",
        lambda *_, **__: FakeCamera([picture(place) for place in walk(0, frames=60)]),
    )
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    written: list[object] = []
    really_open, really_os_open = builtins.open, os.open

    def watched_open(file: object, mode: str = "r", *more: object, **options: object) -> object:
        if set(mode) & set("wax+"):
            written.append(file)
        return really_open(file, mode, *more, **options)  # type: ignore[call-overload]

    def watched_os_open(path: object, flags: int, *more: object, **options: object) -> object:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(path)
        return really_os_open(path, flags, *more, **options)  # type: ignore[arg-type]

    for module in (builtins, io):
        monkeypatch.setattr(module, "open", watched_open)
    monkeypatch.setattr(os, "open", watched_os_open)
    monkeypatch.setattr(cv2, "imwrite", lambda *_: pytest.fail("a picture was written"))
    monkeypatch.setattr(cv2, "VideoWriter", lambda *_: pytest.fail("a video was written"))
    view = live_view(settings)
    view._watchers = 1
    view_camera(settings, tmp_path / "models", threading.Event(), view)
    assert view._seen is not None
    view._paint(view._seen)
    figures = view.figures()
    assert (figures.frames, figures.lines[0].crossed_in, figures.visits) == (60, 1, 1)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert written == []


class FakeDevice:
    """A device without outbox and broker."""

    outbox = None

    def __init__(self, *_: object) -> None: ...

    @contextmanager
    def running(self) -> Iterator[None]:
        yield

    def wake(self) -> None: ...


def test_nobody_is_shown_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`edge run` gives the agent no hook through which a picture could be shown."""
    given: dict[str, object] = {}

    def build(*_: object, **options: object) -> NoReturn:
        given.update(options)
        raise KeyboardInterrupt

    monkeypatch.setattr("edge.main.build_camera_agent", build)
    monkeypatch.setattr("edge.main.Device", FakeDevice)
    with pytest.raises(KeyboardInterrupt):
        run_camera(config_of(tmp_path), tmp_path / "models", threading.Event())
    assert (given["on_tracked"], given["on_detected"]) == (None, None)


def test_with_run_events_go_on_to_the_outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}

    def build(_: object, sink: object, *__: object, **options: object) -> NoReturn:
        given.update(options, sink=sink)
        raise KeyboardInterrupt

    monkeypatch.setattr("edge.main.build_camera_agent", build)
    monkeypatch.setattr("edge.main.Device", FakeDevice)
    view = view_of(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_camera(config_of(tmp_path), tmp_path / "models", threading.Event(), view)
    assert given["sink"] is view
    assert view.sink is not None
    assert given["on_tracked"] == view.on_tracked
