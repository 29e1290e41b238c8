"""Who goes into a fitting room and comes out of it was there, though behind the curtain nobody saw it."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source
from contracts.fields import ZoneKind
from contracts.payloads import Stay
from gateway.core.stitching import StitchRules, Visits
from gateway.core.stitching.tracklets import Tracklet
from gateway.core.stitching.visits import merge_stays
from tests.unit.gateway.stitch_samples import Seen, camera, look, segment, signature, standing, stay

ONE, TWO, GATEWAY = camera("cam-1"), camera("cam-2"), camera("gateway")
UNSEEN_S = StitchRules().fitting_unseen_s


def _seen(device: Source, name: str, from_s: float, to_s: float, *stays: Stay) -> Seen:
    return device, segment(device, name, standing(1, 1), (from_s, to_s), stays)


def _cabin(from_s: float, to_s: float | None, kind: ZoneKind = "fitting_room") -> Stay:
    return stay("cabins", kind, from_s, to_s)


def _stays(*seen: Seen, unseen_s: float = UNSEEN_S) -> tuple[Stay, ...]:
    return merge_stays([Tracklet(*each) for each in seen], unseen_s)


@pytest.mark.parametrize(
    ("then_s", "kind", "count"),
    [(200, "fitting_room", 1), (630, "fitting_room", 1), (631, "fitting_room", 2), (200, "shelf", 2)],
)
def test_who_was_not_seen_between_going_in_and_coming_out_was_in_the_cabin(then_s: int, kind: ZoneKind, count: int):
    first, then = _cabin(20, 30, kind), _cabin(then_s, then_s + 5, kind)
    found = _stays(_seen(ONE, "a", 0, 30, first), _seen(ONE, "b", then_s, 900, then))
    assert found == ((first, then) if count == 2 else (_cabin(20, then_s + 5),))


@pytest.mark.parametrize(
    ("from_s", "to_s", "count"), [(100, 101, 2), (0, 33, 1), (0, 34, 2), (197, 240, 1), (0, 400, 2)]
)
def test_who_was_seen_elsewhere_meanwhile_went_in_twice(from_s: int, to_s: int, count: int):
    into, out = _seen(ONE, "a", 0, 30, _cabin(20, 30)), _seen(ONE, "b", 200, 260, _cabin(200, 205))
    assert len(_stays(into, out, _seen(TWO, "c", from_s, to_s))) == count


def test_who_is_in_and_out_several_times_is_there_all_the_time_and_may_still_be():
    seen = [_seen(ONE, f"t{begin}", begin, begin + 9, _cabin(begin, begin + 9)) for begin in (0, 100, 300)]
    seen.append(_seen(ONE, "last", 500, 520, _cabin(500, None)))
    assert _stays(*seen) == (_cabin(0, None),)
    assert len(_stays(*seen, unseen_s=0)) == 4


def test_the_gateway_tells_one_stay_of_who_tries_something_on():
    visits = Visits(GATEWAY, StitchRules())
    for device, each in (
        _seen(ONE, "a", 0, 30, stay("rack", "shelf", 1, 15), _cabin(20, 30)),
        _seen(ONE, "b", 200, 260, _cabin(200, 205), stay("rack", "shelf", 230, 250)),
    ):
        visits.take(device, each)
        for sample in range(3):
            visits.take_signature(signature(each, look(1, sample=sample)), each.opened_ms + sample)
    visits.settle()
    (visit,) = (each for each in visits.visits() if each.status == "closed")
    assert visit.stays == (stay("rack", "shelf", 1, 15), _cabin(20, 205), stay("rack", "shelf", 230, 250))


@given(
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 60)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_no_order_matters_and_no_time_counts_twice(spans: list[tuple[int, int]], random: Random):
    seen = [
        _seen(ONE, f"t{number}", begin, begin + length, *([_cabin(begin, begin + length)] if number % 3 else []))
        for number, (begin, length) in enumerate(spans)
    ]
    before = _stays(*seen)
    random.shuffle(seen)
    assert _stays(*seen) == before
    assert all((one.left_ms or 0) < other.entered_ms for one, other in pairwise(before))
