"""Waits in line: who joins, who is served, who gives up, and of whom nothing is known."""

import itertools
from collections.abc import Iterable, Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import Source
from contracts.fields import ZoneKind
from contracts.payloads import QueueWait, VisitSegment, ZoneCount
from edge.core import segments
from edge.core.floor import FLOOR_ITSELF
from edge.core.geometry import Point
from edge.core.pipeline import Draft, Person, PipelineRules, blind, finish, initial_state, occupancy, step
from edge.core.queues import Queue
from edge.core.segments import SegmentRules
from edge.core.zones import Zone

START_MS = 1_772_442_000_000


def zone(name: str, kind: ZoneKind, left: float, top: float, right: float, bottom: float) -> Zone:
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Zone(id=name, kind=kind, polygon=corners, band=0.15, min_stay_s=1.0)


# Two lines from left to right, a till at the end of each.
LAYOUT = (
    zone("line-1", "queue", 0, 0, 5, 1),
    zone("till-1", "checkout", 5, 0, 7, 1),
    zone("line-2", "queue", 0, 3, 5, 4),
    zone("till-2", "checkout", 5, 3, 7, 4),
)
RULES = PipelineRules(
    source=Source("acme", "north", "camera-1"),
    zones=LAYOUT,
    queues=(Queue(zone=0, tills=(1,)), Queue(zone=2, tills=(3,))),
    floor=FLOOR_ITSELF,
)
Steps = Iterable[tuple[float, Point]]
"""For how many seconds to walk, and where to."""


def walk(start: Point, steps: Steps, begins_s: float = 0.0, step_s: float = 0.1) -> list[tuple[int, Point]]:
    """Return times in milliseconds and places of someone who goes from place to place, at an even pace each."""
    found, here, now_s = [(round(begins_s * 1000), start)], start, begins_s
    for seconds, goal in steps:
        count = round(seconds / step_s)
        for index in range(1, count + 1):
            share = index / count
            point = (here[0] + share * (goal[0] - here[0]), here[1] + share * (goal[1] - here[1]))
            found.append((round((now_s + index * step_s) * 1000), point))
        here, now_s = goal, now_s + seconds
    return found


def run(*people: Sequence[tuple[int, Point]], rules: PipelineRules = RULES, until_s: float = 0.0) -> list[Draft]:
    frames: dict[int, list[Person]] = {round(until_s * 1000): []}
    for number, path in enumerate(people):
        for time_ms, point in path:
            frames.setdefault(time_ms, []).append(Person(f"p{number}", point, 0.9))
    state, told = initial_state(), []
    for time_ms in sorted(frames):
        state, drafts = step(rules, state, frames[time_ms], START_MS + time_ms)
        told += drafts
    return told + finish(rules, state)[1]


def waits(drafts: Sequence[Draft]) -> list[QueueWait]:
    return [draft.data for draft in drafts if isinstance(draft.data, QueueWait)]


def told(drafts: Sequence[Draft]) -> list[tuple[str, float, float, str]]:
    return [
        (each.zone_id, (each.joined_ms - START_MS) / 1000, (each.left_ms - START_MS) / 1000, each.outcome)
        for each in waits(drafts)
    ]


SERVED = walk(
    (-3, 0.5), [(3, (0.5, 0.5)), (20, (0.5, 0.5)), (4, (4.5, 0.5)), (10, (4.5, 0.5)), (2, (6, 0.5)), (9, (6, 0.5))]
)


def test_who_stands_in_line_and_comes_to_the_till_was_served() -> None:
    drafts = run(SERVED)
    ((line, joined_s, left_s, outcome),) = told(drafts)
    assert (line, outcome) == ("line-1", "served")
    assert joined_s == pytest.approx(2.6, abs=0.11)  # in the zone, within a metre of where the standing was
    assert left_s == pytest.approx(37.7, abs=0.11)  # when the till's zone was reached
    (wait,) = waits(drafts)
    (closed,) = [d.data for d in drafts if isinstance(d.data, VisitSegment) and d.data.phase == "closed"]
    assert (wait.track_id, wait.segment_id, wait.rule_version) == ("p0", closed.segment_id, "queue-1")
    (draft,) = [draft for draft in drafts if isinstance(draft.data, QueueWait)]
    assert draft.time_ms == wait.left_ms


