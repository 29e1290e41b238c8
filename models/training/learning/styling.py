"""Gives pictures the colours of real cameras, by statistics alone."""

import torch
from torch import Generator, Tensor

from models.training.styles import FLOOR, LEAST_DEVIATION, NUMBERS, Styles, opponents

_SHARE = 0.5


def styled(x: Tensor, styles: Styles, generator: Generator) -> Tensor:
    """Return pictures of which half show colours as some real camera does, more or less.

    Means and deviations of a brightness and two opponent colours become those that were drawn (Reinhard et al., "Color
    transfer between images", IEEE CG&A 21, 2001), by a share that is drawn, too: a person's own clothes are a part of
    the picture's mean.

    Args:
        x: Shares of white, 0 to 1, shape (N, 3, H, W).
        styles: What is drawn from.
        generator: Of the CPU.
    """
    count = len(x)
    mean, root = torch.tensor(styles.mean), torch.tensor(styles.root)
    wanted = (mean + torch.randn((count, NUMBERS), generator=generator) @ root.T).to(x.device)
    strength = torch.rand((count, 1), generator=generator)
    strength = torch.where(torch.rand((count, 1), generator=generator) < _SHARE, strength, 0.0).to(x.device)
    cones, axes, gamma = opponents()
    forth, turn = (torch.tensor(each, dtype=x.dtype, device=x.device) for each in (cones, axes))
    linear = x.clamp_min(FLOOR).flatten(2) ** gamma
    channels = turn @ (forth @ linear).log()
    middle = channels.mean(2, keepdim=True)
    deviation = channels.std(2, unbiased=False, keepdim=True).clamp_min(LEAST_DEVIATION)
    to_middle = torch.lerp(middle[..., 0], wanted[:, :3], strength)[..., None]
    to_deviation = torch.lerp(deviation[..., 0].log(), wanted[:, 3:], strength)[..., None].exp()
    channels = (channels - middle) / deviation * to_deviation + to_middle
    shown = torch.linalg.solve(forth, torch.linalg.solve(turn, channels).exp()).clamp(0, 1) ** (1 / gamma)
    return torch.where(strength[:, :, None, None] > 0, shown.view_as(x), x)
