"""From events and files to what is scored."""

import gzip
from pathlib import Path

import pytest
import zstandard

from contracts.events import Event, Source, draft_event, encode_event
from contracts.ids import deterministic_id
from contracts.operations import DeviceHealth
from contracts.payloads import (
    CodeScanned,
    Correction,
    FootfallCrossing,
    PosSale,
    QueueWait,
    Stay,
    VisitRevised,
    VisitSegment,
    ZoneCount,
    ZoneOccupancy,
)
from contracts.privacy import Payload
from simulators.adapters.event_log import LineError, read_events, read_structs
from simulators.core.scoring import MeasuredLink, Observation
from simulators.core.scoring.reported import EventFold, waits_of
from tests.unit.simulators.scoring.made import at, person, truth

CAMERA, TILL, GATEWAY = (Source("demo", "shop", name) for name in ("cam", "till-1", "gateway"))
TRUE = truth(person("a", (10, 60)))
VISIT, SEGMENT = deterministic_id(at(10), "visit"), deterministic_id(at(10), "segment")


def _event(source: Source, data: Payload, seconds: float, part: int = 0) -> Event[Payload]:
    return draft_event(source, data, at(seconds), part).numbered(source, part + 1)


def _crossing(seconds: float, direction: str = "in", kind: str = "entrance") -> Event[Payload]:
    data = FootfallCrossing(
        tripwire_id="door" if kind == "entrance" else "pavement",
        tripwire_kind=kind,  # type: ignore[arg-type]
        direction=direction,  # type: ignore[arg-type]
        track_id="t1",
        confidence=1.0,
        rule_version="1",
    )
    return _event(CAMERA, data, seconds)


def _segment(ordinal: int, until: float, *, closed: bool = False) -> Event[Payload]:
    data = VisitSegment(
        segment_id=SEGMENT,
        track_id="t1",
        phase="closed" if closed else "update",
        ordinal=ordinal,
        opened_ms=at(10),
        updated_ms=at(until),
        closed_ms=at(until) if closed else None,
        rule_version="1",
    )
    return _event(CAMERA, data, until, ordinal)


def _visit(revision: int, until: float, status: str = "open", staff_score: float | None = None) -> Event[Payload]:
    data = VisitRevised(
        visit_id=VISIT,
        revision=revision,
        status=status,  # type: ignore[arg-type]
        segment_ids=(SEGMENT,),
        opened_ms=at(10),
        updated_ms=at(until),
        closed_ms=at(until) if status == "closed" else None,
        stays=(Stay(zone_id="shelf", zone_kind="shelf", entered_ms=at(12), left_ms=at(20)),),
        staff_score=staff_score,
        rule_version="1",
    )
    return _event(GATEWAY, data, until, revision)


def _said(*events: Event[Payload]) -> tuple[Observation, tuple[str, ...]]:
    fold = EventFold()
    for event in events:
        fold.add(event)
    return fold.observation(TRUE)


def test_the_latest_revision_that_stands_counts_in_any_order() -> None:
    events = [_segment(0, 20), _segment(1, 60, closed=True), _visit(1, 20), _visit(2, 60, "closed", 0.2)]
    for order in (events, events[::-1], events + events):
        seen, notes = _said(*order)
        assert notes == ()
        assert seen.visits is not None
        (visit,) = seen.visits
        assert (visit.visit_id, visit.closed_ms, visit.is_staff) == (VISIT, at(60), False)
        (track,) = visit.tracks
        assert (track.camera_id, track.track_id, track.from_ms, track.to_ms) == ("cam", "t1", at(10), at(60))
        assert [stay.zone_id for stay in visit.stays] == ["shelf"]
    correction = _event(GATEWAY, Correction(corrects=(events[3].id,), reason="incorrect_data"), 61)
    seen, _ = _said(*events, correction)
    assert seen.visits is not None
    assert seen.visits[0].closed_ms is None
    both = _event(GATEWAY, Correction(corrects=(events[2].id, events[3].id), reason="did_not_occur"), 61)
    assert _said(*events, both)[0].visits == ()


def test_merged_and_foreign_visits_are_none_and_staff_is_marked() -> None:
    assert _said(_segment(0, 20), _visit(1, 20, "merged"))[0].visits == ()
    seen, notes = _said(_visit(1, 20, staff_score=0.5))
    assert seen.visits is not None
    assert (seen.visits[0].is_staff, seen.visits[0].tracks) == (True, ())
    assert notes == ("1 segments of visits are not among the events; those visits have no such tracks",)
    assert _said(_segment(0, 20))[0].visits == ()