@pytest.mark.parametrize("metres_per_s", [0.4, 0.7, 1.3])
def test_who_walks_through_the_line_has_not_joined(metres_per_s: float) -> None:
    assert told(run(walk((-3, 0.5), [(10 / metres_per_s, (7, 0.5))]))) == []
    across = walk((-5, -4), [(10 / metres_per_s, (5, 4))])
    assert told(run(across)) == []


def test_who_stands_too_shortly_has_not_joined() -> None:
    assert told(run(walk((2, 0.5), [(3.5, (2, 0.5)), (2, (6, 0.5)), (5, (6, 0.5))]))) == []


def test_who_leaves_the_line_and_is_seen_elsewhere_has_given_up() -> None:
    drafts = run(walk((2, 0.5), [(30, (2, 0.5)), (2, (2, 2.5)), (20, (9, 2.5))]))
    ((_, joined_s, left_s, outcome),) = told(drafts)
    assert (joined_s, outcome) == (0, "abandoned")
    assert left_s == pytest.approx(30.7, abs=0.11)


def test_who_leaves_the_line_and_then_the_picture_has_given_up() -> None:
    ((_, _, _, outcome),) = told(run(walk((2, 0.5), [(30, (2, 0.5)), (2, (2, 2.5)), (1, (9, 2.5))])))
    assert outcome == "abandoned"


def test_of_who_is_lost_in_line_nothing_is_known() -> None:
    lost = run(walk((2, 0.5), [(30, (2, 0.5))]), until_s=40)
    assert told(lost) == [("line-1", 0.0, 30.0, "unknown")]
    assert told(run(walk((2, 0.5), [(30, (2, 0.5)), (1, (2, 1.5))]))) == [("line-1", 0.0, 30.7, "unknown")]


def test_who_is_lost_at_the_till_was_served() -> None:
    ((_, _, left_s, outcome),) = told(run(walk((4.5, 0.5), [(30, (4.5, 0.5)), (0.6, (5.4, 0.5))]), until_s=40))
    assert outcome == "served"
    assert left_s == pytest.approx(30.4, abs=0.11)


def test_who_steps_out_of_the_line_for_a_moment_still_waits() -> None:
    stepping = [(10, (2, 0.5)), (2, (2, 2)), (5, (2, 2)), (2, (2, 0.5)), (10, (2, 0.5)), (6, (6, 0.5)), (5, (6, 0.5))]
    ((_, joined_s, left_s, outcome),) = told(run(walk((2, 0.5), stepping)))
    assert (joined_s, outcome) == (0, "served")
    assert left_s > 29


def test_a_short_gap_in_tracking_does_not_end_a_wait() -> None:
    seen = [(time_ms, point) for time_ms, point in SERVED if not 10_000 < time_ms < 11_900]
    assert told(run(seen)) == told(run(SERVED))


def test_who_changes_lines_has_left_the_first_one() -> None:
    changing = walk((2, 0.5), [(20, (2, 0.5)), (3, (2, 3.5)), (9, (2, 3.5)), (4, (6, 3.5)), (9, (6, 3.5))])
    first, second = told(run(changing))
    assert (first[0], first[3]) == ("line-1", "abandoned")
    assert (second[0], second[3]) == ("line-2", "served")
    assert first[2] < second[1]


def test_a_till_that_the_line_does_not_lead_to_serves_nobody_in_it() -> None:
    wrong_till = walk((4.5, 0.5), [(20, (4.5, 0.5)), (3, (6, 3.5)), (30, (6, 3.5))])
    assert [each[3] for each in told(run(wrong_till))] == ["abandoned"]
    either = msgspec.structs.replace(RULES, queues=(Queue(zone=0, tills=(1, 3)),))
    assert [each[3] for each in told(run(wrong_till, rules=either))] == ["served"]


def test_who_dawdles_on_the_way_to_the_till_was_not_served_from_the_line() -> None:
    late = walk((4.5, 0.5), [(20, (4.5, 0.5)), (3, (4.5, 2)), (16, (4.5, 2)), (3, (6, 0.5)), (30, (6, 0.5))])
    assert [each[3] for each in told(run(late))] == ["abandoned"]


