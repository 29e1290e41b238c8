"""The first rule: one segment, one visit, the same from any repetition."""

from msgspec.structs import replace

from contracts.events import EventDraft, Source
from contracts.payloads import Stay, VisitRevised, VisitSegment
from gateway.core.stitching import RULE_VERSION, revise

GATEWAY, DEVICE = Source("acme", "store-1", "gateway"), Source("acme", "store-1", "cam-1")
SEGMENT = VisitSegment(
    segment_id="018bcfe5-687b-7394-9be1-4a151985b9d5",
    track_id="7",
    phase="open",
    ordinal=0,
    opened_ms=1000,
    updated_ms=1000,
    stays=(Stay(zone_id="till", zone_kind="checkout", entered_ms=1000),),
    group_hint="p1",
    rule_version="edge-1",
)


def _revise(segment: VisitSegment, device: Source = DEVICE) -> EventDraft[VisitRevised]:
    draft = revise(GATEWAY, device, segment)
    assert draft is not None
    return draft


def test_who_stayed_in_no_zone_did_not_visit():
    assert revise(GATEWAY, DEVICE, replace(SEGMENT, stays=())) is None


def test_a_segment_becomes_a_visit_with_everything_it_knows():
    visit = _revise(SEGMENT).data
    assert (visit.revision, visit.status, visit.rule_version) == (1, "open", RULE_VERSION)
    assert (visit.segment_ids, visit.stays, visit.party_id) == ((SEGMENT.segment_id,), SEGMENT.stays, "p1")


def test_phases_are_revisions_of_one_visit():
    closed = replace(SEGMENT, phase="closed", ordinal=4, updated_ms=9000, closed_ms=9000)
    first, last = _revise(SEGMENT), _revise(closed)
    assert first.data.visit_id == last.data.visit_id
    assert first.id != last.id
    assert (last.data.revision, last.data.status, last.data.closed_ms) == (5, "closed", 9000)


def test_the_same_segment_gives_the_same_event():
    assert _revise(SEGMENT) == _revise(SEGMENT)


def test_segments_of_two_devices_are_two_visits():
    other = Source("acme", "store-1", "cam-2")
    assert _revise(SEGMENT).data.visit_id != _revise(SEGMENT, other).data.visit_id
