"""Files of training pictures: many people in one NumPy archive, each picture as JPEG bytes with who is where on it.

Whoever makes such pictures writes them with `write_shard`; training reads them with `read_folder`.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

SETTINGS_FILE = "settings.json"
PATTERN = "people-*.npz"
_UNFINISHED = ".part"

FIGURE_WH = (16, 32)
"""Of what tells the person from the rest of a picture: blocks of 4 x 4 pixels."""

Numbers = NDArray[np.int32]
Figures = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shard:
    """Labelled pictures.

    Attributes:
        jpegs: One file's bytes each.
        person: Who is on each, shape (N,).
        camera: Which of the person's cameras took it, shape (N,): pictures of one person with one number show one
            place, light and sensor. The same number of another person is another camera.
        figure: How much of each block of a picture is the person, 0 to 255, shape (N, height, width of `FIGURE_WH`).
    """

    jpegs: list[bytes]
    person: Numbers
    camera: Numbers
    figure: Figures


def shard_path(folder: Path, number: int) -> Path:
    """Return where the pictures of one run of people lie."""
    return folder / f"people-{number:05d}.npz"


def write_shard(path: Path, shard: Shard) -> None:
    """Write pictures so that nobody ever reads half a file; the same pictures give the same bytes."""
    ends = np.cumsum([len(jpeg) for jpeg in shard.jpegs], dtype=np.int64)
    unfinished = path.with_suffix(_UNFINISHED)
    with unfinished.open("wb") as file:
        content = np.frombuffer(b"".join(shard.jpegs), np.uint8)
        np.savez(file, content=content, ends=ends, person=shard.person, camera=shard.camera, figure=shard.figure)
    unfinished.replace(path)


def read_shard(path: Path) -> Shard:
    """Return the pictures of a file.

    Raises:
        ModelError: It is no such file.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            content, ends = file["content"].tobytes(), file["ends"].tolist()
            person, camera = file["person"].astype(np.int32), file["camera"].astype(np.int32)
            figure = file["figure"].astype(np.uint8)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{path} holds no training pictures: {error}; remove it and render it again"
        raise ModelError(msg) from error
    if not (len(ends) == len(person) == len(camera) and figure.shape == (len(ends), *FIGURE_WH[::-1])):
        told = f"{len(ends)} pictures, {len(person)} people, {len(camera)} cameras and figures of shape {figure.shape}"
        msg = f"{path}: {told}; render it again"
        raise ModelError(msg)
    starts = [0, *ends[:-1]]
    return Shard([content[start:end] for start, end in zip(starts, ends, strict=True)], person, camera, figure)


def read_folder(folder: Path, most_people: int | None = None) -> tuple[Shard, dict[str, Any]]:
    """Return all complete files of a folder together, and the settings that they were made with.

    Args:
        folder: Made by `shopthread simulate crops`.
        most_people: Only so many people, the first ones.

    Raises:
        ModelError: There are no pictures, or a file is damaged.
    """
    paths = sorted(folder.glob(PATTERN))
    if not paths:
        msg = f"{folder} holds no {PATTERN}; make them: shopthread simulate crops --out {folder}"
        raise ModelError(msg)
    settings: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    jpegs: list[bytes] = []
    people: list[Numbers] = []
    cameras: list[Numbers] = []
    figures: list[Figures] = []
    for path in paths:
        shard = read_shard(path)
        jpegs += shard.jpegs
        people.append(shard.person)
        cameras.append(shard.camera)
        figures.append(shard.figure)
    person, camera, figure = np.concatenate(people), np.concatenate(cameras), np.concatenate(figures)
    known = np.unique(person)
    if most_people is None or most_people >= len(known):
        return Shard(jpegs, person, camera, figure), settings
    kept = np.flatnonzero(np.isin(person, known[:most_people]))
    return Shard([jpegs[n] for n in kept], person[kept], camera[kept], figure[kept]), settings