def test_who_is_at_the_till_when_the_time_runs_out_is_given_the_least_stay() -> None:
    rules = msgspec.structs.replace(RULES, queues=(Queue(zone=0, tills=(1,), served_within_s=3.0),))
    late = walk((4.5, 0.5), [(20, (4.5, 0.5)), (1, (4.5, 2)), (2, (5.5, 0.8)), (5, (6, 0.5))])
    assert [each[3] for each in told(run(late, rules=rules))] == ["served"]


def test_who_appears_at_the_till_after_the_time_has_run_out_had_given_up() -> None:
    rules = msgspec.structs.replace(RULES, queues=(Queue(zone=0, tills=(1,), served_within_s=3.0),))
    path = [*walk((4.5, 0.5), [(20, (4.5, 0.5)), (1, (4.5, 2)), (2, (4.5, 2))]), (24_500, (6.0, 0.5))]
    assert [each[3] for each in told(run(path, rules=rules))] == ["abandoned"]


def test_without_a_till_in_sight_no_outcome_is_claimed() -> None:
    blind = msgspec.structs.replace(RULES, queues=(Queue(zone=0, tills=()), Queue(zone=2, tills=())))
    assert [each[3] for each in told(run(SERVED, rules=blind))] == ["unknown"]
    gone = walk((2, 0.5), [(30, (2, 0.5)), (2, (2, 2.5)), (30, (9, 2.5))])
    assert [each[3] for each in told(run(gone, rules=blind))] == ["unknown"]
    changing = walk((2, 0.5), [(20, (2, 0.5)), (3, (2, 3.5)), (9, (2, 3.5))])
    assert [each[3] for each in told(run(changing, rules=blind))] == ["unknown", "unknown"]


def test_who_is_served_may_wait_again() -> None:
    back = walk((4, 0.5), [(9, (4, 0.5)), (3, (6, 0.5)), (9, (6, 0.5)), (3, (4, 0.5)), (9, (4, 0.5)), (9, (6, 0.5))])
    assert [each[3] for each in told(run(back))] == ["served", "served"]
    ids = [draft.id for draft in run(back) if isinstance(draft.data, QueueWait)]
    assert len(set(ids)) == 2


def test_who_stands_where_line_and_till_overlap_is_at_the_till() -> None:
    layout = (zone("line-1", "queue", 0, 0, 6, 1), LAYOUT[1])
    rules = msgspec.structs.replace(RULES, zones=layout, queues=(Queue(zone=0, tills=(1,)),))
    assert told(run(walk((5.5, 0.5), [(60, (5.5, 0.5))]), rules=rules)) == []
    ((_, _, left_s, outcome),) = told(
        run(walk((4, 0.5), [(20, (4, 0.5)), (2, (5.5, 0.5)), (9, (5.5, 0.5))]), rules=rules)
    )
    assert outcome == "served"
    assert left_s == pytest.approx(21.4, abs=0.11)


def test_a_position_that_trembles_still_stands_still() -> None:
    chance = Random(7)
    steady = walk((2.5, 0.5), [(12, (2.5, 0.5))])
    shaking = [(t, (x + chance.gauss(0, 0.3), y)) for t, (x, y) in steady]
    ((_, joined_s, _, _),) = told(run(shaking, until_s=40))
    assert joined_s < 0.5


def interrupted(gap_s: float, shift_m: float, name_after: str = "b") -> list[tuple[int, list[Person]]]:
    """Return someone who waits from 0 s, is lost from 20 s on and appears again under another name, and is served."""
    before = walk((2, 0.5), [(20, (2, 0.5))])
    after = walk((2 + shift_m, 0.5), [(9, (2 + shift_m, 0.5)), (4, (6, 0.5)), (4, (6, 0.5))], 20 + gap_s)
    return [(t, [Person("a", p, 0.9)]) for t, p in before] + [(t, [Person(name_after, p, 0.9)]) for t, p in after]


def run_frames(frames: list[tuple[int, list[Person]]], rules: PipelineRules = RULES) -> list[Draft]:
    state, found = initial_state(), []
    empty: list[tuple[int, list[Person]]] = [
        (t, []) for t in range(0, frames[-1][0], 100) if t not in {time_ms for time_ms, _ in frames}
    ]
    for time_ms, people in sorted([*frames, *empty], key=lambda frame: frame[0]):
        state, drafts = step(rules, state, people, START_MS + time_ms)
        found += drafts
    return found + finish(rules, state)[1]


