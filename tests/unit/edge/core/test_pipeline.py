"""From people in frames to events: what comes out, when, and that it always comes out the same."""

from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import EventDraft, Source
from contracts.payloads import Coverage, FootfallCrossing, VisitSegment, ZoneOccupancy
from contracts.privacy import UplinkPayload
from edge.core import segments
from edge.core.floor import FLOOR_ITSELF
from edge.core.pipeline import Person, PipelineRules, PipelineState, finish, initial_state, occupancy, segment_of, step
from edge.core.segments import SegmentRules
from edge.core.tripwire import Tripwire
from edge.core.zones import Zone

START_MS = 1_772_442_000_000
RULES = PipelineRules(
    source=Source("acme", "north", "camera-1"),
    tripwires=(Tripwire(id="door", kind="entrance", points=((5.0, 0.0), (5.0, 10.0)), band=0.2, settle_s=1.0),),
    zones=(
        Zone(
            id="shelf",
            kind="shelf",
            polygon=((6.0, 0.0), (9.0, 0.0), (9.0, 10.0), (6.0, 10.0)),
            band=0.2,
            min_stay_s=1.0,
        ),
        Zone(
            id="aisle",
            kind="floor",
            polygon=((0.0, 0.0), (4.0, 0.0), (4.0, 10.0), (0.0, 10.0)),
            band=0.2,
            min_stay_s=1.0,
        ),
    ),
    floor=FLOOR_ITSELF,
    segments=SegmentRules(path_error_m=0.1),
)
Draft = EventDraft[UplinkPayload]
Frames = Sequence[tuple[int, list[Person]]]


def run(frames: Frames, rules: PipelineRules = RULES, state: PipelineState | None = None) -> list[Draft]:
    """Return the events of frames whose times are milliseconds after the start."""
    state = state or initial_state()
    told: list[Draft] = []
    for time_ms, people in frames:
        state, drafts = step(rules, state, people, START_MS + time_ms)
        told += drafts
    return told + finish(rules, state)[1]


def of(kind: type[UplinkPayload], drafts: list[Draft]) -> list[UplinkPayload]:
    return [draft.data for draft in drafts if isinstance(draft.data, kind)]


def walk(name: str, x_from: float, x_to: float, seconds: float, start_ms: int = 0) -> list[tuple[int, list[Person]]]:
    count = int(seconds * 10)
    return [
        (start_ms + 100 * i, [Person(name, (x_from + (x_to - x_from) * i / count, 5.0), 0.8)]) for i in range(count + 1)
    ]


def test_a_shopper_walks_in_looks_and_leaves() -> None:
    drafts = run([*walk("a", 8, 2, 6), *walk("a", 2, 2, 4, 6100), *walk("a", 2, 8, 6, 10_200)])
    crossings = of(FootfallCrossing, drafts)
    assert [crossing.direction for crossing in crossings] == ["in", "out"]  # type: ignore[attr-defined]
    phases = [segment.phase for segment in of(VisitSegment, drafts)]  # type: ignore[attr-defined]
    assert phases == ["open", "update", "update", "update", "closed"]
    closed = of(VisitSegment, drafts)[-1]
    assert isinstance(closed, VisitSegment)
    assert [stay.zone_id for stay in closed.stays] == ["shelf", "aisle", "shelf"]
    assert all(stay.left_ms is not None for stay in closed.stays)
    assert closed.path[0].x_m == 8.0
    assert closed.path_error_m == 0.1
    assert closed.closed_ms == START_MS + 16_200
    (crossing,) = crossings[:1]
    assert isinstance(crossing, FootfallCrossing)
    assert (crossing.tripwire_kind, crossing.confidence, crossing.rule_version) == ("entrance", 0.8, "crossing-2")


def test_phases_of_one_segment_are_numbered_and_share_its_id() -> None:
    told = [data for data in of(VisitSegment, run(walk("a", 8, 2, 20))) if isinstance(data, VisitSegment)]
    assert [segment.ordinal for segment in told] == list(range(len(told)))
    assert len({segment.segment_id for segment in told}) == 1
    assert told[-1].phase == "closed"


