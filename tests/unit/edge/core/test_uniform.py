"""Whether somebody wears the uniform: known shares recovered, nothing said where too little was seen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.core import uniform
from edge.core.appearance import LOOK_SIZE
from edge.core.uniform import UNIFORM_SIZE, UniformModel, UniformRules, UniformState

RULES = UniformRules()
FEW = UniformRules(least_views=2, least_tracks=3, most_tracks=5)
MODEL = UniformModel(looks=((1.0, *[0.0] * (UNIFORM_SIZE - 1)),), mean=0.9, sd=0.05, views=50)


def _views(centre: NDArray[np.float64], count: int, spread: float, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    drawn = np.abs(centre + spread * rng.standard_normal((count, UNIFORM_SIZE)))
    views: NDArray[np.float64] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return views


def _centre(seed: int) -> NDArray[np.float64]:
    drawn: NDArray[np.float64] = np.random.default_rng(seed).random(UNIFORM_SIZE) ** 4
    return drawn / float(np.linalg.norm(drawn))


def test_only_the_upper_body_counts():
    looks = np.zeros((2, LOOK_SIZE))
    looks[0, 25], looks[0, 100] = 0.3, 0.9  # The second stripe, and the sixth.
    upper = uniform.upper_body(looks)
    assert upper.shape == (2, UNIFORM_SIZE)
    assert (upper[0].nonzero()[0].tolist(), upper[0].max()) == ([5], 1.0)
    assert not upper[1].any()


def test_front_and_back_of_a_uniform_are_both_found():
    front, back = _centre(1), _centre(2)
    views = np.vstack([_views(front, 30, 0.02, 3), _views(back, 20, 0.02, 4)])
    model = uniform.enrol(views)
    centres = np.array(model.looks)
    assert sorted(np.argmax(centres @ np.array([front, back]).T, axis=1).tolist()) == [0, 1]
    assert model.views == 50
    assert model.mean > 0.95
    assert uniform.likeness(model, views).mean() == pytest.approx(model.mean, abs=1e-3)
    assert uniform.enrol(views[:1]).sd == 0
    same = uniform.enrol(np.vstack([views[:1]] * 3))
    assert same.looks[0] == same.looks[1]


@pytest.mark.parametrize("count", [2, 5, 10, 40])
def test_a_model_says_how_alike_views_are_that_were_not_enrolled(count: int):
    """Few noisy views are far more alike to looks found from themselves: staff would be refused for being less so."""
    worn, said, found, flattered = _centre(1), [], [], []
    for seed in range(20):
        views, later = _views(worn, count, 0.15, seed), _views(worn, 100, 0.15, 1000 + seed)
        model = uniform.enrol(views)
        said.append(model.mean)
        found.append(uniform.likeness(model, later).mean())
        flattered.append(uniform.likeness(model, views).mean())
    assert np.mean(said) == pytest.approx(np.mean(found), abs=0.03)
    assert count > 10 or np.mean(flattered) > np.mean(found) + 0.03


def test_a_uniform_needs_a_view():
    with pytest.raises(ValueError, match="at least one view"):
        uniform.enrol(np.zeros((0, UNIFORM_SIZE)))


def test_staff_is_told_from_customers_who_are_learned_by_and_by():
    worn = _centre(1)
    model = uniform.enrol(_views(worn, 40, 0.03, 2))
    state, said = UniformState(), dict[int, float | None]()
    for number in range(60):
        is_staff = number % 10 == 0
        views = _views(worn if is_staff else _centre(100 + number), 5, 0.03, number)
        for step, alike in enumerate(uniform.likeness(model, views).tolist()):
            state = uniform.see(RULES, state, [(number, alike)], [number], 1000 * step)
        said[number] = uniform.log_odds(RULES, state, model, number)
    assert {said[number] for number in range(20)} == {None}  # Too few were seen by then.
    late = {number: each for number, each in said.items() if number > 25}
    assert all(each is not None and (each > 3) == (number % 10 == 0) for number, each in late.items())


def test_little_seen_says_nothing_and_what_is_remembered_is_bounded():
    state = uniform.see(FEW, UniformState(), [(1, 0.9)], [1], 0)
    assert uniform.log_odds(FEW, state, MODEL, 1) is None
    assert uniform.log_odds(FEW, state, MODEL, 2) is None
    assert not uniform.due(FEW, state, 1, 400)
    assert uniform.due(FEW, state, 1, 500)
    assert uniform.due(FEW, state, 2, 0)
    state = uniform.see(FEW, state, [], [], 500)  # Ended after one view: it tells nothing of others.
    assert state == UniformState()
    for number in range(9):
        state = uniform.see(FEW, state, [(number, 0.3)], [number], 0)
        state = uniform.see(FEW, state, [(number, 0.3)], [number], 600)
    assert (len(state.others), list(state.tracks)) == (5, [8])
    assert uniform.log_odds(FEW, state, MODEL, 8) == FEW.least


def test_where_everybody_looks_so_clothes_tell_nobody_apart():
    assert uniform.compare(RULES, MODEL, [0.95] * 30, 0.99) == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0, 1), st.floats(0, 1))
def test_more_alike_is_never_less_likely_staff_and_bounded(others: list[float], one: float, other: float):
    less, more = (uniform.compare(RULES, MODEL, others, each) for each in sorted((one, other)))
    assert RULES.least <= less <= more <= RULES.most
