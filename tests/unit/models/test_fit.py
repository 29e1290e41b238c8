"""Ranges that err least, and biases that take back what rounding shifts."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.loader import open_session

pytest.importorskip("onnx", reason="models are written with the package onnx, which developers and `training` have")

import onnx

from models.building.calibrate import ranges_over
from models.building.fit import corrected, fitting_ranges
from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.building.quantize import calibrated_tensors, quantize


def model() -> onnx.ModelProto:
    """Return two convolutions of which the first clips, and a third behind pooling."""
    rng = np.random.default_rng(4)
    graph = GraphBuilder()
    limits = [graph.constant("zero", np.array(0.0)), graph.constant("six", np.array(6.0))]
    source = "x"
    for name, fed, told in (("a", 3, 12), ("b", 12, 10), ("c", 10, 6)):
        weight = graph.constant(
            f"{name}.weight", rng.normal(0.02, 0.3, (told, fed, 1, 1)) * rng.uniform(0.1, 3, told)[:, None, None, None]
        )
        bias = graph.constant(f"{name}.bias", rng.normal(0, 0.3, told))
        source = graph.add("Conv", [source, weight, bias], f"{name}.out", kernel_shape=[1, 1])
        source = graph.add("Clip", [source, *limits], f"{name}.clipped") if name == "a" else source
    graph.add("ReduceMean", [source], "told", axes=[2, 3], keepdims=0)
    return graph.model("three", [tensor_info("x", FLOAT, ["N", 3, 8, 4])], [tensor_info("told", FLOAT, ["N", 6])])


def batches(seed: int = 1) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    # A few values far out, as pictures have, that ranges must not be stretched by.
    return [
        (rng.normal(0.2, 1, (32, 3, 8, 4)) * rng.choice([1, 1, 1, 8], (32, 1, 1, 1))).astype(np.float32)
        for _ in range(2)
    ]


def told(built: onnx.ModelProto, fed: NDArray[np.float32]) -> NDArray[np.float32]:
    return open_session(built.SerializeToString(), source="a test").run(["told"], {"x": fed})[0]


def error(built: onnx.ModelProto) -> float:
    fed = batches(7)[0]
    return float(((told(built, fed) - told(model(), fed)) ** 2).mean())


def test_ranges_that_err_least_lie_within_the_widest() -> None:
    widest, fitting = (way(model(), "x", batches()) for way in (ranges_over, fitting_ranges))
    assert list(fitting) == calibrated_tensors(model())
    for name, (low, high) in fitting.items():
        assert min(widest[name][0], 0) - 1e-3 <= low <= 0 < high <= widest[name][1] * 1.001
    assert fitting["a.clipped"][1] < widest["x"][1]


def test_a_channels_mean_is_as_in_floats_once_it_is_corrected() -> None:
    built, fed = model(), batches()
    plain = quantize(built, ranges_over(built, "x", fed))
    better = corrected(built, plain, "x", fed)
    shifts = [
        np.abs(told(each, np.concatenate(fed)).mean(axis=0) - told(built, np.concatenate(fed)).mean(axis=0))
        for each in (plain, better)
    ]
    assert shifts[1].max() < 0.5 * shifts[0].max()
    assert error(better) < error(plain)


@pytest.mark.parametrize("float_from", ["b.out", "c.out"])
def test_an_end_in_floats_errs_less_and_stores_eight_bits(float_from: str) -> None:
    built, fed = model(), batches()
    whole, ended = (
        corrected(built, quantize(built, fitting_ranges(built, "x", fed, each), each), "x", fed)
        for each in (None, float_from)
    )
    assert error(ended) < error(whole)
    kinds = {tensor.name: tensor.data_type for tensor in ended.graph.initializer}
    assert all(kinds[f"{name}.weight.integer"] == onnx.TensorProto.INT8 for name in "abc")
    assert "c.weight" not in kinds
    assert {"a.bias.integer", "c.bias"} <= set(kinds)
    assert f"{float_from}.integer" not in {node.output[0] for node in ended.graph.node}
