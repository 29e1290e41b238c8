"""How well embedders know people again, side by side: `python -m benchmarks.embedders MODEL... --viper DIR`.

Three measures, each where its material is given: labelled pictures of people by two cameras (VIPeR's layout and
protocol), films of one rendered store by several cameras (`shopthread simulate render`), and re-entries on PETS09-S2L1.
The first row is what needs no model: colours in stripes. Models are the bundled ones and those under SHOPTHREAD_HOME.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.tracking import reentries_with
from edge.core.appearance import colour_stripes
from models.detection import Image
from models.embedding import PersonEmbedder
from models.loader import load_model
from models.registry import ModelRegistry
from models.reidentification import (
    EmbedderScores,
    Layout,
    PersonPicture,
    Signatures,
    embed_pictures,
    read_people,
    score_embedder,
)
from models.video import opencv_resize
from shopthread.models_commands import default_models_dir
from simulators.rendering.annotations import read_sightings

Embed = Callable[[Sequence[Image]], Signatures]
Pictures = tuple[list[PersonPicture], list[Image]]

STRIPES = "colour stripes"
_SAMPLE = 316
_LEAST_SHOWN = 0.6
_LEAST_TALL_PX = 40.0
_APART_FRAMES = 5
_TIMED = 40
_TIMED_WH_PX = (48, 128)


def stripes(images: Sequence[Image]) -> Signatures:
    """Return the colours of people in stripes, shape (N, D), rows of length 1."""
    rows = [colour_stripes(image, np.array([[0.0, 0.0, image.shape[1], image.shape[0]]])) for image in images]
    return np.concatenate(rows).astype(np.float32)


def labelled(folder: Path) -> Pictures:
    """Return the pictures of a folder in VIPeR's layout."""
    pictures = read_people(folder, Layout.ID_ANGLE_CAMERA)
    return pictures, [np.asarray(cv2.imread(str(picture.path)), np.uint8) for picture in pictures]


def filmed(folder: Path) -> Pictures:
    """Return people as the cameras of one rendered store saw them, at most every fifth frame of each.

    Args:
        folder: Holds a folder for each camera, as `shopthread simulate render` makes them.
    """
    pictures: list[PersonPicture] = []
    images: list[Image] = []
    for film in sorted(path.parent for path in folder.glob("*/sightings.jsonl")):
        seen = read_sightings((film / "sightings.jsonl").read_bytes())
        capture = cv2.VideoCapture(str(film / "video.mp4"))
        frames: dict[int, Image] = {}
        while (got := capture.read())[0]:
            frames[len(frames) + 1] = np.asarray(got[1], np.uint8)
        last: dict[str, int] = {}
        for each in seen:
            x1, y1, x2, y2 = (round(side) for side in each.visible_box_px)
            is_new = each.frame - last.get(each.person_id, -_APART_FRAMES) >= _APART_FRAMES
            if is_new and each.visible_share > _LEAST_SHOWN and y2 - y1 > _LEAST_TALL_PX:
                last[each.person_id] = each.frame
                pictures.append(PersonPicture(film, each.person_id, film.name))
                images.append(frames[each.frame][y1:y2, x1:x2])
    return pictures, images


def scored(material: Pictures, embed: Embed, people: int | None) -> EmbedderScores:
    """Return how often the first camera's people are found in the others."""
    pictures, images = material
    by_path = iter(images)
    return score_embedder(pictures, embed_pictures(pictures, lambda _: next(by_path), embed), people=people)


def milliseconds(embed: Embed) -> float:
    """Return the processor time of one picture with its mirror image, median."""
    picture = np.random.default_rng(0).integers(0, 255, (*reversed(_TIMED_WH_PX), 3), dtype=np.uint8)
    took = []
    for _ in range(_TIMED):
        started_s = time.thread_time()
        embed([picture])
        took.append(1000 * (time.thread_time() - started_s))
    return statistics.median(took)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedders", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="embedders by name (default: all)")
    parser.add_argument("--viper", type=Path, metavar="DIR", help="pictures named ID_ANGLE_CAMERA")
    parser.add_argument("--films", type=Path, metavar="DIR", help="rendered cameras of one store, a folder each")
    parser.add_argument("--pets", type=Path, metavar="DIR", help="vtest.avi, gt.txt and reentry_by_eye.csv")
    given = parser.parse_args()
    registry = ModelRegistry(default_models_dir())
    names = given.models or [each.manifest.name for each in registry.list() if each.manifest.task == "embedder"]
    ways: dict[str, Embed] = {STRIPES: stripes}
    sizes = {STRIPES: "0"}
    for name in names:
        model = registry.get(name)
        ways[name] = PersonEmbedder(load_model(model), opencv_resize).embed
        sizes[name] = f"{model.path.stat().st_size / 1e6:.1f}"
    table = Table("", "MB", "ms", "VIPeR R1", "R5", "mAP", "films R1", "mAP", "re-entries found", "wrong")
    viper, films = given.viper and labelled(given.viper), given.films and filmed(given.films)
    for name, embed in ways.items():
        cells = [name, sizes[name], f"{milliseconds(embed):.1f}"]
        cells += _cells(
            scored(viper, embed, _SAMPLE) if viper else None, ("rank_1", "rank_5", "mean_average_precision")
        )
        cells += _cells(scored(films, embed, None) if films else None, ("rank_1", "mean_average_precision"))
        known = reentries_with(given.pets, name, registry) if given.pets and name != STRIPES else None
        cells += [f"{known[0]} of {known[2]}", str(known[1])] if known else ["-", "-"]
        table.add_row(*cells)
    console = Console(width=140)
    console.print(table)
    if films:
        people = len({picture.person for picture in films[0]})
        console.print(
            f"films: {len(films[0])} pictures of {people} people, camera {films[0][0].camera} against the others"
        )


def _cells(scores: EmbedderScores | None, figures: Sequence[str]) -> list[str]:
    return [f"{getattr(scores, figure):.1%}" if scores else "-" for figure in figures]


if __name__ == "__main__":
    main()
