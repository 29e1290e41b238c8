"""Visit segments: what one camera saw of one person, from open through updates to closed. Pure."""

import msgspec
from msgspec.structs import replace

from contracts import path
from contracts.events import EventDraft, Source, draft_event
from contracts.fields import Phase
from contracts.ids import deterministic_id
from contracts.payloads import PathPoint, Stay, VisitSegment
from contracts.privacy import UplinkPayload
from contracts.staff import STAFF_RULE
from edge.core import figures, staff, zones
from edge.core.figures import Body, FigureRules
from edge.core.geometry import Point
from edge.core.queues import QueueState
from edge.core.staff import StaffRules, StaffTrace
from edge.core.tripwire import LineState, Passage, Tripwire
from edge.core.zones import StayState, Zone

SEGMENT_RULE = "segment-1"
"""Names the rule that decides what a segment is. A rule that decides otherwise gets another name."""
REENTRY_RULE = f"{SEGMENT_RULE}:reentry-1"
"""Names the rule of a segment that tells, by its re-entry hint, who came back."""

MAX_STAYS = 200
_DECIMALS = 3


class SegmentRules(msgspec.Struct, frozen=True, kw_only=True):
    """When segments open, are updated and close.

    Attributes:
        min_age_s: A track seen for less time is nobody.
        lost_after_s: A track not seen for longer has ended.
        update_s: Seconds between updates of a segment.
        path_step_m: Shorter movements are not recorded.
        path_error_m: Standard error of floor positions, None if not known.
        staff: What tells staff from customers.
        figures: What is a child or a cart; None: heights are not known.
    """

    min_age_s: float = 0.3
    lost_after_s: float = 2.0
    update_s: float = 5.0
    path_step_m: float = 0.25
    path_error_m: float | None = None
    staff: StaffRules = StaffRules()
    figures: FigureRules | None = None


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of one live track.

    Attributes:
        id: Its name.
        opened_ms: First sighting of the segment.
        seen_ms: Last sighting.
        sightings: How many.
        confidence_sum: Sum of the sightings' confidences.
        is_open: It is old enough to count: its segment was told.
        phases_told: How many phases of the segment were told.
        told_ms: When the last one was.
        lines: Where it stands towards each tripwire.
        zones: Its stays in each zone.
        queues: Where it stands towards each queue.
        path: Its path on the floor.
        passages: Passages that wait for the track to count.
        staff: What is known of whether it is staff's.
        reentry: What it has in common with the person's other tracks, None: nobody is known again.
        bodies: How tall it seemed in the last frames, where heights are known.
        stand_in: A track that counted and whose place at a tripwire this one took.
        position: Where it was last seen, in the camera's plane.
        former_stays: Stays of the segment in zones that are gone.
    """

    id: str
    opened_ms: int
    seen_ms: int
    sightings: int
    confidence_sum: float
    is_open: bool
    phases_told: int
    told_ms: int
    lines: tuple[LineState, ...]
    zones: tuple[StayState, ...]
    queues: tuple[QueueState, ...]
    path: tuple[PathPoint, ...]
    passages: tuple[tuple[Tripwire, Passage], ...]
    staff: StaffTrace
    reentry: str | None = None
    stand_in: str | None = None
    bodies: tuple[Body, ...] = ()
    position: Point
    former_stays: tuple[Stay, ...] = ()

    @property
    def confidence(self) -> float:
        """Return the mean confidence of the track's sightings, 0 to 1."""
        return round(min(1.0, self.confidence_sum / max(1, self.sightings)), _DECIMALS)


def segment_id(source: Source, track_id: str, opened_ms: int) -> str:
    """Return the id of the segment of a track that opened at a time."""
    return deterministic_id(opened_ms, str(source), "segment", track_id)


def begin(
    track_id: str,
    now_ms: int,
    position: Point,
    lines: tuple[LineState, ...],
    zone_count: int,
    queue_count: int = 0,
) -> Track:
    """Return a track about to be seen for the first time."""
    return Track(
        id=track_id,
        opened_ms=now_ms,
        seen_ms=now_ms,
        sightings=0,
        confidence_sum=0.0,
        is_open=False,
        phases_told=0,
        told_ms=now_ms,
        lines=lines,
        zones=(StayState(),) * zone_count,
        queues=(None,) * queue_count,
        path=(),
        passages=(),
        staff=StaffTrace(now_ms),
        position=position,
    )


