"""The footage that comes with the project, through the real detector, tracker and counting, against its truth."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from contracts.payloads import FootfallCrossing, VisitSegment
from edge.camera_building import build_camera_agent
from edge.camera_config import load_camera_config
from models.detection import PersonDetector
from models.loader import load_model
from models.registry import DEFAULT_DETECTOR, ModelRegistry
from models.video import opencv_resize
from shopthread.demo.configs import FOOTAGE
from simulators.adapters.feed_files import read_truth
from simulators.rendering.review import review
from tests.fakes.cameras import FakeClock, MemorySink

_SETTLES_MS = 1500


@dataclass
class Seen:
    """What the agent made of the footage."""

    crossings: list[FootfallCrossing]
    visits: int


@pytest.fixture(scope="module")
def seen() -> Seen:
    config = load_camera_config(FOOTAGE.with_name("camera.toml"))
    sink = MemorySink()
    agent = build_camera_agent(
        replace(config, camera=replace(config.camera, realtime=False)),
        sink,
        FakeClock(look_s=0.1).as_camera_clock(),
        registry=ModelRegistry(),
        on_bad_line=lambda _: None,
    )
    agent.run(lambda: False)
    data = [draft.data for draft in sink.drafts]
    closed = [one for one in data if isinstance(one, VisitSegment) and one.phase == "closed"]
    return Seen([one for one in data if isinstance(one, FootfallCrossing)], len(closed))


def true_crossings(direction: str) -> int:
    """Return how often the door was truly crossed while the camera filmed, without who had no time to settle."""
    config = load_camera_config(FOOTAGE.with_name("camera.toml"))
    assert config.camera.start is not None
    truth = read_truth(FOOTAGE.with_name("truth.json"))
    first_ms = round(config.camera.start.timestamp() * 1000)
    return sum(
        (crossing.tripwire_id, crossing.direction) == ("door", direction)
        and first_ms + _SETTLES_MS < crossing.t_ms < truth.until_ms - _SETTLES_MS
        for person in truth.people
        for crossing in person.crossings
    )


@pytest.mark.e2e
@pytest.mark.parametrize("direction", ["in", "out"])
def test_the_door_is_counted_as_it_truly_was(seen: Seen, direction: str) -> None:
    true = true_crossings(direction)
    counted = sum(crossing.direction == direction for crossing in seen.crossings)
    assert true >= 3
    assert abs(counted - true) <= 1, f"counted {counted} {direction}, truly {true}"


@pytest.mark.e2e
def test_people_on_the_footage_are_visits(seen: Seen) -> None:
    assert seen.visits >= true_crossings("in")


@pytest.mark.e2e
def test_the_stock_detector_finds_the_people_at_the_size_that_the_camera_looks_at() -> None:
    size_px = load_camera_config(FOOTAGE.with_name("camera.toml")).camera.input_size
    model = load_model(ModelRegistry().get(DEFAULT_DETECTOR))
    recall = review(
        FOOTAGE.parent, PersonDetector(model, size_px, opencv_resize, score_threshold=0.45).detect, every=10
    )
    assert recall.people > 100
    assert recall.share > 0.82, "measured .86; processors round whole numbers a little differently"
    assert recall.precision > 0.95


def test_the_footage_is_small_and_whole() -> None:
    files = {path.name: path.stat().st_size for path in FOOTAGE.parent.iterdir()}
    assert set(files) == {"video.mp4", "gt.txt", "sightings.jsonl", "truth.json", "camera.toml", "preview.png"}
    assert sum(files.values()) < 6_000_000


def test_the_footage_was_made_of_the_scenario_beside_it() -> None:
    assert read_truth(FOOTAGE.with_name("truth.json")).scenario == "entrance"
    assert Path(FOOTAGE.parents[1] / "entrance.toml").is_file()
