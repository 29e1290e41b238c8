"""Colours of people: what is learned tells them apart, and a file says the same as the numbers here."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="models are written with the package onnx, which developers and `training` have")

from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.loader import open_session
from models.training.colour_graph import with_colours
from models.training.colours import STRIPES, Colours, learn_colours
from models.training.release import CHANNEL_MEAN, CHANNEL_SPREAD

PEOPLE, EACH = 24, 6


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
    return learn_colours(*wardrobe())


def named(described: np.ndarray, person: np.ndarray) -> float:
    """Return how often the most alike other picture shows the same person."""
    alike = described @ described.T - 9 * np.eye(len(described))
    return float((person[alike.argmax(axis=1)] == person).mean())


def test_strangers_are_told_apart_by_what_others_taught(learned: Colours) -> None:
    pictures, person, _ = wardrobe(seed=8)
    plain = pictures.mean(axis=(2, 3))
    described = learned.describe(pictures)
    assert np.linalg.norm(described, axis=1) == pytest.approx(np.ones(len(pictures)))
    assert named(described, person) > 0.85
    assert named(described, person) > 0.2 + named(plain / np.linalg.norm(plain, axis=1, keepdims=True), person)


def test_a_picture_and_its_mirror_image_wear_the_same(learned: Colours) -> None:
    pictures, *_ = wardrobe(seed=4)
    assert learned.describe(pictures[..., ::-1]) == pytest.approx(learned.describe(pictures), abs=1e-6)


def test_learning_twice_gives_the_same(learned: Colours) -> None:
    again = learn_colours(*wardrobe())
    assert np.array_equal(again.centres, learned.centres)
    assert np.array_equal(again.projection, learned.projection)
    assert learned.stripes.sum(axis=0) == pytest.approx(np.ones(STRIPES))


def test_a_file_says_the_same_beside_what_it_said(learned: Colours) -> None:
    graph = GraphBuilder()
    flat = graph.add("ReduceMean", ["x"], "flat", axes=[2, 3], keepdims=0)
    graph.add("Div", [flat, graph.add("ReduceL2", [flat], "length", axes=[1], keepdims=1)], "emb")
    shapes = [tensor_info("x", FLOAT, ["N", 3, 32, 16])], [tensor_info("emb", FLOAT, ["N", 3])]
    bare = graph.model("tiny", *shapes)
    pictures, *_ = wardrobe(seed=5)
    mean, spread = (np.reshape(each, (3, 1, 1)) / 255 for each in (CHANNEL_MEAN, CHANNEL_SPREAD))
    fed = ((pictures - mean) / spread).astype(np.float32)
    whole = with_colours(bare, learned, 0.6, CHANNEL_MEAN, CHANNEL_SPREAD)
    first, both = (
        open_session(one.SerializeToString(), source="a test").run(["emb"], {"x": fed})[0] for one in (bare, whole)
    )
    assert both[:, :3] == pytest.approx(0.8 * first, abs=1e-6)
    assert both[:, 3:] == pytest.approx(0.6 * learned.describe(pictures), abs=1e-4)
    assert np.linalg.norm(both, axis=1) == pytest.approx(np.ones(len(both)), abs=1e-5)
    assert [side.dim_param or side.dim_value for side in whole.graph.output[0].type.tensor_type.shape.dim] == [
        "N",
        both.shape[1],
    ]
