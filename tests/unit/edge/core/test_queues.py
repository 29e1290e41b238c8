"""Waits in line: who joins, who is served, who gives up, and of whom nothing is known."""

import itertools
from collections.abc import Iterable, Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import Source
from contracts.payloads import QueueWait, VisitSegment, ZoneCount, ZoneKind
from edge.core import segments
from edge.core.floor import FLOOR_ITSELF
from edge.core.geometry import Point
from edge.core.pipeline import Draft, Person, PipelineRules, finish, initial_state, occupancy, step
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
    assert told(run(walk((2, 0.5), [(4.2, (2, 0.5)), (2, (6, 0.5)), (5, (6, 0.5))]))) == []


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


@settings(max_examples=30, deadline=None)
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
        assert segment.opened_ms <= each.joined_ms < each.left_ms <= segment.updated_ms
        stays = [stay for stay in segment.stays if stay.zone_id == each.zone_id]
        assert any(stay.entered_ms <= each.joined_ms < (stay.left_ms or each.left_ms) for stay in stays)
    for name in {each.track_id for each in found}:
        mine = sorted((each.joined_ms, each.left_ms) for each in found if each.track_id == name)
        assert all(left_ms <= joined_ms for (_, left_ms), (joined_ms, _) in itertools.pairwise(mine))


@settings(max_examples=30, deadline=None)
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
