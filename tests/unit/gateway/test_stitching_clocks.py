"""Cameras whose clocks are wrong: their segments are put right by what was measured, in any order."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from contracts.events import Source, decode_event, draft_event, encode_event
from contracts.ids import deterministic_id
from contracts.payloads import StaffShown, VisitRevised, VisitSegment
from contracts.timestamps import format_time
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.core.judging import judge
from gateway.core.staff import StaffRules
from gateway.core.stitching import Stitcher, StitchRules
from gateway.core.stitching.tracklets import Tracklet, put_right
from gateway.core.stitching.visits import visit_id
from tests.unit.gateway.stitch_samples import START_MS, camera, segment, standing, stay, walking

ONE, TWO, DESK = camera("cam-1"), camera("cam-2"), camera("desk")
GATEWAY = Source("acme", "store-1", "gateway")
AHEAD_MS = 20_000
Told = tuple[Source, VisitSegment, int]
"""A revision by its device's clock, and how far the gateway knows that to be ahead."""


def _crowd(ahead_ms: int, known_from: int = 0) -> list[Told]:
    """Return revisions of three people who walk side by side from one camera's view into another's.

    The second camera is ahead; the gateway knows of it from a revision on.
    """
    told: list[Told] = []
    for person in range(3):
        walk = walking(-person, 2.5 * person, 1.0)
        for device, span_s in ((ONE, (0.0, 12.0)), (TWO, (10.0, 30.0)), (ONE, (31.0, 40.0))):
            begin_s, end_s = span_s[0] + person / 4, span_s[1] + person / 4
            stays = (stay("shelf", "shelf", begin_s + 1, end_s),)
            for ordinal, known_s in enumerate((begin_s + 3, begin_s + 6, None)):
                name = f"{person}-{span_s[0]:.0f}"
                each = segment(
                    device, name, walk, (begin_s, end_s), stays, ordinal=ordinal, known_s=known_s, noise_m=0.1
                )
                is_off = device == TWO and ahead_ms
                shown = put_right(each, -ahead_ms) if is_off else each
                told.append((device, shown, ahead_ms if is_off and ordinal >= known_from else 0))
    return told


def _groups(stitcher: Stitcher) -> list[list[str]]:
    return [[each.segment.track_id for each in cluster.tracklets] for cluster in stitcher.clusters()]


def _stitched(told: list[Told]) -> Stitcher:
    stitcher = Stitcher(StitchRules())
    for device, each, ahead_ms in told:
        stitcher.take(device, each, ahead_ms)
    stitcher.settle()
    return stitcher


@pytest.mark.parametrize("known_from", [0, 1, 2])
@pytest.mark.parametrize("ahead_ms", [AHEAD_MS, -AHEAD_MS])
def test_a_camera_that_is_off_stitches_as_well_as_one_that_is_right(ahead_ms: int, known_from: int):
    right, put = _stitched(_crowd(0)), _stitched(_crowd(ahead_ms, known_from))
    assert _groups(right) == [[f"{person}-0", f"{person}-10", f"{person}-31"] for person in range(3)]
    assert _groups(put) == _groups(right)
    for one, other in zip(right.clusters(), put.clusters(), strict=True):
        assert [(t.segment, t.points) for t in one.tracklets] == [(t.segment, t.points) for t in other.tracklets]


def test_without_the_measurement_it_would_be_in_two_places_at_once():
    assert len(_groups(_stitched([(device, each, 0) for device, each, _ in _crowd(AHEAD_MS)]))) > 3


@settings(max_examples=10)
@given(st.integers(0, 2), st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=40, max_size=40))
def test_any_order_gives_the_same_people(known_from: int, random: Random, settles: list[bool]):
    told = _crowd(AHEAD_MS, known_from)
    jumbled = [*told, *told[::3]]
    random.shuffle(jumbled)
    wild = Stitcher(StitchRules())
    for (device, each, ahead_ms), is_settled in zip(jumbled, settles, strict=False):
        wild.take(device, each, ahead_ms)
        if is_settled:
            wild.settle()
    wild.settle()
    assert _groups(wild) == _groups(_stitched(told))


