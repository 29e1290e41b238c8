"""What people wear, in a file: it says the same as the numbers here."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("onnx", reason="models are written with the package onnx, which developers and `training` have")

from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.loader import open_session
from models.training import textures
from models.training.discriminant import Discriminant
from models.training.figure import MAPS, Map, learn_figure
from models.training.release import CHANNEL_MEAN, CHANNEL_SPREAD
from models.training.worn import DIMENSIONS, Weights, Worn, joined, learn_worn
from models.training.worn_graph import map_names, turned, with_worn

if TYPE_CHECKING:
    from onnx import ModelProto

PEOPLE, CAMERAS = 20, 3
CHANNELS, STRIDES = (3, 4, 5, 6), (4, 8, 16, 16)


def network(*, restored: bool = False) -> "ModelProto":
    """Return a file of some maps and a vector of three numbers; with maps that went through integers, if wanted."""
    rng = np.random.default_rng(4)
    graph = GraphBuilder()
    shapes = dict(zip(MAPS, zip(CHANNELS, STRIDES, strict=True), strict=True))
    for number in range(MAPS[-1] + 1):
        channels, stride = shapes.get(number, (1, 32))
        weight = graph.constant(f"{number}.weight", rng.normal(0, 0.3, (channels, 3, stride, stride)) / stride)
        graph.add("Conv", ["x", weight], f"{number}.seen", kernel_shape=[stride, stride], strides=[stride, stride])
        graph.add("Add", [f"{number}.seen", graph.constant("nothing", np.array(0.0))], f"{number}.sum")
        if restored:
            graph.add("Identity", [f"{number}.sum"], f"{number}.sum.restored")
    flat = graph.add("ReduceMean", ["x"], "flat", axes=[2, 3], keepdims=0)
    graph.add("Div", [flat, graph.add("ReduceL2", [flat], "length", axes=[1], keepdims=1)], "emb")
    return graph.model("tiny", [tensor_info("x", FLOAT, ["N", 3, 128, 64])], [tensor_info("emb", FLOAT, ["N", 3])])


def pictures(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return pictures of people in two colours before grounds of any, where they are, who, and by which camera."""
    rng = np.random.default_rng(seed)
    count = PEOPLE * CAMERAS
    person, camera = np.divmod(np.arange(count, dtype=np.int32), CAMERAS)
    worn = rng.uniform(0.1, 0.9, (PEOPLE, 3, 2, 1))[person].repeat(64, axis=2)
    found = rng.uniform(0, 1, (count, 3, 1, 1)) + np.zeros((count, 3, 128, 64))
    found[..., 16:48] = worn
    figure = np.zeros((count, 32, 16), np.float32)
    figure[..., 4:12] = 1
    return np.clip(found + rng.normal(0, 0.03, found.shape), 0, 1).astype(np.float32), figure, person, camera


def fed(shares: np.ndarray) -> np.ndarray:
    mean, spread = (np.reshape(each, (3, 1, 1)) / 255 for each in (CHANNEL_MEAN, CHANNEL_SPREAD))
    return ((shares - mean) / spread).astype(np.float32)


def said(model: "ModelProto", shares: np.ndarray, names: list[str]) -> list[Map]:
    copy = type(model)()
    copy.CopyFrom(model)
    copy.graph.output.extend(tensor_info(name, FLOAT, ["N", "C", "H", "W"]) for name in names)
    return open_session(copy.SerializeToString(), source="a test").run(["emb", *names], {"x": fed(shares)})


@pytest.fixture(scope="module")
def worn() -> Worn:
    shares, figure, person, camera = pictures(1)
    _, *maps = said(network(), shares, map_names(network()))
    found = learn_figure(maps, figure)
    shown = found.shown(maps)
    assert ((shown > 0.5) == (figure > 0.5)).mean() > 0.9
    gathered = textures.gather(maps[textures.MAP], shown)
    return learn_worn(found, shares, shown, gathered, person, camera, seed=1)


@pytest.mark.parametrize(
    "weights", [Weights(0.5, 0.55), Weights(0.6, 0.0), Weights(0.0, 0.6)], ids=["both", "colours", "textures"]
)
def test_a_file_says_the_same_beside_what_it_said(worn: Worn, weights: Weights) -> None:
    bare = network()
    shares, *_ = pictures(2)
    first, *maps = said(bare, shares, map_names(bare))
    whole = with_worn(bare, worn, weights, CHANNEL_MEAN, CHANNEL_SPREAD)
    both = said(whole, shares, [])[0]
    colours, told = worn.describe(shares, maps)
    wanted = joined(
        first.astype(np.float64),
        colours if weights.colours else colours[:, :0],
        told if weights.textures else told[:, :0],
        weights,
    )
    assert both == pytest.approx(wanted, abs=2e-3)
    assert np.linalg.norm(both, axis=1) == pytest.approx(np.ones(len(both)), abs=1e-5)
    sides = whole.graph.output[0].type.tensor_type.shape.dim
    assert [side.dim_param or side.dim_value for side in sides] == ["N", both.shape[1]]


def test_what_is_worn_tells_strangers_apart_before_any_ground(worn: Worn) -> None:
    shares, _, person, _ = pictures(3)
    _, *maps = said(network(), shares, map_names(network()))
    for told in worn.describe(shares, maps):
        assert told.shape[1] <= DIMENSIONS
        alike = told @ told.T - 9 * np.eye(len(told))
        assert (person[alike.argmax(axis=1)] == person).mean() > 0.7


def test_maps_of_integers_are_taken_as_floats_again() -> None:
    assert map_names(network()) == [f"{number}.sum" for number in MAPS]
    assert map_names(network(restored=True)) == [f"{number}.sum.restored" for number in MAPS]


def test_a_vector_is_turned_in_half_precision() -> None:
    rng = np.random.default_rng(0)
    discriminant = Discriminant(rng.normal(0, 0.1, 3), rng.normal(0, 1, (3, 2)))
    shares, *_ = pictures(5)
    wanted = discriminant.turned(said(network(), shares, [])[0].astype(np.float64))
    assert said(turned(network(), discriminant), shares, [])[0] == pytest.approx(wanted, abs=2e-3)
