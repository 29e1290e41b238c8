"""What every source of frames promises, checked on the fake and on the real ones."""

import time
from collections.abc import Callable, Iterator
from itertools import count, islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.cameras import FakeCamera, FakeCapture, FakeClock, picture

cv2 = pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.camera import CameraClock, VideoFile, open_capture  # noqa: E402
from edge.adapters.live_camera import LiveCamera  # noqa: E402
from edge.ports import FrameSource, Stopped  # noqa: E402
from tests.fakes.mjpeg_camera import MjpegCamera  # noqa: E402

PICTURES = [picture([(10 + 5 * index, 40)]) for index in range(12)]
START_MS = 1_772_442_000_000
REAL_CLOCK = CameraClock(lambda: time.time_ns() // 1_000_000, time.monotonic, time.sleep)
NETWORK = MjpegCamera(PICTURES, frames_per_connection=15)
Source = Callable[[Path], FrameSource]


@pytest.fixture(scope="module", autouse=True)
def _network() -> Iterator[None]:
    with NETWORK:
        yield


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


def network_camera(_: Path) -> FrameSource:
    return LiveCamera(NETWORK.url, REAL_CLOCK)


def fake(_: Path) -> FrameSource:
    return FakeCamera(PICTURES)


ALL = [fake, video_file, paced_video_file, live_camera, live_fake, network_camera]
RECORDINGS = [fake, video_file, paced_video_file]


def after(frames: int) -> Stopped:
    """Return a `stopped` that ends even a camera that gives nothing."""
    looks = count()
    return lambda: next(looks) >= frames


@pytest.mark.parametrize("make", ALL)
def test_frames_are_pictures_in_order_of_time(make: Source, tmp_path: Path) -> None:
    frames = list(islice(make(tmp_path).frames(after(60)), 4))
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


def test_a_network_camera_that_hangs_up_is_connected_again(caplog: pytest.LogCaptureFixture) -> None:
    connections = NETWORK.connections
    frames = list(islice(LiveCamera(NETWORK.url, REAL_CLOCK).frames(lambda: False), 20))
    assert NETWORK.connections >= connections + 2
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    assert "gives no picture; trying again in 1 s" in caplog.text
    assert "secret" not in caplog.text
