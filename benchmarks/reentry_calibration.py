"""Whether a camera's own threshold for "the same person" keeps its promise where an embedder has never been.

`python -m benchmarks.reentry_calibration MODEL... --viper DIR --pets DIR` prints, for each kind of place, the threshold
that a camera finds from so many certain strangers (`edge.core.gallery_calibration`), the share of strangers that it
expects to reach it, the share that really does, and the share of true pairs that does. Strangers to calibrate by are
pairs of one half of the people, those to judge by of the other half: as likenesses of VIPeR's single pictures within
one camera, and of PETS09-S2L1's tracks. The figures are means of some draws of halves. Models are the bundled ones
and those under SHOPTHREAD_HOME.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.embedders import Embed, labelled
from benchmarks.reentry_pairs import looks_of
from edge.core.gallery import GalleryRules
from edge.core.gallery_calibration import add_negatives, calibrate, no_negatives
from models.embedding import PersonEmbedder
from models.loader import load_model
from models.registry import DEFAULT_EMBEDDER, ModelRegistry
from models.video import opencv_resize
from shopthread.models_commands import default_models_dir

PAIRS_SEEN = (0, 10, 100, 1000)
DRAWS = 20

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """Signatures of one kind of place.

    Attributes:
        name: What to call it.
        person: Who is on each, shape (N,).
        signatures: Rows of length 1, shape (N, D).
        true_pairs: How alike pairs of one person are, shape (K,).
    """

    name: str
    person: Sequence[str]
    signatures: Array
    true_pairs: Array


@dataclass(frozen=True, slots=True)
class Kept:
    """What a threshold promises and does: means of the draws.

    Attributes:
        threshold: Found from certain strangers.
        expected: Share of strangers that should reach it.
        reached: Share of other strangers that does.
        found: Share of true pairs that does.
    """

    threshold: float
    expected: float
    reached: float
    found: float


def kept(place: Place, pairs_seen: int, rules: GalleryRules, draws: int = DRAWS) -> Kept | None:
    """Return how a camera's promise is kept after so many pairs of strangers; None: a half has not so many."""
    people = sorted(set(place.person))
    rows = []
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        half = set(rng.permutation(people)[: len(people) // 2].tolist())
        seen, judged = (_strangers(place, half, inside=inside) for inside in (True, False))
        if len(seen) < pairs_seen:
            return None
        found = calibrate(
            add_negatives(no_negatives(), rng.choice(seen, pairs_seen, replace=False)),
            rules.false_match_rate,
            rules.least_threshold,
        )
        reached, true = (float((each >= found.threshold).mean()) for each in (judged, place.true_pairs))
        rows.append((found.threshold, found.false_match_rate, reached, true))
    return Kept(*np.mean(rows, axis=0).tolist())


def _strangers(place: Place, half: set[str], *, inside: bool) -> Array:
    """Return how alike strangers of one half of the people are."""
    chosen = [index for index, person in enumerate(place.person) if (person in half) == inside]
    alike = place.signatures[chosen] @ place.signatures[chosen].T
    who = np.array([place.person[index] for index in chosen])
    found: Array = alike[np.triu(who[:, None] != who, 1)]
    return found


def viper(folder: Path, embed: Embed) -> list[Place]:
    """Return VIPeR's cameras as places; true pairs are between them."""
    pictures, images = labelled(folder)
    rows = np.concatenate([embed(images[first : first + 64]) for first in range(0, len(images), 64)]).astype(np.float64)
    by_camera = {
        camera: {each.person: row for each, row in zip(pictures, rows, strict=True) if each.camera == camera}
        for camera in sorted({each.camera for each in pictures})
    }
    one, two = by_camera.values()
    pairs = np.array([one[person] @ two[person] for person in sorted(set(one) & set(two))])
    return [
        Place(f"VIPeR, camera {camera}", list(seen), np.stack(list(seen.values())), pairs)
        for camera, seen in by_camera.items()
    ]


def pets(folder: Path, embed: Embed) -> list[Place]:
    """Return PETS09-S2L1's tracks as a place; true pairs are of tracks of which one ended before the other began."""
    looks = looks_of(folder)
    means = np.stack([embed(track.views).mean(axis=0, dtype=np.float64) for track in looks])
    rows = means / np.linalg.norm(means, axis=1, keepdims=True)
    pairs = [
        float(rows[first] @ rows[second])
        for first, second in combinations(range(len(looks)), 2)
        if looks[first].person == looks[second].person
    ]
    return [Place("PETS09-S2L1", [track.person for track in looks], rows, np.array(pairs))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reentry_calibration", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", default=[DEFAULT_EMBEDDER], help="embedders by name")
    parser.add_argument("--viper", type=Path, metavar="DIR", help="pictures named ID_ANGLE_CAMERA")
    parser.add_argument("--pets", type=Path, metavar="DIR", help="vtest.avi, gt.txt and reentry_by_eye.csv")
    given = parser.parse_args()
    registry, rules = ModelRegistry(default_models_dir()), GalleryRules()
    table = Table("", "place", "strangers seen", "threshold", "expected to reach it", "did", "true pairs that did")
    for name in given.models:
        embed = PersonEmbedder(load_model(registry.get(name)), opencv_resize).embed
        places = [*(viper(given.viper, embed) if given.viper else ()), *(pets(given.pets, embed) if given.pets else ())]
        for place in places:
            for pairs_seen in PAIRS_SEEN:
                found = kept(place, pairs_seen, rules)
                if found:
                    shares = (f"{share:.1%}" for share in (found.expected, found.reached, found.found))
                    table.add_row(name, place.name, f"{pairs_seen:,}", f"{found.threshold:.2f}", *shares)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
