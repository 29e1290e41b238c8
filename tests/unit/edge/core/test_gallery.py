"""Who comes back is known again, who looks alike is not, and what is remembered expires."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core import gallery
from edge.core.gallery import GalleryRules, GalleryState
from edge.core.gallery_calibration import add_negatives, calibrate, no_negatives

RULES = GalleryRules()
SIZE = 64


def person(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=SIZE)
    return vector / np.linalg.norm(vector)


def view(who: np.ndarray, seed: int, noise: float = 0.04) -> np.ndarray:
    vector = who + np.random.default_rng(seed).normal(0, noise, SIZE)
    return vector / np.linalg.norm(vector)


def live(
    state: GalleryState, tracks: dict[int, np.ndarray], start_s: float, seconds: float, rules: GalleryRules = RULES
) -> tuple[GalleryState, dict[int, int]]:
    """Let tracks be in sight for some seconds at two frames a second, a view in each."""
    persons: dict[int, int] = {}
    for step in range(round(seconds * 2)):
        now_ms = round((start_s + step / 2) * 1000)
        state = gallery.see(rules, state, set(tracks), set(tracks), now_ms)
        boxes = np.array([[50.0, 50, 90, 150]] * len(tracks))
        for place in gallery.wanted(rules, state, list(tracks), boxes, (640, 480)):
            number = list(tracks)[place]
            signature = view(tracks[number], 1000 * number + step)
            state, persons[number] = gallery.remember(rules, state, number, signature, 1.0)
    return state, persons


def test_who_comes_back_is_the_same_person_each_time() -> None:
    state, first = live(gallery.initial_state(), {1: person(1)}, 0, 10)
    state, again = live(state, {5: person(1)}, 30, 10)
    state, third = live(state, {9: person(1)}, 60, 10)
    assert (first, again, third) == ({1: 1}, {5: 1}, {9: 1})


def test_a_stranger_is_a_new_person() -> None:
    state, _ = live(gallery.initial_state(), {1: person(1), 2: person(2)}, 0, 10)
    assert live(state, {5: person(3)}, 30, 10)[1] == {5: 5}


def test_who_has_been_away_longer_than_the_window_is_forgotten() -> None:
    state, _ = live(gallery.initial_state(), {1: person(1)}, 0, 10)
    state, again = live(state, {5: person(1)}, 400, 10)
    assert again == {5: 5}
    state = gallery.see(RULES, state, set(), set(), 2_000_000)
    assert (state.left, dict(state.present)) == ((), {})


def test_who_is_in_sight_does_not_come_back_as_somebody_else() -> None:
    state, _ = live(gallery.initial_state(), {1: person(1)}, 0, 10)
    state, again = live(state, {5: person(1), 6: person(1)}, 30, 10)
    assert sorted(again.values()) == [1, 6] or sorted(again.values()) == [1, 5]


def test_two_who_look_alike_are_not_guessed_between() -> None:
    twin = person(1) + 0.15 * person(2)
    state, _ = live(gallery.initial_state(), {1: person(1), 2: twin / np.linalg.norm(twin)}, 0, 10)
    between = person(1) + 0.075 * person(2)
    assert live(state, {5: between / np.linalg.norm(between)}, 30, 10)[1] == {5: 5}


def test_a_glimpse_is_neither_compared_nor_remembered() -> None:
    state, _ = live(gallery.initial_state(), {1: person(1)}, 0, 2)
    state, again = live(state, {5: person(1)}, 30, 10)
    assert again == {5: 5}
    state, _ = live(gallery.initial_state(), {1: person(1)}, 0, 10)
    assert live(state, {5: person(1)}, 30, 2)[1] == {5: 5}


def test_a_crowd_in_one_uniform_raises_the_threshold_until_nobody_is_taken_for_another() -> None:
    uniform = person(9)
    staff = {number: uniform * 3 + 0.8 * person(100 + number) for number in range(1, 13)}
    staff = {number: vector / np.linalg.norm(vector) for number, vector in staff.items()}
    state, _ = live(gallery.initial_state(), staff, 0, 10)
    before = gallery.calibration(RULES, state).threshold
    state = gallery.see(RULES, state, set(), set(), 11_000)
    after = gallery.calibration(RULES, state)
    assert after.threshold > before
    assert after.pairs == 12 * 11 / 2
    assert after.false_match_rate <= RULES.false_match_rate
    stranger = uniform * 3 + 0.8 * person(500)
    assert live(state, {50: stranger / np.linalg.norm(stranger)}, 30, 10)[1] == {50: 50}


def test_of_too_many_views_the_worst_goes() -> None:
    state = gallery.see(RULES, gallery.initial_state(), {1}, {1}, 0)
    for index in range(20):
        state, _ = gallery.remember(RULES, state, 1, person(index), float(index))
    assert [kept.quality for kept in state.present[1].views] == list(range(4, 20))


def test_views_are_of_whole_people_and_some_time_apart() -> None:
    state = gallery.see(RULES, gallery.initial_state(), {1, 2}, {1, 2}, 0)
    boxes = np.array([[50.0, 50, 90, 150], [0.0, 50, 40, 150]])
    assert gallery.wanted(RULES, state, [1, 2], boxes, (640, 480)) == [0]
    assert gallery.wanted(RULES, state, [7], boxes[:1], (640, 480)) == []
    state, _ = gallery.remember(RULES, state, 1, person(1), 1.0)
    state = gallery.see(RULES, state, {1}, {1, 2}, 300)
    assert gallery.wanted(RULES, state, [1], boxes[:1], (640, 480)) == []
    state = gallery.see(RULES, state, {1}, {1, 2}, 500)
    assert gallery.wanted(RULES, state, [1], boxes[:1], (640, 480)) == [0]
    assert gallery.wanted(RULES, state, [], np.zeros((0, 4)), (640, 480)) == []


def test_memory_is_bounded_however_many_come() -> None:
    rules = GalleryRules(window_s=1e9, most_people=6)
    state = gallery.initial_state()
    for number in range(1, 20):
        state, _ = live(state, {number: person(number)}, 20.0 * number, 4, rules)
    assert [memory.track for memory in gallery.see(rules, state, set(), set(), 500_000).left] == list(range(14, 20))


@given(st.lists(st.floats(-1, 1), max_size=200), st.floats(0.001, 0.3))
def test_the_threshold_keeps_its_promise_on_what_was_seen(likeness: list[float], rate: float) -> None:
    found = calibrate(add_negatives(no_negatives(), np.array(likeness)), rate, 0.7)
    assert found.threshold >= 0.7 - 1e-9
    assert found.false_match_rate <= rate
    assert found.pairs == len(likeness)


def test_known_strangers_give_the_known_threshold() -> None:
    likeness = np.random.default_rng(2).normal(0.5, 0.1, 4000)
    found = calibrate(add_negatives(no_negatives(), likeness), 0.02, 0.0)
    assert found.threshold == pytest.approx(0.5 + 2.05 * 0.1, abs=0.03)


def test_old_pairs_fade_when_there_are_very_many() -> None:
    state = no_negatives()
    for _ in range(10):
        state = add_negatives(state, np.full(3000, 0.9))
    assert state.pairs < 10_000


def test_where_everybody_looks_the_same_nobody_is_known_again() -> None:
    found = calibrate(add_negatives(no_negatives(), np.ones(1000)), 0.02, 0.7)
    assert found.threshold == 1.0
    assert found.false_match_rate == 0
