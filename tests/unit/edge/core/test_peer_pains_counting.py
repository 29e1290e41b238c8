"""What users of other counting software complain of, each as a test that would fail if it happened here."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import EventDraft, Source
from contracts.payloads import FootfallCrossing, VisitSegment
from contracts.privacy import UplinkPayload
from edge.core import tracker
from edge.core.geometry import Point
from edge.core.pipeline import Person, PipelineRules, finish, initial_state, step
from edge.core.segments import SegmentRules
from edge.core.tracker_rules import TrackerRules
from edge.core.tripwire import Tripwire, approach, leave, move, usable_share
from tests.unit.edge.core import first_tripwire

WIRE = Tripwire(
    id="door",
    kind="entrance",
    points=((100.0, 0.0), (100.0, 200.0)),
    band=8.0,
    settle_s=1.0,
    least_before_s=0.3,
    least_after_s=0.3,
    relay=40.0,
)
RULES = PipelineRules(source=Source("acme", "north", "cam"), tripwires=(WIRE,), segments=SegmentRules())
FRAME_MS = 100
Frames = list[dict[str, Point]]


def run(frames: Frames, rules: PipelineRules = RULES) -> list[EventDraft[UplinkPayload]]:
    """Return the events of people by name, one dictionary a frame."""
    state, drafts = initial_state(), list[EventDraft[UplinkPayload]]()
    for index, frame in enumerate(frames):
        people = [Person(name, position, 0.9) for name, position in frame.items()]
        state, more = step(rules, state, people, index * FRAME_MS)
        drafts += more
    return drafts + finish(rules, state)[1]


def counted(frames: Frames, rules: PipelineRules = RULES) -> Counter[str]:
    return Counter(draft.data.direction for draft in run(frames, rules) if isinstance(draft.data, FootfallCrossing))


def alone(xs: list[float], name: str = "a", y: float = 100.0) -> Frames:
    return [{name: (x, y)} for x in xs]


def steps(x_from: float, x_to: float, count: int = 12) -> list[float]:
    return [x_from + (x_to - x_from) * index / count for index in range(count + 1)]


@given(st.lists(st.floats(92.0, 108.0), min_size=1, max_size=40))
def test_flicker_at_the_line_never_counts_a_wrong_direction(flicker: list[float]) -> None:
    assert counted(alone([*steps(200, 108), *flicker, *steps(108, 200)])) == {}
    assert counted(alone([*steps(200, 108), *flicker, *steps(92, 0)])) == {"in": 1}


def test_a_box_that_jumps_over_the_line_and_back_does_not_count() -> None:
    jumps = [130.0, 130.0, 60.0, 130.0, 70.0, 75.0, 130.0]
    assert counted(alone([*steps(200, 130), *jumps * 6, *steps(130, 200)])) == {}


def test_an_unconfirmed_name_shared_by_many_never_counts() -> None:
    """Detections that are not confirmed yet have no name that could cross anything."""
    rules, state, told = TrackerRules(), tracker.initial_state(), 0
    for index in range(30):
        left = 20.0 * index
        first = np.array([[left, 50.0, left + 30, 130.0]])
        other = np.array([[600 - left, 300.0 - index, 630 - left, 380.0]])
        boxes = first if index % 7 == 0 else other if index % 7 == 3 else np.zeros((0, 4))
        state, seen = tracker.track(rules, state, boxes, np.full(len(boxes), 0.4), index * FRAME_MS)
        told += len(seen)
    assert told == 0


def test_a_line_near_the_edge_that_can_never_fire_is_found_before_it_counts_nothing() -> None:
    picture = (640, 480)
    for points in (((0.0, 478.0), (640.0, 478.0)), ((0.0, 3.0), (300.0, 3.0), (637.0, 3.0), (637.0, 480.0))):
        assert usable_share(replace(WIRE, points=points), picture) == 0.0
    assert usable_share(WIRE, picture) > 0.9


@given(st.floats(210.0, 1000.0), st.floats(0.0, 80.0))
def test_nobody_counts_far_from_the_line(y: float, sway: float) -> None:
    frames = [{"a": (x, y + sway * (index % 2))} for index, x in enumerate([*steps(200, 0), *steps(0, 200)])]
    assert counted(frames) == {}


@pytest.mark.parametrize("life", [3, 4, 5, 7])
@pytest.mark.parametrize("gap", [1, 2])
def test_identity_churn_on_the_line_does_not_multiply_counts(life: int, gap: int) -> None:
    """One person walks in slowly while the tracker gives a new name every few frames."""
    way = steps(200, 0, 60)
    frames: Frames = []
    for index, x in enumerate(way):
        episode, place = divmod(index, life + gap)
        frames.append({f"t{episode:02}": (x, 100.0)} if place < life else {})
    rules = replace(RULES, segments=SegmentRules(min_age_s=0.2))
    assert counted(frames, rules) == {"in": 1}


def test_churn_of_somebody_who_stands_on_the_line_counts_nothing() -> None:
    frames: Frames = []
    for episode in range(200):
        sway = 12.0 * (-1) ** episode
        frames += [{f"t{episode:03}": (100.0 + sway * share, 100.0)} for share in (0.2, 1.0, 0.4, -0.9, -0.2)] + [{}]
    found = counted(frames)
    assert abs(found["in"] - found["out"]) <= 1
    assert found.total() <= 1


def test_one_person_is_one_crossing_and_one_visit_whatever_happens_at_the_line() -> None:
    way = [*steps(200, 96), *[100.0 + 7 * (-1) ** i for i in range(30)], *steps(96, 0)]
    drafts = run(alone(way))
    assert sum(isinstance(draft.data, FootfallCrossing) for draft in drafts) == 1
    assert sum(isinstance(draft.data, VisitSegment) and draft.data.phase == "closed" for draft in drafts) == 1
    assert len({draft.id for draft in drafts}) == len(drafts)


@given(st.floats(80.0, 120.0), st.lists(st.floats(-6.0, 6.0), min_size=50, max_size=100))
def test_things_that_stand_still_do_not_inflate_counts(x: float, noise: list[float]) -> None:
    """A mannequin or a poster beside the line trembles for hours."""
    assert counted(alone([x + each for each in noise])).total() <= abs(x - 100.0) < 100
    assert counted(alone([100.0 + each for each in noise])) == {}


way_points = st.tuples(st.integers(60, 140), st.integers(-40, 240)).map(lambda p: (float(p[0]), float(p[1])))


@given(st.lists(way_points, min_size=1, max_size=25))
def test_an_upgrade_cannot_change_counts_silently(way: list[Point]) -> None:
    """Who keeps `crossing-1` counts as ever; another rule says its name in every event."""
    old = first_tripwire.Tripwire(
        id="door", kind="entrance", start=WIRE.points[0], end=WIRE.points[-1], band=WIRE.band, settle_s=WIRE.settle_s
    )
    kept = replace(WIRE, rule="crossing-1")
    before, now = first_tripwire.approach(old, way[0]), approach(kept, way[0], 0)
    for index, point in enumerate(way):
        before, expected = first_tripwire.move(old, before, point, index * FRAME_MS)
        now, told = move(kept, now, point, index * FRAME_MS)
        assert (told and (told.direction, told.time_ms)) == (expected and (expected.direction, expected.time_ms))
    last, expected = leave(kept, now, len(way) * FRAME_MS), first_tripwire.leave(before)
    assert (last and (last.direction, last.time_ms)) == (expected and (expected.direction, expected.time_ms))


@pytest.mark.parametrize("rule", ["crossing-1", "crossing-2"])
def test_every_crossing_names_the_rule_that_counted_it(rule: str) -> None:
    wire = replace(WIRE, rule=rule)
    drafts = run(alone(steps(200, 0)), replace(RULES, tripwires=(wire,)))
    assert [draft.data.rule_version for draft in drafts if isinstance(draft.data, FootfallCrossing)] == [rule]
