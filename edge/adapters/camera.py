"""Pictures from a video file, a network camera (RTSP, HTTP) or a USB camera, through OpenCV.

Frames live in memory only: nothing here writes one anywhere.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import cv2
import numpy as np

from edge.errors import FeedError
from edge.ports import Frame, Image, Stopped

logger = logging.getLogger(__name__)

# OpenCV and FFmpeg write to the terminal by themselves; what is wrong is said here, once, with the remedy.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_DEFAULT_FPS = 25.0
_OPEN_TIMEOUT_MS = 10_000
_READ_TIMEOUT_MS = 10_000
_LOOK_S = 0.2
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class CameraClock:
    """Time as a camera needs it.

    Attributes:
        wall_ms: Unix milliseconds.
        monotonic_s: Seconds that never go back.
        sleep: Waits some seconds.
    """

    wall_ms: Callable[[], int]
    monotonic_s: Callable[[], float]
    sleep: Callable[[float], None]


class Capture(Protocol):
    """The part of OpenCV's VideoCapture that is used here."""

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        """Tell whether there is something to read."""
        ...

    def grab(self) -> bool:
        """Take the next frame without decoding it."""
        ...

    def retrieve(self) -> tuple[bool, object]:
        """Decode the frame taken last."""
        ...

    def get(self, property_id: int, /) -> float:
        """Return a property."""
        ...

    def release(self) -> None:
        """Let go of the source."""
        ...


OpenCapture = Callable[[str | int], Capture]


def open_capture(source: str | int) -> Capture:
    """Open a path, address or USB index; a network camera that is silent for ten seconds has failed."""
    if isinstance(source, str) and "://" in source:
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS]
        return cv2.VideoCapture(source, cv2.CAP_FFMPEG, timeouts)
    return cv2.VideoCapture(source)


class VideoFile:
    """A recording. Frame `i` was taken at `start_ms + i / fps`, however fast it is read.

    Args:
        path: The file.
        start_ms: When the first frame was taken, Unix milliseconds.
        clock: For `realtime`.
        realtime: Give frames no sooner than a camera would. Frames for which there was no time are
            dropped and counted, as with a camera. Without it every frame is given, as fast as wanted.
        loop: Begin again at the end; time goes on.
        max_fps: Take at most so many frames a second of the recording; the others are passed over.
        opener: Opens the file.
    """

    def __init__(
        self,
        path: Path,
        start_ms: int,
        clock: CameraClock,
        *,
        realtime: bool = False,
        loop: bool = False,
        max_fps: float | None = None,
        opener: OpenCapture = open_capture,
    ) -> None:
        self.name = str(path)
        self._path, self._start_ms, self._clock, self._opener = path, start_ms, clock, opener
        self._realtime, self._loop, self._max_fps = realtime, loop, max_fps

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """See `FrameSource.frames`."""
        index = 0
        began_s = self._clock.monotonic_s()
        while True:
            first_index = index
            capture = self._open()
            try:
                fps = _fps(capture)
                dropped = 0
                while not stopped() and capture.grab():
                    wanted = _is_wanted(index, fps, self._max_fps)
                    if wanted and self._realtime and not self._in_time(began_s + index / fps, fps, stopped):
                        dropped += 1
                    elif wanted and (image := _decode(capture)) is not None:
                        yield Frame(image, self._start_ms + round(index * 1000 / fps), index, dropped)
                        dropped = 0
                    index += 1
            finally:
                capture.release()
            if stopped() or not self._loop or index == first_index:
                return

    def frames_per_second(self) -> float:
        """Return the recording's frame rate.

        Raises:
            FeedError: There is no such file, or it is no video.
        """
        capture = self._open()
        try:
            return _fps(capture)
        finally:
            capture.release()

    def _in_time(self, due_s: float, fps: float, stopped: Stopped) -> bool:
        """Wait until a frame is due; tell whether it is not too late for it, nor time to stop."""
        while (early_s := due_s - self._clock.monotonic_s()) > 0:
            if stopped():
                return False
            self._clock.sleep(min(early_s, _LOOK_S))
        return early_s > -max(1 / fps, _LOOK_S)

    def _open(self) -> Capture:
        if not self._path.is_file():
            msg = f"camera.source: there is no file {self._path}; check the path"
            raise FeedError(msg)
        capture = self._opener(str(self._path))
        if not capture.isOpened():
            msg = f"camera.source: {self._path} is no video that can be read; convert it to MP4 (H.264) or AVI"
            raise FeedError(msg)
        return capture


