"""The audit counts the truth by itself and matches what was found with it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source, draft_event
from contracts.payloads import FootfallCrossing
from edge.audit import Crossing, compare, found_crossings, read_true_paths, true_crossings
from edge.core.tripwire import Tripwire, approach, leave, move
from edge.errors import FeedError

WIRE = Tripwire(id="door", kind="entrance", points=((100.0, 0.0), (100.0, 200.0)), band=8.0, settle_s=0.0)


def test_truth_is_read_as_foot_points_by_person(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("2,1,10,20,30,80,1\n1,1,0,20,30,80,1\n1,2,0,0,10,10,0\n", encoding="utf-8")
    assert read_true_paths(path, 1000, 10.0) == [[(1000, (15.0, 100.0)), (1100, (25.0, 100.0))]]


def test_truth_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"absent\.txt cannot be read"):
        read_true_paths(tmp_path / "absent.txt", 0, 10.0)
    bad = tmp_path / "gt.txt"
    bad.write_text("frame,id\n", encoding="utf-8")
    with pytest.raises(FeedError, match="need rows of frame,id"):
        read_true_paths(bad, 0, 10.0)


def test_truth_knows_flicker_standing_and_passing_beside_the_line() -> None:
    through = [(0, (150.0, 50.0)), (1, (103.0, 50.0)), (2, (60.0, 50.0)), (3, (98.0, 50.0)), (4, (150.0, 50.0))]
    beside = [(0, (150.0, 300.0)), (1, (60.0, 300.0))]
    standing = [(0, (150.0, 50.0)), (1, (99.0, 50.0)), (2, (150.0, 50.0))]
    assert true_crossings(WIRE, [through, beside, standing]) == [Crossing("in", 2), Crossing("out", 4)]


@given(st.lists(st.integers(40, 160), min_size=1, max_size=40))
def test_two_ways_of_counting_a_true_path_agree(xs: list[int]) -> None:
    path = [(index * 100, (float(x), 100.0)) for index, x in enumerate(xs)]
    state, passages = approach(WIRE, path[0][1], 0), []
    for time_ms, point in path[1:]:
        state, passage = move(WIRE, state, point, time_ms)
        passages.append(passage)
    passages.append(leave(WIRE, state, path[-1][0]))
    told = [passage.direction for passage in passages if passage]
    happened = [crossing.direction for crossing in true_crossings(WIRE, [path])]
    assert sum(1 if d == "in" else -1 for d in told) == sum(1 if d == "in" else -1 for d in happened)


def test_found_and_true_crossings_are_matched_once_each() -> None:
    truth = [Crossing("in", 1000), Crossing("in", 5000), Crossing("out", 9000)]
    found = [Crossing("in", 1400), Crossing("in", 1500), Crossing("in", 9000), Crossing("out", 9500)]
    result = compare(WIRE, truth, found, 1000)
    assert (result.true_in, result.true_out, result.found_in, result.found_out) == (2, 1, 3, 1)
    assert (result.matched, result.missed, result.extra) == (2, 1, 2)


def test_only_the_lines_own_events_count() -> None:
    def crossed(tripwire_id: str, time_ms: int) -> FootfallCrossing:
        return FootfallCrossing(
            tripwire_id=tripwire_id,
            tripwire_kind="entrance",
            direction="in",
            track_id=f"t{time_ms}",
            confidence=1.0,
            rule_version="crossing-1",
        )

    source = Source("acme", "north", "camera-1")
    events = [("door", 300), ("other", 200), ("door", 100)]
    drafts = [draft_event(source, crossed(name, time_ms), time_ms, name, time_ms) for name, time_ms in events]
    assert found_crossings(WIRE, drafts) == [Crossing("in", 100), Crossing("in", 300)]
