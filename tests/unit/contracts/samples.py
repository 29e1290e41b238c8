"""One valid payload of every type, and a strategy of them."""

from hypothesis import strategies as st

from contracts.events import Event, Source, draft_event
from contracts.operations import DeviceHealth, EventsThinned, ThinnedEvents
from contracts.payloads import (
    AppearanceSignature,
    CodeScanned,
    Correction,
    Coverage,
    FloorHeat,
    FootfallCrossing,
    HeatCell,
    PathPoint,
    PosSale,
    QueueWait,
    SaleLine,
    StaffShown,
    Stay,
    StoreOccupancy,
    VisitRevised,
    VisitSegment,
    ZoneCount,
    ZoneOccupancy,
)
from contracts.privacy import Payload
from contracts.pseudonym import MemberPseudonym

SOURCE = Source("acme", "store-1", "cam-1")
AN_ID = "018bcfe5-687b-7394-9be1-4a151985b9d5"
MEMBER = MemberPseudonym(namespace="card", pseudonym="a2" * 16)
_STAY = Stay(zone_id="till", zone_kind="checkout", entered_ms=1, left_ms=5)
_PATH = (PathPoint(1, 0.5, 2.0), PathPoint(5, 1.5, 2.5))

SAMPLES: tuple[Payload, ...] = (
    FootfallCrossing(
        tripwire_id="door", tripwire_kind="entrance", direction="in", track_id="7", confidence=0.8, rule_version="r1"
    ),
    VisitSegment(
        segment_id=AN_ID,
        track_id="7",
        phase="closed",
        ordinal=3,
        opened_ms=1,
        updated_ms=9,
        closed_ms=9,
        stays=(_STAY,),
        path=_PATH,
        rule_version="r1",
    ),
    ZoneOccupancy(zones=(ZoneCount(zone_id="till", zone_kind="checkout", people=2),)),
    QueueWait(
        zone_id="queue",
        track_id="t-9",
        segment_id="018bcfe5-6800-7b1f-9d2e-0123456789ab",
        joined_ms=5,
        left_ms=65_005,
        outcome="served",
        rule_version="q1",
    ),
    FloorHeat(interval_start_ms=0, interval_end_ms=60_000, cell_m=0.5, cells=(HeatCell(-1, 4, 12.5),)),
    EventsThinned(
        device="cam-1",
        thinned=(ThinnedEvents(type="org.shopthread.floor.heat.v1", events=7, earliest_ms=5, latest_ms=9),),
    ),
    StoreOccupancy(people=-1, went_in=40, went_out=41, since_ms=5, drift_per_100=-2.5, rule_version="o1"),
    Coverage(interval_start_ms=0, interval_end_ms=60_000, observed_s=59.5, frames_processed=595, frames_dropped=5),
    StaffShown(zone_id="till"),
    CodeScanned(
        scan_id="s1", code="4006381333931", gtin="04006381333931", member=MEMBER, result="item", zone_id="till"
    ),
    PosSale(
        receipt_id="r-1",
        lines=(SaleLine(gtin="04006381333931", quantity=2.0, unit_price_minor=199),),
        total_minor=398,
        currency="EUR",
        member=MEMBER,
    ),
    DeviceHealth(uptime_s=3.5, software_version="0.1.0", queue_depth=0, fps=9.8),
    VisitRevised(
        visit_id=AN_ID,
        revision=2,
        status="open",
        segment_ids=(AN_ID,),
        opened_ms=1,
        updated_ms=9,
        stays=(_STAY,),
        path=_PATH,
        rule_version="r1",
    ),
    Correction(corrects=(AN_ID,), reason="did_not_occur"),
    AppearanceSignature(segment_id=AN_ID, key_id="2026-03-01", signature=b"\x00\x7f"),
)

payloads = st.sampled_from(SAMPLES)
times_ms = st.integers(min_value=0, max_value=253_402_300_799_999)


def sample_event(payload: Payload, time_ms: int = 1_700_000_000_123, sequence: int = 1) -> Event[Payload]:
    """Return a whole event around a payload."""
    return draft_event(SOURCE, payload, time_ms, "sample").numbered(SOURCE, sequence)
