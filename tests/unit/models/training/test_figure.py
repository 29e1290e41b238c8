"""Figure and ground: a network's maps tell where the person is."""

import numpy as np
import pytest

from models.training.figure import HEIGHT, WIDTH, Figure, Map, enlarging, learn_figure

SIDES = ((32, 16), (16, 8), (8, 4))
CHANNELS = (3, 4, 5)


def scene(count: int, seed: int) -> tuple[list[Map], np.ndarray]:
    """Return maps of blobs that one channel of each shows, among noise, and where they truly are."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    middle = rng.uniform((8, 5), (24, 11), (count, 2))[:, :, None, None]
    truth = (((y - middle[:, 0]) / 9) ** 2 + ((x - middle[:, 1]) / 4) ** 2 < 1).astype(np.float32)
    maps = []
    for (height, width), channels in zip(SIDES, CHANNELS, strict=True):
        small = truth.reshape(count, height, HEIGHT // height, width, WIDTH // width).mean(axis=(2, 4))
        seen = rng.normal(0, 1, (count, channels, height, width))
        seen[:, 1] += 2 * small
        maps.append(seen.astype(np.float32))
    return maps, truth


@pytest.fixture(scope="module")
def learned() -> Figure:
    return learn_figure(*scene(200, 1))


def test_others_are_found_where_they_are(learned: Figure) -> None:
    maps, truth = scene(40, 2)
    shown = learned.shown(maps)
    assert shown.shape == truth.shape
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert ((shown > 0.5) == (truth > 0.5)).mean() > 0.9 > (truth < 0.5).mean() + 0.1


def test_channels_that_say_nothing_count_little(learned: Figure) -> None:
    for weights in learned.weights:
        assert abs(weights[1]) > 4 * np.abs(np.delete(weights, 1)).max()
    assert learned.sides == SIDES


def test_where_maps_say_nothing_the_middle_is_the_person(learned: Figure) -> None:
    blank = [np.ones((1, channels, *side), np.float32) for side, channels in zip(SIDES, CHANNELS, strict=True)]
    shown = learned.shown(blank)[0]
    assert shown[16, 8] > shown[16, 0] + 0.2
    assert shown[16, 8] > shown[0, 8] + 0.2


def test_learning_twice_gives_the_same(learned: Figure) -> None:
    again = learn_figure(*scene(200, 1))
    assert np.array_equal(again.place, learned.place)
    for one, other in zip(again.weights, learned.weights, strict=True):
        assert np.array_equal(one, other)


def test_enlarging_is_linear_in_between_and_keeps_the_ends() -> None:
    assert enlarging(2, 4) @ [0.0, 1.0] == pytest.approx([0, 0.25, 0.75, 1])
    assert enlarging(3, 3) == pytest.approx(np.eye(3))
    assert enlarging(1, 4) == pytest.approx(np.ones((4, 1)))
    assert enlarging(4, 16).sum(axis=1) == pytest.approx(np.ones(16))
