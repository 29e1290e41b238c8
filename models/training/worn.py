"""What people wear: colours and textures where a picture shows the person, beside what a network says. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.training import textures
from models.training.colours import Colours, Pictures, learn_colours
from models.training.discriminant import Array, Discriminant, learn_discriminant
from models.training.figure import Figure, Map
from models.training.pictures import Numbers

DIMENSIONS = 128
"""Of what textures tell; colours have as many."""

_TEXTURES_RIDGE = 1.0


class Weights(NamedTuple):
    """How much parts of a vector count: their lengths, 0 to 1, of the whole vector's 1."""

    colours: float
    textures: float

    @property
    def network(self) -> float:
        """Return the length of the network's own part."""
        return float((1 - self.colours**2 - self.textures**2) ** 0.5)


@dataclass(frozen=True, slots=True)
class Worn:
    """How a picture and a network's maps become numbers that tell what somebody wears.

    Attributes:
        figure: Where the person is.
        colours: What colours tell.
        textures: How `textures.gather` is turned.
    """

    figure: Figure
    colours: Colours
    textures: Discriminant

    def describe(self, pictures: Pictures, maps: Sequence[Map]) -> tuple[Array, Array]:
        """Return what colours and what textures tell, shape (N, D) each, rows of length 1.

        Args:
            pictures: Shape (N, 3, H, W), RGB, 0 to 1.
            maps: `figure.MAPS` of them.
        """
        shown = self.figure.shown(maps)
        told = self.textures.turned(textures.gather(maps[textures.MAP], shown))
        return self.colours.describe(pictures, shown), told


def learn_worn(
    figure: Figure, pictures: Pictures, shown: Array, gathered: Array, person: Numbers, camera: Numbers, seed: int
) -> Worn:
    """Return how to tell people apart by what they wear.

    Args:
        figure: Found `shown`.
        pictures: Of rendered people, as different cameras would show them, shape (N, 3, H, W), RGB, 0 to 1.
        shown: How much of each block is the person, shape (N, H / 4, W / 4).
        gathered: What `textures.gather` says of them, shape (N, K).
        person: Who is on each, shape (N,).
        camera: Which of the person's cameras took it, shape (N,); of each person several.
        seed: What is drawn from.
    """
    colours = learn_colours(pictures, shown, person, camera, seed)
    return Worn(figure, colours, learn_discriminant(gathered, person, camera, DIMENSIONS, _TEXTURES_RIDGE))


def joined(network: Array, colours: Array, told: Array, weights: Weights) -> Array:
    """Return whole vectors, rows of length 1."""
    return np.hstack([weights.network * network, weights.colours * colours, weights.textures * told])
