"""Makes pictures worse in many ways, on the device that trains. Each call is drawn from the generator it is given."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from models.training.learning.styling import styled
from models.training.styles import Styles

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


def augmented(pictures: Tensor, generator: Generator, *, wide: bool = False, styles: Styles | None = None) -> Tensor:
    """Return changed pictures as the network takes them.

    Flipped, moved, turned a little, seen small, lit from one side, coloured otherwise, noisy, and partly covered (Zhong
    et al., "Random Erasing Data Augmentation", AAAI 2020).

    Args:
        pictures: Shape (N, 3, H, W), uint8 RGB.
        generator: Of the CPU.
        wide: Whether colours differ as between cameras of all kinds, from faded to glaring, some without any.
        styles: How real cameras show people; half of the pictures take colours drawn from it.
    """
    return _changed(_moved(pictures.float() / 255, generator), generator, wide=wide, styles=styles)


def augmented_with(
    pictures: Tensor, figures: Tensor, generator: Generator, *, wide: bool = False, styles: Styles | None = None
) -> tuple[Tensor, Tensor]:
    """Return pictures as `augmented` does, and where people are on them now, 0 to 1, shape (N, height, width).

    Args:
        pictures: Shape (N, 3, H, W), uint8 RGB.
        figures: How much of each block of a picture is the person, 0 to 255, shape (N, height, width), uint8.
        generator: Of the CPU.
        wide: As `augmented` has it.
        styles: The same.
    """
    height, width = figures.shape[1:]
    whole = functional.interpolate(figures[:, None].float() / 255, tuple(pictures.shape[2:]), mode="nearest")
    moved = _moved(torch.cat([pictures.float() / 255, whole.to(pictures.device)], 1), generator)
    shown = functional.adaptive_avg_pool2d(moved[:, 3:], (height, width))[:, 0]
    return _changed(moved[:, :3], generator, wide=wide, styles=styles), shown


def _changed(shares: Tensor, generator: Generator, *, wide: bool, styles: Styles | None) -> Tensor:
    """Return moved pictures as the network takes them, in other light and colours, and partly covered."""
    if styles:
        shares = styled(shares, styles, generator)
    shares = _lit(_small(shares, generator), generator)
    if wide:
        shares = _stretched(shares, generator)
    shares = _coloured(shares, generator, _WIDE if wide else _NARROW)
    return _erased(_normalized(shares), generator)


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
