"""Who left one camera's sight and came back is one visit: where cameras are joined and where not, in any order."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.payloads import VisitRevised, VisitSegment
from gateway.core.staff import StaffRules
from gateway.core.stitching import REENTRY_RULE_VERSION, Returning, Stitcher, StitchRules, Visits
from tests.unit.gateway.stitch_samples import START_MS, camera, segment, standing, stay, walking

ONE, TWO, GATEWAY = camera("cam-1"), camera("cam-2"), camera("gateway")
SHELF = (stay("shelf", "shelf", 1, 9),)
WHERE = {"b": 300.0, "e": 300.0, "d": 600.0}
"""Where those stand, m, who do not stand where the others do."""


def _there(name: str, from_s: float, to_s: float, reentry: str, **more: object) -> VisitSegment:
    stays = (stay("shelf", "shelf", from_s + 1, to_s),)
    where = standing(WHERE.get(name, 1.0), 1.0)
    return segment(ONE, name, where, (from_s, to_s), stays, reentry=reentry, **more)  # type: ignore[arg-type]


def _highest(*segments: VisitSegment, returning: Returning | None = None) -> dict[str, VisitRevised]:
    """Return the highest revision of each visit, as the cloud keeps it; numbers must rise."""
    returning = returning or Returning(GATEWAY, StaffRules())
    highest: dict[str, VisitRevised] = {}
    for each in segments:
        for draft in returning.take(ONE, each):
            known = highest.get(draft.data.visit_id)
            assert known is None or known.revision < draft.data.revision
            highest[draft.data.visit_id] = draft.data
    return highest


def _standing(highest: dict[str, VisitRevised]) -> list[VisitRevised]:
    found = [replace(each, revision=1) for each in highest.values() if each.status in {"open", "closed"}]
    return sorted(found, key=lambda each: each.opened_ms)


def test_who_came_back_is_one_visit_of_the_single_camera():
    first, again, stranger = _there("a", 0, 10, "a"), _there("c", 60, 80, "a"), _there("b", 20, 30, "b")
    visits = _standing(_highest(first, stranger, again))
    assert [each.segment_ids for each in visits] == [(first.segment_id, again.segment_id), (stranger.segment_id,)]
    assert (visits[0].opened_ms, visits[0].closed_ms) == (START_MS, START_MS + 80_000)
    assert (visits[0].stays, visits[0].rule_version) == (first.stays + again.stays, REENTRY_RULE_VERSION)
    assert visits[0].path == first.path + again.path


def test_who_is_known_again_only_after_a_while_is_merged_then():
    first = _there("a", 0, 10, "a")
    unknown = _there("b", 60, 80, "b", ordinal=0, known_s=62)
    known = _there("b", 60, 80, "a", ordinal=1)
    highest = _highest(first, unknown, known)
    (visit,) = _standing(highest)
    (gone,) = [each for each in highest.values() if each.status == "merged"]
    assert visit.segment_ids == (first.segment_id, known.segment_id)
    assert (gone.merged_into, gone.stays, gone.path) == (visit.visit_id, (), ())


def test_whom_a_camera_takes_for_themselves_after_all_is_a_visit_of_their_own():
    first, wrong = _there("a", 0, 10, "a"), _there("c", 60, 80, "a")
    visits = _standing(_highest(first, wrong, replace(wrong, reentry_hint="c", ordinal=10)))
    assert [each.segment_ids for each in visits] == [(first.segment_id,), (wrong.segment_id,)]


def test_the_same_hint_of_another_camera_is_somebody_else():
    returning = Returning(GATEWAY, StaffRules())
    one = returning.take(ONE, _there("a", 0, 10, "a"))
    two = returning.take(TWO, segment(TWO, "b", standing(1, 1), (20, 30), SHELF, reentry="a"))
    assert len({draft.data.visit_id for draft in (*one, *two)}) == 2


def test_repetition_and_late_revisions_tell_nothing():
    returning, last = Returning(GATEWAY, StaffRules()), _there("a", 0, 10, "a")
    assert len(returning.take(ONE, last)) == 1
    assert returning.take(ONE, last) == []
    assert returning.take(ONE, replace(last, ordinal=3, phase="update")) == []


def test_who_stayed_nowhere_is_no_visit_until_a_stay_is_known():
    passing = replace(_there("a", 0, 10, "a"), stays=(), ordinal=0)
    highest = _highest(passing)
    assert highest == {}
    (visit,) = _standing(_highest(passing, _there("c", 60, 80, "a")))
    assert visit.opened_ms == START_MS


def test_a_visit_that_loses_its_stays_is_withdrawn_once():
    first = _there("a", 0, 10, "a", ordinal=1)
    returning = Returning(GATEWAY, StaffRules())
    told = [
        (draft.data.status, draft.data.stays != ())
        for each in (first, replace(first, ordinal=2, stays=()), replace(first, ordinal=3, stays=()))
        for draft in returning.take(ONE, each)
    ]
    assert told == [("closed", True), ("withdrawn", False)]


def test_after_a_restart_numbers_go_on():
    first, again = _there("a", 0, 10, "a"), _there("c", 60, 80, "a")
    (before,) = _highest(first).values()
    returning = Returning(GATEWAY, StaffRules())
    for data in (replace(before, revision=77), before, first):
        returning.resume(ONE, data)
    (after,) = _highest(again, returning=returning).values()
    assert (after.visit_id, after.revision) == (before.visit_id, 78)


def test_those_of_the_day_before_are_forgotten():
    returning = Returning(GATEWAY, StaffRules())
    old, new = _there("a", 0, 10, "a"), _there("b", 700, 720, "b")
    for each in (old, new):
        returning.take(ONE, each)
    returning.forget(START_MS + 600_000)
    (alone,) = _standing(_highest(_there("c", 760, 780, "a"), returning=returning))
    assert alone.opened_ms == START_MS + 760_000
    (joined,) = _standing(_highest(_there("d", 790, 799, "b"), returning=returning))
    assert joined.opened_ms == new.opened_ms


def _news() -> list[VisitSegment]:
    """Return revisions of three people, two of whom come back, one twice; who comes back is known a little later."""
    spans = [("a", "a", 0), ("b", "b", 5), ("c", "a", 40), ("d", "d", 50), ("e", "b", 70), ("f", "a", 90)]
    news = []
    for name, person, from_s in spans:
        news.append(_there(name, from_s, from_s + 12, name, ordinal=0, known_s=from_s + 2))
        news.append(_there(name, from_s, from_s + 12, person, ordinal=1, known_s=from_s + 7))
        news.append(_there(name, from_s, from_s + 12, person, ordinal=2))
    return news


@settings(max_examples=40)
@given(st.randoms(use_true_random=False))
def test_any_order_and_repetition_ends_in_the_same_visits(random: Random):
    news = _news()
    expected = _standing(_highest(*news))
    assert [len(each.segment_ids) for each in expected] == [3, 2, 1]
    jumbled = [*news, *news[::3]]
    random.shuffle(jumbled)
    highest = _highest(*jumbled)
    assert _standing(highest) == expected
    merged = {each.merged_into for each in highest.values() if each.status == "merged"}
    assert merged <= {each.visit_id for each in expected}


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=30, max_size=30))
def test_joined_cameras_take_their_word_too_in_any_order(random: Random, settles: list[bool]):
    news = [(ONE, each) for each in _news()]
    for name, from_s in (("x", 40), ("y", 90)):  # Another camera sees the first person's returns, from a little off.
        news.append((TWO, segment(TWO, name, standing(1.1, 1), (from_s + 4, from_s + 14))))
    random.shuffle(news)
    visits = Visits(GATEWAY, StitchRules())
    for (device, each), is_settled in zip(news, settles, strict=False):
        visits.take(device, each)
        if is_settled:
            visits.settle()
    visits.settle()
    found = [each for each in visits.visits() if each.status == "closed"]
    assert sorted(len(each.segment_ids) for each in found) == [1, 2, 5], [
        (each.opened_ms - START_MS, len(each.segment_ids)) for each in found
    ]


def _clusters(stitcher: Stitcher) -> list[list[str]]:
    stitcher.settle()
    return [[each.segment.track_id for each in cluster.tracklets] for cluster in stitcher.clusters()]


def test_a_camera_knows_again_whom_place_would_never_join():
    stitcher = Stitcher(StitchRules(gap_s=5, reentry_s=5))
    stitcher.take(ONE, _there("a", 0, 10, "a"))
    stitcher.take(ONE, segment(ONE, "b", standing(50, 1), (400, 420), reentry="a"))
    assert _clusters(stitcher) == [["a", "b"]]
    stitcher.take(TWO, segment(TWO, "c", walking(50, 1, 0.0), (410, 430)))
    assert _clusters(stitcher) == [["a", "b", "c"]]


def test_two_hints_in_one_moment_and_segments_without_a_path():
    stitcher = Stitcher(StitchRules())
    stitcher.take(ONE, _there("a", 0, 10.2, "a"))
    stitcher.take(ONE, segment(ONE, "b", standing(1, 2), (0.3, 0.6), reentry="a"))
    stitcher.take(ONE, replace(_there("c", 30, 40, "a"), path=()))
    stitcher.take(ONE, _there("d", 60, 70, "a"))
    assert _clusters(stitcher) == [["a", "b", "c", "d"]]


def test_whom_nobody_could_place_is_placed_once_a_camera_knows_them():
    stitcher = Stitcher(StitchRules())
    stitcher.take(ONE, replace(_there("a", 0, 10, "a"), path=()))
    assert [each.is_set_aside for each in stitcher.settle()] == [True]
    stitcher.take(ONE, _there("g", 20, 40, "a"))
    stitcher.take(TWO, segment(TWO, "c", standing(1, 1), (30, 50)))
    assert _clusters(stitcher) == [["a", "g", "c"]]
    stitcher.take(ONE, _there("g", 20, 40, "g", ordinal=10))
    assert _clusters(stitcher) == [["a"], ["g", "c"]]


def test_hints_are_forgotten_with_their_people():
    stitcher = Stitcher(StitchRules())
    stitcher.take(ONE, _there("a", 0, 10, "a"))
    stitcher.settle()
    stitcher.forget(START_MS + 600_000)
    stitcher.take(ONE, _there("b", 700, 720, "a"))
    assert _clusters(stitcher) == [["b"]]


@pytest.mark.parametrize("enabled", [True, False])
def test_both_ways_give_one_visit_the_same_id(enabled: bool):
    first, again = _there("a", 0, 10, "a"), _there("c", 60, 80, "a")
    if enabled:
        visits = Visits(GATEWAY, StitchRules())
        for each in (first, again):
            visits.take(ONE, each)
        visits.settle()
        found = visits.visits()
    else:
        found = _standing(_highest(first, again))
    assert [(each.segment_ids, each.visit_id) for each in found] == [
        ((first.segment_id, again.segment_id), next(iter(_highest(first))))
    ]
