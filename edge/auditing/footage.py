"""Pictures of an audit's video: in order with the times at which they were taken, or one by one for a page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.auditing.folder import AuditError
from edge.camera_building import masked
from edge.camera_settings import CameraConfig
from edge.ports import Frame, Image, Stopped

_FAR_AHEAD = 100
_TRIED_FRAME = 12


class RecordedFrames:
    """A recording as a frame source: each picture at the time at which it was taken.

    Args:
        video: The file.
        times_ms: When each frame was taken, Unix milliseconds.
    """

    def __init__(self, video: Path, times_ms: Sequence[int]) -> None:
        self.name = str(video)
        self._video, self._times_ms = video, times_ms

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """See `FrameSource.frames`."""
        for index, (time_ms, image) in enumerate(zip(self._times_ms, pictures(self._video), strict=False)):
            if stopped():
                return
            yield Frame(image, time_ms, index)


def pictures(video: Path) -> Iterator[Image]:
    """Yield a video's pictures in order.

    Raises:
        AuditError: It cannot be read.
    """
    capture = _open(video)
    try:
        while True:
            taken, image = capture.read()
            if not taken:
                return
            yield np.asarray(image, dtype=np.uint8)
    finally:
        capture.release()


class _OnePicture:
    """A frame source of the picture that it was given last."""

    name = "one picture"
    image: Image

    def frames(self, stopped: Stopped) -> Iterator[Frame]:
        """See `FrameSource.frames`."""
        del stopped
        yield Frame(self.image, 0, 0)


class FrameReader:
    """Gives any frame of a video. Not for several threads at once.

    It jumps where the file's index can be trusted, which is tried once, and reads on from the last frame otherwise.

    Args:
        video: The file.
        config: What its masks cover is black.
    """

    def __init__(self, video: Path, config: CameraConfig) -> None:
        self._video = video
        self._bare = _OnePicture()
        self._masked = masked(config, self._bare)
        self._capture = _open(video)
        self._next = 0
        self._can_jump = self._jumps_right()

    def read(self, index: int) -> Image:
        """Return a frame, counted from 0.

        Raises:
            AuditError: There is no such frame.
        """
        if index < self._next or (self._can_jump and index > self._next + _FAR_AHEAD):
            self._go_to(index)
        while self._next < index and self._capture.grab():
            self._next += 1
        taken, image = self._capture.read()
        if not taken or self._next != index:
            self._go_to(0)
            msg = f"{self._video} has no frame {index}"
            raise AuditError(msg)
        self._next += 1
        self._bare.image = np.asarray(image, dtype=np.uint8)
        return next(iter(self._masked.frames(lambda: False))).image_bgr

    def close(self) -> None:
        """Let go of the file."""
        self._capture.release()

    def _go_to(self, index: int) -> None:
        if self._can_jump:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, index)
            self._next = index
        else:
            self._capture.release()
            self._capture = _open(self._video)
            self._next = 0

    def _jumps_right(self) -> bool:
        """Tell whether the frame that a jump finds is the one that reading on finds."""
        for _ in range(_TRIED_FRAME):
            self._capture.grab()
        read_on = self._capture.read()
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, _TRIED_FRAME)
        jumped = self._capture.read()
        self._capture.release()
        self._capture = _open(self._video)
        return read_on[0] and jumped[0] and np.array_equal(np.asarray(read_on[1]), np.asarray(jumped[1]))


def _open(video: Path) -> cv2.VideoCapture:
    capture = cv2.VideoCapture(str(video))
    if not capture.isOpened():
        msg = f"{video} is no video that can be read; check the path, or convert it to MP4 or AVI"
        raise AuditError(msg)
    return capture
