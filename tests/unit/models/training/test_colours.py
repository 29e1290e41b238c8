"""Colours of people: what is learned tells them apart, whatever the ground behind them."""

import numpy as np
import pytest

from models.training.colours import Colours, learn_colours

PEOPLE, EACH = 24, 6
ALL = np.ones((PEOPLE * EACH, 8, 4))


def wardrobe(seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pictures, shape (N, 3, 32, 16), of people in two colours each, every one in light of its own."""
    rng = np.random.default_rng(seed)
    pictures, person, camera = [], [], []
    for index in range(PEOPLE):
        upper, lower = rng.uniform(0.15, 0.7, (2, 3, 1, 1))
        for number in range(EACH):
            plain = np.concatenate([np.broadcast_to(each, (3, 16, 16)) for each in (upper, lower)], axis=1)
            lit = plain * rng.uniform(0.7, 1.3) * rng.uniform(0.85, 1.15, (3, 1, 1))
            pictures.append(np.clip(lit + rng.normal(0, 0.02, lit.shape), 0, 1))
            person.append(index)
            camera.append(number)
    return np.array(pictures, np.float32), np.array(person, np.int32), np.array(camera, np.int32)


@pytest.fixture(scope="module")
def learned() -> Colours:
    pictures, person, camera = wardrobe()
    return learn_colours(pictures, ALL, person, camera)


def named(described: np.ndarray, person: np.ndarray) -> float:
    """Return how often the most alike other picture shows the same person."""
    alike = described @ described.T - 9 * np.eye(len(described))
    return float((person[alike.argmax(axis=1)] == person).mean())


def test_strangers_are_told_apart_by_what_others_taught(learned: Colours) -> None:
    pictures, person, _ = wardrobe(seed=8)
    plain = pictures.mean(axis=(2, 3))
    described = learned.describe(pictures, ALL)
    assert np.linalg.norm(described, axis=1) == pytest.approx(np.ones(len(pictures)))
    assert named(described, person) > 0.85
    assert named(described, person) > 0.2 + named(plain / np.linalg.norm(plain, axis=1, keepdims=True), person)


def test_a_picture_and_its_mirror_image_wear_the_same(learned: Colours) -> None:
    pictures, *_ = wardrobe(seed=4)
    assert learned.describe(pictures[..., ::-1], ALL) == pytest.approx(learned.describe(pictures, ALL), abs=1e-6)


def test_learning_twice_gives_the_same(learned: Colours) -> None:
    pictures, person, camera = wardrobe()
    again = learn_colours(pictures, ALL, person, camera)
    assert np.array_equal(again.centres, learned.centres)
    assert np.array_equal(again.projection, learned.projection)


def test_ground_counts_little(learned: Colours) -> None:
    pictures, person, _ = wardrobe(seed=6)
    shown = np.ones_like(ALL)
    shown[..., [0, 3]] = 0
    ground = np.random.default_rng(2).uniform(0, 1, (len(pictures), 3, 1, 1))
    before = pictures.copy()
    before[..., :4] = before[..., 12:] = ground
    masked, blind = (named(learned.describe(before, each), person) for each in (shown, ALL))
    assert masked > 0.1 + blind
