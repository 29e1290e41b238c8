"""Tripwires of several points, evidence before and after the line, and tracks that change their name on it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import EventDraft, Source
from contracts.payloads import FootfallCrossing
from contracts.privacy import UplinkPayload
from edge.core.geometry import Point
from edge.core.pipeline import Person, PipelineRules, finish, initial_state, step
from edge.core.segments import SegmentRules
from edge.core.tripwire import Direction, Tripwire, approach, leave, move, usable_share
from tests.unit.edge.core import first_tripwire

FIRST = Tripwire(id="door", kind="entrance", points=((100, 0), (100, 200)), band=8.0, settle_s=1.0, rule="crossing-1")
WIRE = replace(FIRST, rule="crossing-2", least_before_s=0.3, least_after_s=0.3, relay=40.0)
# A porch: who comes from above or from the right of it goes in.
PORCH = replace(WIRE, points=((0.0, 100.0), (100.0, 100.0), (100.0, 200.0)))
STEP_MS = 100

Way = list[Point]


def walk(wire: Tripwire, way: Way) -> list[tuple[Direction, int]]:
    """Return the passages of a track seen along a way."""
    state, told = approach(wire, way[0], 0), []
    for index, point in enumerate(way[1:], start=1):
        state, passage = move(wire, state, point, index * STEP_MS)
        told.append(passage)
    told.append(leave(wire, state, STEP_MS * (len(way) - 1)))
    return [(passage.direction, passage.time_ms) for passage in told if passage]


def net(passages: list[tuple[Direction, int]]) -> int:
    return sum(1 if direction == "in" else -1 for direction, _ in passages)


def straight(*corners: Point, steps: int = 10) -> Way:
    """Return a way through corners, so many steps from one to the next."""
    way = [corners[0]]
    for (x1, y1), (x2, y2) in pairwise(corners):
        way += [(x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps) for i in range(1, steps + 1)]
    return way


def crossings(tracks: dict[str, tuple[int, Way]], wire: Tripwire = WIRE) -> list[tuple[str, Direction, str]]:
    """Return who is told to have crossed; tracks begin at a frame and go one step a frame."""
    rules = PipelineRules(source=Source("acme", "north", "cam"), tripwires=(wire,), segments=SegmentRules())
    state, drafts = initial_state(), list[EventDraft[UplinkPayload]]()
    frames = max(begins + len(way) for begins, way in tracks.values())
    for frame in range(frames):
        people = [
            Person(name, way[frame - begins], 0.9)
            for name, (begins, way) in tracks.items()
            if 0 <= frame - begins < len(way)
        ]
        state, more = step(rules, state, people, frame * STEP_MS)
        drafts += more
    drafts += finish(rules, state)[1]
    found = [draft.data for draft in drafts if isinstance(draft.data, FootfallCrossing)]
    return [(crossing.track_id, crossing.direction, crossing.rule_version) for crossing in found]


coordinates = st.tuples(st.integers(60, 140), st.integers(-40, 240)).map(lambda p: (float(p[0]), float(p[1])))
ways = st.lists(coordinates, min_size=1, max_size=30)
ends = st.tuples(coordinates, coordinates).filter(lambda pair: pair[0] != pair[1])


@given(ways, ends, st.sampled_from([0.0, 4.0, 8.0]), st.sampled_from([0.0, 0.5, 1.0]))
def test_with_two_points_the_first_rule_counts_as_it_was_first_written(
    way: Way, line: tuple[Point, Point], band: float, settle_s: float
) -> None:
    old = first_tripwire.Tripwire(id="door", kind="entrance", start=line[0], end=line[1], band=band, settle_s=settle_s)
    state, told = first_tripwire.approach(old, way[0]), []
    for index, point in enumerate(way[1:], start=1):
        state, passage = first_tripwire.move(old, state, point, index * STEP_MS)
        told.append(passage)
    told.append(first_tripwire.leave(state))
    expected = [(passage.direction, passage.time_ms) for passage in told if passage]
    now = replace(FIRST, points=line, band=band, settle_s=settle_s)
    assert walk(now, way) == expected
    assert walk(replace(now, rule="crossing-2"), way) == expected


def test_each_arm_of_a_bent_line_counts() -> None:
    assert walk(PORCH, straight((50, 50), (50, 150))) == [("in", 600)]
    assert walk(PORCH, straight((150, 150), (50, 150))) == [("in", 600)]
    assert walk(PORCH, straight((50, 150), (150, 150))) == [("out", 500)]


def test_a_passage_round_a_corner_counts_once() -> None:
    assert walk(PORCH, straight((150, 50), (50, 150))) == [("in", 600)]
    assert walk(PORCH, straight((150, 51), (51, 150))) == [("in", 600)]
    assert walk(PORCH, straight((130, 95), (95, 95), (95, 130), (60, 130))) == [("in", 1200)]


def test_walking_about_a_corner_outside_counts_nothing() -> None:
    assert walk(PORCH, straight((50, 50), (140, 60), (150, 150))) == []


def test_through_one_arm_and_out_by_the_other_at_once_counts_nothing() -> None:
    assert walk(PORCH, straight((70, 70), (130, 140))) == []


def test_through_one_arm_and_out_by_the_other_later_is_in_and_out() -> None:
    stay = [(40.0, 160.0)] * 30
    way = [*straight((40, 50), (40, 160)), *stay, *straight((40, 160), (160, 160))]
    assert [direction for direction, _ in walk(PORCH, way)] == ["in", "out"]


def test_round_the_end_of_a_bent_line_counts_nothing() -> None:
    assert walk(PORCH, straight((150, 260), (50, 260))) == []


@given(st.lists(st.tuples(st.integers(0, 160), st.integers(40, 240)), min_size=1, max_size=20), st.booleans())
def test_retracing_every_step_over_a_bent_line_cancels_it(path: list[tuple[int, int]], is_first: bool) -> None:
    way = [(float(x), float(y)) for x, y in path]
    wire = replace(PORCH, rule="crossing-1") if is_first else replace(PORCH, least_before_s=0.0, least_after_s=0.0)
    assert net(walk(wire, [*way, *way[::-1]])) == 0


def test_how_much_of_a_bent_line_can_fire_is_by_length() -> None:
    assert usable_share(PORCH, (768, 576)) == 1.0
    assert usable_share(replace(PORCH, points=((0.0, 100.0), (100.0, 100.0), (100.0, 0.0))), (104, 576)) == 0.5


def test_a_track_born_before_the_line_by_less_than_asked_does_not_count() -> None:
    late, early = straight((120, 100), (60, 100), steps=6), straight((130, 100), (60, 100), steps=7)
    assert walk(WIRE, late) == [("in", 300)]
    assert walk(replace(WIRE, least_before_s=0.31), late) == []
    assert walk(replace(WIRE, least_before_s=0.31), early) == [("in", 400)]
    assert walk(replace(FIRST, least_before_s=9.0), late) == [("in", 300)]


def test_a_track_lost_at_once_behind_the_line_does_not_count() -> None:
    way = straight((200, 100), (80, 100), steps=12)
    assert walk(WIRE, way) == []
    assert walk(replace(WIRE, least_after_s=0.1), way) == [("in", 1100)]
    assert walk(FIRST, way) == [("in", 1100)]


def test_evidence_afterwards_may_take_longer_than_settling() -> None:
    wire = replace(WIRE, settle_s=0.0, least_after_s=0.5)
    assert walk(wire, straight((150, 100), (40, 100), steps=11)) == [("in", 600)]
    assert walk(wire, straight((150, 100), (60, 100), steps=9)) == []


def test_a_track_renamed_in_the_band_counts_once() -> None:
    before, after = straight((200, 100), (104, 100), steps=12), straight((96, 100), (0, 100), steps=12)
    tracks = {"a": (0, before), "b": (15, after)}
    assert crossings(tracks) == [("b", "in", "crossing-2")]
    assert crossings(tracks, FIRST) == []


def test_a_track_renamed_behind_the_line_counts_once_and_under_a_name_that_counted() -> None:
    before, after = straight((200, 100), (88, 100), steps=14), [(94.0, 100.0), (88.0, 100.0)]
    assert crossings({"a": (0, before), "b": (16, after)}) == [("a", "in", "crossing-2")]


def test_who_had_passed_and_begins_anew_in_the_band_does_not_count_again() -> None:
    way = straight((200, 100), (50, 100), steps=15)
    late = straight((102, 100), (0, 100), steps=12)
    tracks = {"a": (0, way[:13]), "b": (14, late), "c": (20, [(100.0, 100.0), *late])}
    assert [direction for _, direction, _ in crossings(tracks)] == ["in"]


def test_who_is_begins_after_another_took_the_place_counts_no_second_time() -> None:
    begins, ends = straight((200, 100), (104, 100), steps=12), straight((98, 100), (0, 100), steps=12)
    tracks = {"a": (0, begins), "b": (14, ends), "c": (40, [(0.0, 0.0)])}
    assert [name for name, *_ in crossings(tracks)] == ["b"]
    rules = PipelineRules(source=Source("acme", "north", "cam"), tripwires=(WIRE,))
    state, told = initial_state(), list[EventDraft[UplinkPayload]]()
    for frame in range(40):
        people = []
        if frame < len(begins):
            people.append(Person("a", begins[frame], 0.9))
        if 14 <= frame < 14 + len(ends):
            people.append(Person("b", ends[frame - 14], 0.9))
        if frame >= 16:
            people.append(Person("a", (98.0 - 6 * (frame - 16), 110.0), 0.9))
        state, drafts = step(rules, state, people, frame * STEP_MS)
        told += drafts
    told += finish(rules, state)[1]
    assert [draft.data.track_id for draft in told if isinstance(draft.data, FootfallCrossing)] == ["b"]


def test_strangers_near_the_line_do_not_take_each_others_places() -> None:
    gone, comes = straight((200, 100), (130, 100)), straight((125, 100), (40, 100))
    assert [name for name, *_ in crossings({"a": (0, gone), "b": (12, comes)})] == ["b"]
    far = straight((104, 180), (40, 180))
    assert crossings({"a": (0, straight((200, 100), (104, 100))), "b": (12, far)}) == []


def test_of_two_tracks_lost_at_the_line_the_nearer_one_goes_on() -> None:
    near, farther = straight((200, 100), (104, 100)), straight((40, 120), (96, 120))
    after = straight((102, 104), (0, 104))
    assert crossings({"a": (0, near), "b": (0, farther), "c": (12, after)}) == [("c", "in", "crossing-2")]


@pytest.mark.parametrize("wire", [WIRE, FIRST])
def test_nobody_who_never_counted_is_told(wire: Tripwire) -> None:
    assert crossings({"a": (0, [(150.0, 100.0), (60.0, 100.0)])}, wire) == []
