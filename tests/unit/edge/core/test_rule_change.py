"""Lines and zones can be changed while people are in sight: what stays the same goes on, what is new begins afresh."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import EventDraft, Source
from contracts.payloads import Coverage, FootfallCrossing, QueueWait, VisitSegment
from contracts.privacy import UplinkPayload
from edge.core.floor import FloorMap
from edge.core.pipeline import Person, PipelineRules, PipelineState, finish, initial_state, step
from edge.core.queues import Queue
from edge.core.rule_change import change_rules
from edge.core.tripwire import Tripwire
from edge.core.zones import Zone

START_MS = 1_772_442_000_000
Draft = EventDraft[UplinkPayload]
Path = Sequence[tuple[float, float]]


def wire(name: str, x: float) -> Tripwire:
    return Tripwire(id=name, kind="entrance", points=((x, 0.0), (x, 10.0)), band=0.2, settle_s=1.0)


def zone(name: str, left: float, right: float) -> Zone:
    corners = ((left, 0.0), (right, 0.0), (right, 10.0), (left, 10.0))
    return Zone(id=name, kind="shelf", polygon=corners, band=0.2, min_stay_s=0.5)


DOOR, SHELF, AISLE = wire("door", 5.0), zone("shelf", 6.0, 9.0), zone("aisle", 0.0, 4.0)
RULES = PipelineRules(source=Source("acme", "north", "cam-1"), tripwires=(DOOR,), zones=(SHELF, AISLE))


def run(
    rules: PipelineRules, state: PipelineState, xs: Sequence[float], first: int
) -> tuple[PipelineState, list[Draft]]:
    told: list[Draft] = []
    for index, x in enumerate(xs):
        state, drafts = step(rules, state, [Person("a", (x, 5.0), 0.9)], START_MS + (first + index) * 100)
        told += drafts
    return state, told


def changed_halfway(before: Sequence[float], after: Sequence[float], new: PipelineRules) -> list[Draft]:
    state, first = run(RULES, initial_state(), before, 0)
    rules, state, ended = change_rules(RULES, state, new, START_MS + (len(before) - 1) * 100)
    state, second = run(rules, state, after, len(before))
    return [*first, *ended, *second, *finish(rules, state)[1]]


def crossings(drafts: list[Draft]) -> list[tuple[str, str]]:
    return [(d.data.tripwire_id, d.data.direction) for d in drafts if isinstance(d.data, FootfallCrossing)]


def closed(drafts: list[Draft]) -> VisitSegment:
    (segment,) = [d.data for d in drafts if isinstance(d.data, VisitSegment) and d.data.phase == "closed"]
    return segment


def steps(start: float, end: float, count: int = 30) -> list[float]:
    return [start + (end - start) * index / (count - 1) for index in range(count)]


def test_whoever_stands_beyond_a_new_line_did_not_cross_it() -> None:
    new = replace(RULES, tripwires=(DOOR, wire("inner", 7.0)))
    assert crossings(changed_halfway(steps(6, 8), [8.0] * 30, new)) == []
    assert crossings(changed_halfway(steps(6, 8), steps(8, 6), new)) == [("inner", "in")]


def test_the_first_line_of_all_begins_where_people_stand() -> None:
    bare = replace(RULES, tripwires=(), zones=())
    state, _ = run(bare, initial_state(), steps(6, 8), 0)
    rules, state, _ = change_rules(bare, state, RULES, START_MS + 2900)
    state, told = run(rules, state, steps(8, 4), 30)
    assert crossings([*told, *finish(rules, state)[1]]) == [("door", "in")]


def test_a_line_that_was_moved_past_somebody_counts_nobody() -> None:
    moved = replace(RULES, tripwires=(wire("door", 8.5),))
    assert crossings(changed_halfway(steps(6, 8), [8.0] * 20, moved)) == []


def test_a_passage_that_waited_to_settle_on_a_line_that_is_gone_counts() -> None:
    gone = replace(RULES, tripwires=())
    assert crossings(changed_halfway(steps(7, 4.5, 20), [4.5] * 20, gone)) == [("door", "in")]


def test_stays_in_a_zone_that_is_gone_end_then_and_stay_with_the_visit() -> None:
    segment = closed(changed_halfway([7.0] * 40, [7.0] * 80, replace(RULES, zones=(AISLE,))))
    (stay,) = segment.stays
    assert (stay.zone_id, stay.entered_ms, stay.left_ms) == ("shelf", START_MS, START_MS + 3900)


def test_a_zone_that_was_changed_begins_a_new_stay_and_the_others_go_on() -> None:
    new = replace(RULES, zones=(AISLE, zone("all", 0.0, 9.0), replace(SHELF, min_stay_s=0.2)))
    segment = closed(changed_halfway([7.0] * 40, [7.0] * 40, new))
    assert [(s.zone_id, s.entered_ms - START_MS) for s in segment.stays] == [
        ("shelf", 0),
        ("all", 4000),
        ("shelf", 4000),
    ]
    aisle = closed(changed_halfway([2.0] * 40, [2.0] * 40, new))
    assert [(s.zone_id, s.entered_ms - START_MS) for s in aisle.stays] == [("aisle", 0), ("all", 4000)]


def test_a_visit_goes_on_under_one_name_and_coverage_too() -> None:
    drafts = changed_halfway([7.0] * 300, [7.0] * 400, replace(RULES, tripwires=(), zones=()))
    assert len({d.data.segment_id for d in drafts if isinstance(d.data, VisitSegment)}) == 1
    assert sum(d.data.observed_s for d in drafts if isinstance(d.data, Coverage)) == 69.9


def test_nothing_but_lines_and_zones_comes_into_force() -> None:
    other = replace(RULES, tripwires=(), occupancy_s=99.0, source=Source("x", "y", "z"))
    rules, _, _ = change_rules(RULES, initial_state(), other, START_MS)
    assert rules == replace(RULES, tripwires=())


QUEUE, TILL = zone("line", 0.0, 4.0), replace(zone("till", 4.0, 6.0), kind="checkout")
QUEUING = replace(RULES, tripwires=(), zones=(QUEUE, TILL), queues=(Queue(zone=0, tills=(1,), join_after_s=2.0),))


def waits_of(new: PipelineRules) -> list[tuple[str, str, int]]:
    state, first = run(QUEUING, initial_state(), [2.0] * 40, 0)
    rules, state, ended = change_rules(QUEUING, state, new, START_MS + 3900)
    state, second = run(rules, state, [2.0] * 30 + [5.0] * 30, 40)
    told = [*first, *ended, *second, *finish(rules, state)[1]]
    waits = [d.data for d in told if isinstance(d.data, QueueWait)]
    return [(wait.zone_id, wait.outcome, wait.joined_ms - START_MS) for wait in waits]


def test_who_waits_goes_on_waiting_where_the_queue_s_zones_only_change_places() -> None:
    moved = replace(QUEUING, zones=(SHELF, TILL, QUEUE), queues=(Queue(zone=2, tills=(1,), join_after_s=2.0),))
    assert waits_of(QUEUING) == waits_of(moved) == [("line", "served", 0)]


def test_who_waits_in_a_queue_that_changes_is_lost_from_it_and_may_join_the_new_one() -> None:
    other = replace(QUEUING, zones=(QUEUE, replace(TILL, band=0.5)))
    assert waits_of(other) == [("line", "unknown", 0), ("line", "served", 4000)]
    assert waits_of(replace(QUEUING, queues=())) == [("line", "unknown", 0)]


def test_who_was_lost_in_line_and_may_come_back_is_told_once_whatever_changes() -> None:
    known = replace(QUEUING, floor=FloorMap())
    for new in (replace(known, queues=()), replace(known, zones=(QUEUE, TILL, SHELF)), known):
        state, told = run(known, initial_state(), [2.0] * 40, 0)
        for tenth in range(40, 66):
            state, drafts = step(known, state, [], START_MS + tenth * 100)
            told += drafts
        assert state.lost_in_line
        rules, state, ended = change_rules(known, state, new, START_MS + 6500)
        for tenth in range(66, 300):
            state, drafts = step(rules, state, [], START_MS + tenth * 100)
            ended += drafts
        waits = [d.data for d in [*told, *ended, *finish(rules, state)[1]] if isinstance(d.data, QueueWait)]
        assert [(wait.zone_id, wait.outcome) for wait in waits] == [("line", "unknown")]


walks = st.lists(st.floats(0, 10), min_size=1, max_size=80)


@given(walks, st.integers(0, 80))
def test_a_change_to_the_same_rules_changes_nothing(walk: list[float], at: int) -> None:
    state, first = run(RULES, initial_state(), walk[:at], 0)
    same = replace(RULES, tripwires=(wire("door", 5.0),), zones=(zone("shelf", 6.0, 9.0), zone("aisle", 0.0, 4.0)))
    rules, kept, drafts = change_rules(RULES, state, same, START_MS)
    assert (rules, kept, drafts) == (RULES, state, [])
    kept, second = run(rules, kept, walk[at:], at)
    whole_state, whole = run(RULES, initial_state(), walk, 0)
    assert first + second + finish(rules, kept)[1] == whole + finish(RULES, whole_state)[1]


@given(walks, st.integers(0, 80))
def test_what_stays_the_same_is_counted_as_if_nothing_had_changed(walk: list[float], at: int) -> None:
    """Another line and zone come, the rest changes places: the door's crossings, the shelf's stays are the same."""
    new = replace(RULES, tripwires=(wire("other", 2.0), DOOR), zones=(zone("corner", 9.0, 10.0), SHELF))
    drafts = changed_halfway(walk[:at] or walk[:1], walk[max(at, 1) :], new)
    state, whole = run(RULES, initial_state(), walk, 0)
    whole += finish(RULES, state)[1]

    def of_door(told: list[Draft]) -> list[Draft]:
        return [d for d in told if isinstance(d.data, FootfallCrossing) and d.data.tripwire_id == "door"]

    def on_shelf(told: list[Draft]) -> list[list[object]]:
        segments = [d.data for d in told if isinstance(d.data, VisitSegment)]
        return [[stay for stay in segment.stays if stay.zone_id == "shelf"] for segment in segments]

    assert of_door(drafts) == of_door(whole)
    assert on_shelf(drafts) == on_shelf(whole)


@given(walks, st.integers(0, 80))
def test_there_and_back_again_loses_no_visit(walk: list[float], at: int) -> None:
    state, first = run(RULES, initial_state(), walk[:at], 0)
    rules, state, _ = change_rules(RULES, state, replace(RULES, tripwires=(), zones=()), START_MS)
    rules, state, _ = change_rules(rules, state, RULES, START_MS)
    assert rules == RULES
    state, second = run(rules, state, walk[at:], at)
    told = first + second + finish(rules, state)[1]
    whole_state, whole = run(RULES, initial_state(), walk, 0)
    whole += finish(RULES, whole_state)[1]
    ids = [[d.id for d in each if isinstance(d.data, VisitSegment)] for each in (told, whole)]
    assert ids[0] == ids[1]
