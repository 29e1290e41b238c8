"""While a camera shows nothing, nobody is counted and no second counts as observed."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EventDraft, Source
from contracts.payloads import Coverage, FootfallCrossing, VisitSegment, ZoneOccupancy
from contracts.privacy import UplinkPayload
from edge.core.pipeline import Person, PipelineRules, PipelineState, blind, finish, initial_state, step
from edge.core.tripwire import Tripwire
from edge.core.zones import Zone

START_MS = 1_772_442_000_000  # a whole minute
HALL = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
RULES = PipelineRules(
    source=Source("acme", "north", "camera-1"),
    tripwires=(Tripwire(id="door", kind="entrance", points=((5.0, 0.0), (5.0, 10.0)), band=0.2, settle_s=1.0),),
    zones=(Zone(id="hall", kind="floor", polygon=HALL, band=0.2, min_stay_s=1.0),),
)
Draft = EventDraft[UplinkPayload]
STANDING = [Person("a", (6.0, 5.0), 0.9)]


def see(state: PipelineState, from_s: float, to_s: float, people: list[Person]) -> tuple[PipelineState, list[Draft]]:
    told: list[Draft] = []
    for tenth in range(round(from_s * 10), round(to_s * 10)):
        state, drafts = step(RULES, state, people, START_MS + tenth * 100)
        told += drafts
    return state, told


def go_blind(state: PipelineState, since_s: float, from_s: float, to_s: float) -> tuple[PipelineState, list[Draft]]:
    told: list[Draft] = []
    for tenth in range(round(from_s * 10), round(to_s * 10)):
        state, drafts = blind(RULES, state, START_MS + round(since_s * 1000), START_MS + tenth * 100)
        told += drafts
    return state, told


def coverages(*parts: list[Draft]) -> list[Coverage]:
    return [draft.data for part in parts for draft in part if isinstance(draft.data, Coverage)]


def test_time_in_which_nothing_shows_is_not_observed_from_its_beginning_on() -> None:
    state, first = see(initial_state(), 0, 20, [])
    state, dark = go_blind(state, since_s=17, from_s=20, to_s=40)
    state, second = see(state, 40, 70, [])
    told, _ = coverages(first, dark, second, finish(RULES, state)[1])
    assert told.observed_s == 17 + 20
    assert told.frames_processed == 600


def test_a_whole_blind_interval_is_told_as_not_observed() -> None:
    state, first = see(initial_state(), 0, 50, [])
    state, dark = go_blind(state, since_s=50, from_s=50, to_s=190)
    told = coverages(first, dark)
    assert [one.observed_s for one in told] == [49.9, 0, 0]
    assert [one.frames_processed for one in told] == [600, 600, 600]


def test_silence_is_no_frame() -> None:
    state, _ = see(initial_state(), 0, 10, [])
    for second in range(10, 61):
        state, drafts = blind(RULES, state, START_MS + 9900, START_MS + second * 1000, frames=0, frames_dropped=0)
    (told,) = coverages(drafts)
    assert (told.observed_s, told.frames_processed) == (9.9, 100)


def test_a_camera_silent_from_the_start_says_so() -> None:
    state = initial_state()
    told: list[Draft] = []
    for second in range(100):
        state, drafts = blind(RULES, state, START_MS, START_MS + second * 1000, frames=0)
        told += drafts
    (coverage,) = coverages(told)
    assert (coverage.observed_s, coverage.frames_processed) == (0, 0)


def test_who_was_in_sight_is_lost_and_later_is_another_segment_with_nobody_counted_between() -> None:
    state, first = see(initial_state(), 0, 9, STANDING)
    state, dark = go_blind(state, since_s=6, from_s=9, to_s=25)
    assert not state.tracks
    assert [d.data.phase for d in dark if isinstance(d.data, VisitSegment)] == ["closed"]
    assert not [d for d in dark if isinstance(d.data, ZoneOccupancy)]
    state, again = see(state, 25, 29, [Person("b", (4.0, 5.0), 0.9)])
    told = first + dark + again + finish(RULES, state)[1]
    assert len({d.data.segment_id for d in told if isinstance(d.data, VisitSegment)}) == 2
    assert not [d for d in told if isinstance(d.data, FootfallCrossing)]


def test_a_moment_from_the_past_is_not_used() -> None:
    state, _ = see(initial_state(), 0, 9, STANDING)
    late, drafts = blind(RULES, state, START_MS, START_MS + 1000)
    assert (late.tracks, drafts) == (state.tracks, [])
    assert late.coverage.frames_dropped == 1


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3000)), max_size=80))
def test_no_more_is_observed_than_was_seen(moments: list[tuple[bool, int]]) -> None:
    state, now_ms, seen_ms, before_good = initial_state(), START_MS, 0, False
    told: list[Draft] = []
    for is_good, gap_ms in moments:
        now_ms += gap_ms
        if is_good:
            state, drafts = step(RULES, state, [], now_ms)
            seen_ms += gap_ms if before_good else 0
        else:
            state, drafts = blind(RULES, state, now_ms, now_ms)
        before_good = is_good
        told += drafts
    told += finish(RULES, state)[1]
    assert sum(one.observed_s for one in coverages(told)) <= seen_ms / 1000 + 1e-6
