"""The parts of the build that need no download."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="building models needs the extra dev; running them does not")

from models.building.__main__ import RANGES  # noqa: E402
from models.building.calibrate import measure_ranges, read_ranges, write_ranges  # noqa: E402
from models.building.quantize import calibrated_tensors, quantize  # noqa: E402
from models.registry import ModelRegistry  # noqa: E402
from tests.unit.models.test_detection import nearest  # noqa: E402

FLOAT = ModelRegistry().get("nanodet-g-person")
INTEGER = ModelRegistry().get("nanodet-g-person-int8")


def test_weights_and_committed_ranges_give_the_committed_integer_model_byte_for_byte() -> None:
    built = quantize(onnx.load(FLOAT.path), read_ranges(RANGES))
    assert built.SerializeToString(deterministic=True) == INTEGER.path.read_bytes()


def test_calibration_measures_every_range_that_quantization_needs(tmp_path: Path) -> None:
    model = onnx.load(FLOAT.path)
    frames = [np.random.default_rng(seed).integers(0, 255, (60, 90, 3), np.uint8) for seed in (1, 2)]
    ranges = measure_ranges(model, FLOAT.manifest, frames, (96, 64), nearest)
    assert set(ranges) == set(calibrated_tensors(model)) == set(read_ranges(RANGES))
    assert all(low <= high for low, high in ranges.values())
    write_ranges(tmp_path / "ranges.json", ranges, "noise")
    assert read_ranges(tmp_path / "ranges.json") == ranges


def test_calibration_needs_a_frame() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        measure_ranges(onnx.load(FLOAT.path), FLOAT.manifest, [], (96, 64), nearest)
