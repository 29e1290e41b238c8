"""Cuts people out of footage as the bundled detector sees them. Pictures stay in memory and are written nowhere."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import PersonDetector
from models.errors import ModelError
from models.loader import load_model
from models.registry import DEFAULT_DETECTOR, ModelRegistry
from models.video import opencv_resize

_SIZE_WH_PX = (64, 128)
_INPUT_WH_PX = (640, 352)
_LEAST_SCORE = 0.45
_LEAST_TALL_PX, _LEAST_WIDE_PX = 60.0, 20.0


def cut_people(footage: Path, registry: ModelRegistry, every: int = 12) -> NDArray[np.uint8]:
    """Return the people in a video, shape (N, 3, 128, 64), RGB.

    Args:
        footage: The video.
        registry: Knows the detector.
        every: Look at one of so many frames.

    Raises:
        ModelError: The video cannot be read, or nobody is in it.
    """
    detector = PersonDetector(
        load_model(registry.get(DEFAULT_DETECTOR)), _INPUT_WH_PX, opencv_resize, score_threshold=_LEAST_SCORE
    )
    capture = cv2.VideoCapture(str(footage))
    found: list[NDArray[np.uint8]] = []
    number = 0
    while (got := capture.read())[0]:
        if number % every == 0:
            found += _people(np.asarray(got[1], np.uint8), detector)
        number += 1
    capture.release()
    if not found:
        msg = (
            f"nobody was found in {footage} ({number} frames); give footage with people of {_LEAST_TALL_PX:.0f} pixels"
        )
        raise ModelError(msg)
    return np.ascontiguousarray(np.stack(found)[..., ::-1].transpose(0, 3, 1, 2))


def _people(frame: NDArray[np.uint8], detector: PersonDetector) -> list[NDArray[np.uint8]]:
    boxes, _ = detector.detect(frame)
    sizes = boxes[:, 2:] - boxes[:, :2]
    boxes = boxes[(sizes[:, 0] > _LEAST_WIDE_PX) & (sizes[:, 1] > _LEAST_TALL_PX)].round().astype(np.int64)
    return [opencv_resize(frame[top:bottom, left:right], _SIZE_WH_PX) for left, top, right, bottom in boxes]
