"""Learns what colours tell of people, and how much they shall count beside what the network tells."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.reidentification import PersonPicture, score_embedder
from models.training.colours import Colours, learn_colours
from models.training.learning.augmentation import augmented, shares_of
from models.training.learning.network import Network
from models.training.learning.run import QUERY_CAMERAS, decode
from models.training.pictures import Numbers, Shard
from models.training.recipe import Recipe
from models.training.sampling import held_out

WEIGHTS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Of which the best is taken."""

_PICTURES = 6144
_AT_ONCE = 64


def learn_weighted(shard: Shard, recipe: Recipe, network: Network) -> tuple[Colours, dict[float, float]]:
    """Return colours as told from the people of a run, and how well each weight of them does with those held out.

    Pictures are made worse as in training, so that cameras differ as much.

    Args:
        shard: All pictures.
        recipe: Of the run.
        network: What colours stand beside.

    Returns:
        Colours, and by weight the mean average precision of finding people held out in other cameras.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    measured = held_out(shard.person, recipe.held_out_share)
    trained = np.flatnonzero(~measured)
    some = trained[:: max(1, len(trained) // _PICTURES)]
    colours = learn_colours(
        shares_of(_worse(shard, some, generator, wide=recipe.wide_colours)).numpy(), shard.person[some], recipe.seed
    )
    others = np.flatnonzero(measured)
    fed = _worse(shard, others, generator, wide=recipe.wide_colours)
    with torch.no_grad():
        told = np.concatenate([network.embed(part).numpy() for part in fed.split(_AT_ONCE)])
    described = colours.describe(shares_of(fed).numpy())
    pictures = _labelled(shard.person[others], shard.camera[others])
    found = {}
    for weight in WEIGHTS:
        both = np.hstack([(1 - weight**2) ** 0.5 * told, weight * described]).astype(np.float32)
        found[weight] = score_embedder(pictures, both, query_camera="query").mean_average_precision
    return colours, found


def _worse(shard: Shard, chosen: NDArray[np.intp], generator: torch.Generator, *, wide: bool) -> Tensor:
    """Return pictures as a network takes them, made worse."""
    plain = decode(shard.jpegs[index] for index in chosen.tolist())
    return torch.cat([augmented(part, generator, wide=wide) for part in plain.split(_AT_ONCE)])


def _labelled(person: Numbers, camera: Numbers) -> list[PersonPicture]:
    return [
        PersonPicture(Path(), str(who), "query" if place < QUERY_CAMERAS else "gallery")
        for who, place in zip(person.tolist(), camera.tolist(), strict=True)
    ]
