"""What is remembered of segments and of pairs of them is what would be found out anew."""

from itertools import pairwise
from math import inf

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.payloads import VisitSegment
from gateway.core.stitching import StitchRules
from gateway.core.stitching.evidence import together
from gateway.core.stitching.pairs import Pairs
from gateway.core.stitching.tracklets import Tracklet
from tests.unit.gateway.stitch_samples import START_MS, camera, segment, stay, walking

ONE, TWO = camera("cam-1"), camera("cam-2")
RULES = StitchRules()
SPEEDS_MPS = st.sampled_from([0.0, 0.3, 1.2])


def _revisions(
    name: str, vx_mps: float, x_m: float, kept: frozenset[int], stays_s: tuple[float, float]
) -> list[VisitSegment]:
    """Return six revisions of a segment, 5 s apart; of its path every other point but some is left out."""
    there = (stay("shelf", "shelf", *stays_s),)
    found = []
    for ordinal in range(6):
        each = segment(ONE, name, walking(x_m, 0, vx_mps), (0, 30), there, ordinal=ordinal, known_s=5.0 * (ordinal + 1))
        path = tuple(point for place, point in enumerate(each.path) if place % 2 == 0 or place in kept)
        left = tuple(
            replace(s, left_ms=None) if s.left_ms is not None and s.left_ms > each.updated_ms else s for s in each.stays
        )
        found.append(replace(each, path=path, stays=left))
    return found


@st.composite
def _arrivals(draw: st.DrawFn) -> list[VisitSegment]:
    kept = frozenset(draw(st.lists(st.integers(0, 60), max_size=10)))
    stays_s = (draw(st.integers(1, 12)), draw(st.integers(13, 29)))
    revisions = _revisions("a", draw(SPEEDS_MPS), 0.0, kept, stays_s)
    return draw(st.lists(st.sampled_from(revisions), min_size=1, max_size=9))


@given(_arrivals(), st.sampled_from([0, 0, 700]))
def test_nothing_is_known_otherwise_of_the_time_before_a_change(arrivals: list[VisitSegment], ahead_ms: int) -> None:
    tracklet = Tracklet(ONE, arrivals[0])
    times_ms = range(START_MS - 2000, START_MS + 32_000, 250)
    for each in arrivals[1:]:
        before = [tracklet.position(t_ms) for t_ms in times_ms]
        segment_before, ended_ms, changes = tracklet.segment, tracklet.ended_ms, tracklet.changes
        since_ms = tracklet.take(each, ahead_ms if each.ordinal > 3 else 0)
        now = [tracklet.position(t_ms) for t_ms in times_ms]
        if since_ms is None:
            assert (now, tracklet.segment, tracklet.changes) == (before, segment_before, changes)
            continue
        same = [t_ms for t_ms in times_ms if t_ms < since_ms]
        assert now[: len(same)] == before[: len(same)]
        assert tracklet.is_same(changes, START_MS - 3000)
        assert not any(tracklet.is_same(changes, t_ms) for t_ms in times_ms if t_ms >= since_ms)
        if tracklet.ended_ms != ended_ms:
            assert since_ms <= min(ended_ms, tracklet.ended_ms)
        if since_ms == inf:
            assert tracklet.segment.stays == segment_before.stays


@given(_arrivals(), SPEEDS_MPS, st.sampled_from([0.0, 0.3, 1.5, 2.6]), st.integers(0, 8))
def test_what_is_remembered_of_a_pair_is_what_would_be_found_anew(
    arrivals: list[VisitSegment], vx_mps: float, x_m: float, from_s: int
) -> None:
    pairs, one = Pairs(RULES), Tracklet(ONE, arrivals[0])
    other = Tracklet(TWO, replace(segment(TWO, "b", walking(x_m, 0, vx_mps), (0, 30)), segment_id="b"))
    from_ms = START_MS + from_s * 1000
    for each, then in pairwise((*arrivals, arrivals[0])):
        one.take(each)
        for until_ms in {max(from_ms, one.ended_ms), max(from_ms, then.updated_ms), from_ms, from_ms + 500}:
            expected, _ = together(one, other, from_ms, until_ms, RULES)
            assert pairs.together(one, other, from_ms, until_ms) == expected
    pairs.forget(from_ms)
    assert pairs.together(one, other, from_ms, from_ms) == together(one, other, from_ms, from_ms, RULES)[0]
    pairs.forget(from_ms + 1)
    assert pairs.together(one, other, from_ms, from_ms) == together(one, other, from_ms, from_ms, RULES)[0]


def test_a_segment_that_turns_out_to_be_shorter_is_judged_anew_from_its_beginning() -> None:
    longer, shorter = (segment(ONE, "a", walking(0, 0, 1), (0, 30), ordinal=k, known_s=20.0 - 5 * k) for k in (0, 1))
    tracklet = Tracklet(ONE, longer)
    assert tracklet.take(shorter) == START_MS
    assert tracklet.ended_ms == START_MS + 15_000
