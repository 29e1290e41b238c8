"""A uniform is enrolled from a recording and known again in pictures; no picture is kept anywhere."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from contracts.events import Source, draft_event
from contracts.payloads import Stay, VisitSegment
from edge import uniform_enrolment
from edge.adapters.camera import CameraClock
from edge.camera_config import load_camera_config
from edge.core.appearance import colour_stripes
from edge.core.tracker import TrackedBox
from edge.core.uniform import UniformModel, UniformRules
from edge.errors import ConfigurationError
from edge.ports import Boxes, Frame, Image, Scores
from edge.replay import RecordedEvents
from edge.uniform_enrolment import enrol_uniform
from edge.uniforms import UniformViews, UniformWatch, load_uniform
from edge.video_observations import VideoObservations
from models.registry import ModelRegistry

SOURCE = Source("acme", "north", "camera-1")
UNIFORM = (30, 30, 200)
PLACES = ((20.0, 20.0, 60.0, 140.0), (100.0, 20.0, 140.0, 140.0))
CONFIG = '[device]\ntenant = "acme"\nstore = "north"\nid = "camera-1"\ndata_dir = "data"\n[camera]\nsource = "usb:0"\n'
CLOCK = CameraClock(lambda: 0, lambda: 0.0, lambda _: None)


def _frame(index: int, *colours: tuple[int, int, int]) -> Frame:
    """Return a picture of people in plain tops, half a second after the one before."""
    image = np.full((160, 200, 3), 120, dtype=np.uint8)
    noise = np.random.default_rng(index)
    for (left, top, right, bottom), colour in zip(PLACES, colours, strict=False):
        part = np.array(colour) + noise.integers(-8, 9, size=(int(bottom - top), int(right - left), 3))
        image[int(top) : int(bottom), int(left) : int(right)] = part.clip(0, 255)
    return Frame(image, index * 500, index)


def _boxes(*numbers: int) -> list[TrackedBox]:
    return [TrackedBox(number, PLACES[row], 0.9, detection=row) for row, number in enumerate(numbers)]


def _customer(number: int) -> tuple[int, int, int]:
    blue, green, red = np.random.default_rng(number).integers(0, 2, size=3).tolist()
    return (60 + 180 * blue, 200 if not (blue or red) else 60 + 150 * green, 40 * red)


def _enrolled() -> UniformModel:
    views = UniformViews()
    for index in range(6):
        views.look(_frame(index, UNIFORM), _boxes(1))
    return views.enrol([1])


def test_a_uniform_is_known_again_among_others():
    watch, said = UniformWatch(_enrolled(), UniformRules(least_tracks=5)), dict[int, float]()
    index = 0
    for number in range(12):
        colour = UNIFORM if number in {0, 10} else _customer(number)
        for _ in range(4):
            frame = _frame(index, colour)
            boxes = np.array(PLACES[:1])
            looks = colour_stripes(frame.image_bgr, boxes)
            said |= watch.log_odds(frame, _boxes(number), boxes, looks, [number])
            index += 1
    assert not said.keys() & set(range(5))
    assert said[10] > 2
    assert max(said[number] for number in (7, 8, 9, 11)) < 0
    frame = _frame(index, UNIFORM)
    assert watch.log_odds(frame, [], np.zeros((0, 4)), np.zeros((0, 160)), []) == {}


def test_only_good_views_are_enrolled():
    views = UniformViews()
    foretold = TrackedBox(3, PLACES[1], 0.0, is_foretold=True)
    doubtful, cut = TrackedBox(4, PLACES[1], 0.3), TrackedBox(5, (0.0, 20.0, 40.0, 140.0), 0.9)
    for index in range(4):
        views.look(_frame(index // 2, UNIFORM, UNIFORM), [*_boxes(1), foretold])
        views.look(_frame(index, UNIFORM, UNIFORM), [doubtful, cut])
    assert views.counts() == {1: 2}  # Two pictures of one moment are one view.
    with pytest.raises(ConfigurationError, match=r"no good view of track 4; .* seen well: 1 \(2 views\)"):
        views.enrol([4])
    with pytest.raises(ConfigurationError, match=r"no track is in a staff zone; .* seen well: none"):
        UniformViews().enrol([])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read"),
        ("{", "is no model of a uniform"),
        ('{"looks": [[1.0]], "mean": 1, "sd": 0, "views": 1}', "looks of another size than 60"),
        ('{"looks": [], "mean": 1, "sd": 0, "views": 1}', "looks of another size than 60"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_the_remedy(tmp_path: Path, content: str | None, said: str):
    file = tmp_path / "uniform.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"staff\.uniform_file: .*{said}.*shopthread edge staff-uniform"):
        load_uniform(file)


def test_a_model_is_a_small_file_of_numbers(tmp_path: Path):
    file, model = tmp_path / "uniform.json", _enrolled()
    file.write_bytes(msgspec.json.encode(model))
    assert load_uniform(file) == model
    assert file.stat().st_size < 2000
    assert {type(each) for each in json.loads(file.read_text(encoding="utf-8"))["looks"][0]} <= {float, int}


def test_the_file_lies_beside_the_configuration(tmp_path: Path):
    (tmp_path / "camera.toml").write_text(CONFIG + '[staff]\nuniform_file = "uniform.json"\n', encoding="utf-8")
    assert load_camera_config(tmp_path / "camera.toml").staff.uniform_file == tmp_path / "uniform.json"


def _replayed(*_: object, on_tracked: Callable[[Frame, list[TrackedBox]], None]) -> RecordedEvents:
    """Stand in for detector and tracker: track 1 stands in a staff zone, track 2 does not."""
    events = RecordedEvents(SOURCE)
    for index in range(6):
        on_tracked(_frame(index, UNIFORM, _customer(3)), _boxes(1, 2))
    desk = Stay(zone_id="desk", zone_kind="staff", entered_ms=500, left_ms=2500)
    for number, stays in ((1, (desk,)), (2, (msgspec.structs.replace(desk, zone_kind="shelf"),))):
        segment = VisitSegment(
            segment_id="019cadc7-2338-7a31-88fe-f635db630c83",
            track_id=f"0-{number}",
            phase="closed",
            ordinal=1,
            opened_ms=0,
            updated_ms=3000,
            closed_ms=3000,
            stays=stays,
            rule_version="segment-1",
        )
        events.emit([draft_event(SOURCE, segment, 3000, number)])
    return events


@pytest.mark.parametrize(("named", "enrolled"), [((), (1,)), ((2,), (2,))])
def test_those_in_staff_zones_are_enrolled_or_those_who_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: tuple[int, ...], enrolled: tuple[int, ...]
):
    monkeypatch.setattr(uniform_enrolment, "replay", _replayed)
    (tmp_path / "camera.toml").write_text(CONFIG, encoding="utf-8")
    config = load_camera_config(tmp_path / "camera.toml")
    found = enrol_uniform(config, Path("take.mp4"), CLOCK, ModelRegistry(tmp_path), named)
    assert (found.enrolled, found.model.views) == (enrolled, 6)
    assert [(each.number, each.views, each.staff_zone_s) for each in found.tracks] == [(1, 6, 2.0), (2, 6, 0.0)]
    assert (found.model == _enrolled()) is (enrolled == (1,))


class _Pictures:
    name = "pictures"

    def frames(self, stopped: Callable[[], bool]) -> Iterator[Frame]:
        assert not stopped()
        for number in range(12):
            colour = UNIFORM if number == 10 else _customer(number)
            for step in range(30):
                index = number * 70 + step
                yield Frame(_frame(index, colour).image_bgr, index * 100, index)


class _Detector:
    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        assert image_bgr.ndim == 3
        return np.array(PLACES[:1]), np.array([0.9])


def test_what_clothes_say_goes_with_the_person(tmp_path: Path):
    (tmp_path / "camera.toml").write_text(CONFIG, encoding="utf-8")
    config = load_camera_config(tmp_path / "camera.toml")
    watch = UniformWatch(_enrolled(), UniformRules(least_tracks=5))
    source = VideoObservations(_Pictures(), _Detector(), config, uniform=watch)
    said = [person.uniform for seen in source.observations(lambda: False) for person in seen.people]
    assert said[0] is None
    assert max(each for each in said if each is not None) > 2
    assert min(each for each in said if each is not None) < 0
