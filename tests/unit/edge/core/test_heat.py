"""Heat: where people stood and for how long, and that no observed second is lost or invented."""

from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source
from contracts.payloads import Coverage, FloorHeat, VisitSegment
from edge.core import heat
from edge.core.floor import FLOOR_ITSELF, FloorMap
from edge.core.pipeline import Draft, Person, PipelineRules, blind, finish, initial_state, step
from edge.core.segments import SegmentRules

START_MS = 1_772_442_000_000  # a whole minute
RULES = PipelineRules(source=Source("acme", "north", "camera-1"), floor=FLOOR_ITSELF, heat_cell_m=0.5)
Frames = Sequence[tuple[int, dict[str, tuple[float, float]]]]


def run(frames: Frames, rules: PipelineRules = RULES, *, resumed: bool = False) -> list[Draft]:
    state, told = initial_state(resumed=resumed), []
    for time_ms, people in frames:
        seen = [Person(name, point, 0.9) for name, point in people.items()]
        state, drafts = step(rules, state, seen, START_MS + time_ms)
        told += drafts
    return told + finish(rules, state)[1]


def heats(drafts: Sequence[Draft]) -> list[FloorHeat]:
    return [draft.data for draft in drafts if isinstance(draft.data, FloorHeat)]


def person_ms(drafts: Sequence[Draft]) -> int:
    return sum(round(cell.person_s * 1000) for each in heats(drafts) for cell in each.cells)


def seen_ms(drafts: Sequence[Draft]) -> int:
    """Return how long everyone who counts was seen, from the first time to the last."""
    return sum(
        draft.data.updated_ms - draft.data.opened_ms
        for draft in drafts
        if isinstance(draft.data, VisitSegment) and draft.data.phase == "closed"
    )


def test_seconds_stand_in_the_squares_where_people_stood() -> None:
    frames: Frames = [
        *((t, {"a": (0.2, 0.2), "b": (-0.1, 1.6)}) for t in range(0, 4000, 100)),
        *((t, {"a": (0.7, 0.2), "b": (-0.1, 1.6)}) for t in range(4000, 6001, 100)),
    ]
    (told,) = heats(run(frames))
    assert [(cell.column, cell.row, cell.person_s) for cell in told.cells] == [(-1, 3, 6.0), (0, 0, 4.0), (1, 0, 2.0)]
    assert (told.cell_m, told.interval_start_ms, told.interval_end_ms) == (0.5, START_MS, START_MS + 6000)


def test_a_stay_over_the_end_of_an_interval_is_shared_between_both() -> None:
    drafts = run([(t, {"a": (0.2, 0.2)}) for t in range(58_050, 62_000, 100)])
    assert [each.cells[0].person_s for each in heats(drafts)] == [1.95, 1.95]
    intervals = [(d.data.interval_start_ms, d.data.interval_end_ms) for d in drafts if isinstance(d.data, Coverage)]
    assert [(each.interval_start_ms, each.interval_end_ms) for each in heats(drafts)] == intervals


def test_who_is_hidden_when_an_interval_ends_adds_the_time_to_the_next() -> None:
    hidden: Frames = [(t, {} if 59_500 < t < 60_500 else {"a": (0.2, 0.2)}) for t in range(58_000, 62_001, 100)]
    assert [each.cells[0].person_s for each in heats(run(hidden))] == [1.5, 2.5]


def test_what_nobody_observed_adds_nothing() -> None:
    patient = msgspec.structs.replace(RULES, segments=SegmentRules(lost_after_s=30))
    frames: Frames = [(t, {"a": (0.2, 0.2)}) for t in (*range(0, 5001, 100), *range(15_000, 20_001, 100))]
    drafts = run(frames, patient)
    assert person_ms(drafts) == 10_000
    assert seen_ms(drafts) == 20_000


def test_who_is_nobody_leaves_no_heat_and_the_first_moments_of_others_count() -> None:
    frames: Frames = [(t, {"a": (0.2, 0.2), **({"b": (3.0, 3.0)} if t <= 200 else {})}) for t in range(0, 1001, 100)]
    drafts = run(frames)
    assert [(cell.column, cell.person_s) for cell in heats(drafts)[0].cells] == [(0, 1.0)]


