"""What users of other systems complain of, where zones, dwell and queues go wrong: it does not happen here."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import Source
from contracts.payloads import FloorHeat, QueueWait, Stay, VisitSegment, ZoneOccupancy
from edge.core.floor import FLOOR_ITSELF
from edge.core.geometry import PolygonSides, is_inside
from edge.core.pipeline import Draft, Person, PipelineRules, finish, initial_state, step
from edge.core.queues import Queue
from edge.core.segments import SegmentRules
from edge.core.zones import StayState, Zone, end, stays, visit

START_MS = 1_772_442_000_000
LEFT = Zone(id="left", kind="queue", polygon=((0.0, 0.0), (5.0, 0.0), (5.0, 9.0), (0.0, 9.0)), band=0.2, min_stay_s=1.0)
RIGHT = Zone(
    id="right", kind="checkout", polygon=((5.0, 0.0), (9.0, 0.0), (9.0, 9.0), (5.0, 9.0)), band=0.2, min_stay_s=1.0
)
RULES = PipelineRules(
    source=Source("acme", "north", "camera-1"),
    zones=(LEFT, RIGHT),
    queues=(Queue(zone=0, tills=(1,)),),
    floor=FLOOR_ITSELF,
    heat_cell_m=0.5,
)


def run(
    frames: Sequence[tuple[int, dict[str, float]]], rules: PipelineRules = RULES, start_ms: int = START_MS
) -> list[Draft]:
    state, told = initial_state(), []
    for time_ms, people in frames:
        seen = [Person(name, (x, 4.0), 0.9) for name, x in people.items()]
        state, drafts = step(rules, state, seen, start_ms + time_ms)
        told += drafts
    return told + finish(rules, state)[1]


def closed(drafts: Sequence[Draft]) -> list[VisitSegment]:
    return [d.data for d in drafts if isinstance(d.data, VisitSegment) and d.data.phase == "closed"]


def stays_of(drafts: Sequence[Draft]) -> list[Stay]:
    return [stay for segment in closed(drafts) for stay in segment.stays]


@given(st.lists(st.floats(-0.19, 0.19), min_size=40, max_size=120))
def test_stationary_objects_do_not_inflate_counts_also_on_the_border_of_a_zone(jitter: list[float]) -> None:
    """Frigate #7667: one person on the border, however the box trembles, makes at most one stay in each zone."""
    drafts = run([(index * 250, {"a": 5.0 + offset}) for index, offset in enumerate(jitter)])
    assert max(Counter(stay.zone_id for stay in stays_of(drafts)).values()) == 1
    assert len([d for d in drafts if isinstance(d.data, QueueWait)]) <= 1
    assert len(closed(drafts)) == 1


def test_a_person_who_stands_all_day_is_one_person() -> None:
    drafts = run([(t, {"a": 7.0}) for t in range(0, 3_600_000, 1000)])
    assert [(stay.zone_id, stay.entered_ms) for stay in stays_of(drafts)] == [("right", START_MS)]
    assert {zone.people for d in drafts if isinstance(d.data, ZoneOccupancy) for zone in d.data.zones} == {0, 1}


recordings = st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(-1, 10), max_size=3), min_size=2, max_size=40)


@given(recordings)
def test_zone_counts_never_disagree_with_events(recording: list[dict[str, int]]) -> None:
    """Frigate #3819: each sample is what the stays of the closed visits say of its time, but for the youngest."""
    rules = msgspec.structs.replace(RULES, occupancy_s=1.0, segments=SegmentRules(lost_after_s=0.9))
    drafts = run([(i * 400, {n: float(x) for n, x in people.items()}) for i, people in enumerate(recording)], rules)
    visits = closed(drafts)
    for draft in drafts:
        if not isinstance(draft.data, ZoneOccupancy):
            continue
        for zone in draft.data.zones:
            there = [
                stay
                for visit in visits
                for stay in visit.stays
                if stay.zone_id == zone.zone_id and stay.entered_ms < draft.time_ms <= (stay.left_ms or 0) + 1300
            ]
            sure = [stay for stay in there if stay.entered_ms + 2400 <= draft.time_ms <= (stay.left_ms or 0)]
            assert len(sure) <= zone.people <= len(there)


