"""How well signatures tell labelled people apart: as the encoder makes them, as they are sent, and a day later.

`python -m benchmarks.looks FOLDER` reads pictures named `PERSON_ANGLE_CAMERA.EXTENSION`, as VIPeR's are, with one
picture of each person by each of two cameras.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from edge.core.rotation import quantize, rotation
from models.embedding import PersonEmbedder
from models.loader import load_model
from models.registry import DEFAULT_EMBEDDER, ModelRegistry
from models.video import opencv_resize
from simulators.core.signatures import equal_error_rate

Rows = NDArray[np.float64]
TODAY = bytes(32)
OTHER_DAYS = [bytes([number]) * 32 for number in range(1, 21)]
"""Some: by chance one of them turns some people's looks a little towards what they were."""


def pictures(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures of both cameras, of the same people in the same order.

    Raises:
        ValueError: The folder holds none.
    """
    seen: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.iterdir()):
        seen[path.stem.partition("_")[0], path.stem.rpartition("_")[2]] = path
    people = sorted({person for person, _ in seen})
    both = [person for person in people if (person, "1") in seen and (person, "2") in seen]
    if not both:
        msg = f"expected pictures named PERSON_ANGLE_CAMERA in {folder}, of cameras 1 and 2, found none"
        raise ValueError(msg)
    return [seen[person, "1"] for person in both], [seen[person, "2"] for person in both]


def embedded(paths: list[Path]) -> Rows:
    """Return the bundled encoder's signatures, shape (N, D)."""
    embedder = PersonEmbedder(load_model(ModelRegistry().get(DEFAULT_EMBEDDER)), opencv_resize)
    images = [cv2.imread(str(path)) for path in paths]
    found: Rows = embedder.embed([np.asarray(image, np.uint8) for image in images]).astype(float)
    return found


def centred(rows: Rows, common: Rows) -> Rows:
    """Return signatures without what a camera's people have in common."""
    own: Rows = rows - common
    unit: Rows = own / np.linalg.norm(own, axis=1, keepdims=True)
    return unit


def sent(rows: Rows, secret: bytes) -> Rows:
    """Return signatures as the gateway compares them, of length 1."""
    matrix = rotation(secret, rows.shape[1], DEFAULT_EMBEDDER)
    values = np.array([np.frombuffer(quantize(matrix @ row), np.int8) for row in rows], float)
    unit: Rows = values / np.linalg.norm(values, axis=1, keepdims=True)
    return unit


def judged(one: Rows, *by_two: Rows) -> tuple[str, ...]:
    """Return the cells of a row: cosines of one person, of strangers, AUC and equal error rate, of all `by_two`."""
    cosines = [one @ two.T for two in by_two]
    same = np.concatenate([np.diag(each) for each in cosines])
    others = np.concatenate([each[~np.eye(len(each), dtype=bool)] for each in cosines])
    auc = float(np.mean(np.searchsorted(np.sort(others), same) / len(others)))
    rate, _ = equal_error_rate(same, others)
    return (
        f"{same.mean():.2f} ± {same.std():.2f}",
        f"{others.mean():.2f} ± {others.std():.2f}",
        f"{auc:.3f}",
        f"{rate:.1%}",
    )


def main(folder: Path) -> None:
    """Print the table of docs/re-identification.md: half of the people tell what is common, the others are judged."""
    one, two = (embedded(paths) for paths in pictures(folder))
    common = [rows[::2].mean(axis=0) for rows in (one, two)]
    own = [centred(rows[1::2], mean) for rows, mean in zip((one, two), common, strict=True)]
    table = Table("", "cosine of one person", "of strangers", "AUC", "equal error rate")
    table.add_row("as the encoder makes them", *judged(one[1::2], two[1::2]))
    table.add_row("without what is common", *judged(own[0], own[1]))
    table.add_row("as sent", *judged(sent(own[0], TODAY), sent(own[1], TODAY)))
    table.add_row("one day and another", *judged(sent(own[0], TODAY), *(sent(own[1], day) for day in OTHER_DAYS)))
    Console(width=110).print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