def test_above_the_horizon_is_nowhere() -> None:
    horizon = msgspec.structs.replace(RULES, floor=FloorMap(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 1.0, -1.0))))
    points = [(0.4, 2.0)] * 20 + [(0.4, 0.5)] * 20 + [(0.4, 2.0)] * 21
    drafts = run([(index * 100, {"a": point}) for index, point in enumerate(points)], horizon)
    assert person_ms(drafts) == 1900 + 2000


def test_without_a_floor_or_a_size_of_squares_there_is_no_heat() -> None:
    frames: Frames = [(t, {"a": (0.2, 0.2)}) for t in range(0, 2000, 100)]
    assert heats(run(frames, msgspec.structs.replace(RULES, floor=None))) == []
    assert heats(run(frames, msgspec.structs.replace(RULES, heat_cell_m=None))) == []


def test_a_resumed_run_tells_no_heat_of_an_interval_that_it_saw_in_part() -> None:
    frames: Frames = [(t, {"a": (0.2, 0.2)}) for t in range(0, 150_000, 1000)]
    assert heats(run(frames[30:], resumed=True)) == heats(run(frames))[1:]


def test_many_squares_become_larger_ones_and_no_second_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heat, "MAX_SQUARES", 4)
    frames: Frames = [(t, {"a": (t / 500 - 7, t / 900)}) for t in range(0, 20_001, 100)]
    drafts = run([*frames, *((t, {"a": (9.1, 0.1)}) for t in range(60_000, 62_000, 100))])
    coarse, fine = heats(drafts)
    assert len(coarse.cells) <= 4
    assert coarse.cell_m in {8.0, 16.0, 32.0}
    assert fine.cell_m == 0.5
    assert sum(cell.person_s for cell in coarse.cells) == pytest.approx(20.0)


positions = st.tuples(st.integers(-8, 8), st.integers(-8, 8)).map(lambda p: (p[0] / 4, p[1] / 4))
recordings = st.lists(st.dictionaries(st.sampled_from("abc"), positions, max_size=3), min_size=1, max_size=40)


@given(recordings, st.integers(0, 120_000), st.sampled_from([300, 900, 1900]))
def test_the_sum_of_person_seconds_is_the_time_for_which_people_were_seen(
    recording: list[dict[str, tuple[float, float]]], begins_ms: int, step_ms: int
) -> None:
    drafts = run([(begins_ms + index * step_ms, people) for index, people in enumerate(recording)])
    assert person_ms(drafts) == seen_ms(drafts)


@given(recordings, st.lists(st.sampled_from([100, 1000, 2000, 2001, 9000]), min_size=40, max_size=40))
def test_heat_never_exceeds_the_time_observed(
    recording: list[dict[str, tuple[float, float]]], gaps_ms: list[int]
) -> None:
    frames, now_ms = [], 0
    for people, gap_ms in zip(recording, gaps_ms, strict=False):
        now_ms += gap_ms
        frames.append((now_ms, people))
    patient = msgspec.structs.replace(RULES, segments=SegmentRules(lost_after_s=30))
    drafts = run(frames, patient)
    observed_ms = sum(gap_ms for gap_ms in gaps_ms[1 : len(frames)] if gap_ms <= 2000)
    assert person_ms(drafts) <= min(seen_ms(drafts), 3 * observed_ms)
    alone = run([(time_ms, {"a": (0.0, 0.0)}) for time_ms, _ in frames], patient)
    is_anybody = now_ms - frames[0][0] >= 300
    assert person_ms(alone) == (observed_ms if is_anybody else 0)


def test_a_picture_that_turns_out_to_be_frozen_warms_nothing() -> None:
    state, told = initial_state(), []
    for time_ms in range(0, 20_001, 100):
        state, drafts = step(RULES, state, [Person("a", (0.2, 0.2), 0.9)], START_MS + time_ms)
        told += drafts
    for time_ms in range(20_100, 30_001, 100):  # the same picture since 5 s, as is seen at 20 s
        state, drafts = blind(RULES, state, START_MS + 5000, START_MS + time_ms)
        told += drafts
    for time_ms in range(30_100, 70_001, 100):
        people = [Person("b", (0.2, 0.2), 0.9)] if time_ms >= 40_000 else []
        state, drafts = step(RULES, state, people, START_MS + time_ms)
        told += drafts
    told += finish(RULES, state)[1]
    assert [each.cells[0].person_s for each in heats(told)] == [5 + 20, 10]
