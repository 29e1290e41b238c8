"""From a store's events to what the system says has happened. Pure."""

from typing import TypeVar

from contracts.events import Event
from contracts.payloads import (
    CodeScanned,
    Correction,
    FootfallCrossing,
    PosSale,
    QueueWait,
    Stay,
    VisitRevised,
    VisitSegment,
    ZoneOccupancy,
)
from contracts.privacy import Payload
from contracts.timestamps import format_time
from simulators.core.scoring.measured import (
    WAIT_FROM_MS,
    MeasuredCrossing,
    MeasuredPeople,
    MeasuredStay,
    MeasuredTouch,
    MeasuredVisit,
    MeasuredWait,
    Observation,
    TrackSpan,
)
from simulators.core.scoring.occupancy import inside_by_crossings
from simulators.core.truth import Truth, WaitEnd

STAFF_FROM = 0.5
"""Visits with at least this staff score are staff's, where no rule has decided who made them."""
SERVED_WITHIN_MS = 15_000
"""Who is in a checkout zone within this time of leaving the queue zone was served."""

T = TypeVar("T")
_Revisions = dict[str, dict[int, tuple[str, T]]]


class EventFold:
    """Takes a store's events in, in any order and any number of times, and tells what they say."""

    def __init__(self) -> None:
        self._events: dict[str, Event[Payload]] = {}
        self._visits: _Revisions[VisitRevised] = {}
        self._segments: _Revisions[VisitSegment] = {}
        self._device_of: dict[str, str] = {}
        self._corrected: set[str] = set()
        self._stores: set[str] = set()
        self._times_ms: list[int] = []

    def add(self, event: Event[Payload]) -> None:
        """Take one event in."""
        self._stores.add(f"{event.origin.tenant}/{event.origin.store}")
        data = event.data
        if isinstance(data, Correction):
            self._corrected.update(data.corrects)
        elif isinstance(data, VisitRevised):
            self._visits.setdefault(data.visit_id, {})[data.revision] = (event.id, data)
        elif isinstance(data, VisitSegment):
            self._segments.setdefault(data.segment_id, {})[data.ordinal] = (event.id, data)
            self._device_of[data.segment_id] = event.origin.device
        elif isinstance(data, FootfallCrossing | ZoneOccupancy | QueueWait | CodeScanned | PosSale):
            self._events[event.id] = event
        else:
            return
        self._times_ms.append(event.time_ms)

    def observation(self, truth: Truth) -> tuple[Observation, tuple[str, ...]]:
        """Return what the events say of the truth's time, and what its reader must know.

        Corrected events did not happen. Of a visit and of a segment, the latest revision that stands counts.

        Raises:
            ValueError: The events are of several stores, or none is of the truth's time.
        """
        self._require_one_store_in(truth)
        visits = [each for each in _latest(self._visits, self._corrected) if _is_of(each, truth)]
        segments = {each.segment_id: each for each in _latest(self._segments, self._corrected)}
        events = [
            event
            for event in self._events.values()
            if event.id not in self._corrected and truth.start_ms <= event.time_ms <= truth.until_ms
        ]
        crossings, entrances = _crossings(events)
        observation = Observation(
            crossings=crossings,
            people=(*inside_by_crossings(crossings, entrances, truth), *_people(events)),
            visits=tuple(self._visit(each, segments) for each in visits),
            waits=_waits(events) or tuple(wait for each in visits for wait in waits_of(each.stays)),
            touches=_touches(events),
        )
        lost = sum(segment_id not in segments for each in visits for segment_id in each.segment_ids)
        notes = [f"{lost} segments of visits are not among the events; those visits have no such tracks"] * bool(lost)
        return observation, tuple(notes)

    def _require_one_store_in(self, truth: Truth) -> None:
        if len(self._stores) > 1:
            msg = f"the events are of several stores, {', '.join(sorted(self._stores))}; give those of one alone"
            raise ValueError(msg)
        if not any(truth.start_ms <= t_ms <= truth.until_ms for t_ms in self._times_ms):
            of = f"from {format_time(min(self._times_ms))} on" if self._times_ms else "of no time at all"
            covers = f"{format_time(truth.start_ms)} to {format_time(truth.until_ms)}"
            msg = f"the events are {of}, the truth covers {covers}; give the events of the same run"
            raise ValueError(msg)

    def _visit(self, visit: VisitRevised, segments: dict[str, VisitSegment]) -> MeasuredVisit:
        return MeasuredVisit(
            visit_id=visit.visit_id,
            opened_ms=visit.opened_ms,
            closed_ms=visit.closed_ms,
            tracks=tuple(
                TrackSpan(
                    camera_id=self._device_of[segment.segment_id],
                    track_id=segment.track_id,
                    from_ms=segment.opened_ms,
                    to_ms=segment.updated_ms if segment.closed_ms is None else segment.closed_ms,
                )
                for segment in (segments[each] for each in visit.segment_ids if each in segments)
            ),
            stays=tuple(
                MeasuredStay(zone_id=s.zone_id, entered_ms=s.entered_ms, left_ms=s.left_ms) for s in visit.stays
            ),
            is_staff=_is_staff(visit),
        )


