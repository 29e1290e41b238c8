"""Static INT8 quantization, written out so that weights and ranges give the same bytes anywhere.

The graph keeps its float operators and gets QuantizeLinear/DequantizeLinear pairs around them
(QDQ), which ONNX Runtime fuses into integer kernels. Weights are signed 8 bits with one scale per
output channel, activations unsigned 8 bits with one scale per tensor, biases 32 bits. The last
convolution of each head and everything behind it stay float: quantizing the decoding of boxes
costs accuracy and saves nothing. Where a model's end is told apart (`float_from`), it computes in
floats, too, but its weights are stored in 8 bits, which ONNX Runtime restores once, when it loads.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from models.building.graph import finish, make_node

QUANTIZED_OPERATORS = frozenset({"Conv", "LeakyRelu", "MaxPool", "Concat", "Add", "Resize", "Clip"})
_KEEPS_RANGE = frozenset({"MaxPool", "Resize"})  # fused only where both sides share one scale
_ACTIVATION_LEVELS = 255
_WEIGHT_LIMIT = 127

Range = tuple[float, float]


def quantized_nodes(model: onnx.ModelProto, float_from: str | None = None) -> list[onnx.NodeProto]:
    """Return the nodes that become integer, in order.

    Args:
        model: The float model.
        float_from: The node of this output, and all that needs it, stay float; None: no such node.
    """
    begins_float = {node.input[0] for node in model.graph.node if node.op_type == "Split"} | {float_from}
    stays_float: set[str] = set()
    found = []
    for node in model.graph.node:
        if node.output[0] in begins_float or stays_float.intersection(node.input):
            stays_float.update(node.output)
        elif node.op_type in QUANTIZED_OPERATORS:
            found.append(node)
    return found


def _clipped(graph: onnx.GraphProto) -> set[str]:
    """Return activations that are clipped at once: the range after it says all, and ONNX Runtime fuses the clipping."""
    return {node.input[0] for node in graph.node if node.op_type == "Clip"}


def calibrated_tensors(model: onnx.ModelProto, float_from: str | None = None) -> list[str]:
    """Return the activations whose ranges quantization needs, in order of appearance."""
    integer = quantized_nodes(model, float_from)
    constants = {tensor.name for tensor in model.graph.initializer}
    keeps = {node.output[0] for node in integer if node.op_type in _KEEPS_RANGE}
    keeps |= _clipped(model.graph)
    names: dict[str, None] = {}
    for node in integer:
        for name in (*node.input, *node.output):
            if name and name not in constants and name not in keeps:
                names[name] = None
    return list(names)


def quantize(model: onnx.ModelProto, ranges: Mapping[str, Range], float_from: str | None = None) -> onnx.ModelProto:
    """Return the integer version of a float model.

    Args:
        model: The float model.
        ranges: Least and greatest value of every tensor that `calibrated_tensors` names.
        float_from: The node of this output, and all that needs it, compute in floats, with weights stored in 8 bits.

    Raises:
        KeyError: A range is missing.
    """
    return _Quantizer(model, ranges, float_from).run()


def _rounded(weights: NDArray[Any]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return weights of a convolution as whole steps, and the size of a step for each output channel."""
    greatest = np.abs(weights.astype(np.float64)).max(axis=(1, 2, 3))
    scale = (np.where(greatest > 0, greatest, 1.0) / _WEIGHT_LIMIT).astype(np.float32)
    steps = weights.astype(np.float64) / scale.astype(np.float64)[:, None, None, None]
    return np.clip(np.rint(steps), -_WEIGHT_LIMIT, _WEIGHT_LIMIT).astype(np.int8), scale


