"""People who differ along few directions are told apart along those, however much else differs."""

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx", reason="models are written with the package onnx, which developers and `training` have")

from models.building.graph import FLOAT, GraphBuilder, tensor_info
from models.loader import open_session
from models.training.colour_graph import turned
from models.training.discriminant import Discriminant, learn_discriminant, unit

PEOPLE, PICTURES, NUMBERS = 60, 6, 12


def seen(people: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return vectors of people who differ in the first four numbers, while cameras differ more in the next three."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people, dtype=np.int32), PICTURES)
    spread = np.array([*[0.2] * 4, *[2.0] * 3, *[0.5] * (NUMBERS - 7)])
    own = rng.normal(0, 1, (people, NUMBERS)) * ([1.0] * 4 + [0.0] * (NUMBERS - 4))
    return own[person] + rng.normal(0, 1, (len(person), NUMBERS)) * spread, person


def found(rows: NDArray[np.float64], person: NDArray[np.int32]) -> float:
    """Return how often the most alike picture is of the same person."""
    alike = rows @ rows.T - 2 * np.eye(len(rows))
    return float((person[alike.argmax(axis=1)] == person).mean())


def test_what_people_differ_in_is_found_among_what_cameras_differ_in() -> None:
    best = learn_discriminant(*seen(PEOPLE, 1), dimensions=4)
    rows, person = seen(20, 2)
    assert found(unit(rows), person) < 0.5
    assert found(best.turned(rows), person) > 0.8
    assert np.abs(best.projection[4:]).max() < 0.1 * np.abs(best.projection[:4]).max()


def test_the_clearest_directions_are_longest_and_no_more_than_there_are() -> None:
    rows, person = seen(PEOPLE, 3)
    best = learn_discriminant(rows, person, 99)
    assert best.projection.shape == (NUMBERS, NUMBERS)
    own = rows - np.array([rows[person == each].mean(axis=0) for each in person])
    within = own.T @ own / len(own)
    within += 0.1 * np.trace(within) / NUMBERS * np.eye(NUMBERS)
    lengths = best.projection.T @ within @ best.projection
    assert lengths == pytest.approx(np.diag(np.diag(lengths)), abs=1e-9)
    assert (np.diff(np.diag(lengths)) < 0).all()
    assert np.diag(lengths).max() < 1
    again = learn_discriminant(rows, person, 3)
    assert np.array_equal(again.projection, best.projection[:, :3])


def test_the_order_of_pictures_makes_no_difference() -> None:
    rows, person = seen(PEOPLE, 4)
    order = np.random.default_rng(0).permutation(len(rows))
    one, other = learn_discriminant(rows, person, 4), learn_discriminant(rows[order], person[order], 4)
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
    assert answer == pytest.approx(best.turned(rows.astype(np.float64)), abs=1e-5)
    assert [side.dim_value for side in model.graph.output[0].type.tensor_type.shape.dim] == [0, 5]


def test_a_row_without_length_stays() -> None:
    assert unit(np.zeros((1, 3))).tolist() == [[0.0, 0.0, 0.0]]
