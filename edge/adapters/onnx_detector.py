"""Finds people with an ONNX model of the registry, on the CPU."""

import cv2
import numpy as np

from edge.ports import Boxes, Image, Scores
from models.detection import PersonDetector
from models.loader import LoadedModel


class OnnxDetector:
    """A detector that keeps the picture's aspect ratio and gives boxes in the picture's own pixels.

    Args:
        model: A verified detector.
        input_wh_px: Width and height that the model sees.
        score_threshold: Boxes below it are dropped, 0 to 1. None: the model's own.
        nms_iou: Of two boxes that overlap more, the weaker one is dropped, 0 to 1. None: the model's own.

    Raises:
        ModelRefusedError: The model is no detector, or the size does not suit it.
    """

    def __init__(
        self,
        model: LoadedModel,
        input_wh_px: tuple[int, int],
        score_threshold: float | None = None,
        nms_iou: float | None = None,
    ) -> None:
        self._detector = PersonDetector(model, input_wh_px, _resize, score_threshold=score_threshold, nms_iou=nms_iou)

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        """See `Detector.detect`."""
        return self._detector.detect(image_bgr)


def _resize(image: Image, size_wh_px: tuple[int, int]) -> Image:
    return np.asarray(cv2.resize(image, size_wh_px), dtype=np.uint8)