def test_who_is_seen_for_a_moment_is_nobody() -> None:
    assert [type(d.data) for d in run(walk("a", 5.5, 4.5, 0.2))] == [Coverage]


def test_a_crossing_of_a_young_track_waits_until_the_track_counts() -> None:
    rules = msgspec.structs.replace(RULES, segments=SegmentRules(min_age_s=3.0))
    drafts = run(walk("a", 6, 4, 1)[:-1] + walk("a", 4, 3, 4, 1000), rules)
    kinds = [type(d.data) for d in drafts if not isinstance(d.data, ZoneOccupancy)]
    assert kinds[:2] == [VisitSegment, FootfallCrossing]
    assert drafts[0].time_ms == START_MS + 3000
    assert drafts[1].time_ms == START_MS + 600


def test_a_passage_pending_when_the_track_is_lost_counts() -> None:
    drafts = run([*walk("a", 6, 4.5, 1), (9000, [])])
    assert len(of(FootfallCrossing, drafts)) == 1


def test_a_track_that_comes_back_in_time_goes_on_and_later_is_another_segment() -> None:
    again = run([*walk("a", 8, 7, 1), *walk("a", 7, 8, 1, 2500)])
    assert len({s.segment_id for s in of(VisitSegment, again)}) == 1  # type: ignore[attr-defined]
    later = run([*walk("a", 8, 7, 1), *walk("a", 7, 8, 1, 9000)])
    assert len({s.segment_id for s in of(VisitSegment, later)}) == 2  # type: ignore[attr-defined]


def test_occupancy_is_sampled_at_whole_intervals_and_not_while_blind() -> None:
    drafts = run([*walk("a", 7, 7, 25), (60_000, [])])
    samples = [(d.time_ms - START_MS, d.data) for d in drafts if isinstance(d.data, ZoneOccupancy)]
    assert [time_ms for time_ms, _ in samples] == [10_000, 20_000]
    assert [[zone.people for zone in sample.zones] for _, sample in samples] == [[1, 0], [1, 0]]


def test_without_zones_there_is_no_occupancy() -> None:
    bare = PipelineRules(source=RULES.source)
    assert {type(d.data) for d in run(walk("a", 7, 7, 25), bare)} == {VisitSegment, Coverage}


def test_without_a_floor_there_is_no_path() -> None:
    blind = msgspec.structs.replace(RULES, floor=None)
    closed = of(VisitSegment, run(walk("a", 8, 2, 3), blind))[-1]
    assert isinstance(closed, VisitSegment)
    assert closed.path == ()
    assert closed.path_error_m is None


def test_a_frame_from_the_past_is_dropped_and_counted() -> None:
    frames: Frames = [(0, []), (1000, []), (500, [Person("a", (1.0, 1.0), 1.0)]), (2000, [])]
    (coverage,) = of(Coverage, run(frames))
    assert isinstance(coverage, Coverage)
    assert (coverage.frames_processed, coverage.frames_dropped) == (3, 1)


def test_a_resumed_run_tells_no_coverage_twice() -> None:
    frames: list[tuple[int, list[Person]]] = [(t, []) for t in range(0, 150_000, 1000)]
    whole = of(Coverage, run(frames))
    resumed = of(Coverage, run(frames[30:], state=initial_state(resumed=True)))
    assert len(whole) == 3
    assert resumed == whole[1:]


def test_someone_who_stays_all_day_does_not_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MAX_STAYS", 4)
    frames = [
        person
        for lap in range(8)
        for person in walk("a", 8, 2, 6, lap * 12_000) + walk("a", 2, 8, 5.9, lap * 12_000 + 6100)
    ]
    drafts = run(frames)
    closed = [d for d in of(VisitSegment, drafts) if isinstance(d, VisitSegment) and d.phase == "closed"]
    assert len(closed) > 2
    assert all(len(segment.stays) <= 6 for segment in closed)
    assert len({segment.segment_id for segment in closed}) == len(closed)
    assert len(of(FootfallCrossing, drafts)) == 16


