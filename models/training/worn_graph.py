"""Turns what an embedder's file says, puts what people wear beside it, and takes both away again."""

import numpy as np
import onnx

from models.building.fit import up_to
from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.manifest import Channels
from models.training import textures
from models.training.colours import BLOCK_PX, FLOOR, GREY_SHARE, LEAST_SHARE, STRIPES, Colours
from models.training.discriminant import LEAST_LENGTH, Array, Discriminant
from models.training.figure import HEIGHT, LEAST_WEIGHT, MAPS, WIDTH, Figure, enlarging
from models.training.light import without_light
from models.training.worn import Weights, Worn

_WHITE = 255.0

_WITHOUT = ("plain", "network")
"""What a vector is called in a file before a discriminant, and before colours, were put to it."""


def with_worn(
    model: onnx.ModelProto, worn: Worn, weights: Weights, mean: Channels, spread: Channels
) -> onnx.ModelProto:
    """Return a model whose vectors tell what people wear, too. What it had stays as it is: in integers, where it was.

    Args:
        model: An embedder of normalized RGB pictures, shape (N, 3, H, W), that gives vectors of length 1.
        worn: Learned from pictures of that height and width and this network's maps.
        weights: How much colours and textures count; a part that counts nothing is left out.
        mean: What was subtracted from red, green and blue, 0 to 255.
        spread: By what they were divided.
    """
    fed, told = model.graph.input[0], model.graph.output[0]
    count, size = (side.dim_param or side.dim_value for side in told.type.tensor_type.shape.dim)
    graph = GraphBuilder()
    graph.absorb(model.graph, "network")
    maps = map_names(model)
    weight = _weight(graph, maps, worn.figure)
    parts, width = [("network", weights.network)], int(size)
    if weights.colours:
        shares = _shares(graph, _logarithms(graph, fed.name, mean, spread), weight, worn.colours)
        parts.append((_described(graph, shares, worn.colours), weights.colours))
        width += worn.colours.projection.shape[1]
    if weights.textures:
        gathered = _gathered(graph, maps[textures.MAP], weight, worn.figure)
        turning = worn.textures.mean, worn.textures.projection
        parts.append((_projected(graph, "textures", gathered, turning, "textures"), weights.textures))
        width += worn.textures.projection.shape[1]
    sized = [
        graph.add("Mul", [name, graph.constant(f"{name}.part", np.array(length))], f"{name}.sized")
        for name, length in parts
    ]
    graph.add("Concat", sized, told.name, axis=1)
    return graph.model(model.graph.name, [fed], [tensor_info(told.name, FLOAT, [count, width])])


def bare(model: onnx.ModelProto, *, keeps_discriminant: bool = False) -> onnx.ModelProto:
    """Return the network of an embedder's file alone; its discriminant stays, or goes, too."""
    model = without_light(model)
    made = {name for node in model.graph.node for name in node.output}
    own = next((name for name in _WITHOUT[keeps_discriminant:] if name in made), None)
    if own is None:
        return model
    known = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    size = next(value for value in known if value.name == own).type.tensor_type.shape.dim[1].dim_value
    fed, told = model.graph.input[0], model.graph.output[0].name
    graph = GraphBuilder()
    graph.absorb(up_to(model, own).graph, told)
    return graph.model(model.graph.name, [fed], [tensor_info(told, FLOAT, ["N", size])])


def map_names(model: onnx.ModelProto) -> list[str]:
    """Return what a network's file calls the maps of `figure.MAPS`: after integers, where it computes in them."""
    made = {name for node in model.graph.node for name in node.output}
    sums = [node.output[0] for node in model.graph.node if node.op_type == "Add"]
    return [f"{sums[number]}.restored" if f"{sums[number]}.restored" in made else sums[number] for number in MAPS]


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
    half = graph.constant(f"{name}.projection.half", projection, np.float16)  # half the file's size, the same vectors
    whole = graph.add("Cast", [half], f"{name}.projection", to=FLOAT)
    projected = graph.add("MatMul", [centred, whole], f"{name}.short")
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


