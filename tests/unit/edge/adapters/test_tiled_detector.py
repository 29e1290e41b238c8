"""A detector on tiles finds whom it finds on the whole picture."""

import numpy as np
import pytest

from edge.adapters.tiled_detector import TiledDetector
from edge.ports import Boxes, Image, Scores
from tests.fakes.cameras import BrightDetector, picture

PLACES = [(10, 20), (60, 150), (120, 40), (200, 150), (285, 90)]


class Counting(BrightDetector):
    """Notes the sizes of the pictures that it looked at."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        self.sizes.append((image_bgr.shape[1], image_bgr.shape[0]))
        return super().detect(image_bgr)


class NearSighted(BrightDetector):
    """Finds nobody who is lower than a quarter of the picture."""

    def detect(self, image_bgr: Image) -> tuple[Boxes, Scores]:
        boxes, scores = super().detect(image_bgr)
        seen = boxes[:, 3] - boxes[:, 1] >= image_bgr.shape[0] / 4
        return boxes[seen], scores[seen]


def people(found: tuple[Boxes, Scores]) -> list[tuple[float, ...]]:
    return sorted(map(tuple, found[0].tolist()))


@pytest.mark.parametrize("tiles", [(1, 1), (2, 1), (2, 2), (3, 2), (4, 4)])
def test_the_same_people_are_found(tiles: tuple[int, int]) -> None:
    image = picture(PLACES)
    assert people(TiledDetector(BrightDetector(), tiles, 0.5).detect(image)) == people(BrightDetector().detect(image))


@pytest.mark.parametrize("left", range(120, 200, 3))
def test_whoever_stands_on_a_border_is_one(left: int) -> None:
    image = picture([(left, 95)])
    found = TiledDetector(BrightDetector(), (2, 2), 0.5).detect(image)
    assert people(found) == [(left, 95, left + 20, 145)]


def test_small_people_are_found_in_tiles_alone() -> None:
    image = picture(PLACES)
    assert people(NearSighted().detect(image)) == []
    assert people(TiledDetector(NearSighted(), (2, 2), 0.5).detect(image)) == people(BrightDetector().detect(image))


def test_the_whole_and_each_tile_are_looked_at_once() -> None:
    detector = Counting()
    TiledDetector(detector, (2, 1), 0.5).detect(picture([]))
    assert detector.sizes == [(320, 240), (183, 240), (183, 240)]


def test_the_same_picture_gives_the_same_boxes_in_the_same_order() -> None:
    detector = TiledDetector(BrightDetector(), (3, 2), 0.5)
    first, again = detector.detect(picture(PLACES)), detector.detect(picture(PLACES))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