def test_the_segment_of_a_live_track_is_known_before_it_is_told() -> None:
    state, _ = step(RULES, initial_state(), [Person("a", (8.0, 5.0), 0.8)], START_MS)
    known = segment_of(RULES, state, "a")
    state, drafts = step(RULES, state, [Person("a", (8.0, 5.0), 0.8)], START_MS + 500)
    (told,) = [draft.data for draft in drafts if isinstance(draft.data, VisitSegment)]
    assert known == told.segment_id == segment_of(RULES, state, "a")
    assert segment_of(RULES, state, "b") is None


def test_an_empty_run_tells_nothing() -> None:
    assert run([]) == []


people = st.dictionaries(st.sampled_from("abc"), st.integers(0, 10), max_size=3)
recordings = st.lists(people, min_size=1, max_size=40)


def frames_of(recording: list[dict[str, int]], step_ms: int = 400) -> list[tuple[int, list[Person]]]:
    return [
        (index * step_ms, [Person(name, (float(x), 5.0), 0.9) for name, x in frame.items()])
        for index, frame in enumerate(recording)
    ]


@given(recordings)
def test_the_same_input_gives_byte_identical_events_in_any_order_of_people(recording: list[dict[str, int]]) -> None:
    frames = frames_of(recording)
    shuffled = [(time_ms, frame[::-1]) for time_ms, frame in frames]
    assert msgspec.json.encode(run(frames)) == msgspec.json.encode(run(shuffled))


@given(recordings)
def test_event_ids_are_unique_and_every_open_segment_closes_once(recording: list[dict[str, int]]) -> None:
    drafts = run(frames_of(recording))
    assert len({draft.id for draft in drafts}) == len(drafts)
    told = [data for data in of(VisitSegment, drafts) if isinstance(data, VisitSegment)]
    phases = Counter((segment.segment_id, segment.phase) for segment in told)
    for segment_id in {segment.segment_id for segment in told}:
        assert phases[segment_id, "open"] == phases[segment_id, "closed"] == 1


@given(recordings)
def test_only_tracks_that_count_are_told(recording: list[dict[str, int]]) -> None:
    drafts = run(frames_of(recording))
    counted = {data.track_id for data in of(VisitSegment, drafts) if isinstance(data, VisitSegment)}
    assert {data.track_id for data in of(FootfallCrossing, drafts) if isinstance(data, FootfallCrossing)} <= counted


@given(recordings)
def test_occupancy_equals_the_stays_that_go_on(recording: list[dict[str, int]]) -> None:
    eager = msgspec.structs.replace(RULES, segments=SegmentRules(update_s=0.0))
    state = initial_state()
    going_on: dict[str, list[str]] = {}
    for time_ms, frame in frames_of(recording):
        state, drafts = step(eager, state, frame, START_MS + time_ms)
        for data in of(VisitSegment, drafts):
            assert isinstance(data, VisitSegment)
            going_on[data.segment_id] = [stay.zone_id for stay in data.stays if stay.left_ms is None]
        counted = Counter(zone_id for zone_ids in going_on.values() for zone_id in zone_ids)
        assert {zone.zone_id: zone.people for zone in occupancy(eager, state)} == {
            zone.id: counted[zone.id] for zone in RULES.zones
        }


@given(recordings, st.integers(-50, 50))
@settings(max_examples=40)
def test_moving_the_plane_changes_only_the_paths(recording: list[dict[str, int]], shift: int) -> None:
    moved_rules = PipelineRules(
        source=RULES.source,
        tripwires=tuple(
            msgspec.structs.replace(w, points=tuple((x + shift, y) for x, y in w.points)) for w in RULES.tripwires
        ),
        zones=tuple(
            msgspec.structs.replace(z, polygon=tuple((x + shift, y) for x, y in z.polygon)) for z in RULES.zones
        ),
    )
    frames = frames_of(recording)
    moved = [
        (time_ms, [Person(p.track_id, (p.position[0] + shift, p.position[1]), p.confidence) for p in frame])
        for time_ms, frame in frames
    ]
    flat = msgspec.structs.replace(RULES, floor=None, segments=SegmentRules())
    assert msgspec.json.encode(run(moved, moved_rules)) == msgspec.json.encode(run(frames, flat))
