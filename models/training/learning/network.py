"""MobileNetV2 with three vectors: of the whole picture, of its upper and of its lower half."""

from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and first stride of each stage (Sandler et al., table 2)."""

FEATURES = 1280
"""Numbers of the body's last layer."""

_FIRST = 32
_MIXED_AFTER = (1, 3)
_STAGE_ENDS = ((1, 16), (3, 24), (6, 32))
"""Index of the body's layer that ends a stage, and its channels."""

_MIXING_CHANCE = 0.5
_MIXING = 0.1

VECTORS = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What the network says of a batch while it learns, for each of the vectors.

    Attributes:
        features: Before the bottleneck, shape (N, dimensions).
        scores: For each person, shape (N, people).
    """

    features: list[Tensor]
    scores: list[Tensor]


class Convolution(nn.Conv2d):
    """A convolution that may compute in 16 bits while it learns: its weights and its outcome stay in 32."""

    coarse = False

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolved maps."""
        if not (self.coarse and self.training):
            return super().forward(x)
        return functional.conv2d(x.bfloat16(), self.weight.bfloat16(), None, self.stride, self.padding).float()


def _unit(channels_in: int, channels: int, size: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = Convolution(channels_in, channels, size, stride, size // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU6(inplace=True)]


class Inverted(nn.Module):
    """An inverted residual block."""

    def __init__(self, channels_in: int, channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.adds = stride == 1 and channels_in == channels
        hidden = channels_in * expansion
        widening = _unit(channels_in, hidden, 1) if expansion > 1 else []
        narrowing = _unit(hidden, channels, 1)[:2]
        self.conv = nn.Sequential(*widening, *_unit(hidden, hidden, 3, stride, hidden), *narrowing)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        found: Tensor = x + self.conv(x) if self.adds else self.conv(x)
        return found


def _body() -> nn.Sequential:
    layers: list[nn.Module] = [nn.Sequential(*_unit(3, _FIRST, 3, 2))]
    channels_in = _FIRST
    for expansion, channels, blocks, first_stride in _STAGES:
        for block in range(blocks):
            layers.append(Inverted(channels_in, channels, first_stride if block == 0 else 1, expansion))
            channels_in = channels
    return nn.Sequential(*layers, nn.Sequential(*_unit(channels_in, FEATURES, 1)))


class Network(nn.Module):
    """The embedder.

    Args:
        people: How many it learns to name.
        dimensions: Numbers of each vector.
        levelled: After so many first stages each picture's own mean and spread are taken from every channel.
    """

    def __init__(self, people: int, dimensions: int, levelled: int = 0) -> None:
        super().__init__()
        self.features = _body()
        self.levels = nn.ModuleDict(
            {str(index): nn.InstanceNorm2d(channels, affine=True) for index, channels in _STAGE_ENDS[:levelled]}
        )
        self.reduce = nn.ModuleList(nn.Linear(FEATURES, dimensions, bias=False) for _ in range(VECTORS))
        self.neck = nn.ModuleList(nn.BatchNorm1d(dimensions) for _ in range(VECTORS))
        self.classify = nn.ModuleList(nn.Linear(dimensions, people, bias=False) for _ in range(VECTORS))
        for neck in self.neck:
            neck.bias.requires_grad_(requires_grad=False)
        for layer in chain(self.reduce, self.classify):
            nn.init.normal_(layer.weight, std=0.01 if layer in self.classify else 0.03)

    def forward(self, x: Tensor) -> Answer:
        """Return features and scores of a normalized batch, shape (N, 3, 128, 64)."""
        features = self._reduced(x)
        scores = [classify(neck(each)) for each, neck, classify in zip(features, self.neck, self.classify, strict=True)]
        return Answer(features, scores)

    def embed(self, x: Tensor) -> Tensor:
        """Return the vectors of a batch side by side, each of length 1 / sqrt(3), shape (N, 3 * dimensions)."""
        vectors = [neck(each) for each, neck in zip(self._reduced(x), self.neck, strict=True)]
        return torch.cat([functional.normalize(each, dim=1) for each in vectors], dim=1) / VECTORS**0.5

    def _reduced(self, x: Tensor) -> list[Tensor]:
        for index, layer in enumerate(self.features):
            x = layer(x)
            if str(index) in self.levels:
                x = self.levels[str(index)](x)
            elif self.training and index in _MIXED_AFTER:
                x = _mixed(x)
        middle = x.shape[2] // 2
        return [
            reduce(part.mean((2, 3)) + part.amax((2, 3)))
            for reduce, part in zip(self.reduce, (x, x[:, :, :middle], x[:, :, middle:]), strict=True)
        ]


def _mixed(x: Tensor) -> Tensor:
    """Return maps whose means and spreads are mixed with those of other pictures, half of the time.

    So that a camera's manner teaches nothing (Zhou et al., "Domain Generalization with MixStyle", ICLR 2021).
    """
    if torch.rand(()).item() > _MIXING_CHANCE:
        return x
    mean = x.mean((2, 3), keepdim=True).detach()
    spread = (x.var((2, 3), keepdim=True) + 1e-6).sqrt().detach()
    share = torch.distributions.Beta(_MIXING, _MIXING).sample((len(x), 1, 1, 1)).to(x.device)
    other = torch.randperm(len(x), device=x.device)
    new_mean = share * mean + (1 - share) * mean[other]
    new_spread = share * spread + (1 - share) * spread[other]
    return (x - mean) / spread * new_spread + new_mean


def make_cheaper(network: Network, kept_layers: int, *, coarse: bool) -> None:
    """Let a network learn faster.

    Args:
        network: Learns.
        kept_layers: So many of the body's first layers keep their weights; their normalization follows the pictures.
        coarse: Whether convolutions of one pixel are computed in 16 bits.
    """
    for layer in network.features[:kept_layers]:
        layer.requires_grad_(requires_grad=False)
    for layer in network.features.modules():
        if isinstance(layer, Convolution) and layer.kernel_size == (1, 1):
            layer.coarse = coarse


def head_parameters(network: Network) -> list[nn.Parameter]:
    """Return what follows the body."""
    body = ("features", "levels")
    return [each for name, each in network.named_parameters() if not name.startswith(body) and each.requires_grad]


def watch_levels(network: Network) -> list[RemovableHandle]:
    """Let each level, when next used, give back the mean and spread that pictures have there in the middle.

    So weights that were learned without levels fit behind them.
    """

    def measure(level: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0]
        level.weight.data.copy_(x.var((2, 3), unbiased=False).mean(0).sqrt())
        level.bias.data.copy_(x.mean((0, 2, 3)))

    return [level.register_forward_pre_hook(measure) for level in network.levels.values()]


def settle_levels(network: Network, pictures: Tensor) -> None:
    """Let levels give back what pictures have there, shape (N, 3, 128, 64), normalized."""
    hooks = watch_levels(network)
    network.eval()
    with torch.no_grad():
        network.embed(pictures)
    for hook in hooks:
        hook.remove()


def renormalize(network: Network, pictures: Tensor, at_once: int = 64) -> None:
    """Measure what every normalization subtracts and divides by anew.

    A moving average of weights has means of its own, which no network had on the way to it (Izmailov et al., "Averaging
    Weights Leads to Wider Optima", UAI 2018); with older ones all people are nearly alike.

    Args:
        network: Its weights stay; it is left in evaluation.
        pictures: Some hundred, normalized, shape (N, 3, 128, 64).
        at_once: How many are looked at together.
    """
    network.eval()
    norms = [each for each in network.modules() if isinstance(each, (nn.BatchNorm1d, nn.BatchNorm2d))]
    kept = [each.momentum for each in norms]
    for each in norms:
        each.reset_running_stats()
        each.momentum = None
        each.train()
    with torch.no_grad():
        for part in pictures.split(at_once)[: max(1, len(pictures) // at_once)]:
            network.embed(part)
    for each, momentum in zip(norms, kept, strict=True):
        each.momentum = momentum
    network.eval()
