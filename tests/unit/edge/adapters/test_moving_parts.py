"""What moves and is in nobody's box is found; what stands still, and who is in a box, is not."""

import numpy as np
import pytest

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.adapters.hidden_heads import MOST_BLOCKS, hide_parts
from edge.adapters.moving_parts import MovingParts
from edge.ports import Image

NOBODY = np.zeros((0, 4))
WHOLE = [(0, 0, 320, 240)]


def scene(left: int | None = None, light: float = 1.0) -> Image:
    """Return a picture of a wall, with a bright somebody 40 pixels wide in front of it."""
    wall = np.tile(np.linspace(60, 140, 320), (240, 1))
    if left is not None:
        wall[80:200, left : left + 40] = 220
    return np.repeat((wall * light)[:, :, None], 3, axis=2).astype(np.uint8)


def test_nothing_shows_before_anything_is_known() -> None:
    parts = MovingParts()
    assert parts.regions(scene(), NOBODY, 0) == WHOLE
    assert parts.regions(scene(), NOBODY, 100) == []
    assert parts.regions(np.zeros((120, 160, 3), np.uint8), NOBODY, 200) == [(0, 0, 160, 120)]  # another picture


def test_whoever_walks_in_and_is_in_no_box_is_covered() -> None:
    parts = MovingParts()
    parts.regions(scene(), NOBODY, 0)
    for index in range(1, 20):
        left = 10 * index
        covered = np.zeros((240, 320), bool)
        for x1, y1, x2, y2 in parts.regions(scene(left), NOBODY, 100 * index):
            assert 0 <= x1 < x2 <= 320
            assert 0 <= y1 < y2 <= 240
            covered[y1:y2, x1:x2] = True
        assert covered[80:200, left : left + 40].all()
        assert not covered[:, left + 72 :].any()


def test_who_is_in_a_box_keeps_a_body() -> None:
    parts = MovingParts()
    parts.regions(scene(), NOBODY, 0)
    assert parts.regions(scene(100), np.array([[98.0, 78.0, 142.0, 202.0]]), 100) == []


def test_a_place_stays_covered_for_a_second_and_a_standing_thing_becomes_the_wall() -> None:
    parts = MovingParts()
    parts.regions(scene(), NOBODY, 0)
    assert len(parts.regions(scene(100), NOBODY, 100)) == 1
    assert len(parts.regions(scene(), NOBODY, 1000)) == 1
    assert parts.regions(scene(), NOBODY, 1200) == []
    for index in range(600):
        regions = parts.regions(scene(200), NOBODY, 2000 + 100 * index)
    assert regions == []


def test_a_change_of_light_covers_everything_for_a_moment() -> None:
    parts = MovingParts()
    parts.regions(scene(), NOBODY, 0)
    assert parts.regions(scene(light=0.5), NOBODY, 100) == WHOLE
    assert parts.regions(scene(light=0.5), NOBODY, 200) == []


def test_covered_parts_keep_a_few_squares_and_no_more() -> None:
    grey = np.random.default_rng(1).integers(0, 255, (240, 320, 1), dtype=np.uint8)
    image = np.repeat(grey, 3, axis=2)
    hidden = hide_parts(image, [(60, 20, 180, 140)])
    inside = hidden[20:140, 60:180].astype(float)
    assert inside.std() < 10
    assert len(np.unique(np.rint(inside[10::20, 10::20, 0]))) <= MOST_BLOCKS**2
    hidden[20:140, 60:180] = image[20:140, 60:180]
    assert np.array_equal(hidden, image)
