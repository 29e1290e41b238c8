"""Measures the ranges of a float model's activations over frames of a video."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from models.building.quantize import Range, calibrated_tensors
from models.detection import Image, Resize, fit_letterbox, prepare_batch
from models.loader import open_session
from models.manifest import ModelManifest

_DIGITS = 5  # more would only record one processor's rounding


def measure_ranges(
    model: onnx.ModelProto,
    manifest: ModelManifest,
    frames: Iterable[Image],
    input_wh_px: tuple[int, int],
    resize: Resize,
) -> dict[str, Range]:
    """Return least and greatest value of every activation that quantization needs.

    Args:
        model: The float model.
        manifest: Its manifest, which says how it is fed.
        frames: Images, shape (H, W, 3), BGR.
        input_wh_px: Size at which the model will run.
        resize: Shrinks an image to (width_px, height_px).

    Raises:
        ValueError: There were no frames.
    """

    def batches() -> Iterator[NDArray[Any]]:
        for frame in frames:
            letterbox = fit_letterbox((frame.shape[1], frame.shape[0]), input_wh_px)
            yield prepare_batch(frame, letterbox, manifest, resize)

    return ranges_over(model, manifest.inputs[0].name, batches())


def ranges_over(model: onnx.ModelProto, input_name: str, batches: Iterable[NDArray[Any]]) -> dict[str, Range]:
    """Return least and greatest value of every activation that quantization needs, over batches of input.

    Raises:
        ValueError: There were none.
    """
    names = calibrated_tensors(model)
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    exposed.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = open_session(exposed.SerializeToString(), source="the model to calibrate")
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for batch in batches:
        values = session.run(names, {input_name: batch})
        low = np.minimum(low, [value.min() for value in values])
        high = np.maximum(high, [value.max() for value in values])
    if not np.isfinite(low).all():
        msg = "calibration needs at least one frame, got none"
        raise ValueError(msg)
    return {name: (_rounded(least), _rounded(greatest)) for name, least, greatest in zip(names, low, high, strict=True)}


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def write_ranges(path: Path, ranges: Mapping[str, Range], note: str) -> None:
    """Write ranges as JSON that a person can review line by line."""
    lines = [f"    {json.dumps(name)}: {json.dumps(list(limits))}" for name, limits in ranges.items()]
    text = "\n".join(["{", f'  "note": {json.dumps(note)},', '  "ranges": {', ",\n".join(lines), "  }", "}", ""])
    path.write_text(text, encoding="utf-8")


def read_ranges(path: Path) -> dict[str, Range]:
    """Return the ranges that `write_ranges` wrote."""
    document = json.loads(path.read_text(encoding="utf-8"))
    return {name: (low, high) for name, (low, high) in document["ranges"].items()}
