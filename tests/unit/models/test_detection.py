from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.detection import (
    Image,
    Letterbox,
    PersonDetector,
    fit_letterbox,
    prepare_batch,
    suppress_duplicates,
)
from models.errors import ModelRefusedError
from models.inspection import describe_file
from models.loader import load_model
from models.manifest import Preprocessing, Task
from models.registry import DEFAULT_DETECTOR, ModelRegistry
from tests.unit.models.helpers import TINY_DETECTOR, TINY_EMBEDDER, add_detector, describe

sides = st.integers(16, 4000)


def nearest(image: Image, size_wh_px: tuple[int, int]) -> Image:
    """Resize by repeating pixels: the tests need no OpenCV."""
    rows = np.arange(size_wh_px[1]) * image.shape[0] // size_wh_px[1]
    columns = np.arange(size_wh_px[0]) * image.shape[1] // size_wh_px[0]
    resized: Image = image[rows][:, columns]
    return resized


@given(st.tuples(sides, sides), st.tuples(sides, sides))
def test_a_letterbox_lies_inside_the_input_and_touches_a_side(frame: tuple[int, int], size: tuple[int, int]) -> None:
    box = fit_letterbox(frame, size)
    assert all(content <= whole for content, whole in zip(box.content_wh_px, size, strict=True))
    assert any(content == whole for content, whole in zip(box.content_wh_px, size, strict=True))


def test_the_input_keeps_the_aspect_ratio_and_pads_with_grey() -> None:
    manifest = describe_file(TINY_DETECTOR, describe("tiny", Task.DETECTOR))
    image = np.full((100, 200, 3), (1, 2, 3), np.uint8)
    batch = prepare_batch(image, fit_letterbox((200, 100), (64, 64)), manifest, nearest)
    assert batch.shape == (1, 64, 64, 3)
    assert batch.dtype == np.uint8
    assert (batch[0, :32] == (1, 2, 3)).all()
    assert (batch[0, 32:] == 114).all()


def test_a_float_model_gets_normalized_planes_in_its_own_channel_order() -> None:
    manifest = describe_file(TINY_EMBEDDER, replace(describe("e", Task.EMBEDDER), channel_order="RGB"))
    assert manifest.preprocessing == Preprocessing("NCHW", "RGB")
    image = np.full((64, 32, 3), (10, 20, 30), np.uint8)
    batch = prepare_batch(image, Letterbox(1.0, (32, 64), (32, 64)), manifest, nearest)
    assert batch.shape == (1, 3, 64, 32)
    assert batch[0, :, 0, 0].tolist() == [30.0, 20.0, 10.0]


def test_of_two_boxes_on_one_person_the_better_stays() -> None:
    boxes = np.array([[0, 0, 10, 20], [1, 0, 11, 20], [30, 0, 40, 20]], float)
    assert suppress_duplicates(boxes, np.array([0.6, 0.9, 0.7]), 0.5).tolist() == [1, 2]
    assert suppress_duplicates(boxes[:0], np.zeros(0), 0.5).tolist() == []


coordinates = st.integers(0, 50)


@given(st.lists(st.tuples(coordinates, coordinates, st.integers(1, 9), st.integers(1, 9)), max_size=12))
def test_suppression_is_done_when_done_once(places: list[tuple[int, int, int, int]]) -> None:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in places], float).reshape(-1, 4)
    scores = np.linspace(1.0, 0.5, len(boxes))
    once = suppress_duplicates(boxes, scores, 0.4)
    again = suppress_duplicates(boxes[once], scores[once], 0.4)
    assert again.tolist() == list(range(len(once)))


def test_boxes_come_back_in_frame_pixels(tmp_path: Path) -> None:
    detector = PersonDetector(load_model(add_detector(tmp_path)), (64, 64), nearest)
    boxes, scores = detector.detect(np.full((128, 128, 3), 255, np.uint8))
    assert boxes.tolist() == [[20.0, 20.0, 40.0, 80.0], [80.0, 10.0, 100.0, 70.0]]
    assert scores == pytest.approx([0.9, 0.7])


def test_the_threshold_drops_doubtful_boxes(tmp_path: Path) -> None:
    model = load_model(add_detector(tmp_path))
    grey = np.full((64, 64, 3), 128, np.uint8)
    assert len(PersonDetector(model, (64, 64), nearest).detect(grey)[0]) == 1
    assert len(PersonDetector(model, (64, 64), nearest, score_threshold=0.6).detect(grey)[0]) == 0
    assert len(PersonDetector(model, (64, 64), nearest, score_threshold=0.1, nms_iou=1.0).detect(grey)[0]) == 3


def test_a_size_that_the_model_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelRefusedError, match="multiples of 32 pixels, got 300x256"):
        PersonDetector(load_model(add_detector(tmp_path)), (300, 256), nearest)


def test_an_embedder_is_no_detector(tmp_path: Path) -> None:
    manifest = describe_file(TINY_EMBEDDER, describe("colour", Task.EMBEDDER))
    model = load_model(ModelRegistry(tmp_path).add(manifest, TINY_EMBEDDER))
    with pytest.raises(ModelRefusedError, match="is a embedder, need detector"):
        PersonDetector(model, (64, 64), nearest)


def test_the_bundled_detector_runs_on_noise_and_finds_boxes_inside_the_frame() -> None:
    detector = PersonDetector(
        load_model(ModelRegistry().get(DEFAULT_DETECTOR)), (96, 64), nearest, score_threshold=0.01
    )
    noise = np.random.default_rng(1).integers(0, 255, (120, 200, 3), dtype=np.uint8)
    boxes, scores = detector.detect(noise)
    assert len(boxes) == len(scores) > 0
    assert (boxes >= 0).all()
    assert (boxes <= (200, 120, 200, 120)).all()
    repeated, _ = detector.detect(noise)
    assert np.array_equal(boxes, repeated)