def test_crossings_people_and_touches() -> None:
    wrong = _crossing(30, "in")
    sale = PosSale(receipt_id="r", lines=(), total_minor=250, currency="EUR")
    seen, _ = _said(
        _crossing(10),
        _crossing(60, "out"),
        wrong,
        _crossing(40, kind="passby"),
        _crossing(5000),
        _event(CAMERA, Correction(corrects=(wrong.id,), reason="did_not_occur"), 31),
        _event(CAMERA, ZoneOccupancy(zones=(ZoneCount(zone_id="shelf", zone_kind="shelf", people=2),)), 20),
        _event(TILL, sale, 30),
        _event(TILL, CodeScanned(scan_id="s", code="1", result="item"), 31),
        _event(TILL, DeviceHealth(uptime_s=1.0, software_version="1", queue_depth=0), 32),
    )
    assert seen.crossings is not None
    assert [(each.direction, each.t_ms) for each in seen.crossings if each.tripwire_id == "door"] == [
        ("in", at(10)),
        ("out", at(60)),
    ]
    assert seen.people is not None
    inside = {each.t_ms: each.people for each in seen.people if each.place is None}
    assert (inside[at(0)], inside[at(10)], inside[at(50)], inside[at(60)]) == (0, 1, 1, 0)
    assert [(each.place, each.people) for each in seen.people if each.place] == [("shelf", 2)]
    assert seen.touches is not None
    assert [(each.kind, each.total_minor) for each in seen.touches] == [("sale", 250), ("scan", None)]


@pytest.mark.parametrize(
    ("queue", "checkout", "ends"),
    [
        ((10, 40), (42, 60), ["served"]),
        ((10, 40), (70, 80), ["abandoned"]),
        ((10, 40), None, ["abandoned"]),
        ((10, None), None, ["waiting"]),
        ((10, 14), (15, 20), []),
    ],
)
def test_waits_are_read_from_stays(
    queue: tuple[float, float | None], checkout: tuple[float, float] | None, ends: list[str]
) -> None:
    left_ms = None if queue[1] is None else at(queue[1])
    stays = [Stay(zone_id="queue", zone_kind="queue", entered_ms=at(queue[0]), left_ms=left_ms)]
    if checkout:
        stays.append(Stay(zone_id="till", zone_kind="checkout", entered_ms=at(checkout[0]), left_ms=at(checkout[1])))
    assert [each.end for each in waits_of(tuple(stays))] == ends


def test_waits_that_cameras_tell_go_before_those_that_stays_show() -> None:
    told = QueueWait(
        zone_id="queue",
        track_id="t1",
        segment_id=SEGMENT,
        joined_ms=at(20),
        left_ms=at(40),
        outcome="unknown",
        rule_version="queue-1",
    )
    fold = EventFold()
    for event in (_crossing(10), _event(CAMERA, told, 40), _event(CAMERA, told, 40)):
        fold.add(event)
    seen, _ = fold.observation(TRUE)
    (wait,) = seen.waits or ()
    assert (wait.queue_zone_id, wait.joined_ms, wait.ended_ms, wait.end) == ("queue", at(20), at(40), "unknown")
    assert (wait.camera_id, wait.track_id) == ("cam", "t1")


def test_events_of_several_stores_and_of_other_times_are_refused() -> None:
    other = _event(Source("demo", "other", "cam"), ZoneOccupancy(zones=()), 10)
    with pytest.raises(ValueError, match="of several stores, demo/other, demo/shop; give those of one alone"):
        _said(_crossing(10), other)
    with pytest.raises(ValueError, match=r"from 2026-03-02T10:23:19\.000Z on, the truth covers 2026-03-02T09:00"):
        _said(_crossing(4999))
    with pytest.raises(ValueError, match="the events are of no time at all"):
        _said()


@pytest.mark.parametrize("ending", ["ndjson", "ndjson.gz", "ndjson.zst"])
def test_files_may_be_packed(tmp_path: Path, ending: str) -> None:
    raw = encode_event(_crossing(10)) + b"\n\n" + encode_event(_crossing(60, "out"))
    packed = {"ndjson": raw, "ndjson.gz": gzip.compress(raw)}
    frames = zstandard.compress(raw[:50]) + zstandard.compress(raw[50:])
    path = tmp_path / f"events.{ending}"
    path.write_bytes(packed.get(ending, frames))
    seen, _ = read_events(path, TRUE)
    assert seen.crossings is not None
    assert len(seen.crossings) == 2
    if ending != "ndjson":
        path.write_bytes(packed.get(ending, frames)[:-9])
        with pytest.raises(LineError, match="the compressed file is cut off or damaged"):
            read_events(path, TRUE)


def test_a_bad_line_is_named_with_its_value_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(encode_event(_crossing(10)) + b'\n{"specversion": "0.3"}\n')
    with pytest.raises(
        LineError, match=r"line 2: invalid_envelope: .*'\{\"specversion\": \"0\.3\"\}'; mend the line or take"
    ):
        read_events(path, TRUE)
    path.write_bytes(b"x" * 300_000)
    with pytest.raises(LineError, match="line 1: expected at most 262144 bytes"):
        read_events(path, TRUE)
    links = tmp_path / "links.jsonl"
    links.write_text('{"device_id": "till-1", "t_ms": 5, "posterior": 1.5}\n', encoding="utf-8")
    with pytest.raises(LineError, match=r"links\.jsonl line 1: Expected `float` <= 1\.0"):
        read_structs(links, MeasuredLink)
