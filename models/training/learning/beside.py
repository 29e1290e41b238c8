"""Learns how vectors are best turned, what people wear tells of them, and how much it shall count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.reidentification import PersonPicture, score_embedder
from models.training import textures
from models.training.discriminant import Array, Discriminant, learn_discriminant
from models.training.figure import Map, learn_figure
from models.training.learning.augmentation import augmented, shares_of
from models.training.learning.run import QUERY_CAMERAS, decode
from models.training.pictures import Numbers, Shard
from models.training.recipe import Recipe
from models.training.sampling import held_out
from models.training.worn import Weights, Worn, joined, learn_worn

Reader = Callable[[Tensor], tuple[Array, list[Map]]]
"""Says what a network makes of normalized pictures: vectors, and the maps that `figure.MAPS` names."""

WEIGHTS = (
    Weights(0.0, 0.0),
    *(Weights(colours, told) for colours in (0.2, 0.35, 0.5) for told in (0.0, 0.3, 0.55)),
)
"""Of which the best are taken."""

_PICTURES = 6144
_OF_FIGURES = 2048
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Beside:
    """What is learned once a network has learned, of one form of it.

    Integers err by as much for all pictures alike, which another form's would take for what tells people.

    Attributes:
        discriminant: How vectors are turned, None where they stay.
        worn: What people wear.
    """

    discriminant: Discriminant | None
    worn: Worn


def learn_beside(
    shard: Shard, recipe: Recipe, forms: Sequence[Reader], dimensions: int
) -> tuple[list[Beside], dict[Weights, float]]:
    """Return what follows and accompanies each form of a network, and how well weights do beside the first.

    Pictures are made worse as in training, so that cameras differ as much; before other grounds for the discriminant
    alone, since light on the ground tells what colours are.

    Args:
        shard: All pictures.
        recipe: Of the run.
        forms: Of the network.
        dimensions: How many numbers turned vectors have; 0: they stay as they are.

    Returns:
        What was learned of each form, and how well people held out are found in other cameras by each of `WEIGHTS`:
        mean average precision.
    """
    generator = torch.Generator().manual_seed(recipe.seed)
    measured = held_out(shard.person, recipe.held_out_share)
    some = _some(~measured, _PICTURES)
    plain = msgspec.structs.replace(recipe, other_ground=0.0)
    fed, figure = _worse(shard, some, generator, plain)
    elsewhere, _ = _worse(shard, some, generator, recipe)
    seen = shard.person[some], shard.camera[some]
    found = []
    for form in forms:
        turning = _turning(form, elsewhere, seen, dimensions) if dimensions else None
        found.append(Beside(turning, _worn(form, fed, figure, seen, recipe.seed)))
    others = np.flatnonzero(measured)
    fed, _ = _worse(shard, others, generator, plain)
    parts = _described(forms[0], found[0], fed)
    pictures = _labelled(shard.person[others], shard.camera[others])
    by_weight = {}
    for weights in WEIGHTS:
        both = joined(*parts, weights).astype(np.float32)
        by_weight[weights] = score_embedder(pictures, both, query_camera="query").mean_average_precision
    return found, by_weight


def _turning(form: Reader, fed: Tensor, seen: tuple[Numbers, Numbers], dimensions: int) -> Discriminant:
    vectors = np.concatenate([form(part)[0] for part in fed.split(_AT_ONCE)])
    return learn_discriminant(vectors, *seen, dimensions)


def _worn(form: Reader, fed: Tensor, figure: Tensor, seen: tuple[Numbers, Numbers], seed: int) -> Worn:
    few = slice(None, None, max(1, len(fed) // _OF_FIGURES))
    seen_by_parts = [form(part)[1] for part in fed[few].split(_AT_ONCE)]
    ground = learn_figure(
        [np.concatenate(each) for each in zip(*seen_by_parts, strict=True)], figure[few].numpy(), seed
    )
    shown, gathered = [], []
    for part in fed.split(_AT_ONCE):
        _, maps = form(part)
        where = ground.shown(maps)
        shown.append(where)
        gathered.append(textures.gather(maps[textures.MAP], where))
    pictures = shares_of(fed).numpy()
    return learn_worn(ground, pictures, np.concatenate(shown), np.concatenate(gathered), *seen, seed)


def _described(form: Reader, learned: Beside, fed: Tensor) -> tuple[Array, Array, Array]:
    """Return the parts of pictures' vectors, rows of length 1: the network's, colours, textures."""
    found = []
    for part in fed.split(_AT_ONCE):
        told, maps = form(part)
        turned = learned.discriminant.turned(told) if learned.discriminant else told
        found.append((turned, *learned.worn.describe(shares_of(part).numpy(), maps)))
    network, colours, worn = (np.concatenate(each) for each in zip(*found, strict=True))
    return network, colours, worn


def worse_pictures(shard: Shard, recipe: Recipe, count: int) -> Tensor:
    """Return about so many pictures of people who were trained on, as a network takes them, made worse."""
    trained = _some(~held_out(shard.person, recipe.held_out_share), count)
    recipe = msgspec.structs.replace(recipe, other_ground=0.0)
    return _worse(shard, trained, torch.Generator().manual_seed(recipe.seed + 1), recipe)[0]


def _some(chosen: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    indices = np.flatnonzero(chosen)
    return indices[:: max(1, len(indices) // count)]


def _worse(shard: Shard, chosen: NDArray[np.intp], generator: torch.Generator, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Return pictures as a network takes them, made worse, and where the person is on them."""
    order = torch.randperm(len(chosen), generator=generator)  # so that grounds are of other people
    plain = decode(shard.jpegs[index] for index in chosen.tolist())[order]
    figure = torch.from_numpy(shard.figure[chosen])[order]
    parts = [
        augmented(*part, generator, recipe) for part in zip(plain.split(_AT_ONCE), figure.split(_AT_ONCE), strict=True)
    ]
    back = torch.argsort(order)
    pictures, figures = (torch.cat(each)[back] for each in zip(*parts, strict=True))
    return pictures, figures


def _labelled(person: Numbers, camera: Numbers) -> list[PersonPicture]:
    return [
        PersonPicture(Path(), str(who), "query" if place < QUERY_CAMERAS else "gallery")
        for who, place in zip(person.tolist(), camera.tolist(), strict=True)
    ]
