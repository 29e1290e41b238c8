"""Signatures of people: run an embedder on pictures of one person each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection import Image, Resize
from models.errors import ModelRefusedError
from models.loader import LoadedModel
from models.manifest import Task

_BATCH = 16
_TINY = 1e-12
_HIGHER_SHARE = 1 / 32


class PersonEmbedder:
    """Runs one embedder on pictures of any size."""

    def __init__(self, model: LoadedModel, resize: Resize) -> None:
        """Prepare an embedder.

        Args:
            model: A verified embedder whose input has a fixed height and width.
            resize: Brings an image to (width_px, height_px); the adapter brings it.

        Raises:
            ModelRefusedError: The model is no embedder, or leaves its input's size open.
        """
        manifest = model.manifest
        if manifest.task is not Task.EMBEDDER:
            msg = f"model {manifest.name!r} is a {manifest.task}, need {Task.EMBEDDER}"
            raise ModelRefusedError(msg)
        shape = manifest.inputs[0].shape
        height, width = shape[2:4] if manifest.preprocessing.layout == "NCHW" else shape[1:3]
        if not (isinstance(height, int) and isinstance(width, int)):
            msg = f"model {manifest.name!r} must fix its input's height and width, got {list(shape)}; export it so"
            raise ModelRefusedError(msg)
        self._model, self._resize, self._wh_px = model, resize, (width, height)
        size = manifest.outputs[0].shape[1]
        self._size = size if isinstance(size, int) else 0

    def embed(self, images_bgr: Sequence[Image]) -> NDArray[np.float32]:
        """Return the signatures of people.

        Args:
            images_bgr: One picture of each, shape (H, W, 3), uint8, BGR, neither side 0.

        Returns:
            Shape (N, D), rows of length 1: of the picture and its mirror image together, as a person is the same from
            either side. The mirror image is cut out a little lower: the next box will not be quite where this one is,
            and two places tell a network's coarse maps more than one.
        """
        parts = [self._run(images_bgr[first : first + _BATCH]) for first in range(0, len(images_bgr), _BATCH)]
        if not parts:
            return np.zeros((0, self._size), dtype=np.float32)
        found = np.concatenate(parts)
        signatures: NDArray[np.float32] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), _TINY)
        return signatures

    def _run(self, images_bgr: Sequence[Image]) -> NDArray[np.float32]:
        wanted = self._model.manifest.preprocessing
        plain = np.stack([self._resize(image, self._wh_px) for image in images_bgr])
        batch = np.concatenate([plain, _higher(plain)[:, :, ::-1]])
        if wanted.channel_order == "RGB":
            batch = batch[..., ::-1]
        fed: NDArray[Any] = batch
        if self._model.manifest.inputs[0].dtype == "float32":
            mean, std = (np.array(channel, np.float32) for channel in (wanted.mean, wanted.std))
            fed = (batch.astype(np.float32) - mean) / std
        if wanted.layout == "NCHW":
            fed = fed.transpose(0, 3, 1, 2)
        found = self._model.run(np.ascontiguousarray(fed))[0]
        both: NDArray[np.float32] = found[: len(plain)] + found[len(plain) :]
        return both


def _higher(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pictures, shape (N, H, W, 3), whose content is a little higher; below, their last row is repeated."""
    rows = round(_HIGHER_SHARE * pictures.shape[1])
    return np.concatenate([pictures[:, rows:], np.repeat(pictures[:, -1:], rows, axis=1)], axis=1)
