"""People who differ along few directions are told apart along those, however much else differs."""

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="models are written with the package onnx, which developers and `training` have")

from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.loader import open_session
from models.training.discriminant import Discriminant, learn_discriminant, unit
from models.training.worn_graph import turned

PEOPLE, CAMERAS, EACH, NUMBERS = 60, 6, 2, 12


Labels = NDArray[np.int32]


def seen(people: int, seed: int) -> tuple[NDArray[np.float64], Labels, Labels]:
    """Return vectors of people who differ in the first four numbers, while cameras differ more in the next three."""
    rng = np.random.default_rng(seed)
    views = people * CAMERAS
    person = np.repeat(np.arange(people, dtype=np.int32), CAMERAS)
    spread = np.array([*[0.2] * 4, *[2.0] * 3, *[0.5] * (NUMBERS - 7)])
    own = rng.normal(0, 1, (people, NUMBERS)) * ([1.0] * 4 + [0.0] * (NUMBERS - 4))
    shown = own[person] + rng.normal(0, 1, (views, NUMBERS)) * spread
    camera = np.tile(np.arange(CAMERAS, dtype=np.int32), people)
    rows, who, where = (np.repeat(each, EACH, axis=0) for each in (shown, person, camera))
    return rows + rng.normal(0, 0.2, rows.shape), who, where


def found(rows: NDArray[np.float64], person: NDArray[np.int32]) -> float:
    """Return how often the most alike picture is of the same person."""
    alike = rows @ rows.T - 2 * np.eye(len(rows))
    return float((person[alike.argmax(axis=1)] == person).mean())


def test_what_people_differ_in_is_found_among_what_cameras_differ_in() -> None:
    best = learn_discriminant(*seen(PEOPLE, 1), dimensions=4)
    rows, person, _ = seen(20, 2)
    rows, person = rows[::EACH], person[::EACH]
    assert found(unit(rows), person) < 0.5
    assert found(best.turned(rows), person) > 0.8
    assert np.abs(best.projection[4:]).max() < 0.1 * np.abs(best.projection[:4]).max()


def test_cameras_differ_by_as_much_along_each_direction_and_the_clearest_come_first() -> None:
    rows, person, camera = seen(PEOPLE, 3)
    best = learn_discriminant(rows, person, camera, 99, ridge=0.1)
    assert best.projection.shape == (NUMBERS, NUMBERS)
    views = rows.reshape(-1, EACH, NUMBERS).mean(axis=1)
    means = views.reshape(PEOPLE, CAMERAS, NUMBERS).mean(axis=1)
    own = views - np.repeat(means, CAMERAS, axis=0)
    within = own.T @ own / len(own)
    within += 0.1 * np.trace(within) / NUMBERS * np.eye(NUMBERS)
    assert best.projection.T @ within @ best.projection == pytest.approx(np.eye(NUMBERS), abs=1e-9)
    clear = ((means - means.mean(axis=0)) @ best.projection).var(axis=0)
    assert (np.diff(clear) < 0).all()
    again = learn_discriminant(rows, person, camera, 3, ridge=0.1)
    assert np.array_equal(again.projection, best.projection[:, :3])


def test_what_differs_between_pictures_of_one_camera_counts_little() -> None:
    rows, person, camera = seen(PEOPLE, 6)
    moving = np.random.default_rng(7).normal(0, 3, (len(rows) // EACH, 1))
    rows[:, :1] += np.repeat(moving, EACH, axis=0) * np.tile([1, -1], len(moving))[:, None]
    one, apart = (learn_discriminant(rows, person, each, 4) for each in (camera, np.arange(len(rows), dtype=np.int32)))
    shares = [np.abs(each.projection[0]).sum() / np.abs(each.projection[1]).sum() for each in (one, apart)]
    assert shares[0] > 2 * shares[1]


def test_the_order_of_pictures_makes_no_difference() -> None:
    rows, person, camera = seen(PEOPLE, 4)
    order = np.random.default_rng(0).permutation(len(rows))
    one, other = (learn_discriminant(rows[by], person[by], camera[by], 4) for by in (np.arange(len(rows)), order))
    alike = [each.turned(rows) @ each.turned(rows).T for each in (one, other)]
    assert alike[0] == pytest.approx(alike[1], abs=1e-6)


def test_a_file_turns_as_the_discriminant_does() -> None:
    rng = np.random.default_rng(5)
    rows = unit(rng.normal(0, 1, (7, NUMBERS))).astype(np.float32)
    graph = GraphBuilder()
    graph.add("Identity", ["x"], "emb")
    shapes = [[tensor_info(name, FLOAT, ["N", NUMBERS])] for name in ("x", "emb")]
    model = turned(
        graph.model("plain", *shapes), best := Discriminant(rng.normal(0, 0.1, NUMBERS), rng.normal(0, 1, (NUMBERS, 5)))
    )
    answer = open_session(model.SerializeToString(), source="a test").run(["emb"], {"x": rows})[0]
    assert answer.shape == (7, 5)
    assert answer == pytest.approx(best.turned(rows.astype(np.float64)), abs=2e-3)
    assert [side.dim_value for side in model.graph.output[0].type.tensor_type.shape.dim] == [0, 5]


def test_a_row_without_length_stays() -> None:
    assert unit(np.zeros((1, 3))).tolist() == [[0.0, 0.0, 0.0]]
