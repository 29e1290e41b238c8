"""Events to measure with, and how fast they are judged."""

from pathlib import Path

import msgspec

from benchmarks.measure import Result, compare
from contracts.events import Event, EventDraft, Source, decode_event, draft_event, encode_event
from contracts.ids import deterministic_id
from contracts.payloads import FootfallCrossing, PathPoint, Stay, VisitRevised, VisitSegment, ZoneCount, ZoneOccupancy
from contracts.privacy import UplinkPayload

SOURCE = Source("bench", "store", "cam-1")
_COUNT = 20_000
_START_MS = 1_772_442_000_000
_SEGMENTS, _CROSSINGS = 3, 5


def segments(first: int, count: int, source: Source = SOURCE) -> list[EventDraft[VisitSegment]]:
    """Return typical visit segments, all different."""
    path = tuple(PathPoint(second * 1000, 0.1 * second, 0.2 * second) for second in range(8))
    drafts = []
    for number in range(first, first + count):
        segment = VisitSegment(
            segment_id=deterministic_id(number, str(source), "segment"),
            track_id=f"t-{number}",
            phase="closed",
            ordinal=3,
            opened_ms=number,
            updated_ms=number + 8000,
            closed_ms=number + 8000,
            stays=(Stay(zone_id="shelf-1", zone_kind="shelf", entered_ms=number, left_ms=number + 5000),),
            path=path,
            rule_version="bench-1",
        )
        drafts.append(draft_event(source, segment, number, number))
    return drafts


def numbered(first: int, count: int) -> list[Event[VisitSegment]]:
    """Return the same as whole events, numbered from `first`."""
    return [draft.numbered(SOURCE, first + index) for index, draft in enumerate(segments(first, count))]


def mixed(first: int, count: int, store: str = SOURCE.store) -> list[Event[UplinkPayload]]:
    """Return events as a store's devices send them, numbered from `first`.

    Of ten, 2 are segments, 1 is a visit's revision, 5 are crossings and 2 occupancies.
    """
    events: list[Event[UplinkPayload]] = []
    crossing = FootfallCrossing(
        tripwire_id="door",
        tripwire_kind="entrance",
        direction="in",
        track_id="t-1",
        confidence=0.9,
        rule_version="bench-1",
    )
    zones = ZoneOccupancy(
        zones=tuple(ZoneCount(zone_id=f"shelf-{zone}", zone_kind="shelf", people=zone) for zone in range(4))
    )
    source = Source(SOURCE.tenant, store, SOURCE.device)
    for number in range(first, first + count):
        time_ms = _START_MS + number * 20
        kind = number % 10
        segment = segments(time_ms, 1, source)[0] if kind < _SEGMENTS else None
        if segment is not None and kind > 0:
            events.append(segment.numbered(source, number))
        else:
            data: UplinkPayload = zones if kind >= _SEGMENTS + _CROSSINGS else crossing
            if segment is not None:
                data = _revision(segment.data)
            events.append(draft_event(source, data, time_ms, number).numbered(source, number))
    return events


def _revision(segment: VisitSegment) -> VisitRevised:
    return VisitRevised(
        visit_id=segment.segment_id,
        revision=1,
        status="closed",
        segment_ids=(segment.segment_id,),
        opened_ms=segment.opened_ms,
        updated_ms=segment.updated_ms,
        closed_ms=segment.closed_ms,
        stays=segment.stays,
        path=segment.path,
        rule_version="bench-1",
    )


def decode(_folder: Path) -> Result:
    raw = encode_event(numbered(1, 1)[0])

    def ours() -> int:
        for _ in range(_COUNT):
            decode_event(raw)
        return _COUNT

    def plain() -> int:
        for _ in range(_COUNT):
            msgspec.json.decode(raw)
        return _COUNT

    return compare("judge an event", "events/s", ours, "msgspec without types", plain)