def _is_staff(visit: VisitRevised) -> bool:
    if visit.role is None:
        return visit.staff_score is not None and visit.staff_score >= STAFF_FROM
    return visit.role == "staff"


def waits_of(stays: tuple[Stay, ...]) -> list[MeasuredWait]:
    """Return the waits in line that a visit's stays show: a stay in a queue zone that is no walk through it.

    Who then is in a checkout zone was served, who is not has given up.
    """
    served_at = [stay.entered_ms for stay in stays if stay.zone_kind == "checkout"]
    waits = []
    for stay in stays:
        if stay.zone_kind != "queue" or (stay.left_ms is not None and stay.left_ms - stay.entered_ms < WAIT_FROM_MS):
            continue
        end: WaitEnd = "waiting"
        if stay.left_ms is not None:
            until_ms = stay.left_ms + SERVED_WITHIN_MS
            end = "served" if any(stay.entered_ms <= t_ms <= until_ms for t_ms in served_at) else "abandoned"
        waits.append(
            MeasuredWait(queue_zone_id=stay.zone_id, joined_ms=stay.entered_ms, ended_ms=stay.left_ms, end=end)
        )
    return waits


def _latest(known: _Revisions[T], corrected: set[str]) -> list[T]:
    """Return the highest revision of each that no correction takes back."""
    latest = []
    for revisions in known.values():
        standing = [number for number, (event_id, _) in revisions.items() if event_id not in corrected]
        if standing:
            latest.append(revisions[max(standing)][1])
    return latest


def _is_of(visit: VisitRevised, truth: Truth) -> bool:
    ended_ms = visit.updated_ms if visit.closed_ms is None else visit.closed_ms
    return visit.status in {"open", "closed"} and visit.opened_ms <= truth.until_ms and ended_ms >= truth.start_ms


def _crossings(events: list[Event[Payload]]) -> tuple[tuple[MeasuredCrossing, ...], set[str]]:
    """Return all crossings, and which tripwires are entrances."""
    crossings, entrances = [], set()
    for event in events:
        if isinstance(data := event.data, FootfallCrossing):
            crossings.append(
                MeasuredCrossing(tripwire_id=data.tripwire_id, direction=data.direction, t_ms=event.time_ms)
            )
            if data.tripwire_kind == "entrance":
                entrances.add(data.tripwire_id)
    return tuple(crossings), entrances


def _people(events: list[Event[Payload]]) -> list[MeasuredPeople]:
    return [
        MeasuredPeople(place=zone.zone_id, t_ms=event.time_ms, people=zone.people)
        for event in events
        if isinstance(event.data, ZoneOccupancy)
        for zone in event.data.zones
    ]


def _waits(events: list[Event[Payload]]) -> tuple[MeasuredWait, ...]:
    """Return the waits that cameras told of by themselves."""
    return tuple(
        MeasuredWait(
            queue_zone_id=event.data.zone_id,
            joined_ms=event.data.joined_ms,
            ended_ms=event.data.left_ms,
            end=event.data.outcome,
            camera_id=event.origin.device,
            track_id=event.data.track_id,
        )
        for event in events
        if isinstance(event.data, QueueWait)
    )


def _touches(events: list[Event[Payload]]) -> tuple[MeasuredTouch, ...]:
    touches = []
    for event in events:
        device_id, t_ms, data = event.origin.device, event.time_ms, event.data
        if isinstance(data, CodeScanned):
            touches.append(MeasuredTouch(device_id=device_id, t_ms=t_ms, kind="scan"))
        elif isinstance(data, PosSale):
            touches.append(MeasuredTouch(device_id=device_id, t_ms=t_ms, kind=data.kind, total_minor=data.total_minor))
    return tuple(touches)
