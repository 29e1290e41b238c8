"""Measures an embedder on labelled pictures of people: who is found again in another camera.

The protocol is that of single-shot re-identification: Gray, Brennan and Tao, "Evaluating appearance models for
recognition, reacquisition, and tracking", PETS 2007; mean average precision as Zheng et al., ICCV 2015.
"""

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.detection import Image
from models.errors import ModelError

Signatures: TypeAlias = NDArray[np.float32]  # (N, D), rows of length 1

_PICTURES = (".bmp", ".jpg", ".jpeg", ".png")
_CAMERA = re.compile(r"[A-Za-z]*\d+")
_BATCH = 64
RANKS = (1, 5, 10)


class Layout(StrEnum):
    """How files are named."""

    ID_CAMERA = "id_camera"
    ID_ANGLE_CAMERA = "id_angle_camera"


@dataclass(frozen=True, slots=True)
class PersonPicture:
    """A picture of one person.

    Attributes:
        path: Where it lies.
        person: The person's id, as the file's name says it.
        camera: The camera's.
    """

    path: Path
    person: str
    camera: str


class EmbedderScores(Struct, frozen=True, kw_only=True):
    """How well people are found again in other cameras. Shares are 0 to 1, means over all splits.

    Attributes:
        rank_1: Share of queries whose most similar picture is of the same person.
        rank_5: Whose five most similar hold one of the same person.
        rank_10: Whose ten most similar do.
        mean_average_precision: Over queries, of the ranks of all pictures of the person.
        people: People in a split.
        queries: Pictures that were looked for, in a split on average.
        gallery: Pictures among which they were looked for, on average.
        splits: How often people were drawn.
        query_camera: Whose pictures were looked for.
    """

    rank_1: float
    rank_5: float
    rank_10: float
    mean_average_precision: float
    people: int
    queries: float
    gallery: float
    splits: int
    query_camera: str


def read_people(folder: Path, layout: Layout) -> list[PersonPicture]:
    """Return the labelled pictures in a folder, by name.

    Args:
        folder: Holds files named `ID_CAMERA...` (Market-1501: `0002_c1s1_000451.jpg`), or `ID_ANGLE_CAMERA`
            (VIPeR: `000_45_1.bmp`). Others are passed over.
        layout: Which of both.

    Raises:
        ModelError: There is no such folder, or no picture with such a name.
    """
    place = 1 if layout is Layout.ID_CAMERA else 2
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        parts = path.stem.split("_")
        if path.suffix.lower() in _PICTURES and len(parts) > place and parts[0]:
            camera = _CAMERA.match(parts[place])
            found.append(PersonPicture(path, parts[0], camera.group() if camera else parts[place]))
    if not found:
        msg = f"folder {folder} holds no pictures named {layout.upper()}, such as 0002_c1.jpg; choose another --layout"
        raise ModelError(msg)
    return found


def embed_pictures(
    pictures: Sequence[PersonPicture],
    read: Callable[[Path], Image | None],
    embed: Callable[[Sequence[Image]], Signatures],
) -> Signatures:
    """Return the pictures' signatures, in their order.

    Args:
        pictures: Of one person each.
        read: Reads a file as BGR, None where it is no picture.
        embed: Gives the signatures of some pictures.

    Raises:
        ModelError: A file is no picture.
    """
    found = []
    for first in range(0, len(pictures), _BATCH):
        images = []
        for picture in pictures[first : first + _BATCH]:
            image = read(picture.path)
            if image is None:
                msg = f"picture {picture.path} cannot be read; replace it or take it away"
                raise ModelError(msg)
            images.append(image)
        found.append(embed(images))
    return np.concatenate(found)


def score_embedder(
    pictures: Sequence[PersonPicture],
    signatures: Signatures,
    *,
    query_camera: str | None = None,
    people: int | None = None,
    splits: int = 10,
) -> EmbedderScores:
    """Look for the people of one camera in all others.

    Args:
        pictures: Who is on which.
        signatures: One of each, shape (N, D), rows of length 1; more alike means a greater product.
        query_camera: Whose pictures are looked for; None: the first by name.
        people: So many people are drawn for each split, with seeds 0, 1, and so on; None: all of them, once.
        splits: How often.

    Raises:
        ModelError: There is no such camera, no other one, or there are not so many people in both.
    """
    cameras = sorted({picture.camera for picture in pictures})
    query_camera = cameras[0] if query_camera is None else query_camera
    if query_camera not in cameras or len(cameras) == 1:
        msg = f"need pictures of two cameras, one of them {query_camera!r}, got {', '.join(cameras)}"
        raise ModelError(msg)
    seen = [{one.person for one in pictures if (one.camera == query_camera) is is_query} for is_query in (True, False)]
    both = sorted(seen[0] & seen[1])
    if not both or (people is not None and not 0 < people <= len(both)):
        msg = f"{len(both)} people are seen by camera {query_camera!r} and another one; choose so many or fewer"
        raise ModelError(msg)
    draws = [set(both)]
    if people is not None:
        draws = [set(random.Random(seed).sample(both, people)) for seed in range(splits)]  # noqa: S311 - no secret
    rows = [_score_draw(pictures, signatures, query_camera, draw, everybody=people is None) for draw in draws]
    means = np.mean(rows, axis=0).tolist()
    return EmbedderScores(
        rank_1=means[0],
        rank_5=means[1],
        rank_10=means[2],
        mean_average_precision=means[3],
        people=len(draws[0]),
        queries=means[4],
        gallery=means[5],
        splits=len(draws),
        query_camera=query_camera,
    )


def _score_draw(
    pictures: Sequence[PersonPicture], signatures: Signatures, query_camera: str, draw: set[str], *, everybody: bool
) -> list[float]:
    """Return the share found at each of `RANKS`, mean average precision, queries and gallery of one split."""
    queries = [n for n, one in enumerate(pictures) if one.camera == query_camera and one.person in draw]
    others = [n for n, one in enumerate(pictures) if one.camera != query_camera]
    gallery = others if everybody else [n for n in others if pictures[n].person in draw]
    people = np.array([pictures[n].person for n in gallery])
    similarity = signatures[queries] @ signatures[gallery].T
    places = [
        np.flatnonzero(people[np.argsort(-row, kind="stable")] == pictures[n].person)
        for n, row in zip(queries, similarity, strict=True)
    ]
    shares = [_mean(hits[0] < rank for hits in places) for rank in RANKS]
    precision = _mean(float(np.mean(np.arange(1, len(hits) + 1) / (hits + 1))) for hits in places)
    return [*shares, precision, float(len(queries)), float(len(gallery))]


def _mean(values: Iterable[float | np.bool_]) -> float:
    return float(np.mean([float(value) for value in values]))
