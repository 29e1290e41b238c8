"""Playing recordings at their own pace, and cameras that fall silent."""

import time
from itertools import count, islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.cameras import FakeCapture, FakeClock, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

from typing import TYPE_CHECKING

import cv2

from edge.adapters.camera import VideoFile
from edge.adapters.live_camera import LiveCamera, without_password
from edge.errors import FeedError

if TYPE_CHECKING:
    from edge.ports import Frame

PICTURES = [picture([(index, 0)]) for index in range(20)]


def video(tmp_path: Path, clock: FakeClock, fps: float = 10.0, **options: bool | float) -> VideoFile:
    path = tmp_path / "some.avi"
    path.touch()
    opener = lambda _: FakeCapture(PICTURES, fps)  # noqa: E731
    return VideoFile(path, 5000, clock.as_camera_clock(), opener=opener, **options)  # type: ignore[arg-type]


def test_frames_have_the_times_of_the_recording(tmp_path: Path) -> None:
    clock = FakeClock()
    frames = list(video(tmp_path, clock).frames(lambda: False))
    assert [frame.time_ms for frame in frames] == [5000 + 100 * i for i in range(20)]
    assert clock.slept_s == []


def test_in_real_time_a_file_is_no_faster_than_a_camera(tmp_path: Path) -> None:
    clock = FakeClock()
    list(video(tmp_path, clock, realtime=True).frames(lambda: False))
    assert sum(clock.slept_s) == pytest.approx(1.9)


def test_in_real_time_a_slow_reader_loses_frames_and_they_are_counted(tmp_path: Path) -> None:
    clock = FakeClock()
    taken = []
    for frame in video(tmp_path, clock, realtime=True).frames(lambda: False):
        taken.append(frame)
        clock.now_s += 0.35
    assert 5 <= len(taken) < 12
    assert sum(frame.dropped for frame in taken) == taken[-1].index + 1 - len(taken)


def test_a_looped_file_goes_on_in_time(tmp_path: Path) -> None:
    looks = count()
    frames = list(video(tmp_path, FakeClock(), loop=True).frames(lambda: next(looks) >= 50))
    assert [frame.index for frame in frames[:45]] == list(range(45))
    assert frames[40].time_ms == 5000 + 4000


def test_a_loop_of_an_empty_file_ends(tmp_path: Path) -> None:
    path = tmp_path / "some.avi"
    path.touch()
    broken = FakeCapture([picture([])])
    broken.grab = lambda: False  # type: ignore[method-assign]
    source = VideoFile(path, 0, FakeClock().as_camera_clock(), loop=True, opener=lambda _: broken)
    assert list(source.frames(lambda: False)) == []
    assert broken.is_released


@pytest.mark.parametrize(("max_fps", "taken"), [(5.0, 10), (3.0, 6), (10.0, 20), (99.0, 20)])
def test_frames_that_were_not_asked_for_are_not_lost(tmp_path: Path, max_fps: float, taken: int) -> None:
    frames = list(video(tmp_path, FakeClock(), max_fps=max_fps).frames(lambda: False))
    assert abs(len(frames) - taken) <= 1
    assert sum(frame.dropped for frame in frames) == 0


def test_a_header_without_a_frame_rate_is_taken_for_25(tmp_path: Path) -> None:
    frames = list(video(tmp_path, FakeClock(), fps=0.0).frames(lambda: False))
    assert frames[1].time_ms - frames[0].time_ms == 40


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    source = VideoFile(tmp_path / "absent.avi", 0, FakeClock().as_camera_clock())
    with pytest.raises(FeedError, match=r"there is no file .*absent\.avi; check the path"):
        next(source.frames(lambda: False))


def test_a_file_that_is_no_video_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.avi"
    path.write_text("no pictures here", encoding="utf-8")
    with pytest.raises(FeedError, match=r"notes\.avi is no video"):
        next(VideoFile(path, 0, FakeClock().as_camera_clock()).frames(lambda: False))


def test_a_camera_that_falls_silent_is_connected_again_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    opened: list[FakeCapture] = []

    def opener(_: str | int) -> FakeCapture:
        opened.append(FakeCapture([] if len(opened) == 1 else PICTURES[:3]))
        return opened[-1]

    clock = FakeClock().as_camera_clock()
    camera = LiveCamera("rtsp://boss:secret@10.0.0.7/door", clock, opener=opener)
    frames = list(camera.frames(lambda: len(opened) >= 4))
    assert all(before.index < after.index for before, after in pairwise(frames))
    assert "camera rtsp://10.0.0.7/door gives no picture; trying again in 1 s" in caplog.text
    assert "trying again in 2 s" in caplog.text
    assert "secret" not in caplog.text
    assert all(capture.is_released for capture in opened)


