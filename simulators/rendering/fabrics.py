"""Pictures of cloth, prints and skin, laid on a body in metres. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

_GAMMA = 2.2
_ABOVE_CHEST_M = 0.06
"""How high above the chest bone's beginning the middle of a print lies."""


def linear(picture: NDArray[np.uint8]) -> Floats32:
    """Return shares of light, 0 to 1, of a picture's values, 0 to 255; a fourth channel stays an opacity."""
    shares: Floats32 = picture.astype(np.float32) / np.float32(255)
    shares[..., :3] **= _GAMMA
    return shares


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture that repeats.

    Attributes:
        picture: RGB shares of light, shape (H, W, 3).
        repeat_m: How wide it is on the body.
    """

    picture: Floats32
    repeat_m: float

    def at(self, x_m: Floats, y_m: Floats) -> Floats:
        """Return its colours at points across and up the body, of any shape (...), as (..., 3)."""
        height, width = self.picture.shape[:2]
        texel_m = self.repeat_m / width
        column = np.floor(x_m / texel_m).astype(np.int64) % width
        row = (height - 1 - np.floor(y_m / texel_m).astype(np.int64)) % height
        colours: Floats = self.picture[row, column].astype(np.float64)
        return colours


@dataclass(frozen=True, slots=True)
class Motif:
    """A picture that is printed once.

    Attributes:
        picture: RGB shares of light and opacity, shape (H, W, 4).
        width_m: How wide it is.
        front: Whether it is on the chest.
        back: Whether it is on the back.
    """

    picture: Floats32
    width_m: float
    front: bool
    back: bool

    def put(self, cloth: Floats, x_m: Floats, above_chest_m: Floats, *, is_front: bool | NDArray[np.bool_]) -> None:
        """Print it on a cloth, shape (..., 3), whose points lie where the other arrays, shape (...), say."""
        height, width = self.picture.shape[:2]
        texel_m = self.width_m / width
        aside = np.where(is_front, x_m, -x_m)
        column = np.floor(aside / texel_m + width / 2).astype(np.int64)
        row = np.floor(height / 2 - (above_chest_m - _ABOVE_CHEST_M) / texel_m).astype(np.int64)
        shown = (
            (column >= 0) & (column < width) & (row >= 0) & (row < height) & np.where(is_front, self.front, self.back)
        )
        ink = self.picture[row[shown], column[shown]].astype(np.float64)
        cloth[shown] += ink[:, 3:] * (ink[:, :3] - cloth[shown])


@dataclass(frozen=True, slots=True)
class Fabrics:
    """What a person's clothes and skin are made of, where it is not one colour."""

    top: Tile | None = None
    bottom: Tile | None = None
    skin: Tile | None = None
    motif: Motif | None = None


PLAIN = Fabrics()
