"""Tracks keep to their people, are never told before they are sure, and are never named twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.appearance import LOOK_SIZE
from edge.core.tracker import TrackedBox, initial_state, lose, track
from edge.core.tracker_rules import TrackerRules
from edge.core.tracker_state import TrackerState

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
    walk = [[person(100 + 4 * i, score=0.9 if i < 5 else 0.35)] for i in range(20)]
    assert {box.number for frame in run(walk) for box in frame} == {1}
    assert run([[person(100, score=0.35)]] * 20) == [[]] * 20


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


def test_a_thing_that_looks_like_a_person_and_never_walks_counts_for_nobody() -> None:
    assert run([[person(100, score=0.45)]] * 80) == [[]] * 80


def test_somebody_who_stands_and_is_surely_seen_counts() -> None:
    assert [len(frame) for frame in run([[person(100, score=0.7)]] * 10)] == [0, 0] + [1] * 8


def test_a_fixture_keeps_its_detections_from_those_who_pass_it() -> None:
    frames: list[Detections] = [[person(300, score=0.45)] for _ in range(40)]
    for index in range(40):
        walker = 100 + 10 * index
        frames.append([person(walker)] if abs(walker - 300) < 18 else [person(walker), person(300, score=0.45)])
    frames += [[person(300, score=0.45)] for _ in range(40)]
    told = run(frames)
    assert all(not frame for frame in told[:40])
    assert {box.number for frame in told for box in frame} == {2}
    assert all(not frame for frame in told[-20:])


def test_a_hidden_person_is_foretold_for_a_moment_only() -> None:
    walk: list[Detections] = [[person(100 + 5 * i)] for i in range(30)]
    told = run(walk[:20] + [[]] * 6)
    foretold = [frame for frame in told if frame and frame[0].is_foretold]
    assert len(foretold) == 3
    assert foretold[-1][0].box_xyxy_px[0] == pytest.approx(100 + 5 * 22, abs=4)
    assert foretold[-1][0].detection is None
    assert foretold[-1][0].score == 0


def test_a_track_says_in_which_detection_it_was_seen() -> None:
    told = run([[person(400, score=0.1), person(100 + 4 * i), person(300 - 4 * i, 250)] for i in range(6)])
    assert [box.detection for box in told[-1]] == [1, 2]
    assert [box.score for box in told[-1]] == [0.9, 0.9]


def test_legs_that_vanish_behind_a_counter_do_not_shrink_the_person() -> None:
    whole = [person(100 + 4 * i) for i in range(20)]
    cut: list[tuple[Box, float]] = [((100 + 4 * i, 100, 130 + 4 * i, 150), 0.9) for i in range(20, 24)]
    told = run([[one] for one in [*whole, *cut]])
    assert told[-1][0].foot_px[1] == pytest.approx(180, abs=12)


def test_a_head_that_is_hidden_leaves_the_feet_where_they_are() -> None:
    whole = [person(100 + 4 * i) for i in range(20)]
    cut: list[tuple[Box, float]] = [((100 + 4 * i, 130, 130 + 4 * i, 180), 0.9) for i in range(20, 24)]
    told = run([[one] for one in [*whole, *cut]])
    left, top, right, bottom = told[-1][0].box_xyxy_px
    assert bottom == pytest.approx(180, abs=3)
    assert top == pytest.approx(100, abs=12)
    assert right > left


def colours(*names: int) -> np.ndarray:
    return np.eye(LOOK_SIZE)[list(names)]


def test_two_people_who_part_again_are_told_apart_by_their_colours() -> None:
    """They meet, wait together where only one is seen, and turn back: by motion alone they would seem to pass."""
    state, told = initial_state(), []
    for i in range(40):
        step = 4 * min(i, 12) if i < 20 else 4 * (32 - i)
        boxes, looks = [person(200.0 + step), person(310.0 - step)], colours(3, 50)
        if 12 <= i < 20:
            boxes, looks = boxes[:1], looks[:1]
        arrays = np.array([box for box, _ in boxes]), np.array([score for _, score in boxes])
        state, seen = track(RULES, state, *arrays, 1_000_000 + 100 * i, looks)
        told.append({box.number: box.foot_px[0] for box in seen if not box.is_foretold})
    assert told[10].keys() == told[-1].keys() == {1, 2}
    assert told[-1][1] < told[-1][2]


def test_colours_may_begin_to_be_told_at_any_time() -> None:
    state = initial_state()
    for i in range(12):
        looks = None if i % 4 == 0 else colours(3)
        boxes = np.array([person(100 + 4 * i)[0]])
        state, seen = track(RULES, state, boxes, np.array([0.9]), 1_000_000 + 100 * i, looks)
    assert [box.number for box in seen] == [1]


def test_nobody_is_seen_in_an_empty_picture() -> None:
    state, told = feed(initial_state(), [], 5)
    assert told == []
    assert state.next_number == 1


def test_hours_of_people_leave_no_more_behind_than_those_in_sight() -> None:
    random = np.random.default_rng(5)
    state, most, numbers, dead = initial_state(), 0, set[int](), set[int]()
    people: list[tuple[float, float]] = []
    for step in range(1500):
        people = [(x + speed, speed) for x, speed in people if x < 1300]
        if random.random() < 0.3 and len(people) < 6:
            people.append((0.0, random.uniform(20, 40)))
        detections = [person(x, 60.0 + 90 * row, random.uniform(0.3, 0.9)) for row, (x, _) in enumerate(people)]
        now_ms = 1_000_000 + step * 250 + step // 20 * 60_000
        state, _ = feed(state, detections, now_ms)
        alive = set(state.numbers.tolist())
        assert not alive & dead
        dead |= numbers - alive
        numbers = alive
        most = max(most, len(alive))
    assert most <= 24
    assert state.next_number > 200


def test_who_is_lost_at_once_gives_no_number_to_who_comes_after() -> None:
    state = initial_state()
    boxes, scores = np.array([[10.0, 10.0, 30.0, 80.0]]), np.array([0.9])
    for index in range(5):
        state, told = track(TrackerRules(), state, boxes, scores, index * 100)
    assert [box.number for box in told] == [1]
    state = lose(state, 500)
    assert len(state.tracks) == 0
    for index in range(6, 12):
        state, told = track(TrackerRules(), state, boxes, scores, index * 100)
    assert [box.number for box in told] == [2]
