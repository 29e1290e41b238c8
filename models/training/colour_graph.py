"""Turns what an embedder's file says, and puts the colours of people beside it."""

import numpy as np
import onnx

from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.manifest import Channels
from models.training.colours import BLOCK_PX, FLOOR, GREY_SHARE, LEAST_SHARE, STRIPES, Colours
from models.training.discriminant import LEAST_LENGTH, Array, Discriminant

_WHITE = 255.0


def with_colours(
    model: onnx.ModelProto, colours: Colours, weight: float, mean: Channels, spread: Channels
) -> onnx.ModelProto:
    """Return a model whose vectors hold colours, too. What it had stays as it is: in integers, where it was so.

    Args:
        model: An embedder of normalized RGB pictures, shape (N, 3, H, W), that gives vectors of length 1.
        colours: Learned from pictures of that height and width.
        weight: Length of the part that tells colours, 0 to 1; the whole vector has length 1.
        mean: What was subtracted from red, green and blue, 0 to 255.
        spread: By what they were divided.
    """
    fed, told = model.graph.input[0], model.graph.output[0]
    count, size = (side.dim_param or side.dim_value for side in told.type.tensor_type.shape.dim)
    graph = GraphBuilder()
    graph.absorb(model.graph, "network")
    shares = _shares(graph, _logarithms(graph, fed.name, mean, spread), colours)
    parts = (("network", (1 - weight**2) ** 0.5), (_described(graph, shares, colours), weight))
    sized = [
        graph.add("Mul", [name, graph.constant(f"{name}.part", np.array(length))], f"{name}.sized")
        for name, length in parts
    ]
    graph.add("Concat", sized, told.name, axis=1)
    wider = tensor_info(told.name, FLOAT, [count, int(size) + colours.projection.shape[1]])
    return graph.model(model.graph.name, [fed], [wider])


def turned(model: onnx.ModelProto, discriminant: Discriminant) -> onnx.ModelProto:
    """Return a model whose vectors are turned, and shorter. What comes before stays as it is: in integers, if so.

    Args:
        model: An embedder that gives vectors of length 1.
        discriminant: Learned from such vectors.
    """
    fed, told = model.graph.input[0], model.graph.output[0]
    count = told.type.tensor_type.shape.dim[0].dim_param
    graph = GraphBuilder()
    graph.absorb(model.graph, "plain")
    _projected(graph, "turned", "plain", (discriminant.mean, discriminant.projection), told.name)
    shorter = tensor_info(told.name, FLOAT, [count, discriminant.projection.shape[1]])
    return graph.model(model.graph.name, [fed], [shorter])


def _projected(graph: GraphBuilder, name: str, source: str, given: tuple[Array, Array], told: str) -> str:
    """Append the product of what differs from a mean and a matrix, of length 1."""
    mean, projection = given
    centred = graph.add("Sub", [source, graph.constant(f"{name}.mean", mean)], f"{name}.centred")
    projected = graph.add("MatMul", [centred, graph.constant(f"{name}.projection", projection)], f"{name}.short")
    length = graph.add("ReduceL2", [projected], f"{name}.length", axes=[1], keepdims=1)
    safe = graph.add("Max", [length, graph.constant(f"{name}.least", np.array(LEAST_LENGTH))], f"{name}.safe")
    return graph.add("Div", [projected, safe], told)


def _logarithms(graph: GraphBuilder, fed: str, mean: Channels, spread: Channels) -> str:
    """Append blocks' colours as logarithms, less a part of the picture's own mean, (N, 3, rows, columns)."""
    factor, shift = (
        graph.constant(f"colours.{name}", np.reshape(values, (1, 3, 1, 1)) / _WHITE)
        for name, values in (("factor", spread), ("shift", mean))
    )
    plain = graph.add("Add", [graph.add("Mul", [fed, factor], "colours.scaled"), shift], "colours.plain")
    block = [BLOCK_PX, BLOCK_PX]
    pooled = graph.add("AveragePool", [plain], "colours.blocks", kernel_shape=block, strides=block)
    floor = graph.constant("colours.floor", np.array(FLOOR))
    bright = graph.add("Add", [graph.add("Relu", [pooled], "colours.above"), floor], "colours.bright")
    found = graph.add("Log", [bright], "colours.logarithm")
    grey = graph.add("ReduceMean", [found], "colours.grey", axes=[2, 3], keepdims=1)
    taken = graph.add("Mul", [grey, graph.constant("colours.grey.share", np.array(GREY_SHARE))], "colours.taken")
    return graph.add("Sub", [found, taken], "colours.balanced")


def _shares(graph: GraphBuilder, balanced: str, colours: Colours) -> str:
    """Append how much of each stripe each typical colour has, (N, colours, stripes)."""
    factors, added = colours.scores()
    listed = graph.constant("colours.listed", [0, 3, -1], np.int64)
    rows = graph.add(
        "Transpose", [graph.add("Reshape", [balanced, listed], "colours.rows")], "colours.places", perm=[0, 2, 1]
    )
    rated = graph.add("MatMul", [rows, graph.constant("colours.factors", factors)], "colours.products")
    scores = graph.add("Add", [rated, graph.constant("colours.added", added)], "colours.scores")
    soft = graph.add("Softmax", [scores], "colours.soft", axis=2)
    turned = graph.add("Transpose", [soft], "colours.turned", perm=[0, 2, 1])
    return graph.add("MatMul", [turned, graph.constant("colours.stripes", colours.stripes)], "colours.shares")


def _described(graph: GraphBuilder, shares: str, colours: Colours) -> str:
    """Append the discriminant of the shares' square roots, of length 1."""
    least = graph.constant("colours.least.share", np.array(LEAST_SHARE))
    roots = graph.add("Sqrt", [graph.add("Max", [shares, least], "colours.some")], "colours.roots")
    size = graph.constant("colours.size", [0, len(colours.centres) * STRIPES], np.int64)
    flat = graph.add("Reshape", [roots, size], "colours.flat")
    return _projected(graph, "colours", flat, (colours.mean, colours.projection), "colours")
