"""Finding people in a frame: letterbox, run a detector, threshold, suppress duplicates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelRefusedError
from models.loader import LoadedModel
from models.manifest import ModelManifest, Task

Image = NDArray[np.uint8]  # (H, W, 3), BGR
Resize = Callable[[Image, tuple[int, int]], Image]  # (image, (width_px, height_px)) -> image

_PADDING_GREY = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a frame is shrunk into the model's input with its aspect ratio kept.

    The frame lies at the top left; the rest is grey.
    """

    scale: float
    content_wh_px: tuple[int, int]
    input_wh_px: tuple[int, int]


def fit_letterbox(frame_wh_px: tuple[int, int], input_wh_px: tuple[int, int]) -> Letterbox:
    """Return the largest placement of a frame inside the model's input."""
    scale = min(input_wh_px[0] / frame_wh_px[0], input_wh_px[1] / frame_wh_px[1])
    width_px, height_px = (max(1, round(side_px * scale)) for side_px in frame_wh_px)
    return Letterbox(scale, (width_px, height_px), input_wh_px)


def prepare_batch(image_bgr: Image, letterbox: Letterbox, manifest: ModelManifest, resize: Resize) -> NDArray[Any]:
    """Return an image as a model's manifest wants it, as a batch of one.

    Args:
        image_bgr: Shape (H, W, 3).
        letterbox: Where the image goes within the model's input.
        manifest: Says layout, channel order, normalization and element type.
        resize: Shrinks an image to (width_px, height_px).
    """
    wanted = manifest.preprocessing
    width_px, height_px = letterbox.input_wh_px
    canvas = np.full((height_px, width_px, 3), _PADDING_GREY, dtype=np.uint8)
    content_width_px, content_height_px = letterbox.content_wh_px
    canvas[:content_height_px, :content_width_px] = resize(image_bgr, letterbox.content_wh_px)
    if wanted.channel_order == "RGB":
        canvas = canvas[..., ::-1]
    batch: NDArray[Any] = canvas[np.newaxis]
    if manifest.inputs[0].dtype == "float32":
        mean, std = (np.array(channel, np.float32) for channel in (wanted.mean, wanted.std))
        batch = (batch.astype(np.float32) - mean) / std
    if wanted.layout == "NCHW":
        batch = batch.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(batch)


def suppress_duplicates(
    boxes_xyxy_px: NDArray[np.float64], scores: NDArray[np.float64], iou: float
) -> NDArray[np.intp]:
    """Return which boxes stay when each suppresses weaker ones that overlap it (greedy NMS).

    Args:
        boxes_xyxy_px: Shape (N, 4).
        scores: Shape (N,).
        iou: Intersection over union above which the weaker box goes, 0 to 1.

    Returns:
        Indices of the boxes that stay, best first; equal scores in the order given.
    """
    order = np.argsort(-scores, kind="stable")
    left, top, right, bottom = (np.ascontiguousarray(side) for side in boxes_xyxy_px[order].T)
    areas_px2 = np.maximum(right - left, 0.0) * np.maximum(bottom - top, 0.0)
    stays = np.ones(len(order), dtype=bool)
    for best in range(len(order)):
        if stays[best]:
            wide = np.minimum(right, right[best]) - np.maximum(left, left[best])
            high = np.minimum(bottom, bottom[best]) - np.maximum(top, top[best])
            common_px2 = np.maximum(wide, 0.0) * np.maximum(high, 0.0)
            suppressed = common_px2 > iou * (areas_px2 + areas_px2[best] - common_px2)
            stays[best + 1 :] &= ~suppressed[best + 1 :]
    kept: NDArray[np.intp] = order[stays]
    return kept


class PersonDetector:
    """Runs one detector model on frames of any size."""

    def __init__(
        self,
        model: LoadedModel,
        input_wh_px: tuple[int, int],
        resize: Resize,
        *,
        score_threshold: float | None = None,
        nms_iou: float | None = None,
    ) -> None:
        """Prepare a detector for one input size.

        Args:
            model: A verified detector.
            input_wh_px: Width and height that the model sees; smaller is faster and less exact.
            resize: Shrinks an image to (width_px, height_px); the adapter brings it.
            score_threshold: Boxes below it are dropped, 0 to 1. None: the manifest's.
            nms_iou: Overlap above which the weaker box is dropped, 0 to 1. None: the manifest's.

        Raises:
            ModelRefusedError: The model is no detector, or the size does not suit it.
        """
        settings = model.manifest.detector
        if settings is None:
            msg = f"model {model.manifest.name!r} is a {model.manifest.task}, need {Task.DETECTOR}"
            raise ModelRefusedError(msg)
        multiple_px = model.manifest.preprocessing.size_multiple_px
        if any(side_px <= 0 or side_px % multiple_px for side_px in input_wh_px):
            msg = (
                f"model {model.manifest.name!r} takes sides that are multiples of {multiple_px} "
                f"pixels, got {input_wh_px[0]}x{input_wh_px[1]}"
            )
            raise ModelRefusedError(msg)
        self._model = model
        self._input_wh_px = input_wh_px
        self._resize = resize
        self._score_threshold = settings.score_threshold if score_threshold is None else score_threshold
        self._nms_iou = settings.nms_iou if nms_iou is None else nms_iou

    def detect(self, image_bgr: Image) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the people in a frame.

        Args:
            image_bgr: Shape (H, W, 3), uint8.

        Returns:
            Boxes as (x1, y1, x2, y2) in frame pixels, shape (N, 4), inside the frame, and their
            scores, shape (N,), best first.

        Raises:
            ModelRefusedError: The model's input is fixed to another size than was configured.
        """
        height_px, width_px = image_bgr.shape[:2]
        letterbox = fit_letterbox((width_px, height_px), self._input_wh_px)
        batch = prepare_batch(image_bgr, letterbox, self._model.manifest, self._resize)
        boxes, scores = (output[0].astype(np.float64) for output in self._model.run(batch))
        likely = scores >= self._score_threshold
        boxes, scores = boxes[likely] / letterbox.scale, scores[likely]
        boxes = np.clip(boxes, 0.0, (width_px, height_px, width_px, height_px))
        kept = suppress_duplicates(boxes, scores, self._nms_iou)
        return boxes[kept], scores[kept]
