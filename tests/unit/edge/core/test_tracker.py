"""Tracks keep to their people, are never told before they are sure, and are never named twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core import kalman
from edge.core.tracker import TrackedBox, TrackerRules, TrackerState, initial_state, track

RULES = TrackerRules()
Box = tuple[float, float, float, float]
Detections = list[tuple[Box, float]]


def run(frames: list[Detections], rules: TrackerRules = RULES, step_ms: int = 100) -> list[list[TrackedBox]]:
    state, told = initial_state(), []
    for index, detections in enumerate(frames):
        state, seen = feed(state, detections, 1_000_000 + index * step_ms, rules)
        told.append(seen)
    return told


def feed(state: TrackerState, detections: Detections, now_ms: int, rules: TrackerRules = RULES):
    boxes = np.array([box for box, _ in detections], float).reshape(-1, 4)
    return track(rules, state, boxes, np.array([score for _, score in detections], float), now_ms)


def person(x: float, y: float = 100.0, score: float = 0.9) -> tuple[Box, float]:
    return (x, y, x + 30, y + 80), score


def test_one_walking_person_is_one_track() -> None:
    told = run([[person(100 + 6 * i)] for i in range(40)])
    assert {box.number for frame in told for box in frame} == {1}
    assert [len(frame) for frame in told] == [0, 0] + [1] * 38
    foot_x, foot_y = told[-1][0].foot_px
    assert foot_x == pytest.approx(100 + 6 * 39 + 15, abs=3)
    assert foot_y == pytest.approx(180, abs=3)


def test_an_unconfirmed_track_is_told_to_nobody() -> None:
    flashes = [[person(50 * i, 40 * i)] if i % 4 == 0 else [] for i in range(24)]
    assert all(frame == [] for frame in run(flashes))


def test_a_doubtful_detection_keeps_a_track_alive_but_starts_none() -> None:
    walk = [[person(100 + 4 * i, score=0.9 if i < 5 else 0.25)] for i in range(20)]
    assert {box.number for frame in run(walk) for box in frame} == {1}
    assert run([[person(100, score=0.25)]] * 20) == [[]] * 20


def test_a_track_survives_an_occlusion_and_keeps_its_number() -> None:
    walk: list[Detections] = [[person(100 + 5 * i)] for i in range(40)]
    for hidden in range(15, 25):
        walk[hidden] = []
    assert {box.number for frame in run(walk) for box in frame} == {1}


def test_two_people_who_pass_each_other_keep_their_numbers() -> None:
    frames = [[person(100 + 8 * i, 100), person(420 - 8 * i, 140)] for i in range(40)]
    told = run(frames)
    first = {box.number: box.foot_px[0] for box in told[5]}
    last = {box.number: box.foot_px[0] for box in told[-1]}
    assert first.keys() == last.keys()
    assert all((first[number] < 260) == (last[number] > 260) for number in first)


def test_a_lost_track_is_forgotten_so_that_memory_stays_bounded() -> None:
    state = initial_state()
    for index in range(200):
        state, _ = feed(state, [person((index * 97) % 2000, (index * 61) % 900)], 1_000_000 + index * 1000)
    assert len(state.numbers) <= 3


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200), st.integers(1, 9)), max_size=4), max_size=25)
)
@settings(max_examples=50)
def test_numbers_are_never_used_again_and_one_frame_names_each_once(frames: list[list[tuple[int, int, int]]]) -> None:
    state = initial_state()
    alive: set[int] = set()
    dead: set[int] = set()
    for index, frame in enumerate(frames):
        detections = [person(float(x), float(y), score / 10) for x, y, score in frame]
        state, told = feed(state, detections, 1_000_000 + index * 700)
        numbers = set(state.numbers.tolist())
        assert len(numbers) == len(state.numbers)
        assert not numbers & dead
        assert len({box.number for box in told}) == len(told)
        assert {box.number for box in told} <= numbers
        dead |= alive - numbers
        alive = numbers


@given(st.integers(-400, 400), st.integers(-300, 300))
@settings(max_examples=25)
def test_moving_the_picture_moves_the_tracks(dx: int, dy: int) -> None:
    frames: list[Detections] = [[person(100.0 + 8 * i), person(300.0 - 7 * i, 140.0)] for i in range(12)]
    moved: list[Detections] = [
        [((x1 + dx, y1 + dy, x2 + dx, y2 + dy), score) for (x1, y1, x2, y2), score in frame] for frame in frames
    ]
    for here, there in zip(run(frames), run(moved), strict=True):
        assert [box.number for box in here] == [box.number for box in there]
        for mine, other in zip(here, there, strict=True):
            assert other.foot_px == pytest.approx((mine.foot_px[0] + dx, mine.foot_px[1] + dy), abs=1e-6)


def test_the_same_detections_give_the_same_tracks() -> None:
    frames: list[Detections] = [[person(100.0 + 8 * i), person(300.0 - 7 * i, 140.0)] for i in range(12)]
    assert run(frames) == run(frames)


def test_a_filter_finds_the_speed_of_a_steady_walk() -> None:
    motion = kalman.start(np.array([[0.0, 0.0, 30.0, 80.0]]))
    for index in range(1, 60):
        motion = kalman.update(kalman.predict(motion, 0.1), np.array([[5.0 * index, -2.0 * index, 30.0, 80.0]]))
    assert motion.speed[0] == pytest.approx([50, -20, 0, 0], abs=0.5)
    assert (motion.place_variance > 0).all()
    assert (motion.speed_variance > 0).all()
