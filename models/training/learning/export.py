"""Writes a trained network as ONNX: normalization folded in, always the same bytes."""

from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.errors import ModelError
from models.training.learning.network import VECTORS, Inverted, Network
from models.training.recipe import Recipe
from models.training.release import Origin

INPUT, OUTPUT = "x", "emb"
FLOAT_FROM = "body.14.0.out"
"""Where maps are smallest and weights most: what follows costs little time in floats."""

HEIGHT_PX, WIDTH_PX = 128, 64

_EPSILON = 1e-12
_SIX = 6.0
_S_PER_MIN = 60


def load_average(checkpoint: Path, assets: tuple[tuple[str, str], ...] = ()) -> tuple[Network, Recipe, Origin]:
    """Return the averaged network of a checkpoint, its recipe, and where its weights come from.

    Args:
        checkpoint: The file.
        assets: Name and licence of what the people on its pictures wore.

    Raises:
        ModelError: There is no such checkpoint.
    """
    try:
        found = torch.load(checkpoint, weights_only=True, map_location="cpu")
    except OSError as error:
        msg = f"checkpoint {checkpoint} cannot be read: {error}; `shopthread models train-reid` writes one"
        raise ModelError(msg) from error
    recipe = msgspec.json.decode(found["recipe"], type=Recipe)
    network = Network(len(found["people"]), recipe.dimensions, recipe.levelled)
    network.load_state_dict(found["average"])
    origin = Origin(
        begun_from=found["begun_from"],
        pictures=found["pictures"],
        people=len(found["people"]),
        steps=found["step"],
        minutes=found["seconds"] / _S_PER_MIN,
        assets=assets,
        styles=recipe.styles,
    )
    return network.eval(), recipe, origin


def to_onnx(network: Network) -> onnx.ModelProto:
    """Return the network as a graph from `x`, (N, 3, 128, 64), to `emb`, (N, dimensions), rows of length 1."""
    writer = _Writer()
    last = writer.body(network, INPUT)
    vectors = [writer.vector(network, index, last) for index in range(VECTORS)]
    joined = writer.graph.add("Concat", vectors, "joined", axis=1)
    scale = writer.graph.constant("scale", np.array(1 / VECTORS**0.5))
    writer.graph.add("Mul", [joined, scale], OUTPUT)
    size = VECTORS * network.reduce[0].out_features
    return writer.graph.model(
        "people_embedder",
        [tensor_info(INPUT, FLOAT, ["N", 3, HEIGHT_PX, WIDTH_PX])],
        [tensor_info(OUTPUT, FLOAT, ["N", size])],
    )


def difference(network: Network, content: bytes, pictures: NDArray[np.float32]) -> float:
    """Return the greatest difference of any number between the network and its file, on normalized pictures."""
    from models.loader import open_session  # noqa: PLC0415 - only who compares needs ONNX Runtime

    session = open_session(content, source="the exported model")
    written = session.run([OUTPUT], {INPUT: pictures})[0]
    with torch.no_grad():
        learned = network.embed(torch.from_numpy(pictures)).numpy()
    return float(np.abs(written - learned).max())


class _Writer:
    """Appends layers to a graph."""

    def __init__(self) -> None:
        self.graph = GraphBuilder()

    def body(self, network: Network, source: str) -> str:
        for index, layer in enumerate(network.features):
            name = f"body.{index}"
            if isinstance(layer, Inverted):
                found = self._units(list(layer.conv), source, name)
                source = self.graph.add("Add", [source, found], f"{name}.sum") if layer.adds else found
            else:
                source = self._units(list(layer), source, name)
            if str(index) in network.levels:
                source = self._level(network.levels[str(index)], source, f"{name}.level")
        return source

    def _level(self, level: nn.Module, source: str, name: str) -> str:
        parameters = [
            self.graph.constant(f"{name}.{key}", _array(value))
            for key, value in (("weight", level.weight), ("bias", level.bias))
        ]
        return self.graph.add("InstanceNormalization", [source, *parameters], f"{name}.out", epsilon=level.eps)

    def _units(self, layers: list[nn.Module], source: str, name: str) -> str:
        """Append convolutions, each with its normalization folded in, and what clips them."""
        for index, layer in enumerate(layers):
            if isinstance(layer, nn.Conv2d):
                source = self._convolution(layer, layers[index + 1], source, f"{name}.{index}")
            elif isinstance(layer, nn.ReLU6):
                low, high = self.graph.constant("zero", np.array(0.0)), self.graph.constant("six", np.array(_SIX))
                source = self.graph.add("Clip", [source, low, high], f"{name}.{index}.clipped")
        return source

    def _convolution(self, layer: nn.Conv2d, norm: nn.BatchNorm2d, source: str, name: str) -> str:
        factor, shift = _affine(norm)
        weight = self.graph.constant(f"{name}.weight", _array(layer.weight) * factor[:, None, None, None])
        bias = self.graph.constant(f"{name}.bias", shift)
        return self.graph.add(
            "Conv",
            [source, weight, bias],
            f"{name}.out",
            kernel_shape=list(layer.kernel_size),
            strides=list(layer.stride),
            pads=[*layer.padding, *layer.padding],
            group=layer.groups,
        )

    def vector(self, network: Network, index: int, source: str) -> str:
        """Append one of the vectors: pooled, reduced by a convolution of one pixel, of length 1."""
        name = f"vector.{index}"
        if index:
            half = HEIGHT_PX // 32 // 2
            bounds = [
                self.graph.constant(f"{name}.{key}", [value], np.int64)
                for key, value in (("first", (index - 1) * half), ("last", index * half), ("axis", 2))
            ]
            source = self.graph.add("Slice", [source, *bounds], f"{name}.part")
        mean = self.graph.add("ReduceMean", [source], f"{name}.mean", axes=[2, 3], keepdims=1)
        most = self.graph.add("ReduceMax", [source], f"{name}.most", axes=[2, 3], keepdims=1)
        pooled = self.graph.add("Sum", [mean, most], f"{name}.pooled")
        factor, shift = _affine(network.neck[index])
        weight = _array(network.reduce[index].weight) * factor[:, None]
        parameters = [
            self.graph.constant(f"{name}.weight", weight[:, :, None, None]),
            self.graph.constant(f"{name}.bias", shift),
        ]
        reduced = self.graph.add("Conv", [pooled, *parameters], f"{name}.reduced", kernel_shape=[1, 1])
        flat = self.graph.add("Flatten", [reduced], f"{name}.flat", axis=1)
        length = self.graph.add("ReduceL2", [flat], f"{name}.length", axes=[1], keepdims=1)
        least = self.graph.constant("least", np.array(_EPSILON))
        safe = self.graph.add("Max", [length, least], f"{name}.safe")
        return self.graph.add("Div", [flat, safe], f"{name}.unit")


def _affine(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a normalization multiplies by and adds, once it is learned."""
    factor = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    return factor, _array(norm.bias) - _array(norm.running_mean) * factor


def _array(values: torch.Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.detach().double().numpy()
    return found
