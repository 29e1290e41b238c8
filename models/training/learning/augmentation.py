"""Makes pictures worse in many ways, on the device that trains. Each call is drawn from the generator it is given."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from models.training.learning.styling import styled
from models.training.recipe import Recipe

MEAN = (0.485, 0.456, 0.406)
SPREAD = (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue, with which the network's first weights were made."""

_SIZES = ((96, 48), (64, 32), (44, 22), (32, 16))
_SMALL_SHARE = 0.4
_ERASED_SHARE = 0.4
_SLOPE = 0.25
_STRETCHED_SHARE = 0.6
_DARKEST = 0.02
_LEAST_RANGE = 0.2

Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Ranges:
    """How much light and sensors differ: factors, powers, and the share of pictures without colour."""

    gain: Limits
    cast: Limits
    gamma: Limits
    saturation: Limits
    contrast: Limits
    grey_share: float


_NARROW = _Ranges((0.6, 1.5), (0.84, 1.19), (0.7, 1.4), (0.4, 1.3), (0.7, 1.3), 0.03)
_WIDE = _Ranges((0.6, 1.5), (0.76, 1.32), (0.55, 1.7), (0.3, 2.2), (0.6, 1.6), 0.1)


def normalized(pictures: Tensor) -> Tensor:
    """Return pictures, shape (N, 3, H, W), uint8 RGB, as the network takes them."""
    shares = pictures.float() / 255
    return _normalized(shares)


def shares_of(fed: Tensor) -> Tensor:
    """Return pictures as shares of white, 0 to 1, from what the network takes."""
    mean, spread = (torch.tensor(each, device=fed.device).view(1, 3, 1, 1) for each in (MEAN, SPREAD))
    return (fed * spread + mean).clamp(0, 1)