def test_the_earliest_measurement_of_a_segment_holds_for_all_of_it():
    whole = segment(ONE, "a", walking(0, 0, 1.0), (0, 9), (stay("shelf", "shelf", 1, None),), ordinal=3)
    parts = [(replace(whole, ordinal=ordinal), ahead_ms) for ordinal, ahead_ms in ((1, 0), (2, 900), (3, 905), (4, 0))]
    found = set()
    for order in permutations(parts):
        tracklet = Tracklet(ONE, *order[0])
        for each, ahead_ms in order[1:]:
            tracklet.take(each, ahead_ms)
        found.add((tracklet.ahead_ms, tracklet.opened_ms, tracklet.segment.ordinal, tuple(tracklet.points)))
    (one,) = found
    assert one[:3] == (900, START_MS - 900, 4)
    assert one[3][0][0] == START_MS - 900


def test_tracks_of_one_camera_are_told_apart_by_its_own_clock():
    """Measurements may differ by some milliseconds; who was lost in one frame still begins again in the next."""
    walk = standing(3.0, 2.0)
    first, then = segment(ONE, "a", walk, (0, 6)), segment(ONE, "b", walk, (6.04, 12))
    assert _groups(_stitched([(ONE, first, 100), (ONE, then, 160)])) == [["a", "b"]]


def test_an_open_segment_is_put_right_too():
    whole = segment(ONE, "a", standing(1, 1), (0, 9), (stay("shelf", "shelf", 1, None),), known_s=4)
    right = put_right(whole, 500)
    assert (right.opened_ms, right.updated_ms, right.closed_ms) == (START_MS - 500, START_MS + 3500, None)
    assert (right.stays[0].entered_ms, right.stays[0].left_ms) == (START_MS + 500, None)
    assert put_right(right, -500) == whole


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    rules = StitchRules(enabled=True)
    opened = EventStore(tmp_path / "gateway.sqlite", GATEWAY, rules, StaffRules(terminals={"desk": (1.0, 1.0)}))
    yield opened
    opened.close()


def _taken_in(store: EventStore, number: int, device: Source, data: VisitSegment | StaffShown, ahead_ms: int) -> None:
    """Let an event arrive whose clock was put right on the way in."""
    shown_ms = data.updated_ms if isinstance(data, VisitSegment) else START_MS + 5000 + ahead_ms
    event = replace(
        draft_event(device, data, shown_ms, number).numbered(device, number),
        correctedtime=format_time(shown_ms - ahead_ms) if ahead_ms else UNSET,
        clockoffset=ahead_ms or UNSET,
    )
    properties = {"epoch": "a1", "sequence": str(number)}
    store.receive([judge(event_topic(device, type(data)), encode_event(event), properties, START_MS + 60_000)])


def test_the_gateways_visits_are_dated_by_its_own_clock(store: EventStore):
    late = segment(TWO, "b", standing(1, 1), (8, 20), (stay("shelf", "shelf", 9, 19),))
    _taken_in(store, 1, ONE, segment(ONE, "a", standing(1, 1), (0, 10), (stay("shelf", "shelf", 1, 9),)), 0)
    _taken_in(store, 1, TWO, put_right(late, -AHEAD_MS), AHEAD_MS)
    _taken_in(store, 1, DESK, StaffShown(zone_id=None), -7000)
    store.settle(START_MS + 90_000)
    told = [decode_event(each.body).data for each in store.waiting(99)]
    visit = [each for each in told if isinstance(each, VisitRevised)][-1]
    assert (len(visit.segment_ids), visit.opened_ms, visit.closed_ms) == (2, START_MS, START_MS + 20_000)
    assert visit.stays == (stay("shelf", "shelf", 1, 19),)
    assert [each.kind for each in visit.staff_evidence] == ["card"]


def test_a_visits_id_does_not_change_with_the_measurement():
    walk, stays = standing(1, 1), (stay("shelf", "shelf", 1, 9),)
    only = segment(ONE, "a", walk, (0, 10), stays)
    ids = {visit_id(_stitched([(ONE, only, ahead_ms)]).clusters()[0]) for ahead_ms in (0, 900, 905)}
    assert ids == {deterministic_id(START_MS, "visit", str(ONE), only.segment_id)}