@pytest.mark.parametrize("gap_s", [0.1, 1.5, 2.1, 5.0, 9.9])
@pytest.mark.parametrize("name", ["a", "b", "0"])
def test_who_is_lost_in_line_and_appears_there_again_goes_on_waiting(gap_s: float, name: str) -> None:
    drafts = run_frames(interrupted(gap_s, 0.5, name))
    ((_, joined_s, left_s, outcome),) = told(drafts)
    assert (joined_s, outcome) == (0, "served")
    assert left_s > 29
    (wait,) = waits(drafts)
    first = next(d.data for d in drafts if isinstance(d.data, VisitSegment))
    assert (wait.track_id, wait.segment_id) == ("a", first.segment_id)


def test_who_appears_too_late_or_too_far_away_is_somebody_else() -> None:
    apart = [("line-1", 0.0, 20.0, "unknown")]
    assert told(run_frames(interrupted(10.3, 0.0)))[:1] == apart
    assert told(run_frames(interrupted(3.0, 1.5)))[:1] == apart
    flat = msgspec.structs.replace(RULES, floor=None)
    assert told(run_frames(interrupted(3.0, 0.0), flat))[:1] == apart
    never = msgspec.structs.replace(RULES, queues=(Queue(zone=0, tills=(1,), resume_within_s=0.0),))
    assert told(run_frames(interrupted(3.0, 0.0), never))[:1] == apart


def test_of_several_who_are_lost_the_nearest_goes_on() -> None:
    frames: dict[int, list[Person]] = {}
    for t in range(0, 20_001, 100):
        frames[t] = [Person("a", (2.0, 0.5), 0.9), Person("b", (2.8, 0.5), 0.9)]
    for t in range(23_000, 60_001, 100):
        frames[t] = [Person("c", (2.7, 0.5), 0.9)]
    drafts = run_frames(sorted(frames.items()))
    assert [(each.track_id, each.left_ms - START_MS) for each in waits(drafts)] == [("a", 20_000), ("b", 60_000)]


def test_who_is_lost_twice_under_one_name_waited_twice() -> None:
    far = [(t, [Person("a", (4.5, 0.5), 0.9)]) for t in range(23_000, 30_000, 100)]
    near = [(t, [Person("a", (2.0, 0.5), 0.9)]) for t in range(0, 20_001, 100)]
    rules = msgspec.structs.replace(RULES, queues=(Queue(zone=0, tills=(1,), resume_within_s=60.0),))
    drafts = run_frames([*near, *far, (40_000, [])], rules)
    assert [each.outcome for each in waits(drafts)] == ["unknown", "unknown"]
    assert len({draft.id for draft in drafts if isinstance(draft.data, QueueWait)}) == 2


def test_without_queues_nothing_is_told_of_waits() -> None:
    assert told(run(SERVED, rules=msgspec.structs.replace(RULES, queues=()))) == []


def test_when_the_camera_goes_blind_nobody_comes_back() -> None:
    state = initial_state()
    for time_ms in range(0, 23_000, 100):
        people = [Person("a", (2.0, 0.5), 0.9)] if time_ms <= 20_000 else []
        state, _ = step(RULES, state, people, START_MS + time_ms)
    assert not state.tracks
    assert not state.is_empty
    state, drafts = blind(RULES, state, START_MS + 23_000, START_MS + 23_000)
    assert told(drafts) == [("line-1", 0.0, 20.0, "unknown")]
    assert state.is_empty


def test_without_a_floor_only_the_time_counts() -> None:
    rules = msgspec.structs.replace(RULES, floor=None)
    assert [
        each[3] for each in told(run(walk((0, 0.5), [(10, (4, 0.5)), (4, (6, 0.5)), (5, (6, 0.5))]), rules=rules))
    ] == ["served"]


def test_a_track_too_young_to_count_has_not_joined() -> None:
    rules = msgspec.structs.replace(RULES, segments=SegmentRules(min_age_s=20.0))
    assert told(run(walk((2, 0.5), [(19, (2, 0.5))]), rules=rules)) == []
    assert told(run(walk((2, 0.5), [(25, (2, 0.5))]), rules=rules)) == [("line-1", 0.0, 25.0, "unknown")]


