"""What every source of frames promises, checked on the fake and on the real ones."""

import time
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.cameras import FakeCamera, FakeCapture, FakeClock, picture

cv2 = pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.camera import CameraClock, LiveCamera, VideoFile, open_capture  # noqa: E402
from edge.ports import FrameSource, Stopped  # noqa: E402

PICTURES = [picture([(10 + 5 * index, 40)]) for index in range(12)]
START_MS = 1_772_442_000_000
REAL_CLOCK = CameraClock(lambda: time.time_ns() // 1_000_000, time.monotonic, time.sleep)
Source = Callable[[Path], FrameSource]


def recording(folder: Path) -> Path:
    path = folder / "recording.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (320, 240))
    for image in PICTURES:
        writer.write(image)
    writer.release()
    return path


def video_file(folder: Path) -> FrameSource:
    return VideoFile(recording(folder), START_MS, FakeClock().as_camera_clock())


def paced_video_file(folder: Path) -> FrameSource:
    return VideoFile(recording(folder), START_MS, FakeClock().as_camera_clock(), realtime=True)


def live_camera(folder: Path) -> FrameSource:
    return LiveCamera(0, REAL_CLOCK, opener=lambda _: open_capture(str(recording(folder))))


def live_fake(_: Path) -> FrameSource:
    return LiveCamera("rtsp://user:secret@camera/stream", REAL_CLOCK, opener=lambda _: FakeCapture(PICTURES))


def fake(_: Path) -> FrameSource:
    return FakeCamera(PICTURES)


ALL = [fake, video_file, paced_video_file, live_camera, live_fake]
RECORDINGS = [fake, video_file, paced_video_file]


def after(frames: int) -> Stopped:
    """Return a `stopped` that ends even a camera that gives nothing."""
    looks = count()
    return lambda: next(looks) >= frames


@pytest.mark.parametrize("make", ALL)
def test_frames_are_pictures_in_order_of_time(make: Source, tmp_path: Path) -> None:
    frames = list(make(tmp_path).frames(after(5)))
    assert frames
    for frame in frames:
        assert frame.image_bgr.dtype == np.uint8
        assert frame.image_bgr.shape == (240, 320, 3)
        assert frame.dropped >= 0
    for before, following in pairwise(frames):
        assert following.time_ms >= before.time_ms
        assert following.index > before.index + following.dropped - 1


@pytest.mark.parametrize("make", ALL)
def test_a_source_that_is_told_to_stop_ends(make: Source, tmp_path: Path) -> None:
    assert list(make(tmp_path).frames(lambda: True)) == []


@pytest.mark.parametrize("make", ALL)
def test_a_source_that_nobody_reads_on_lets_go(make: Source, tmp_path: Path) -> None:
    frames = make(tmp_path).frames(lambda: False)
    next(frames)
    frames.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", ALL)
def test_a_name_shows_no_password(make: Source, tmp_path: Path) -> None:
    assert "secret" not in make(tmp_path).name


@pytest.mark.parametrize("make", RECORDINGS)
def test_a_recording_gives_the_same_frames_each_time(make: Source, tmp_path: Path) -> None:
    first, second = ([*make(tmp_path).frames(lambda: False)] for _ in range(2))
    assert len(first) == len(PICTURES)
    assert [(f.time_ms, f.index) for f in first] == [(START_MS + 100 * i, i) for i in range(len(PICTURES))]
    assert all(np.array_equal(a.image_bgr, b.image_bgr) for a, b in zip(first, second, strict=True))