class _Quantizer:
    """Rewrites one graph. Names derive from the float model's names alone."""

    def __init__(self, model: onnx.ModelProto, ranges: Mapping[str, Range], float_from: str | None) -> None:
        self._graph = model.graph
        self._stores_all = float_from is not None
        self._integer = {node.output[0]: node for node in quantized_nodes(model, float_from)}
        self._ranges = ranges
        self._clipped = _clipped(model.graph)
        self._constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self._new_constants: dict[str, NDArray[Any]] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._scales: dict[str, float] = {}
        self._zero_points: dict[str, int] = {}

    def run(self) -> onnx.ModelProto:
        activations = self._activations()
        for given in self._graph.input:
            if given.name in activations:
                self._wrap(given.name)
        for node in self._graph.node:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            for index, name in enumerate(node.input):
                if name in activations:
                    copy.input[index] = f"{name}.restored"
            if node.op_type == "Conv" and node.output[0] in self._integer:
                self._quantize_weights(copy, source=node.input[0])
            elif node.op_type == "Conv" and self._stores_all:
                self._store_weights(copy)
            self._nodes.append(copy)
            for name in node.output:
                if name in activations:
                    self._wrap(name)
        return self._model()

    def _activations(self) -> set[str]:
        """Set a scale for every activation of the integer part, and return their names."""
        for node in self._integer.values():
            source = node.input[0]
            if node.op_type in _KEEPS_RANGE:
                self._set_scale(source, self._ranges[source])
                self._scales[node.output[0]] = self._scales[source]
                self._zero_points[node.output[0]] = self._zero_points[source]
                continue
            for name in (*node.input, *node.output):
                if name not in self._constants and name not in self._scales and name not in self._clipped:
                    self._set_scale(name, self._ranges[name])
        return set(self._scales)

    def _set_scale(self, name: str, limits: Range) -> None:
        low, high = min(limits[0], 0.0), max(limits[1], 0.0)
        scale = float(np.float32((high - low) / _ACTIVATION_LEVELS)) or 1.0
        self._scales[name] = scale
        self._zero_points[name] = round(-low / scale)

    def _wrap(self, name: str) -> None:
        scale = self._keep(f"{name}.scale", np.float32(self._scales[name]))
        zero = self._keep(f"{name}.zero", np.uint8(self._zero_points[name]))
        self._pair_up(name, [scale, zero])

    def _pair_up(self, name: str, parameters: list[str]) -> None:
        integer, restored = f"{name}.integer", f"{name}.restored"
        self._append("QuantizeLinear", [name, *parameters], integer)
        self._append("DequantizeLinear", [integer, *parameters], restored)

    def _quantize_weights(self, conv: onnx.NodeProto, *, source: str) -> None:
        """Store a convolution's weights in 8 bits and its bias in 32, restored before use."""
        weights_name, bias_name = conv.input[1], conv.input[2]
        bias = self._constants[bias_name].astype(np.float64)
        integer, scale = _rounded(self._constants[weights_name])
        bias_scale = np.float32(self._scales[source]) * scale
        bias_integer = np.rint(bias / bias_scale.astype(np.float64)).astype(np.int32)
        conv.input[1] = self._restore(weights_name, integer, scale)
        conv.input[2] = self._restore(bias_name, bias_integer, bias_scale)

    def _store_weights(self, conv: onnx.NodeProto) -> None:
        """Store a convolution's weights in 8 bits; not as DequantizeLinear, which would run for every picture."""
        name = conv.input[1]
        integer, scale = _rounded(self._constants[name])
        self._append("Cast", [self._keep(f"{name}.integer", integer)], f"{name}.cast", to=TensorProto.FLOAT)
        factors = self._keep(f"{name}.scale", scale[:, None, None, None])
        self._append("Mul", [f"{name}.cast", factors], f"{name}.restored")
        conv.input[1] = f"{name}.restored"

    def _restore(self, name: str, integer: NDArray[Any], scale: NDArray[np.float32]) -> str:
        """Store a constant as integers with one scale per output channel."""
        inputs = [
            self._keep(f"{name}.integer", integer),
            self._keep(f"{name}.scale", scale),
            self._keep(f"{name}.zero", np.zeros(scale.shape, dtype=integer.dtype)),
        ]
        self._append("DequantizeLinear", inputs, f"{name}.restored", axis=0)
        return f"{name}.restored"

    def _keep(self, name: str, value: ArrayLike) -> str:
        self._new_constants[name] = np.asarray(value)
        return name

    def _append(self, operator: str, inputs: list[str], output: str, **attributes: object) -> None:
        self._nodes.append(make_node(operator, inputs, [output], **attributes))

    def _model(self) -> onnx.ModelProto:
        used = {name for node in self._nodes for name in node.input}
        constants = {**self._constants, **self._new_constants}
        tensors = [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used]
        graph = helper.make_graph(
            self._nodes,
            f"{self._graph.name}_int8",
            list(self._graph.input),
            list(self._graph.output),
            tensors,
        )
        return finish(graph)