def test_a_wait_outlives_a_segment_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MAX_STAYS", 1)
    beside = zone("shelf", "shelf", 0, 0, 2, 1)
    rules = msgspec.structs.replace(RULES, zones=(*LAYOUT, beside))
    path = walk((1, 0.5), [(20, (1, 0.5)), (2.2, (3.2, 0.5))])  # leaving the shelf fills the segment
    drafts = run(path, rules=rules)
    (wait,) = waits(drafts)
    first = next(draft.data for draft in drafts if isinstance(draft.data, VisitSegment))
    assert wait.segment_id == first.segment_id
    assert wait.joined_ms == START_MS
    (at_once,) = [time_ms for time_ms, (x, _) in path if x == pytest.approx(2.2)]
    cut = run([each for each in path if each[0] <= at_once], rules=rules)
    assert [each.outcome for each in waits(cut)] == ["unknown"]


def counts_at(path: Sequence[tuple[int, Point]], until_s: float) -> tuple[ZoneCount, ...]:
    state = initial_state()
    for time_ms, point in path:
        if time_ms <= until_s * 1000:
            state, _ = step(RULES, state, [Person("a", point, 0.9)], START_MS + time_ms)
    return occupancy(RULES, state)


def test_the_present_line_is_in_the_samples() -> None:
    line, till, other, _ = counts_at(SERVED, 20)
    assert (line.people, line.waiting) == (1, 1)
    assert line.longest_wait_s == pytest.approx(17.4, abs=0.11)
    assert (till.people, till.waiting, till.longest_wait_s) == (0, None, None)
    assert (other.waiting, other.longest_wait_s) == (0, None)
    walking_in, *_ = counts_at(SERVED, 4)
    assert (walking_in.people, walking_in.waiting) == (1, 0)
    line, till, *_ = counts_at(SERVED, 45)
    assert (line.waiting, till.people) == (0, 1)


grid = st.tuples(st.integers(-1, 8), st.sampled_from([0.5, 2.0, 3.5])).map(lambda p: (float(p[0]), p[1]))
people = st.lists(st.lists(st.tuples(st.sampled_from([1.0, 4.0, 7.0]), grid), max_size=8), min_size=1, max_size=3)


@settings(max_examples=30)
@given(people, st.randoms(use_true_random=False))
def test_waits_of_anyone_are_told_once_in_order_within_their_visit_and_counted_while_they_last(
    walks: list[list[tuple[float, Point]]], chance: object
) -> None:
    paths = [
        [each for each in walk((2.0, 0.5), steps, step_s=0.5) if chance.random() > 0.2]  # type: ignore[attr-defined]
        for steps in walks
    ]
    drafts = run(*paths)
    assert msgspec.json.encode(drafts) == msgspec.json.encode(run(*paths))
    found = waits(drafts)
    ids = [draft.id for draft in drafts if isinstance(draft.data, QueueWait)]
    assert len(set(ids)) == len(ids)
    closed = {
        draft.data.segment_id: draft.data
        for draft in drafts
        if isinstance(draft.data, VisitSegment) and draft.data.phase == "closed"
    }
    for each in found:
        segment = closed[each.segment_id]
        assert segment.track_id == each.track_id
        assert each.joined_ms < min(each.left_ms, segment.updated_ms)
        if segment.opened_ms <= each.joined_ms:  # else: lost in line, and back as another track
            stays = [stay for stay in segment.stays if stay.zone_id == each.zone_id]
            assert any(stay.entered_ms <= each.joined_ms < (stay.left_ms or each.left_ms) for stay in stays)
    if len(paths) == 1:
        times = sorted((each.joined_ms, each.left_ms) for each in found)
        assert all(left_ms <= joined_ms for (_, left_ms), (joined_ms, _) in itertools.pairwise(times))


@settings(max_examples=30)
@given(people)
def test_no_more_people_wait_than_are_there(walks: list[list[tuple[float, Point]]]) -> None:
    paths = [walk((2.0, 0.5), steps, step_s=0.5) for steps in walks]
    state = initial_state()
    for time_ms in sorted({time_ms for path in paths for time_ms, _ in path}):
        seen = [Person(f"p{n}", point, 0.9) for n, path in enumerate(paths) for t, point in path if t == time_ms]
        state, _ = step(RULES, state, seen, START_MS + time_ms)
        for count in occupancy(RULES, state):
            assert (count.waiting or 0) <= count.people
            assert (count.longest_wait_s is None) == (not count.waiting)
