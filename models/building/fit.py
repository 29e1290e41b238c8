"""Makes integers err less: ranges that lose least, and biases that put back what rounding took."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from models.building.quantize import Range, calibrated_tensors
from models.loader import open_session

Array = NDArray[np.float64]
Batches = Sequence[NDArray[np.float32]]

_LEVELS = 255
_SHARES = np.linspace(0.3, 1.0, 29)
_SAMPLED = 20_000
_DIGITS = 5


def fitting_ranges(
    model: onnx.ModelProto, input_name: str, batches: Batches, float_from: str | None = None
) -> dict[str, Range]:
    """Return the range of every activation that quantization needs with which its values err least, squared.

    Args:
        model: The float model.
        input_name: Its input.
        batches: Inputs to measure on.
        float_from: As in `quantize`.
    """
    values: dict[str, list[NDArray[np.float32]]] = {name: [] for name in calibrated_tensors(model, float_from)}
    limits = dict.fromkeys(values, (0.0, 0.0))
    for shown in _run(_showing(model, list(values)), list(values), input_name, batches):
        for name, found in shown.items():
            low, high = limits[name]
            limits[name] = min(low, float(found.min())), max(high, float(found.max()))
            flat = found.reshape(-1)
            values[name].append(flat[:: max(1, flat.size // _SAMPLED)])
    return {name: _fitting(np.concatenate(some), *limits[name]) for name, some in values.items()}


def _fitting(values: NDArray[np.float32], low: float, high: float) -> Range:
    """Return the part of a range, 0 in it, that makes values err least when they are rounded to its steps."""
    some = values.astype(np.float64)
    errors = [((_stepped(some, low * share, high * share) - some) ** 2).mean() for share in _SHARES]
    share = float(_SHARES[int(np.argmin(errors))])
    return float(f"{low * share:.{_DIGITS}g}"), float(f"{high * share:.{_DIGITS}g}")


def _stepped(values: Array, low: float, high: float) -> Array:
    step = (high - low) / _LEVELS or 1.0
    zero = round(-low / step)
    stepped: Array = (np.clip(np.rint(values / step) + zero, 0, _LEVELS) - zero) * step
    return stepped


def corrected(model: onnx.ModelProto, integer: onnx.ModelProto, input_name: str, batches: Batches) -> onnx.ModelProto:
    """Return an integer model each of whose convolutions gives the same mean in every channel as the float one.

    Rounded weights and inputs shift what a convolution gives, all pictures alike, and more with every layer. Layer by
    layer the bias takes the shift back (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
    Correction", ICCV 2019, section 4.2, with pictures).

    Args:
        model: The float model.
        integer: What `quantize` made of it.
        input_name: Their input.
        batches: Inputs to measure on.
    """
    outputs = [node.output[0] for node in model.graph.node if node.op_type == "Conv"]
    wanted = _means(_run(_showing(model, outputs), outputs, input_name, batches))
    better = onnx.ModelProto()
    better.CopyFrom(integer)
    constants = {tensor.name: tensor for tensor in better.graph.initializer}
    biases = {node.output[0]: node.input[2] for node in model.graph.node if node.op_type == "Conv"}
    for name in outputs:
        found = _means(_run(up_to(better, name), [name], input_name, batches))
        _shift(constants, biases[name], wanted[name] - found[name])
    return better


def _shift(constants: Mapping[str, onnx.TensorProto], bias: str, by: Array) -> None:
    """Add to a bias, in place: in its own whole steps where it is of whole numbers."""
    is_whole = f"{bias}.integer" in constants
    tensor = constants[f"{bias}.integer"] if is_whole else constants[bias]
    step = numpy_helper.to_array(constants[f"{bias}.scale"]).astype(np.float64) if is_whole else np.ones(1)
    plain = numpy_helper.to_array(tensor)
    moved = plain + (np.rint(by / step) if is_whole else by)
    tensor.CopyFrom(numpy_helper.from_array(moved.astype(plain.dtype), tensor.name))


def _means(shown: Iterable[dict[str, NDArray[np.float32]]]) -> dict[str, Array]:
    """Return the mean of each channel of maps of shape (N, C, H, W)."""
    sums: dict[str, Array] = {}
    counts: dict[str, int] = {}
    for each in shown:
        for name, found in each.items():
            sums[name] = sums.get(name, np.zeros(found.shape[1])) + found.sum(axis=(0, 2, 3), dtype=np.float64)
            counts[name] = counts.get(name, 0) + found[:, 0].size
    return {name: total / counts[name] for name, total in sums.items()}


def _run(
    model: onnx.ModelProto, names: list[str], input_name: str, batches: Iterable[NDArray[Any]]
) -> Iterator[dict[str, NDArray[np.float32]]]:
    session = open_session(model.SerializeToString(), source="the model to fit")
    for batch in batches:
        yield dict(zip(names, session.run(names, {input_name: batch}), strict=True))


def _showing(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    """Return a model that gives more of its tensors."""
    found = onnx.ModelProto()
    found.CopyFrom(model)
    found.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    return found


def up_to(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Return the part of a model that makes one tensor, and no more."""
    nodes = list(model.graph.node)
    last = next(index for index, node in enumerate(nodes) if name in node.output)
    used = {each for node in nodes[: last + 1] for each in node.input}
    found = onnx.ModelProto()
    found.CopyFrom(model)
    for field in (found.graph.node, found.graph.initializer, found.graph.output):
        del field[:]
    found.graph.node.extend(nodes[: last + 1])
    found.graph.initializer.extend(each for each in model.graph.initializer if each.name in used)
    found.graph.output.append(helper.make_empty_tensor_value_info(name))
    return found