def _weight(graph: GraphBuilder, maps: list[str], figure: Figure) -> str:
    """Append how much each place counts, (N, 1, `HEIGHT`, `WIDTH`)."""
    rated = []
    for number, (name, weight) in enumerate(zip(maps, figure.weights, strict=True)):
        own = f"figure.{number}"
        channels = graph.constant(f"{own}.weight", weight.reshape(1, -1, 1, 1))
        seen = graph.add("Conv", [name, channels], f"{own}.seen", kernel_shape=[1, 1])
        height, width = figure.sides[number]
        down = graph.constant(f"{own}.down", enlarging(height, HEIGHT))
        across = graph.constant(f"{own}.across", enlarging(width, WIDTH).T)
        tall = graph.add("MatMul", [down, seen], f"{own}.tall")
        rated.append(graph.add("MatMul", [tall, across], f"{own}.whole"))
    total = graph.add("Sum", [*rated, graph.constant("figure.place", figure.place[None, None])], "figure.rated")
    shown = graph.add("Sigmoid", [total], "figure.shown")
    return graph.add("Add", [shown, graph.constant("figure.least", np.array(LEAST_WEIGHT))], "figure.weight")


def _gathered(graph: GraphBuilder, seen: str, weight: str, figure: Figure) -> str:
    """Append means and deviations of a map's channels in stripes, (N, 2 * channels * stripes)."""
    height, width = figure.sides[textures.MAP]
    side = [HEIGHT // height, WIDTH // width]
    smaller = graph.add("AveragePool", [weight], "textures.weight", kernel_shape=side, strides=side)
    belongs = graph.constant("textures.belongs", textures.stripes(height, width))
    channels = len(figure.weights[textures.MAP])
    weighed = graph.add("Mul", [seen, smaller], "textures.weighed")
    squared = graph.add("Mul", [seen, weighed], "textures.squared")
    sums = []
    for name, source, rows in (("total", smaller, 1), ("sum", weighed, channels), ("squares", squared, channels)):
        shape = graph.constant(f"textures.{name}.shape", [0, rows, height * width], np.int64)
        flat = graph.add("Reshape", [source, shape], f"textures.{name}.flat")
        sums.append(graph.add("MatMul", [flat, belongs], f"textures.{name}"))
    total, first, second = sums
    mean = graph.add("Div", [first, total], "textures.mean.told")
    square = graph.add("Div", [second, total], "textures.square.told")
    variance = graph.add("Sub", [square, graph.add("Mul", [mean, mean], "textures.mean.squared")], "textures.variance")
    least = graph.constant("textures.least.variance", np.array(textures.LEAST_VARIANCE))
    deviation = graph.add("Sqrt", [graph.add("Max", [variance, least], "textures.varies")], "textures.deviation")
    both = graph.add("Concat", [mean, deviation], "textures.both", axis=1)
    size = graph.constant("textures.size", [0, 2 * channels * textures.STRIPES], np.int64)
    return graph.add("Reshape", [both, size], "textures.flat")


def _shares(graph: GraphBuilder, balanced: str, weight: str, colours: Colours) -> str:
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
    flat = graph.constant("colours.weight.shape", [0, 1, -1], np.int64)
    counted = graph.add("Reshape", [weight, flat], "colours.weight")
    stripes = graph.constant("colours.stripes", colours.stripes)
    weighed = graph.add("Mul", [turned, counted], "colours.weighed")
    sums = [graph.add("MatMul", [each, stripes], f"{each}.sum") for each in (weighed, counted)]
    return graph.add("Div", sums, "colours.shares")


def _described(graph: GraphBuilder, shares: str, colours: Colours) -> str:
    """Append the discriminant of the shares' square roots, of length 1."""
    least = graph.constant("colours.least.share", np.array(LEAST_SHARE))
    roots = graph.add("Sqrt", [graph.add("Max", [shares, least], "colours.some")], "colours.roots")
    size = graph.constant("colours.size", [0, len(colours.centres) * STRIPES], np.int64)
    flat = graph.add("Reshape", [roots, size], "colours.flat")
    return _projected(graph, "colours", flat, (colours.mean, colours.projection), "colours")
