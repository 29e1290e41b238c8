"""Which pictures go into a batch: some of each of some people, by different cameras. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.training.pictures import Numbers
from models.training.recipe import Recipe

Indices = NDArray[np.int64]

NEIGHBOURS = 4
"""So many people with consecutive numbers may be dressed alike; they are hard to tell apart."""

_STREAM = 81


@dataclass(frozen=True, slots=True)
class Batch:
    """Some pictures.

    Attributes:
        pictures: Their indices, shape (N,).
        labels: Which of the sampler's people is on each, shape (N,).
    """

    pictures: Indices
    labels: Indices


class Sampler:
    """Draws batches. The same recipe and step give the same batch, whatever was drawn before.

    Half of the people of a batch come as neighbours, who may wear the same.

    Args:
        recipe: Seed and size.
        person: Who is on each picture, shape (N,).
        camera: Which of the person's cameras took it, shape (N,).

    Raises:
        ModelError: There are fewer people than a batch needs.
    """

    def __init__(self, recipe: Recipe, person: Numbers, camera: Numbers) -> None:
        self._recipe = recipe
        self.people = np.unique(person)
        if len(self.people) < recipe.people_per_batch:
            msg = f"{len(self.people)} people are too few for batches of {recipe.people_per_batch}; render more"
            raise ModelError(msg)
        order = np.lexsort((camera, person))
        starts = np.searchsorted(person[order], self.people)
        self._own = np.split(order, starts[1:])
        self._camera = camera

    def draw(self, step: int) -> Batch:
        """Return the batch of a step."""
        recipe = self._recipe
        rng = np.random.default_rng([recipe.seed, _STREAM, step])
        labels = self._labels(rng)
        pictures = [self._pictures(rng, label) for label in labels]
        return Batch(np.concatenate(pictures), np.repeat(labels, recipe.pictures_per_person))

    def _labels(self, rng: np.random.Generator) -> Indices:
        wanted, count = self._recipe.people_per_batch, len(self.people)
        groups = rng.permutation(count // NEIGHBOURS)[: wanted // (2 * NEIGHBOURS)]
        near = (groups[:, None] * NEIGHBOURS + np.arange(NEIGHBOURS)).reshape(-1)
        others = np.setdiff1d(np.arange(count), near)
        far = rng.permutation(others)[: wanted - len(near)]
        return np.concatenate([near, far]).astype(np.int64)

    def _pictures(self, rng: np.random.Generator, label: int) -> Indices:
        """Return pictures of one person, by as many cameras as there are, some twice if there are too few."""
        own = rng.permutation(self._own[label])
        rounds = _occurrence(self._camera[own])
        chosen = own[np.argsort(rounds, kind="stable")][: self._recipe.pictures_per_person]
        missing = self._recipe.pictures_per_person - len(chosen)
        return np.concatenate([chosen, rng.choice(own, missing)]) if missing else chosen


def _occurrence(values: Numbers) -> Indices:
    """Return for each value how often it came before."""
    order = np.argsort(values, kind="stable")
    _, starts, counts = np.unique(values[order], return_index=True, return_counts=True)
    found = np.empty(len(values), dtype=np.int64)
    found[order] = np.arange(len(values)) - np.repeat(starts, counts)
    return found


def held_out(person: Numbers, share: float) -> NDArray[np.bool_]:
    """Return which pictures are of people who are kept for measuring: the last ones, whole groups of neighbours."""
    people = np.unique(person)
    count = max(1, round(share * len(people) / NEIGHBOURS)) * NEIGHBOURS
    found: NDArray[np.bool_] = np.isin(person, people[-count:])
    return found