def test_one_person_is_one_visit_one_stay_one_wait_however_often_the_detector_blinks() -> None:
    """Frigate #9791: one object made several events."""
    blinking = [(t, {} if t // 100 % 17 in range(3, 3 + t % 7) else {"a": 3.0}) for t in range(0, 60_000, 100)]
    drafts = run(blinking)
    assert [(stay.zone_id, stay.left_ms) for stay in stays_of(drafts)] == [("left", START_MS + blinking[-1][0])]
    assert len([d for d in drafts if isinstance(d.data, QueueWait)]) == 1


@given(st.integers(2, 38), st.integers(1, 19))
def test_dwell_is_not_split_by_a_short_loss_of_the_track(lost_at: int, frames_lost: int) -> None:
    frames = [(i * 100, {} if lost_at <= i < lost_at + frames_lost else {"a": 7.0}) for i in range(60)]
    (stay,) = stays_of(run(frames))
    assert (stay.entered_ms, stay.left_ms) == (START_MS, START_MS + 5900)


def test_dwell_under_two_tracks_lacks_only_the_time_out_of_sight() -> None:
    """A tracker that gives a person another id cannot hide the dwell: both parts are told."""
    frames = [(t, {"a": 7.0} if t < 20_000 else {"b": 7.0} if t > 21_000 else {}) for t in range(0, 40_001, 100)]
    told = stays_of(run(frames))
    assert sum((stay.left_ms or 0) - stay.entered_ms for stay in told) == 40_000 - 1_200


@given(st.lists(st.integers(0, 17), min_size=2, max_size=60))
def test_dwell_is_conserved(places: list[int]) -> None:
    """Zones that lie side by side share out a visit's time: nothing is lost, nothing is counted twice."""
    layout = tuple(
        Zone(
            id=f"z{n}",
            kind="floor",
            polygon=((3.0 * n, 0.0), (3.0 * n + 3, 0.0), (3.0 * n + 3, 9.0), (3.0 * n, 9.0)),
            band=0.0,
            min_stay_s=0.0,
        )
        for n in range(6)
    )
    rules = msgspec.structs.replace(RULES, zones=layout, queues=(), segments=SegmentRules(min_age_s=0.0))
    (segment,) = closed(run([(i * 500, {"a": x + 0.5}) for i, x in enumerate(places)], rules))
    told = sorted((stay.entered_ms, stay.left_ms or 0) for stay in segment.stays)
    assert sum(left_ms - entered_ms for entered_ms, left_ms in told) == segment.updated_ms - segment.opened_ms
    assert all(left_ms == entered_ms for (_, left_ms), (entered_ms, _) in pairwise(told))


@pytest.mark.parametrize(
    ("place", "local"),
    [
        ("Europe/Berlin", datetime(2026, 3, 29, 1, 59, 0)),  # noqa: DTZ001 - an hour is missing here
        ("Europe/Berlin", datetime(2026, 10, 25, 2, 59, 0)),  # noqa: DTZ001 - an hour comes twice
        ("Australia/Lord_Howe", datetime(2026, 4, 5, 1, 59, 0)),  # noqa: DTZ001 - half an hour
    ],
)
@given(recording=recordings)
@settings(max_examples=20)
def test_daylight_saving_is_harmless(place: str, local: datetime, recording: list[dict[str, int]]) -> None:
    """Frigate #2158: local time is used nowhere, so the same people at a change of clocks give the same events."""
    begins = local.replace(tzinfo=ZoneInfo(place))
    begins_ms = round(begins.timestamp() * 1000)
    assert (
        begins.utcoffset()
        != (begins.astimezone(ZoneInfo("UTC")) + timedelta(minutes=2)).astimezone(ZoneInfo(place)).utcoffset()
    )
    frames = [(i * 4000, {n: float(x) for n, x in people.items()}) for i, people in enumerate(recording)]
    patient = msgspec.structs.replace(RULES, segments=SegmentRules(lost_after_s=9), observed_gap_s=5)
    changing = run(frames, patient, begins_ms)
    plain = run(frames, patient, begins_ms - 86_400_000)
    assert len(changing) == len(plain)
    for now, before in zip(changing, plain, strict=True):
        assert type(now.data) is type(before.data)
        assert now.time_ms - before.time_ms == 86_400_000
        if isinstance(now.data, QueueWait) and isinstance(before.data, QueueWait):
            assert now.data.left_ms - now.data.joined_ms == before.data.left_ms - before.data.joined_ms
        if isinstance(now.data, FloorHeat) and isinstance(before.data, FloorHeat):
            assert now.data.cells == before.data.cells


coordinates = st.integers(-6, 6).map(float) | st.floats(-6, 6)
corners = st.tuples(coordinates, coordinates)


@given(st.lists(st.lists(corners, min_size=3, max_size=7), max_size=4), st.lists(corners, max_size=5))
def test_many_points_are_tried_at_once_with_the_very_answers_of_one(
    polygons: list[list[tuple[float, float]]], points: list[tuple[float, float]]
) -> None:
    assert PolygonSides(polygons).inside(points) == [
        [is_inside(polygon, point) for polygon in polygons] for point in points
    ]


@given(st.lists(st.floats(-3, 13), max_size=40))
def test_a_zone_alone_and_among_others_tells_the_same_stays(xs: list[float]) -> None:
    state, told = StayState(), []
    for index, x in enumerate(xs):
        state = visit(LEFT, state, (x, 4.0), START_MS + index * 500)
    if xs:
        told = list(stays(LEFT, end(LEFT, state, START_MS + (len(xs) - 1) * 500), 0))
    rules = msgspec.structs.replace(RULES, segments=SegmentRules(min_age_s=0.0))
    drafts = run([(index * 500, {"a": x}) for index, x in enumerate(xs)], rules)
    assert [stay for stay in stays_of(drafts) if stay.zone_id == "left"] == told
