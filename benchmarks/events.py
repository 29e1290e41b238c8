"""Events to measure with, and how fast they are judged."""

from pathlib import Path

import msgspec

from benchmarks.measure import Result, compare
from contracts.events import Event, EventDraft, Source, decode_event, draft_event, encode_event
from contracts.payloads import FootfallCrossing, PathPoint, Stay, VisitSegment, ZoneCount, ZoneOccupancy
from contracts.privacy import UplinkPayload

SOURCE = Source("bench", "store", "cam-1")
_COUNT = 20_000
_START_MS = 1_772_442_000_000
_SEGMENTS, _CROSSINGS = 3, 5


def segments(first: int, count: int) -> list[EventDraft[VisitSegment]]:
    """Return typical visit segments, all different."""
    path = tuple(PathPoint(second * 1000, 0.1 * second, 0.2 * second) for second in range(8))
    drafts = []
    for number in range(first, first + count):
        segment = VisitSegment(
            segment_id=f"018bcfe5-687b-7394-9be1-{number:012x}",
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
        drafts.append(draft_event(SOURCE, segment, number, number))
    return drafts


def numbered(first: int, count: int) -> list[Event[VisitSegment]]:
    """Return the same as whole events, numbered from `first`."""
    return [draft.numbered(SOURCE, first + index) for index, draft in enumerate(segments(first, count))]


def mixed(first: int, count: int) -> list[Event[UplinkPayload]]:
    """Return events as a store sends them, numbered from `first`: of ten, 3 segments, 5 crossings, 2 occupancies."""
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
    for number in range(first, first + count):
        time_ms = _START_MS + number * 20
        kind = number % 10
        if kind < _SEGMENTS:
            events.append(segments(time_ms, 1)[0].numbered(SOURCE, number))
        else:
            data = crossing if kind < _SEGMENTS + _CROSSINGS else zones
            events.append(draft_event(SOURCE, data, time_ms, number).numbered(SOURCE, number))
    return events


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
