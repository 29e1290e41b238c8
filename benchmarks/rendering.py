"""Rendered cameras: how fast frames come, and how many of the people in them the stock detector finds."""

from pathlib import Path

import numpy as np

from benchmarks.measure import Result, compare
from models.detection import PersonDetector
from models.loader import load_model
from models.registry import DEFAULT_DETECTOR, ModelRegistry
from models.video import opencv_resize
from shopthread.demo.configs import FOOTAGE
from simulators.adapters.scenario_files import load_scenario
from simulators.core.people import Person
from simulators.rendering.clothing.folder import load_assets
from simulators.rendering.clothing.pieces import AssetSet
from simulators.rendering.clothing.sample import make_sample
from simulators.rendering.review import review
from simulators.rendering.studio import Cast, FilmedCamera, Take

_FRAMES = 20
_PEOPLE = 5
_START_MS = 1_772_452_800_000


def rendering(folder: Path) -> list[Result]:
    """Return frames a second, without and with assets, and the share of people found on the project's own footage."""
    make_sample(folder / "assets")
    in_assets = _speed(folder, "render five people in assets, 640x480", load_assets(folder / "assets"))
    return [_speed(folder, "render five people, 640x480"), in_assets, _recall()]


def _speed(folder: Path, name: str, assets: AssetSet | None = None) -> Result:
    """Five people walk in a shop: skinning, pixels, exact boxes, sensor, video and truth files."""
    scenario = load_scenario(str(FOOTAGE.parents[1] / "entrance.toml"))
    take = Take(seed=1, start_ms=_START_MS, lead_s=0.0, seconds=10.0, fps=10.0)
    cast = Cast(scenario, take.seed, assets)
    people = [Person(f"p{i}", "shopper", f"p{i}", (2.2 + 0.9 * i, 3.0), 1.0) for i in range(_PEOPLE)]
    cast.step(people, 1 / take.fps)

    def walk() -> int:
        for frame in range(_FRAMES):
            for number, person in enumerate(people):
                person.position = (person.position[0], 4.2 + 1.2 * float(np.sin(0.08 * frame + number)))
            camera.film(cast.step(people, 1 / take.fps), _START_MS + 100 * frame)
        return _FRAMES

    def empty() -> int:
        for frame in range(_FRAMES):
            camera.film([], _START_MS + 100 * frame)
        return _FRAMES

    with FilmedCamera(scenario, scenario.cameras[0], take, folder / "camera") as camera:
        return compare(name, "frames/s", walk, "an empty shop", empty, pairs=3)


def _recall() -> Result:
    """Of the people in the project's own footage of whom half shows, the share found at score 0.45 and IoU 0.5."""
    shares = []
    for name in (DEFAULT_DETECTOR, "nanodet-g-person"):
        detector = PersonDetector(
            load_model(ModelRegistry().get(name)), (640, 480), opencv_resize, score_threshold=0.45
        )
        shares.append(100 * review(FOOTAGE.parent, detector.detect, every=5).share)
    ours, reference = shares
    return Result("people found in rendered footage", ours, "%", "the float detector", reference, ours / reference)
