"""Nothing that looks at a picture ever sees a masked pixel: detector, looks, encoder, recording, still."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from edge.ports import Boxes, Frame, Image, Scores, Signatures
from tests.fakes.cameras import BrightDetector, ColourEncoder, FakeCamera, FakeCapture, FakeClock, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.camera import VideoFile
from edge.adapters.masked_source import MaskedSource
from edge.camera_building import frame_source
from edge.camera_config import load_camera_config
from edge.camera_settings import CameraConfig
from edge.core.gallery import GalleryRules
from edge.core.geometry import Point
from edge.core.mask import Pixels, rasterize
from edge.core.tracker import TrackedBox
from edge.errors import ConfigurationError
from edge.recognition import Recognition
from edge.video_observations import VideoObservations

MASK = ((100.0, 0.0), (180.0, 0.0), (180.0, 240.0), (100.0, 240.0))
CONFIG = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"
[camera]
source = "file:secret.avi"
[[mask]]
points = [[100.0, 0.0], [180.0, 0.0], [180.0, 240.0], [100.0, 240.0]]
"""


def never(_: object = None) -> bool:
    return False


@dataclass
class Spy:
    """Notes the brightest masked pixel that anything was given to look at."""

    brightest: list[int] = field(default_factory=list)
    detector: BrightDetector = field(default_factory=BrightDetector)
    encoder: ColourEncoder = field(default_factory=ColourEncoder)

    def look(self, image: Image) -> None:
        self.brightest.append(int(image[:, 100:180].max()))

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        self.look(image_bgr)
        return self.detector.detect(image_bgr)

    def encode(self, image_bgr: Image, boxes_xyxy_px: Boxes) -> Signatures:
        self.look(image_bgr)
        return self.encoder.encode(image_bgr, boxes_xyxy_px)

    def tracked(self, frame: Frame, _told: Sequence[TrackedBox]) -> None:
        self.look(frame.image_bgr)


def config_in(folder: Path) -> CameraConfig:
    path = folder / "camera.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return load_camera_config(path)


def pictures(count: int = 25) -> list[Image]:
    """Return somebody who walks towards the mask, and somebody who stands behind it."""
    return [picture([(4 * index, 60), (130, 150)]) for index in range(count)]


def test_whoever_looks_at_a_picture_sees_black_where_the_mask_is(tmp_path: Path) -> None:
    spy = Spy()
    recognition = Recognition(spy, GalleryRules(least_score=0.1))
    source = MaskedSource(FakeCamera(pictures()), [MASK])
    observations = VideoObservations(
        source, spy, config_in(tmp_path), on_tracked=spy.tracked, recognition=recognition
    ).observations(never)
    seen = [person.position for each in observations for person in each.people]
    assert seen
    assert max(x for x, _ in seen) <= 100
    assert len(spy.brightest) > 50  # the detector and whoever follows tracks at each frame, the encoder now and then
    assert set(spy.brightest) == {0}


def test_without_the_mask_the_spy_sees_what_it_hides() -> None:
    spy = Spy()
    for frame in FakeCamera(pictures(1)).frames(never):
        spy.detect(frame.image_bgr)
    assert spy.brightest == [255]


def test_a_configurations_pictures_are_masked_where_they_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.avi").touch()
    decoded = pictures(3)
    monkeypatch.setattr(VideoFile, "_open", lambda _: FakeCapture(decoded))
    source = frame_source(config_in(tmp_path), FakeClock().as_camera_clock())
    frames = list(source.frames(never))
    assert source.name.endswith("secret.avi")
    assert [frame.image_bgr[:, 100:180].max() for frame in frames] == [0, 0, 0]
    assert [frame.image_bgr.max() for frame in frames] == [255, 255, 255]
    assert all(image[:, 100:180].max() == 0 for image in decoded), "no other copy of the picture is left"


def test_without_masks_the_pictures_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(CONFIG[: CONFIG.index("[[mask]]")], encoding="utf-8")
    assert isinstance(frame_source(load_camera_config(path), FakeClock().as_camera_clock()), VideoFile)


class Resizing:
    """A camera that changes its picture's size."""

    name = "resizing"

    def __init__(self, *sizes_wh_px: tuple[int, int]) -> None:
        self._sizes = sizes_wh_px

    def frames(self, _stopped: object) -> Iterator[Frame]:
        for index, (width, height) in enumerate(self._sizes):
            yield Frame(np.full((height, width, 3), 255, np.uint8), 100 * index, index)


def test_a_mask_grows_with_the_picture() -> None:
    source = MaskedSource(Resizing((320, 240), (640, 480), (320, 240)), [MASK])
    hidden = [np.flatnonzero((frame.image_bgr == 0).all(axis=(0, 2))) for frame in source.frames(never)]
    assert [(int(columns[0]), int(columns[-1]) + 1) for columns in hidden] == [(100, 180), (200, 360), (100, 180)]


def test_a_picture_that_becomes_another_shape_is_not_shown_at_all() -> None:
    sizes = [(320, 240), (320, 180), (320, 240)]
    shown = [frame.image_bgr.max() for frame in MaskedSource(Resizing(*sizes), [MASK]).frames(never)]
    assert shown == [255, 0, 255]


def test_a_first_picture_of_another_shape_than_drawn_in_is_refused() -> None:
    source = MaskedSource(Resizing((320, 180)), [MASK], (320, 240))
    with pytest.raises(ConfigurationError, match=r"drawn in pictures of 320x240, and the camera gives 320x180"):
        list(source.frames(never))


def test_a_mask_is_rasterized_once_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, int]] = []

    def counted(polygons: Iterable[Sequence[Point]], frame_wh_px: tuple[int, int]) -> Pixels:
        made.append(frame_wh_px)
        return rasterize(polygons, frame_wh_px)

    monkeypatch.setattr("edge.adapters.masked_source.rasterize", counted)
    list(MaskedSource(Resizing((320, 240), (320, 240), (640, 480), (320, 240)), [MASK]).frames(never))
    assert made == [(320, 240), (640, 480)]
