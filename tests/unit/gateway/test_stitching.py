"""The first rule: one segment, one visit, the same from any repetition."""

from msgspec.structs import replace

from contracts.events import Source
from contracts.payloads import Stay, VisitSegment
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


def test_a_segment_becomes_a_visit_with_everything_it_knows():
    visit = revise(GATEWAY, DEVICE, SEGMENT).data
    assert (visit.revision, visit.status, visit.rule_version) == (1, "open", RULE_VERSION)
    assert (visit.segment_ids, visit.stays, visit.party_id) == ((SEGMENT.segment_id,), SEGMENT.stays, "p1")


def test_phases_are_revisions_of_one_visit():
    closed = replace(SEGMENT, phase="closed", ordinal=4, updated_ms=9000, closed_ms=9000)
    first, last = revise(GATEWAY, DEVICE, SEGMENT), revise(GATEWAY, DEVICE, closed)
    assert first.data.visit_id == last.data.visit_id
    assert first.id != last.id
    assert (last.data.revision, last.data.status, last.data.closed_ms) == (5, "closed", 9000)


def test_the_same_segment_gives_the_same_event():
    assert revise(GATEWAY, DEVICE, SEGMENT) == revise(GATEWAY, DEVICE, SEGMENT)


def test_segments_of_two_devices_are_two_visits():
    other = Source("acme", "store-1", "cam-2")
    assert revise(GATEWAY, DEVICE, SEGMENT).data.visit_id != revise(GATEWAY, other, SEGMENT).data.visit_id
