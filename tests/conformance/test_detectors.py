"""What every detector promises, checked on the fake and on the real one."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes.cameras import BrightDetector, picture

pytest.importorskip("cv2", reason="detectors need the extra edge")

from edge.adapters.onnx_detector import OnnxDetector
from edge.ports import Detector
from models.loader import load_model
from models.manifest import Task
from models.registry import ModelRegistry

NOISE = np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8)


def onnx(name: str) -> Callable[[], Detector]:
    return lambda: OnnxDetector(load_model(ModelRegistry().get(name)), (160, 128), score_threshold=0.01)


ALL = [
    pytest.param(BrightDetector, id="fake"),
    *[
        pytest.param(onnx(m.manifest.name), id=m.manifest.name)
        for m in ModelRegistry().list()
        if m.manifest.task is Task.DETECTOR
    ],
]


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("image", [NOISE, picture([(50, 50), (200, 90)]), picture([]), NOISE[:50, :31].copy()])
def test_boxes_lie_in_the_picture_and_are_sorted_by_score(make: Callable[[], Detector], image: np.ndarray):
    before = image.copy()
    boxes, scores = make().detect(image)
    height_px, width_px = image.shape[:2]
    assert boxes.shape == (len(scores), 4)
    assert boxes.dtype == scores.dtype == np.float64
    assert (boxes >= 0).all()
    assert (boxes[:, [0, 2]] <= width_px).all()
    assert (boxes[:, [1, 3]] <= height_px).all()
    assert (boxes[:, :2] <= boxes[:, 2:]).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (np.diff(scores) <= 0).all()
    assert np.array_equal(image, before), "a detector leaves the picture as it is"


@pytest.mark.parametrize("make", ALL)
def test_the_same_picture_gives_the_same_boxes(make: Callable[[], Detector]) -> None:
    detector = make()
    first, second = detector.detect(NOISE), detector.detect(NOISE)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])