def test_the_newest_picture_counts_and_lost_ones_are_counted() -> None:
    camera = LiveCamera(0, FakeClock().as_camera_clock(), opener=lambda _: FakeCapture(PICTURES))
    frames: list[Frame] = []
    for frame in camera.frames(lambda: len(frames) >= 2):
        frames.append(frame)
        time.sleep(0.05)
    assert sum(frame.dropped for frame in frames) == frames[-1].index + 1 - len(frames)


def test_a_live_camera_can_be_asked_for_fewer_frames() -> None:
    clock = FakeClock(look_s=0.05)
    camera = LiveCamera(0, clock.as_camera_clock(), max_fps=5.0, opener=lambda _: FakeCapture(PICTURES))
    frames = list(islice(camera.frames(lambda: False), 3))
    gaps_ms = [after.time_ms - before.time_ms for before, after in pairwise(frames)]
    assert min(gaps_ms) >= 199


def test_a_picture_that_cannot_be_decoded_ends_the_connection() -> None:
    class Torn(FakeCapture):
        def retrieve(self) -> tuple[bool, object]:
            return False, None

    opened: list[FakeCapture] = []

    def opener(_: str | int) -> FakeCapture:
        opened.append(Torn(PICTURES) if not opened else FakeCapture(PICTURES))
        return opened[-1]

    camera = LiveCamera(0, FakeClock().as_camera_clock(), opener=opener)
    frames = camera.frames(lambda: False)
    next(frames)
    assert len(opened) >= 2
    assert opened[0].is_released


@pytest.mark.parametrize(
    ("source", "shown"),
    [(3, "usb:3"), ("rtsp://a:b@cam:554/x?y=1", "rtsp://cam:554/x?y=1"), ("http://cam/x", "http://cam/x")],
)
def test_a_password_is_not_shown(source: str | int, shown: str) -> None:
    assert without_password(source) == shown


def test_a_recording_with_torn_frames_counts_them_as_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class TornInTheMiddle(FakeCapture):
        def retrieve(self) -> tuple[bool, object]:
            taken, image = super().retrieve()
            return (False, None) if 5 < self._next <= 9 else (taken, image)

    path = tmp_path / "some.avi"
    path.touch()
    source = VideoFile(path, 0, FakeClock().as_camera_clock(), opener=lambda _: TornInTheMiddle(PICTURES))
    frames = list(source.frames(lambda: False))
    assert len(frames) == 16
    assert sum(frame.dropped for frame in frames) == 4
    assert source.condition().bad_pictures == 4
    assert caplog.text.count("frame 5 cannot be decoded") == 1


def test_a_recording_that_was_cut_off_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class CutOff(FakeCapture):
        def grab(self) -> bool:
            return super().grab() and self._next <= 8

    path = tmp_path / "some.avi"
    path.touch()
    source = VideoFile(path, 0, FakeClock().as_camera_clock(), opener=lambda _: CutOff(PICTURES))
    assert len(list(source.frames(lambda: False))) == 8
    assert "it ends after 8 of 20 frames" in caplog.text


def test_half_a_real_recording_ends_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole, half = tmp_path / "whole.avi", tmp_path / "half.avi"
    writer = cv2.VideoWriter(str(whole), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    for image in PICTURES * 5:
        writer.write(image)
    writer.release()
    content = whole.read_bytes()
    half.write_bytes(content[: len(content) // 2])
    frames = list(VideoFile(half, 0, FakeClock().as_camera_clock()).frames(lambda: False))
    assert 30 < len(frames) < 70
    assert "of 100 frames" in caplog.text


@pytest.mark.parametrize("shape", [(240, 320), (240, 320, 1), (240, 320, 4)])
def test_grey_and_four_channel_pictures_are_taken_as_colour(shape: tuple[int, ...]) -> None:
    odd = [np.zeros(shape, np.uint8)] * 3
    camera = LiveCamera(0, FakeClock().as_camera_clock(), opener=lambda _: FakeCapture(odd))
    assert next(camera.frames(lambda: False)).image_bgr.shape == (240, 320, 3)
