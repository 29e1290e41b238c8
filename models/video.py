"""Reading video files for calibration and evaluation. Needs OpenCV, which the extra `edge` brings."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.detection import Image
from models.errors import ModelError


def read_frames(path: Path, *, first: int = 0, every: int = 1) -> Iterator[tuple[int, Image]]:
    """Yield a video's frames with their indices, counted from 0.

    Args:
        path: The video file.
        first: Index of the first frame to yield.
        every: Yield each n-th frame from there.

    Raises:
        ModelError: The file cannot be opened as a video.
    """
    import cv2  # noqa: PLC0415 - who only loads models needs no OpenCV

    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            msg = f"video {path} cannot be opened; check the path and that it is a video"
            raise ModelError(msg)
        index = 0
        while capture.grab():
            if index >= first and (index - first) % every == 0:
                taken, image = capture.retrieve()
                if taken:
                    yield index, np.asarray(image, dtype=np.uint8)
            index += 1
    finally:
        capture.release()


def opencv_resize(image: Image, size_wh_px: tuple[int, int]) -> Image:
    """Return an image resized bilinearly to (width_px, height_px)."""
    import cv2  # noqa: PLC0415 - who only loads models needs no OpenCV

    return np.asarray(cv2.resize(image, size_wh_px), dtype=np.uint8)