def see(track: Track, floor_m: Point | None, confidence: float, now_ms: int, rules: SegmentRules) -> Track:
    """Return a track after a sighting; `floor_m` is None where the floor is not known."""
    longer = track.path
    if floor_m is not None:
        longer = path.extend(longer, PathPoint(now_ms, *floor_m), rules.path_step_m)
    return replace(
        track,
        seen_ms=now_ms,
        sightings=track.sightings + 1,
        confidence_sum=track.confidence_sum + confidence,
        path=longer,
    )


def tell(
    rules: SegmentRules, source: Source, layout: tuple[Zone, ...], track: Track, now_ms: int
) -> tuple[Track, list[EventDraft[UplinkPayload]]]:
    """Return the phase that is due at a sighting, if any, and the track after it.

    A segment with `MAX_STAYS` stays closes and another opens, so that none grows without bound.
    """
    if not track.is_open:
        if now_ms - track.opened_ms < rules.min_age_s * 1000:
            return track, []
        return _told(rules, source, layout, replace(track, is_open=True), "open")
    if sum(len(state.ended) for state in track.zones) + len(track.former_stays) >= MAX_STAYS:
        closing = close(source, layout, track, rules)
        return _begin_again(track), [closing]
    if now_ms - track.told_ms < rules.update_s * 1000:
        return track, []
    return _told(rules, source, layout, track, "update")


def close(source: Source, layout: tuple[Zone, ...], track: Track, rules: SegmentRules) -> EventDraft[UplinkPayload]:
    """Return the last phase of a segment: it closed when the person was last seen."""
    ended = tuple(zones.end(zone, state, track.seen_ms) for zone, state in zip(layout, track.zones, strict=True))
    return _draft(rules, source, layout, replace(track, zones=ended), "closed")


def _begin_again(track: Track) -> Track:
    """Return the track with a new segment that goes on where the old one closed."""
    return replace(
        track,
        opened_ms=track.seen_ms,
        sightings=0,
        confidence_sum=0.0,
        is_open=False,
        phases_told=0,
        zones=tuple(replace(state, entered_ms=state.entered_ms and track.seen_ms, ended=()) for state in track.zones),
        path=track.path[-1:],
        former_stays=(),
    )


def _told(
    rules: SegmentRules, source: Source, layout: tuple[Zone, ...], track: Track, phase: Phase
) -> tuple[Track, list[EventDraft[UplinkPayload]]]:
    draft = _draft(rules, source, layout, track, phase)
    return replace(track, phases_told=track.phases_told + 1, told_ms=track.seen_ms), [draft]


def _draft(
    rules: SegmentRules, source: Source, layout: tuple[Zone, ...], track: Track, phase: Phase
) -> EventDraft[UplinkPayload]:
    seen = tuple(zip(layout, track.zones, strict=True))
    is_staff = staff.judge(rules.staff, track.staff, seen, track.seen_ms, has_ended=phase == "closed")
    segment = VisitSegment(
        segment_id=segment_id(source, track.id, track.opened_ms),
        track_id=track.id,
        phase=phase,
        ordinal=track.phases_told,
        opened_ms=track.opened_ms,
        updated_ms=track.seen_ms,
        closed_ms=track.seen_ms if phase == "closed" else None,
        stays=_stays(layout, track),
        path=track.path,
        path_error_m=rules.path_error_m if track.path else None,
        figure=figures.told(rules.figures, track.bodies),
        reentry_hint=track.reentry,
        staff_score=is_staff.score,
        staff_rule_version=None if is_staff.score is None else STAFF_RULE,
        staff_evidence=is_staff.evidence,
        rule_version=SEGMENT_RULE if track.reentry is None else REENTRY_RULE,
    )
    return draft_event(source, segment, track.seen_ms, track.id, track.phases_told)


def _stays(layout: tuple[Zone, ...], track: Track) -> tuple[Stay, ...]:
    """Return the stays in every zone so far, in the order in which they began."""
    found = [
        stay
        for zone, state in zip(layout, track.zones, strict=True)
        for stay in zones.stays(zone, state, track.seen_ms)
    ]
    return tuple(sorted([*track.former_stays, *found], key=lambda stay: (stay.entered_ms, stay.zone_id)))
