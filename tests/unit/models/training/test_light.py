"""An embedder's file evens out light: a picture that a camera shows darker or paler tells the same."""

import numpy as np
import pytest

pytest.importorskip("onnx", reason="models are written with the package onnx, which developers and `training` have")

import onnx

from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.loader import open_session
from models.training.light import LEAST_RANGE, SATURATION, SHARE, with_light, without_light
from models.training.release import CHANNEL_MEAN, CHANNEL_SPREAD

MEAN, SPREAD = (np.reshape(each, (1, 3, 1, 1)) / 255 for each in (CHANNEL_MEAN, CHANNEL_SPREAD))


def plain() -> onnx.ModelProto:
    """Return a model that gives back the pictures themselves."""
    graph = GraphBuilder()
    graph.add("Mul", ["x", graph.constant("one", np.array(1.0))], "emb")
    shape: list[int | str] = ["N", 3, 16, 8]
    return graph.model("echo", [tensor_info("x", FLOAT, shape)], [tensor_info("emb", FLOAT, shape)])


def seen(pictures: np.ndarray) -> np.ndarray:
    """Return what a model behind evened light sees of pictures, 0 to 1."""
    session = open_session(with_light(plain(), CHANNEL_MEAN, CHANNEL_SPREAD).SerializeToString(), source="a test")
    found = session.run(["emb"], {"x": ((pictures - MEAN) / SPREAD).astype(np.float32)})[0]
    return np.asarray(found * SPREAD + MEAN)


def person() -> np.ndarray:
    """Return a picture: dark above, coloured in the middle, bright below."""
    picture = np.full((1, 3, 16, 8), 0.3)
    picture[:, 0, 4:8], picture[:, :, 12:] = 0.6, 0.7
    return picture


def test_levels_and_colours_are_what_the_formula_says() -> None:
    picture = person()
    low, high = 0.3, 0.7
    stretched = picture + SHARE * ((picture - low) / (high - low) - picture)
    grey = stretched.mean(axis=1, keepdims=True)
    expected = np.clip(grey + SATURATION * (stretched - grey), 0, 1)
    assert seen(picture) == pytest.approx(expected, abs=1e-5)


def test_a_darker_picture_looks_more_like_the_brighter_one() -> None:
    bright = person()
    dark = 0.5 * bright
    before = np.abs(bright - dark).mean()
    assert np.abs(seen(bright) - seen(dark)).mean() < 0.6 * before


def test_what_is_flat_is_not_stretched_to_black_and_white() -> None:
    flat = 0.5 + 0.01 * person()
    assert np.ptp(seen(flat)) < 1.5 * 0.01 * SATURATION / LEAST_RANGE


def test_light_is_taken_away_again_in_every_bit() -> None:
    first = plain()
    again = without_light(with_light(first, CHANNEL_MEAN, CHANNEL_SPREAD))
    assert again.graph == first.graph
    assert without_light(first).graph == first.graph
