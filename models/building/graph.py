"""A small builder of ONNX graphs: names every tensor, so that the same calls give the same bytes."""

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

OPSET = 13  # the first with per-channel quantization
IR_VERSION = 8


def make_node(operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> onnx.NodeProto:  # noqa: ANN401 - onnx infers each attribute's kind
    """Return a node named after its first output."""
    return helper.make_node(operator, inputs, outputs, name=f"{outputs[0]}:node", **attributes)


class GraphBuilder:
    """Collects nodes and constants in the order of the calls."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}

    def constant(self, name: str, value: "ArrayLike", dtype: "DTypeLike" = np.float32) -> str:
        """Keep a constant under a name and return the name; a repeated name must be equal."""
        array = np.asarray(value, dtype=dtype)
        if name in self._constants and not np.array_equal(self._constants[name], array):
            msg = f"constant {name!r} has two values"
            raise ValueError(msg)
        self._constants[name] = array
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Append a node with one output and return the output's name."""
        return self.add_many(operator, inputs, [output], **attributes)[0]

    def add_many(self, operator: str, inputs: list[str], outputs: list[str], **attributes: object) -> list[str]:
        """Append a node with several outputs and return their names."""
        self._nodes.append(make_node(operator, inputs, outputs, **attributes))
        return outputs

    def absorb(self, graph: onnx.GraphProto, output: str) -> None:
        """Append another graph's nodes and constants. Its first output gets another name."""
        told = graph.output[0].name
        for node in graph.node:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            for names in (copy.input, copy.output):
                names[:] = [output if name == told else name for name in names]
            copy.name = f"{copy.output[0]}:node"
            self._nodes.append(copy)
        self._constants.update({tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer})

    def model(
        self,
        name: str,
        inputs: list[onnx.ValueInfoProto],
        outputs: list[onnx.ValueInfoProto],
    ) -> onnx.ModelProto:
        """Return the checked model."""
        constants = [numpy_helper.from_array(value, key) for key, value in self._constants.items()]
        graph = helper.make_graph(self._nodes, name, inputs, outputs, constants)
        return finish(graph)


def finish(graph: onnx.GraphProto) -> onnx.ModelProto:
    """Return a checked model of a graph, with the project's opset and no build-time stamp."""
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model


def tensor_info(name: str, dtype: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    """Return the declaration of an input or output."""
    return helper.make_tensor_value_info(name, dtype, shape)


UINT8 = TensorProto.UINT8
FLOAT = TensorProto.FLOAT
