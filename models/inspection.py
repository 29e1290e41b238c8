"""Describes a user's own ONNX file as a manifest, or says why the project cannot run it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from models.errors import ManifestError, ModelRefusedError
from models.loader import FoundTensor, declared_tensors, open_session
from models.manifest import (
    Channels,
    DetectorSettings,
    ModelManifest,
    Preprocessing,
    Task,
    TensorSpec,
)

DETECTOR_OUTPUTS = (
    "a detector must have two float32 outputs: boxes [N, A, 4] as x1, y1, x2, y2 in input pixels, "
    "and scores [N, A] of the class person, before suppression of duplicates"
)
EMBEDDER_OUTPUTS = "an embedder must have one float32 output: one vector per image, [N, D]"
IMAGE_INPUT = "the model must have one image input, uint8 or float32, [N, H, W, 3] or [N, 3, H, W]"
_IMAGE_DIMENSIONS = 4
_CHANNELS = 3
_BOXES_DIMENSIONS = 3
_BOX_NUMBERS = 4
_SCORES_DIMENSIONS = 2


@dataclass(frozen=True, slots=True)
class Description:
    """What the file cannot say of itself."""

    name: str
    task: Task
    licence: str
    provenance: str
    version: str = "1"
    channel_order: Literal["BGR", "RGB"] = "BGR"
    mean: Channels = (0.0, 0.0, 0.0)
    std: Channels = (1.0, 1.0, 1.0)
    size_multiple_px: int = 32
    score_threshold: float = 0.42
    nms_iou: float = 0.5


def describe_file(path: Path, description: Description) -> ModelManifest:
    """Return the manifest of a model file.

    Args:
        path: An ONNX file.
        description: What the user says of it.

    Raises:
        ModelRefusedError: The file cannot be read or opened, or has inputs or outputs of another
            form than the project uses.
        ManifestError: The description is impossible.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"model file {path} cannot be read: {error}; check the path and its permissions"
        raise ModelRefusedError(msg) from error
    inputs, outputs = declared_tensors(open_session(content, source=str(path)))
    image, layout = _image_input(inputs)
    detects = description.task is Task.DETECTOR
    ordered = _detector_outputs(outputs) if detects else _embedder_outputs(outputs)
    manifest = ModelManifest(
        name=description.name,
        version=description.version,
        task=description.task,
        file=f"{description.name}.onnx",
        sha256=hashlib.sha256(content).hexdigest(),
        licence=description.licence,
        provenance=description.provenance,
        inputs=(_spec(image, "image"),),
        outputs=tuple(_spec(tensor, "output") for tensor in ordered),
        preprocessing=_preprocessing(description, layout),
        detector=_settings(description) if detects else None,
    )
    return _validated(manifest)


def _preprocessing(description: Description, layout: Literal["NHWC", "NCHW"]) -> Preprocessing:
    try:
        return Preprocessing(
            layout,
            description.channel_order,
            description.mean,
            description.std,
            description.size_multiple_px,
        )
    except ValueError as error:
        raise ManifestError(str(error)) from error


def _settings(description: Description) -> DetectorSettings:
    return DetectorSettings(description.score_threshold, description.nms_iou)


def _validated(manifest: ModelManifest) -> ModelManifest:
    """Apply the limits that msgspec checks only when it reads."""
    try:
        return msgspec.convert(msgspec.to_builtins(manifest), ModelManifest)
    except msgspec.ValidationError as error:
        msg = f"the description of model {manifest.name!r} is not usable: {error}"
        raise ManifestError(msg) from error


def _image_input(inputs: Sequence[FoundTensor]) -> tuple[FoundTensor, Literal["NHWC", "NCHW"]]:
    if len(inputs) == 1:
        image = inputs[0]
        usable = image.dtype in {"uint8", "float32"} and len(image.shape) == _IMAGE_DIMENSIONS
        if usable and image.shape[3] == _CHANNELS:
            return image, "NHWC"
        if usable and image.shape[1] == _CHANNELS:
            return image, "NCHW"
    msg = f"{IMAGE_INPUT}; the file has {_listed(inputs)}; export it again in that form"
    raise ModelRefusedError(msg)


def _detector_outputs(outputs: Sequence[FoundTensor]) -> list[FoundTensor]:
    boxes = [t for t in outputs if len(t.shape) == _BOXES_DIMENSIONS and t.shape[2] == _BOX_NUMBERS]
    scores = [t for t in outputs if len(t.shape) == _SCORES_DIMENSIONS]
    both = [*boxes, *scores]
    if (len(boxes), len(scores), len(outputs)) == (1, 1, 2) and _all_float(both):
        return both
    msg = f"{DETECTOR_OUTPUTS}; the file has {_listed(outputs)}; export it again in that form"
    raise ModelRefusedError(msg)


def _embedder_outputs(outputs: Sequence[FoundTensor]) -> list[FoundTensor]:
    if len(outputs) == 1 and len(outputs[0].shape) == _SCORES_DIMENSIONS and _all_float(outputs):
        return list(outputs)
    msg = f"{EMBEDDER_OUTPUTS}; the file has {_listed(outputs)}; export it again in that form"
    raise ModelRefusedError(msg)


def _all_float(tensors: Sequence[FoundTensor]) -> bool:
    return all(tensor.dtype == "float32" for tensor in tensors)


def _spec(tensor: FoundTensor, role: str) -> TensorSpec:
    """Return the tensor's declaration with a name for every dimension that may vary."""
    named = replace(
        tensor,
        shape=tuple(
            dimension if isinstance(dimension, int) else str(dimension or f"{role}_{axis}")
            for axis, dimension in enumerate(tensor.shape)
        ),
    )
    return msgspec.convert({"name": named.name, "dtype": named.dtype, "shape": named.shape}, TensorSpec)


def _listed(tensors: Sequence[FoundTensor]) -> str:
    return ", ".join(f"{tensor.name!r} {tensor.dtype} {list(tensor.shape)}" for tensor in tensors) or "none"
