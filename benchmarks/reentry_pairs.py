"""How alike people are who come back into PETS09-S2L1, and strangers: what an embedder alone does, without a tracker.

Boxes are the truth's. A pair is two tracks of which one ended before the other began, as a gallery compares them.
"""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.boxes import areas, common_areas
from edge.tracking_scores import read_mot
from models.detection import Image
from models.reidentification import Signatures

_VIEWS = 8
_COVERED_SHARE = 0.1

Likenesses = NDArray[np.float64]
Embed = Callable[[Sequence[Image]], Signatures]


@dataclass(frozen=True, slots=True)
class Looks:
    """What is seen of a track.

    Attributes:
        person: Who it is.
        first: Frame in which it begins.
        last: Frame in which it ends.
        views: Pictures of boxes that nobody else covers.
    """

    person: str
    first: int
    last: int
    views: list[Image]


def people_by_eye(path: Path) -> dict[int, str]:
    """Return who each track of the truth is, of a table with columns person and track_ids_in_time_order."""
    with path.open(encoding="utf-8") as file:
        return {
            int(number): row["person"]
            for row in csv.DictReader(file)
            for number in row["track_ids_in_time_order"].split(">")
        }


def looks_of(folder: Path) -> list[Looks]:
    """Return the tracks of a folder with vtest.avi, gt.txt and reentry_by_eye.csv."""
    person_of = people_by_eye(folder / "reentry_by_eye.csv")
    clear: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
    spans: dict[int, tuple[int, int]] = {}
    for frame, seen in sorted(read_mot(folder / "gt.txt", only_counted=True).items()):
        boxes = seen.boxes_xyxy_px
        common = common_areas(boxes, boxes) - np.diag(areas(boxes))
        covered = common.max(axis=1) / areas(boxes)
        for place, number in enumerate(seen.numbers.tolist()):
            spans[number] = (spans.get(number, (frame, frame))[0], frame)
            if covered[place] <= _COVERED_SHARE:
                clear.setdefault(number, []).append((frame, np.rint(boxes[place]).astype(np.int64)))
    chosen = {
        number: [boxes[place] for place in np.linspace(0, len(boxes) - 1, min(_VIEWS, len(boxes))).round().astype(int)]
        for number, boxes in clear.items()
    }
    views = _cut(folder / "vtest.avi", chosen)
    return [Looks(person_of[number], *spans[number], views[number]) for number in sorted(views)]


def _cut(video: Path, chosen: dict[int, list[tuple[int, NDArray[np.int64]]]]) -> dict[int, list[Image]]:
    """Return the pictures of boxes, by track."""
    wanted: dict[int, list[tuple[int, NDArray[np.int64]]]] = {}
    for number, places in chosen.items():
        for frame, box in places:
            wanted.setdefault(frame, []).append((number, box))
    found: dict[int, list[Image]] = {number: [] for number in chosen}
    capture = cv2.VideoCapture(str(video))
    frame = 0
    while (got := capture.read())[0]:
        frame += 1
        for number, (x1, y1, x2, y2) in wanted.get(frame, ()):
            found[number].append(np.asarray(got[1], np.uint8)[max(0, y1) : y2, max(0, x1) : x2])
    return found


def pair_likenesses(looks: Sequence[Looks], embed: Embed) -> tuple[Likenesses, Likenesses]:
    """Return how alike pairs of tracks are, of one person and of two: the products of their mean signatures."""
    means = []
    for track in looks:
        mean = embed(track.views).mean(axis=0, dtype=np.float64)
        means.append(mean / np.linalg.norm(mean))
    own: list[float] = []
    strange: list[float] = []
    for one, other in combinations(range(len(looks)), 2):
        a, b = looks[one], looks[other]
        if a.last < b.first or b.last < a.first:
            (own if a.person == b.person else strange).append(float(means[one] @ means[other]))
    return np.array(own), np.array(strange)


def area_under_curve(own: Likenesses, strange: Likenesses) -> float:
    """Return how often a pair of one person is more alike than one of strangers, ties half."""
    below, up_to = (np.searchsorted(np.sort(strange), own, side=side) for side in ("left", "right"))
    return float((below + up_to).mean() / (2 * len(strange)))