def augmented(pictures: Tensor, figures: Tensor, generator: Generator, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Return changed pictures as the network takes them, and where people are on them now.

    Flipped, moved, turned a little, before another ground, seen small, lit from one side, coloured otherwise, noisy,
    and partly covered (Zhong et al., "Random Erasing Data Augmentation", AAAI 2020).

    Args:
        pictures: Shape (N, 3, H, W), uint8 RGB.
        figures: How much of each block of a picture is the person, 0 to 255, shape (N, height, width), uint8.
        generator: Of the CPU.
        recipe: Says whether before other grounds, in how wide colours, and in whose.

    Returns:
        Pictures, shape (N, 3, H, W), and how much of each block is the person, 0 to 1, shape (N, height, width).
    """
    height, width = figures.shape[1:]
    shown = functional.interpolate(figures[:, None].float() / 255, tuple(pictures.shape[2:]), mode="bilinear")
    moved = _moved(torch.cat([pictures.float() / 255, shown.to(pictures.device)], 1), generator)
    shares, shown = moved[:, :3], moved[:, 3:].clamp(0, 1)
    shares = _elsewhere(shares, shown, generator, recipe.other_ground)
    if recipe.styles:
        shares = styled(shares, recipe.styles, generator)
    shares = _lit(_small(shares, generator), generator)
    if recipe.wide_colours:
        shares = _stretched(shares, generator)
    shares = _coloured(shares, generator, _WIDE if recipe.wide_colours else _NARROW)
    return _erased(_normalized(shares), generator), functional.adaptive_avg_pool2d(shown, (height, width))[:, 0]


def _elsewhere(x: Tensor, shown: Tensor, generator: Generator, share: float) -> Tensor:
    """Return pictures of which a share shows people before what is on another picture, people on it included.

    So that nobody is known by where somebody stands (Tian et al., "Eliminating Background-Bias for Robust Person
    Re-identification", CVPR 2018).
    """
    other = x[torch.randperm(len(x), generator=generator).to(x.device)].flip(3)
    chosen = _uniform((len(x), 1, 1, 1), 0, 1, x, generator) < share
    return torch.where(chosen, shown * x + (1 - shown) * other, x)


def _normalized(shares: Tensor) -> Tensor:
    mean, spread = (torch.tensor(each, device=shares.device).view(1, 3, 1, 1) for each in (MEAN, SPREAD))
    return (shares - mean) / spread


def _uniform(shape: tuple[int, ...], low: float, high: float, like: Tensor, generator: Generator) -> Tensor:
    return (low + (high - low) * torch.rand(shape, generator=generator)).to(like.device)


def _moved(x: Tensor, generator: Generator) -> Tensor:
    count, height, width = len(x), x.shape[2], x.shape[3]
    moves = _uniform((count,), 0, 1, x, generator) < 0.6  # noqa: PLR2004 - a share
    flip = torch.where(_uniform((count,), 0, 1, x, generator) < 0.5, -1.0, 1.0)  # noqa: PLR2004 - a share
    zoom = torch.where(moves, _uniform((count,), 0.88, 1.14, x, generator), 1.0)
    turn = torch.where(moves, _uniform((count,), -0.09, 0.09, x, generator), 0.0)
    shift = torch.where(moves[:, None], _uniform((count, 2), -0.12, 0.12, x, generator), 0.0)
    across, along = zoom * torch.cos(turn), zoom * torch.sin(turn)
    first = torch.stack([flip * across, -along * height / width, shift[:, 0]], 1)
    second = torch.stack([flip * along * width / height, across, shift[:, 1]], 1)
    grid = functional.affine_grid(torch.stack([first, second], 1), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, padding_mode="reflection", align_corners=False)


def _small(x: Tensor, generator: Generator) -> Tensor:
    """Return pictures of which some were taken from afar."""
    order = torch.randperm(len(x), generator=generator).to(x.device)
    each = int(_SMALL_SHARE * len(x) / len(_SIZES))
    x = x.clone()
    for index, size in enumerate(_SIZES):
        chosen = order[index * each : (index + 1) * each]
        if len(chosen):
            shrunk = functional.interpolate(x[chosen], size, mode="area")
            x[chosen] = functional.interpolate(shrunk, tuple(x.shape[2:]), mode="bilinear", align_corners=False)
    return x


def _lit(x: Tensor, generator: Generator) -> Tensor:
    """Return pictures that are brighter towards one side, as under a low sun, and another colour there."""
    count, height, width = len(x), x.shape[2], x.shape[3]
    down, right = (torch.linspace(-1, 1, side, device=x.device) for side in (height, width))
    slopes = _uniform((count, 2, 1, 1), -_SLOPE, _SLOPE, x, generator)
    warmth = _uniform((count, 3, 1, 1), 0.6, 1.4, x, generator)
    ramp = slopes[:, :1] * down[:, None] + slopes[:, 1:] * right
    return x * (1 + warmth * ramp)


def _stretched(x: Tensor, generator: Generator) -> Tensor:
    """Return pictures of which most reach from black to white, as those of sensors in daylight do."""
    brightness = x.mean(1).flatten(1)
    low, high = (torch.quantile(brightness, share, dim=1).view(-1, 1, 1, 1) for share in (_DARKEST, 1 - _DARKEST))
    full = ((x - low) / (high - low).clamp_min(_LEAST_RANGE)).clamp(0, 1)
    return torch.where(_uniform((len(x), 1, 1, 1), 0, 1, x, generator) < _STRETCHED_SHARE, full, x)


def _coloured(x: Tensor, generator: Generator, ranges: _Ranges) -> Tensor:
    count = len(x)
    shape = (count, 1, 1, 1)
    gains = _uniform(shape, *ranges.gain, x, generator) * _uniform((count, 3, 1, 1), *ranges.cast, x, generator)
    x = (x * gains).clamp(1e-4, 1.5) ** _uniform(shape, *ranges.gamma, x, generator)
    grey = x.mean(1, keepdim=True)
    saturation = _uniform(shape, *ranges.saturation, x, generator)
    saturation = torch.where(_uniform(shape, 0, 1, x, generator) < ranges.grey_share, 0.0, saturation)
    x = grey + saturation * (x - grey)
    middle = x.mean((1, 2, 3), keepdim=True)
    x = middle + (x - middle) * _uniform(shape, *ranges.contrast, x, generator)
    noise = torch.randn(x.shape, generator=generator).to(x.device) * _uniform(shape, 0, 0.02, x, generator)
    return (x + noise).clamp(0, 1)


def _erased(x: Tensor, generator: Generator) -> Tensor:
    count, height, width = len(x), x.shape[2], x.shape[3]
    tall, wide = _uniform((count, 1), 0.08, 0.45, x, generator), _uniform((count, 1), 0.15, 0.7, x, generator)
    top = _uniform((count, 1), 0, 1, x, generator) * (1 - tall)
    left = _uniform((count, 1), 0, 1, x, generator) * (1 - wide)
    rows, columns = ((torch.arange(side, device=x.device) + 0.5) / side for side in (height, width))
    inside = ((rows > top) & (rows < top + tall))[:, None, :, None]
    inside = inside & ((columns > left) & (columns < left + wide))[:, None, None, :]
    inside = inside & (_uniform((count, 1, 1, 1), 0, 1, x, generator) < _ERASED_SHARE)
    filling = torch.randn((count, 3, 1, 1), generator=generator).to(x.device)
    return torch.where(inside, filling, x)
