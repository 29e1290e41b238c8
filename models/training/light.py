"""Evens out a picture's light in an embedder's file, before anything else looks at it, and takes that away again.

Cameras expose for the whole of what they see, so a person is dark in one and pale in the next. A picture is stretched
half of the way to where its darkest block is black and its brightest white (automatic levels; the whole way makes noise
of what is flat), and its colours become a little stronger. What is learned is learned from pictures as they are, in
more kinds of light than will be met: so it does without what light changes.
"""

import numpy as np
import onnx

from models.building.graph import GraphBuilder
from models.manifest import Channels

SHARE = 0.5
"""Of the way to the whole range."""

SATURATION = 1.2
"""By how much colours become stronger."""

BLOCK_PX = 4
"""Height and width of what counts as dark or bright: a pixel may be noise."""

LEAST_RANGE = 0.2
"""Between the darkest and the brightest block, of white; what has less is stretched as if it had as much."""

_WHITE = 255.0
_PREFIX = "light."
_EVENED = f"{_PREFIX}evened"


def with_light(model: onnx.ModelProto, mean: Channels, spread: Channels) -> onnx.ModelProto:
    """Return a model that evens out the light of what it is fed.

    Args:
        model: An embedder of normalized RGB pictures, shape (N, 3, H, W).
        mean: What was subtracted from red, green and blue, 0 to 255.
        spread: By what they were divided.
    """
    fed, told = model.graph.input[0], model.graph.output[0]
    graph = GraphBuilder()
    _even(graph, fed.name, mean, spread)
    graph.absorb(_fed_with(model, fed.name, _EVENED).graph, told.name)
    return graph.model(model.graph.name, [fed], [told])


def without_light(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model that takes pictures as they are: whole, or the part of one that `up_to` leaves."""
    plain = _fed_with(model, _EVENED, model.graph.input[0].name)
    for field, named in (
        (plain.graph.node, [each for each in plain.graph.node if not each.output[0].startswith(_PREFIX)]),
        (plain.graph.initializer, [each for each in plain.graph.initializer if not each.name.startswith(_PREFIX)]),
    ):
        kept = list(named)
        del field[:]
        field.extend(kept)
    return plain


def _fed_with(model: onnx.ModelProto, before: str, now: str) -> onnx.ModelProto:
    found = onnx.ModelProto()
    found.CopyFrom(model)
    for node in found.graph.node:
        node.input[:] = [now if name == before else name for name in node.input]
    return found


def _even(graph: GraphBuilder, fed: str, mean: Channels, spread: Channels) -> None:
    """Append what is done to a picture, (N, 3, H, W), as `_EVENED`."""
    factor, shift = (
        graph.constant(f"{_PREFIX}{name}", np.reshape(values, (1, 3, 1, 1)) / _WHITE)
        for name, values in (("factor", spread), ("shift", mean))
    )

    def add(operator: str, inputs: list[str], name: str, **attributes: object) -> str:
        return graph.add(operator, inputs, f"{_PREFIX}{name}", **attributes)

    def number(name: str, value: float) -> str:
        return graph.constant(f"{_PREFIX}{name}", np.array(value))

    def grey(source: str, name: str) -> str:
        return add("ReduceMean", [source], name, axes=[1], keepdims=1)

    plain = add("Add", [add("Mul", [fed, factor], "scaled"), shift], "plain")
    block = [BLOCK_PX, BLOCK_PX]
    blocks = add("AveragePool", [grey(plain, "grey")], "blocks", kernel_shape=block, strides=block)
    low, high = (
        add(operator, [blocks], name, axes=[2, 3], keepdims=1)
        for operator, name in (("ReduceMin", "low"), ("ReduceMax", "high"))
    )
    between = add("Max", [add("Sub", [high, low], "between"), number("least", LEAST_RANGE)], "range")
    full = add("Div", [add("Sub", [plain, low], "above"), between], "full")
    more = add("Mul", [add("Sub", [full, plain], "more"), number("share", SHARE)], "part")
    stretched = add("Add", [plain, more], "stretched")
    middle = grey(stretched, "middle")
    colour = add("Mul", [add("Sub", [stretched, middle], "colour"), number("saturation", SATURATION)], "stronger")
    limits = [number("black", 0.0), number("white", 1.0)]
    seen = add("Clip", [add("Add", [middle, colour], "coloured"), *limits], "seen")
    graph.add("Div", [add("Sub", [seen, shift], "centred"), factor], _EVENED)