class LiveCamera:
    """A network or USB camera. The newest frame counts; those that nobody had time for are dropped.

    It reads in a thread of its own and connects again, for ever, when the camera falls silent.

    Args:
        source: An address such as rtsp://host/stream, or the index of a USB camera.
        clock: Its wall clock is read once; from then on time is monotonic, so that it never goes back.
        max_fps: Take at most so many frames a second; the others are passed over.
        opener: Opens the camera.
    """

    def __init__(
        self,
        source: str | int,
        clock: CameraClock,
        *,
        max_fps: float | None = None,
        opener: OpenCapture = open_capture,
    ) -> None:
        self.name = without_password(source)
        self._source, self._clock, self._opener = source, clock, opener
        self._least_gap_s = 0.0 if max_fps is None else 1 / max_fps
        self._fresh = threading.Condition()
        self._newest: tuple[Image, float, int] | None = None
        self._ended = threading.Event()

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """See `FrameSource.frames`. It ends only when it is told to."""
        began_ms, began_s = self._clock.wall_ms(), self._clock.monotonic_s()
        self._ended.clear()
        reader = threading.Thread(target=self._read, name=f"camera {self.name}", daemon=True)
        reader.start()
        last = -1
        try:
            while not stopped():
                with self._fresh:
                    self._fresh.wait_for(lambda: self._newest is not None, timeout=_LOOK_S)
                    newest, self._newest = self._newest, None
                if newest is not None:
                    image, taken_s, index = newest
                    yield Frame(image, began_ms + round((taken_s - began_s) * 1000), index, index - last - 1)
                    last = index
        finally:
            self._ended.set()
            reader.join(timeout=_READ_TIMEOUT_MS / 1000)

    def _read(self) -> None:
        wait_s = _FIRST_WAIT_S / 2
        index = 0
        while not self._ended.is_set():
            capture = self._opener(self._source)
            before = index
            try:
                index = self._read_until_silent(capture, index)
            finally:
                capture.release()
            if self._ended.is_set():
                return
            wait_s = _FIRST_WAIT_S if index > before else min(wait_s * 2, _LONGEST_WAIT_S)
            logger.warning("camera %s gives no picture; trying again in %.0f s", self.name, wait_s)
            self._wait(wait_s)

    def _read_until_silent(self, capture: Capture, index: int) -> int:
        """Put frames where `frames` finds them; return the next frame's index when the camera is silent."""
        taken_before_s = -self._least_gap_s
        while not self._ended.is_set() and capture.isOpened() and capture.grab():
            taken_s = self._clock.monotonic_s()
            if taken_s - taken_before_s < self._least_gap_s:
                continue
            image = _decode(capture)
            if image is None:
                break
            with self._fresh:
                self._newest = (image, taken_s, index)
                self._fresh.notify()
            taken_before_s = taken_s
            index += 1
        return index

    def _wait(self, seconds: float) -> None:
        until_s = self._clock.monotonic_s() + seconds
        while not self._ended.is_set() and (left_s := until_s - self._clock.monotonic_s()) > 0:
            self._clock.sleep(min(left_s, _LOOK_S))


def without_password(source: str | int) -> str:
    """Return what may be shown of a source."""
    if isinstance(source, int):
        return f"usb:{source}"
    parts = urlsplit(source)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _fps(capture: Capture) -> float:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 0 < fps < 1000 else _DEFAULT_FPS  # noqa: PLR2004 - beyond it the header is wrong


def _is_wanted(index: int, fps: float, max_fps: float | None) -> bool:
    """Tell whether a frame is taken when at most `max_fps` evenly spread ones are."""
    if max_fps is None or max_fps >= fps:
        return True
    return int(index * max_fps / fps) != int((index - 1) * max_fps / fps) or index == 0


def _decode(capture: Capture) -> Image | None:
    taken, image = capture.retrieve()
    return np.asarray(image, dtype=np.uint8) if taken else None
