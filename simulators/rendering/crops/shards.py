"""A folder of training pictures: which people are in which file, made one file at a time, so that it can go on."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from models.training.pictures import FIGURE_WH, SETTINGS_FILE, Shard, shard_path, write_shard
from simulators.adapters.feed_files import replace_file
from simulators.core.scenario import Scenario
from simulators.rendering.clothing.folder import load_assets
from simulators.rendering.clothing.pieces import AssetSet
from simulators.rendering.clothing.sample import make_sample
from simulators.rendering.crops.effects import Image, encoded
from simulators.rendering.crops.people import draw_person
from simulators.rendering.crops.shooting import photograph
from simulators.rendering.crops.views import View, draw_outdoor_view, draw_view

if TYPE_CHECKING:
    from simulators.rendering.wardrobe import Figure

RECIPE = 3
"""Of these pictures; another number means that the same seed gives other ones."""

_STREAM = 73
_QUALITY = 94
_RENEWED = 4
_OTHERS = 16
_OTHERS_FROM = 10_000_000


class CropsError(ValueError):
    """Pictures cannot be made as asked; the message says why and what to do."""


class CropSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides every picture of a folder, besides who is on it.

    Attributes:
        recipe: `RECIPE` when it was begun.
        seed: What everything is drawn from.
        cameras: How many cameras take each person.
        pictures: How many pictures each of them takes.
        people_per_file: How many people are in a file.
        views: Among how many places and lenses the cameras of a file's people are; a quarter are new in each file.
        wardrobes: How many example asset folders of fabrics, prints and hats people choose from.
        assets: Name, licences and SHA-256 of the file of each asset set that was given besides.
        daylight: Share of the cameras that are level and outdoors, 0 to 1.
    """

    recipe: int = RECIPE
    seed: int = 1
    cameras: int = 8
    pictures: int = 3
    people_per_file: int = 128
    views: int = 24
    wardrobes: int = 4
    assets: tuple[tuple[str, str, str], ...] = ()
    daylight: float = 0.0


class CropMaker:
    """Makes the files of a folder. The same settings and file number give the same bytes.

    Args:
        settings: Decide the pictures.
        shops: Scenarios whose corners are backgrounds.
        assets: What `settings.assets` names.
    """

    def __init__(self, settings: CropSettings, shops: Sequence[Scenario], assets: Sequence[AssetSet]) -> None:
        self._settings, self._shops = settings, shops
        self._wardrobes = [*assets, *_samples(settings)]
        self._views: OrderedDict[int, View] = OrderedDict()
        self._outdoor_views: OrderedDict[int, View] = OrderedDict()
        self._others: list[Figure] = []

    def make(self, number: int, progress: Callable[[], None]) -> Shard:
        """Return the pictures of a file. `progress` is called after each person."""
        settings = self._settings
        if not self._others:
            numbers = range(_OTHERS_FROM, _OTHERS_FROM + _OTHERS)
            self._others = [draw_person(settings.seed, each, self._wardrobes) for each in numbers]
        views = self._views_of(number, self._views, lambda each: draw_view(settings.seed, each, self._shops))
        outdoors = (
            self._views_of(number, self._outdoor_views, lambda each: draw_outdoor_view(settings.seed, each))
            if settings.daylight
            else []
        )
        jpegs: list[bytes] = []
        labels: list[tuple[int, int]] = []
        figures: list[Image] = []
        for person in range(number * settings.people_per_file, (number + 1) * settings.people_per_file):
            figure = draw_person(settings.seed, person, self._wardrobes)
            for camera in range(settings.cameras):
                rng = np.random.default_rng([settings.seed, _STREAM, person, camera])
                is_outdoors = self._is_outdoors(person, camera)
                found = photograph(figure, outdoors if is_outdoors else views, self._others, settings.pictures, rng)
                jpegs += [encoded(shot.picture, _QUALITY) for shot in found]
                figures += [shot.figure for shot in found]
                labels += [(person, camera)] * len(found)
            progress()
        people, cameras = np.array(labels, dtype=np.int32).reshape(-1, 2).T
        return Shard(jpegs, people, cameras, np.array(figures, dtype=np.uint8).reshape(-1, *FIGURE_WH[::-1]))

    def _is_outdoors(self, person: int, camera: int) -> bool:
        """Return whether a camera is outdoors, from a stream of its own: who has none stays as without daylight."""
        rng = np.random.default_rng([self._settings.seed, _STREAM, person, camera, 1])
        return bool(rng.random() < self._settings.daylight)

    def _views_of(self, number: int, kept: OrderedDict[int, View], draw: Callable[[int], View]) -> list[View]:
        """Return the views of a file: most of them are those of the file before, which `kept` holds."""
        first = number * max(1, self._settings.views // _RENEWED)
        wanted = range(first, first + self._settings.views)
        for each in [known for known in kept if known not in wanted]:
            del kept[each]
        for each in wanted:
            if each not in kept:
                kept[each] = draw(each)
        return [kept[each] for each in wanted]


def read_assets(paths: Sequence[Path], licence: str | None) -> tuple[list[AssetSet], tuple[tuple[str, str, str], ...]]:
    """Return asset sets, and what `CropSettings.assets` says of them.

    Raises:
        AssetError: One cannot be used.
    """
    found, described = [], []
    for path in paths:
        assets = load_assets(path, licence)
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        digest = hashlib.sha256()
        for each in files:
            digest.update(each.read_bytes())
        found.append(assets)
        described.append((assets.name, ", ".join(assets.licences), digest.hexdigest()))
    return found, tuple(described)


def open_folder(folder: Path, settings: CropSettings) -> None:
    """Begin a folder of pictures, or make sure that it was begun with the same settings.

    Raises:
        CropsError: It holds pictures of other settings.
        OSError: It cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS_FILE
    if not path.exists():
        replace_file(path, msgspec.json.format(msgspec.json.encode(settings), indent=1) + b"\n")
        return
    found = json.loads(path.read_text(encoding="utf-8"))
    wanted = json.loads(msgspec.json.encode(settings))
    found.setdefault("daylight", 0.0)  # folders begun before there was any
    differing = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
    if differing:
        key = differing[0]
        msg = f"{folder} was begun with {key} {found.get(key)!r}, not {wanted.get(key)!r}; choose another --out"
        raise CropsError(msg)


def fill_folder(
    folder: Path, maker: CropMaker, files: Sequence[int], progress: Callable[[int], None], people_per_file: int
) -> int:
    """Make those files that are not there yet.

    Args:
        folder: Where; opened with `open_folder`.
        maker: Makes them.
        files: Their numbers.
        progress: Told how many more people are done.
        people_per_file: As the maker's settings say.

    Returns:
        How many files were made.
    """
    made = 0
    for number in files:
        if shard_path(folder, number).exists():
            progress(people_per_file)
            continue
        write_shard(shard_path(folder, number), maker.make(number, lambda: progress(1)))
        made += 1
    return made


def _samples(settings: CropSettings) -> list[AssetSet]:
    found = []
    for number in range(settings.wardrobes):
        with TemporaryDirectory() as scratch:
            make_sample(Path(scratch), seed=settings.seed * 1000 + number)
            found.append(load_assets(Path(scratch)))
    return found
