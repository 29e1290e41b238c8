"""Signatures of people in a picture, with an ONNX model of the registry, on the CPU."""

import numpy as np

from edge.ports import Boxes, Image, Signatures
from models.embedding import PersonEmbedder
from models.loader import LoadedModel
from models.video import opencv_resize


class OnnxEmbedder:
    """An encoder that cuts people out of the picture and runs them through a model as one batch.

    Args:
        model: A verified embedder.

    Raises:
        ModelRefusedError: The model is no embedder, or leaves its input's size open.
    """

    def __init__(self, model: LoadedModel) -> None:
        self._embedder = PersonEmbedder(model, opencv_resize)

    def encode(self, image_bgr: Image, boxes_xyxy_px: Boxes) -> Signatures:
        """See `Encoder.encode`."""
        height, width = image_bgr.shape[:2]
        limits = (width - 1, height - 1, width, height)
        crops = []
        for box in np.rint(boxes_xyxy_px).astype(int).tolist():
            left, top = (min(max(0, side), limit) for side, limit in zip(box[:2], limits[:2], strict=True))
            right, bottom = max(left + 1, min(box[2], limits[2])), max(top + 1, min(box[3], limits[3]))
            crops.append(image_bgr[top:bottom, left:right])
        return self._embedder.embed(crops).astype(np.float64)
