"""Which pictures go into a batch, and how a run is planned."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import ModelError
from models.training.recipe import WARM_UP_SHARE, Budget, Recipe, learning_rate_share
from models.training.sampling import NEIGHBOURS, Sampler, held_out

RECIPE = Recipe(people_per_batch=8, pictures_per_person=4)


def labels(people: int, cameras: int, pictures: int) -> tuple[np.ndarray, np.ndarray]:
    person = np.repeat(np.arange(100, 100 + people, dtype=np.int32), cameras * pictures)
    camera = np.tile(np.repeat(np.arange(cameras, dtype=np.int32), pictures), people)
    return person, camera


@given(people=st.integers(8, 40), cameras=st.integers(1, 6), pictures=st.integers(1, 3), step=st.integers(0, 10**6))
def test_a_batch_holds_as_many_pictures_of_as_many_people_by_as_many_cameras(
    people: int, cameras: int, pictures: int, step: int
) -> None:
    person, camera = labels(people, cameras, pictures)
    sampler = Sampler(RECIPE, person, camera)
    batch = sampler.draw(step)
    assert batch.pictures.shape == batch.labels.shape == (32,)
    assert (sampler.people[batch.labels] == person[batch.pictures]).all()
    found, counts = np.unique(batch.labels, return_counts=True)
    assert len(found) == 8
    assert (counts == 4).all()
    for label in found:
        own = batch.pictures[batch.labels == label]
        assert len(set(camera[own].tolist())) == min(4, cameras)
        assert len(set(own.tolist())) == min(4, cameras * pictures)


def test_a_step_gives_the_same_batch_whatever_was_drawn_before() -> None:
    person, camera = labels(20, 4, 2)
    one, other = Sampler(RECIPE, person, camera), Sampler(RECIPE, person, camera)
    for step in range(5):
        one.draw(step)
    assert one.draw(9).pictures.tolist() == other.draw(9).pictures.tolist()
    assert one.draw(10).pictures.tolist() != other.draw(9).pictures.tolist()


def test_every_batch_has_neighbours_who_may_be_dressed_alike() -> None:
    person, camera = labels(200, 4, 1)
    sampler = Sampler(RECIPE, person, camera)
    for step in range(20):
        groups, counts = np.unique(np.unique(sampler.draw(step).labels) // NEIGHBOURS, return_counts=True)
        assert counts.max() == NEIGHBOURS
        assert len(groups) > 1


def test_everybody_is_drawn_sooner_or_later() -> None:
    person, camera = labels(42, 2, 2)
    sampler = Sampler(RECIPE, person, camera)
    assert {label for step in range(60) for label in sampler.draw(step).labels.tolist()} == set(range(42))


def test_too_few_people_are_refused() -> None:
    with pytest.raises(ModelError, match="7 people are too few for batches of 8"):
        Sampler(RECIPE, *labels(7, 2, 2))


@given(people=st.integers(8, 300), share=st.floats(0.001, 0.2))
def test_whole_groups_of_the_last_people_are_held_out(people: int, share: float) -> None:
    person, _ = labels(people, 2, 1)
    kept = person[held_out(person, share)]
    count = len(np.unique(kept))
    assert count % NEIGHBOURS == 0
    assert count >= NEIGHBOURS
    assert abs(count - share * people) <= NEIGHBOURS
    assert kept.min() == person.max() + 1 - count


@given(st.floats(WARM_UP_SHARE, 1), st.floats(WARM_UP_SHARE, 1))
def test_the_learning_rate_falls_after_its_rise(one: float, other: float) -> None:
    earlier, later = min(one, other), max(one, other)
    assert 1 >= learning_rate_share(earlier) >= learning_rate_share(later) >= 0.009


def test_the_learning_rate_begins_at_nothing_and_ends_small() -> None:
    assert learning_rate_share(0) == 0
    assert learning_rate_share(WARM_UP_SHARE) > 0.99
    assert learning_rate_share(1.0) == learning_rate_share(2.0) == pytest.approx(0.01)


def test_a_budget_ends_with_what_is_spent_first() -> None:
    assert Budget(steps=100).share(50, 1e9) == 0.5
    assert Budget(minutes=2).share(10**9, 60) == 0.5
    assert Budget(minutes=2, steps=100).share(90, 60) == 0.9


@pytest.mark.parametrize("given_", [{}, {"minutes": 0.0}, {"steps": -1}, {"minutes": 5.0, "steps": 0}])
def test_a_run_without_an_end_is_refused(given_: dict[str, float]) -> None:
    with pytest.raises(ModelError, match="give --budget-minutes or --steps"):
        Budget(**given_)  # type: ignore[arg-type]
