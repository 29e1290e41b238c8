"""Looks are told as the mean of a few views, without what everybody has in common, a few times a track."""

import numpy as np
import pytest

from edge.core.signatures import SignatureRules, collect, keep, nothing_collected

RULES = SignatureRules(views_each=2, most_per_track=2, least_people=1)


def _views(rng: np.random.Generator, own: np.ndarray, common: np.ndarray, count: int) -> list[np.ndarray]:
    found = [common + own + 0.2 * rng.standard_normal(len(own)) / 8 for _ in range(count)]
    return [view / np.linalg.norm(view) for view in found]


def test_every_few_views_give_one_signature_and_none_after_the_last():
    state, told = nothing_collected(), []
    state, _ = collect(RULES, state, 9, np.array([0.0, 1.0, 0.0]))
    state, _ = collect(RULES, state, 9, np.array([0.0, 1.0, 0.0]))
    for _ in range(9):
        state, found = collect(RULES, state, 1, np.array([1.0, 0.0, 0.0]))
        told.append(found is not None)
    assert told == [False, True, False, True, False, False, False, False, False]


def test_a_signature_has_length_one_and_strangers_are_at_right_angles():
    rng, rules = np.random.default_rng(5), SignatureRules()
    common = rng.standard_normal(64)
    told: dict[int, list[np.ndarray]] = {}
    state = nothing_collected()
    for number in range(80):
        own = rng.standard_normal(64) * 0.8
        for view in _views(rng, own, common, 6):
            state, found = collect(rules, state, number, view)
            if found is not None:
                assert np.linalg.norm(found) == pytest.approx(1.0)
                told.setdefault(number, []).append(found)
    assert min(told) == rules.least_people - 1
    late = [told[number] for number in range(20, 80)]
    first, second = (np.array([each[place] for each in late]) for place in (0, 1))
    cosines = first @ second.T
    strangers = cosines[~np.eye(len(late), dtype=bool)]
    assert abs(strangers.mean()) < 0.05
    assert np.diag(cosines).mean() > 0.8


def test_nothing_is_told_while_nobody_else_is_known():
    state = nothing_collected()
    for _ in range(9):
        state, found = collect(RULES, state, 1, np.array([1.0, 0.0]))
        assert found is None  # the only person has nothing of their own


def test_old_looks_fade():
    rules = SignatureRules(views_each=1, least_people=1, most_people=4)
    state = nothing_collected()
    for number in range(60):
        view = np.array([1.0, 0.0]) if number < 30 else np.array([0.0, 1.0])
        state, _ = collect(rules, state, number, view)
    assert state.common == pytest.approx([0.0, 1.0], abs=1e-3)


def test_what_is_collected_of_a_track_dies_with_it():
    state, _ = collect(RULES, nothing_collected(), 1, np.array([1.0, 0.0]))
    state, _ = collect(RULES, state, 2, np.array([1.0, 0.0]))
    assert keep(state, {2}).batches.keys() == {2}
