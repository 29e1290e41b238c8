"""How well embedders know people again, side by side: `python -m benchmarks.embedders MODEL... --viper DIR`.

Three measures, each where its material is given: labelled pictures of people by two cameras (VIPeR's layout and
protocol), films of one rendered store by several cameras (`shopthread simulate render`), and PETS09-S2L1: re-entries
that a camera finds, and how well the truth's tracks alone are told apart.
EER is the equal error rate of all pairs by two cameras under one threshold, "at 2 %" the likeness that so many
strangers reach. The first row is what needs no model: colours in stripes. Models are the bundled ones and those under
SHOPTHREAD_HOME.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.reentry_pairs import area_under_curve, looks_of, pair_likenesses
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
from simulators.core.signatures import equal_error_rate
from simulators.rendering.annotations import read_sightings

Embed = Callable[[Sequence[Image]], Signatures]
Pictures = tuple[list[PersonPicture], list[Image]]
Likenesses = NDArray[np.float64]

STRIPES = "colour stripes"
SAMPLE = 316
COLUMNS = ("VIPeR R1", "R5", "mAP", "EER", "at 2 %", "films R1", "mAP", "EER", "at 2 %")
_FALSE_SHARE = 0.02
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


@dataclass(frozen=True, slots=True)
class Scores:
    """What an embedder does with labelled pictures.

    Attributes:
        found: How often the first camera's people are found in the others.
        equal_error_rate: Share of strangers taken for one person and of people missed, where both are equal.
        threshold: Likeness that 2 % of pairs of strangers reach, as a gallery would choose it.
    """

    found: EmbedderScores
    equal_error_rate: float
    threshold: float


def scored(material: Pictures, embed: Embed, people: int | None) -> Scores:
    """Return how an embedder does with pictures of several cameras."""
    pictures, images = material
    by_path = iter(images)
    signatures = embed_pictures(pictures, lambda _: next(by_path), embed)
    own, strange = _likenesses(pictures, signatures)
    found = score_embedder(pictures, signatures, people=people)
    return Scores(found, equal_error_rate(own, strange)[0], float(np.quantile(strange, 1 - _FALSE_SHARE)))


def _likenesses(pictures: Sequence[PersonPicture], signatures: Signatures) -> tuple[Likenesses, Likenesses]:
    """Return how alike pictures by two cameras are, of one person and of two."""
    person, camera = (np.array([getattr(one, name) for one in pictures]) for name in ("person", "camera"))
    alike = (signatures @ signatures.T).astype(np.float64)
    between = camera[:, None] < camera
    same = person[:, None] == person
    return alike[between & same], alike[between & ~same]


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
    table = Table("", "MB", "ms", *COLUMNS, "re-entries found", "wrong", "AUC", "EER")
    viper, films = given.viper and labelled(given.viper), given.films and filmed(given.films)
    looks = given.pets and looks_of(given.pets)
    for name, embed in ways.items():
        cells = [name, sizes[name], f"{milliseconds(embed):.1f}"]
        cells += shown(scored(viper, embed, SAMPLE) if viper else None, ("rank_1", "rank_5", "mean_average_precision"))
        cells += shown(scored(films, embed, None) if films else None, ("rank_1", "mean_average_precision"))
        known = _reentries(given.pets, name, registry) if given.pets and name != STRIPES else None
        cells += [f"{known[0]} of {known[2]}", str(known[1])] if known else ["-", "-"]
        cells += _told_apart(*pair_likenesses(looks, embed)) if looks else ["-", "-"]
        table.add_row(*cells)
    console = Console(width=170)
    console.print(table)
    if films:
        people = len({picture.person for picture in films[0]})
        console.print(
            f"films: {len(films[0])} pictures of {people} people, camera {films[0][0].camera} against the others"
        )


def _told_apart(own: Likenesses, strange: Likenesses) -> list[str]:
    return [f"{area_under_curve(own, strange):.3f}", f"{equal_error_rate(own, strange)[0]:.1%}"]


def _reentries(folder: Path, name: str, registry: ModelRegistry) -> tuple[int, int, int]:
    from benchmarks.tracking import reentries_with  # noqa: PLC0415 - a whole camera, which others do without

    return reentries_with(folder, name, registry)


def shown(scores: Scores | None, figures: Sequence[str]) -> list[str]:
    """Return figures as shares of 100, then both about thresholds; dashes where nothing was measured."""
    if scores is None:
        return ["-"] * (len(figures) + 2)
    shares = [f"{getattr(scores.found, figure):.1%}" for figure in figures]
    return [*shares, f"{scores.equal_error_rate:.1%}", f"{scores.threshold:.2f}"]


if __name__ == "__main__":
    main()
