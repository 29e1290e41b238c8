"""How real cameras show people, as statistics of colours alone: no picture can be made of them. Pure."""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

Array = NDArray[np.float64]

NUMBERS = 6
"""Of a picture: the means, then the logarithms of the standard deviations, of three channels."""

FLOOR = 1 / 255
"""Least brightness, as a share of white, of which a logarithm is taken."""

LEAST_DEVIATION = 1e-3

_CONES = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_OPPONENTS = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])
_GAMMA = 2.2
_FEWEST = 2 * NUMBERS


class Styles(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How some footage shows people: a normal distribution of the pictures' statistics.

    Attributes:
        source: What footage.
        licence: Under which it may be measured and what was measured given on.
        pictures: How many boxes of people were measured.
        mean: Of the pictures' numbers, as `statistics` gives them.
        root: A lower triangular matrix whose product with its transpose is their covariance, row by row.
    """

    source: str
    licence: str
    pictures: int
    mean: tuple[float, ...]
    root: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        """Refuse numbers of another form.

        Raises:
            ValueError: There are not 6 means, or not 6 rows of 6.
        """
        if len(self.mean) != NUMBERS or [len(row) for row in self.root] != [NUMBERS] * NUMBERS:
            msg = f"styles need {NUMBERS} means and {NUMBERS} rows of {NUMBERS}; measure them anew"
            raise ValueError(msg)


def opponents() -> tuple[Array, Array, float]:
    """Return how a picture's colours become a brightness and two opponent colours that vary apart from each other.

    The space l-alpha-beta of Ruderman et al. ("Statistics of cone responses to natural images", JOSA A 15, 1998), in
    which Reinhard et al. ("Color transfer between images", IEEE CG&A 21, 2001) give one picture the colours of another.

    Returns:
        The matrix from linear red, green and blue to three kinds of cones; that from their logarithms to the channels,
        both (3, 3); and the exponent that makes values linear.
    """
    return _CONES, _OPPONENTS, _GAMMA


def statistics(pictures: NDArray[np.uint8]) -> Array:
    """Return the means and the logarithms of the deviations of each picture's channels, shape (N, 6).

    Args:
        pictures: Shape (N, 3, H, W), RGB.
    """
    linear = np.maximum(pictures / 255.0, FLOOR) ** _GAMMA
    channels = np.einsum("dc,ncp->ndp", _CONES, linear.reshape(len(pictures), 3, -1))
    channels = np.einsum("dc,ncp->ndp", _OPPONENTS, np.log(channels))
    deviations = np.maximum(channels.std(axis=2), LEAST_DEVIATION)
    return np.concatenate([channels.mean(axis=2), np.log(deviations)], axis=1)


def measure(pictures: NDArray[np.uint8], source: str, licence: str) -> Styles:
    """Return how pictures of people show colours, rounded so that no single one shows.

    Args:
        pictures: Shape (N, 3, H, W), RGB.
        source: What footage they are cut from.
        licence: Of the footage.

    Raises:
        ModelError: There are too few.
    """
    if len(pictures) < _FEWEST:
        msg = f"{len(pictures)} boxes of people are too few to measure colours by; give footage with {_FEWEST} or more"
        raise ModelError(msg)
    found = statistics(pictures)
    covariance = np.cov(found.T) + 1e-6 * np.eye(NUMBERS)
    root = np.round(np.linalg.cholesky(covariance), 3)
    return Styles(
        source=source,
        licence=licence,
        pictures=len(pictures),
        mean=tuple(np.round(found.mean(axis=0), 3).tolist()),
        root=tuple(tuple(row) for row in root.tolist()),
    )


def read_styles(path: Path) -> Styles:
    """Return what `write_styles` wrote.

    Raises:
        ModelError: The file cannot be read, or holds something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Styles)
    except (OSError, msgspec.DecodeError) as error:
        msg = f"styles {path} cannot be read: {error}; `shopthread models measure-styles` writes such a file"
        raise ModelError(msg) from error


def write_styles(path: Path, styles: Styles) -> None:
    """Write styles as JSON that a person can read."""
    text = msgspec.json.format(msgspec.json.encode(styles), indent=2)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text + b"\n")
