"""Pictures through OpenCV, from a video file; what opens and decodes them for every camera.

Frames live in memory only: nothing here writes one anywhere.
"""

import logging
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2

from edge.adapters.pictures import as_bgr
from edge.errors import FeedError
from edge.ports import Frame, Image, SourceCondition, Stopped

logger = logging.getLogger(__name__)

# OpenCV and FFmpeg write to the terminal by themselves; what is wrong is said here, once, with the remedy.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_DEFAULT_FPS = 25.0
_OPEN_TIMEOUT_MS = 10_000
_READ_TIMEOUT_MS = 10_000
_LOOK_S = 0.2
_WHOLE_SHARE = 0.98  # headers of whole recordings are off by a frame or two


@dataclass(frozen=True, slots=True)
class CameraClock:
    """Time as a camera needs it.

    Attributes:
        wall_ms: Unix milliseconds.
        monotonic_s: Seconds that never go back.
        sleep: Waits some seconds.
        random: From 0 to 1; keeps cameras that fell silent together from coming back in step.
    """

    wall_ms: Callable[[], int]
    monotonic_s: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float] = lambda: 0.5


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
    """Open a path, address or USB index; a network camera that is silent for ten seconds has failed.

    A file is decoded by one thread: a camera has one core, and more threads would cost it a third more.
    """
    if isinstance(source, str) and "://" in source:
        timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS]
        return cv2.VideoCapture(source, cv2.CAP_FFMPEG, timeouts)
    if isinstance(source, str):
        capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if capture.isOpened():
            return capture
    return cv2.VideoCapture(source)


class VideoFile:
    """A recording. Frame `i` was taken at `start_ms + i / fps`, however fast it is read.

    A frame that cannot be decoded is dropped and counted; a recording that ends before its header says so is told.

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
        self._bad_pictures = 0

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """See `FrameSource.frames`."""
        index = 0
        began_s = self._clock.monotonic_s()
        while True:
            first_index = index
            capture = self._open()
            try:
                index = yield from self._play(capture, index, began_s, stopped)
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

    def _play(
        self, capture: Capture, first_index: int, began_s: float, stopped: Stopped
    ) -> Generator[Frame, None, int]:
        """Yield the frames of one run through the file. Returns the index after the last one."""
        index, fps, dropped = first_index, _fps(capture), 0
        while not stopped():
            if not capture.grab():
                self._check_whole(capture, index - first_index)
                break
            wanted = _is_wanted(index, fps, self._max_fps)
            if wanted and self._realtime and not self._in_time(began_s + index / fps, fps, stopped):
                dropped += 1
            elif wanted and (image := decode(capture)) is not None:
                yield Frame(image, self._start_ms + round(index * 1000 / fps), index, dropped)
                dropped = 0
            elif wanted:
                dropped += 1
                self._note_bad(index - first_index)
            index += 1
        return index

    def condition(self) -> SourceCondition:
        """See `ConditionedSource.condition`."""
        return SourceCondition(bad_pictures=self._bad_pictures)

    def _note_bad(self, index: int) -> None:
        self._bad_pictures += 1
        if self._bad_pictures == 1:
            logger.warning("%s: frame %d cannot be decoded; it and others like it count as dropped", self.name, index)

    def _check_whole(self, capture: Capture, frames: int) -> None:
        """Say so where a recording was cut off: what is missing was not observed."""
        promised = round(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if frames < promised * _WHOLE_SHARE:
            logger.warning("%s: it ends after %d of %d frames, the rest cannot be read", self.name, frames, promised)

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


def _fps(capture: Capture) -> float:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 0 < fps < 1000 else _DEFAULT_FPS  # noqa: PLR2004 - beyond it the header is wrong


def _is_wanted(index: int, fps: float, max_fps: float | None) -> bool:
    """Tell whether a frame is taken when at most `max_fps` evenly spread ones are."""
    if max_fps is None or max_fps >= fps:
        return True
    return int(index * max_fps / fps) != int((index - 1) * max_fps / fps) or index == 0


def decode(capture: Capture) -> Image | None:
    """Return the frame that was grabbed last, None where it cannot be decoded."""
    try:
        taken, image = capture.retrieve()
    except cv2.error:
        return None
    return as_bgr(image) if taken else None
