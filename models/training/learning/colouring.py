"""Learns how vectors are best turned, what colours tell of people, and how much they shall count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.reidentification import PersonPicture, score_embedder
from models.training.colours import Colours, learn_colours
from models.training.discriminant import Array, Discriminant, learn_discriminant
from models.training.learning.augmentation import augmented, shares_of
from models.training.learning.run import QUERY_CAMERAS, decode
from models.training.pictures import Numbers, Shard
from models.training.recipe import Recipe
from models.training.sampling import held_out

Vectors = Callable[[Tensor], Array]

WEIGHTS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Of which the best is taken."""

_PICTURES = 6144
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Beside:
    """What is learned once a network has learned.

    Attributes:
        discriminants: How the vectors of each form are turned, None where they stay. Integers err by as much for all
            pictures alike, which another form's would take for what tells people.
        colours: What colours tell.
        by_weight: How well people held out are found in other cameras, by how much colours count: mean average
            precision.
    """

    discriminants: list[Discriminant | None]
    colours: Colours
    by_weight: dict[float, float]


def learn_beside(shard: Shard, recipe: Recipe, forms: Sequence[Vectors], dimensions: int) -> Beside:
    """Return how a network's vectors are best turned, what colours tell, and how well weights of them do.

    Pictures are made worse as in training, so that cameras differ as much.

    Args:
        shard: All pictures.
        recipe: Of the run.
        forms: Make vectors of normalized pictures; weights of colours are tried beside the first.
        dimensions: How many numbers turned vectors have; 0: they stay as they are.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    measured = held_out(shard.person, recipe.held_out_share)
    some = _some(~measured, _PICTURES)
    fed = _worse(shard, some, generator, recipe)
    seen = shard.person[some], shard.camera[some]
    colours = learn_colours(shares_of(fed).numpy(), *seen, recipe.seed)
    best = [learn_discriminant(vectors(fed), *seen, dimensions) if dimensions else None for vectors in forms]
    others = np.flatnonzero(measured)
    fed = _worse(shard, others, generator, recipe)
    told = forms[0](fed)
    told = best[0].turned(told) if best[0] else told
    described = colours.describe(shares_of(fed).numpy())
    pictures = _labelled(shard.person[others], shard.camera[others])
    found = {}
    for weight in WEIGHTS:
        both = np.hstack([(1 - weight**2) ** 0.5 * told, weight * described]).astype(np.float32)
        found[weight] = score_embedder(pictures, both, query_camera="query").mean_average_precision
    return Beside(best, colours, found)


def worse_pictures(shard: Shard, recipe: Recipe, count: int) -> Tensor:
    """Return about so many pictures of people who were trained on, as a network takes them, made worse."""
    trained = _some(~held_out(shard.person, recipe.held_out_share), count)
    return _worse(shard, trained, torch.Generator().manual_seed(recipe.seed + 1), recipe)


def _some(chosen: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    indices = np.flatnonzero(chosen)
    return indices[:: max(1, len(indices) // count)]


def _worse(shard: Shard, chosen: NDArray[np.intp], generator: torch.Generator, recipe: Recipe) -> Tensor:
    """Return pictures as a network takes them, made worse."""
    plain = decode(shard.jpegs[index] for index in chosen.tolist())
    wide, styles = recipe.wide_colours, recipe.styles
    return torch.cat([augmented(part, generator, wide=wide, styles=styles) for part in plain.split(_AT_ONCE)])


def _labelled(person: Numbers, camera: Numbers) -> list[PersonPicture]:
    return [
        PersonPicture(Path(), str(who), "query" if place < QUERY_CAMERAS else "gallery")
        for who, place in zip(person.tolist(), camera.tolist(), strict=True)
    ]
