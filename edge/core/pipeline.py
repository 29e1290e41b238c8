"""From people seen in one camera to events. Pure: the same people give byte-identical events.

`step` takes the people of one frame and returns the next state and the events to send; `finish`
ends what is still going on. State of a person lives on the person's track and dies with it.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import ZoneCount, ZoneOccupancy
from contracts.privacy import UplinkPayload
from edge.core import coverage, crossings, segments, staff, zones
from edge.core.coverage import CoverageState
from edge.core.floor import FloorMap, floor_point
from edge.core.geometry import Point
from edge.core.segments import SegmentRules, Track
from edge.core.tripwire import Tripwire
from edge.core.zones import Zone

Draft: TypeAlias = EventDraft[UplinkPayload]


class Person(msgspec.Struct, frozen=True):
    """One person in one frame.

    Attributes:
        track_id: The track's name.
        position: The foot point in the camera's plane.
        confidence: 0 to 1.
        reentry: What the tracks of one person who left and came back have in common; None: nobody is known again.
        uniform: What the track's clothes say so far of staff, log-odds; None: nothing.
    """

    track_id: str
    position: Point
    confidence: float
    reentry: str | None = None
    uniform: float | None = None


class PipelineRules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which events come out.

    Attributes:
        source: The device.
        tripwires: Counting lines, in the camera's plane.
        zones: Zones, in the camera's plane.
        floor: From the camera's plane to floor metres; None: the floor is not known.
        segments: When segments open, are updated and close.
        occupancy_s: Seconds between samples of the zones' occupancy.
        coverage_s: Length of the intervals of which coverage is told.
        observed_gap_s: A longer time between frames was not observed.
    """

    source: Source
    tripwires: tuple[Tripwire, ...] = ()
    zones: tuple[Zone, ...] = ()
    floor: FloorMap | None = None
    segments: SegmentRules = SegmentRules()
    occupancy_s: float = 10.0
    coverage_s: float = 60.0
    observed_gap_s: float = 2.0


class PipelineState(msgspec.Struct, frozen=True):
    """Live tracks by name, the last frame's time, what was observed, who was in view before, and blindness."""

    tracks: Mapping[str, Track] = msgspec.field(default_factory=dict)
    now_ms: int | None = None
    coverage: CoverageState = CoverageState()
    presence: staff.Presence = msgspec.field(default_factory=dict)
    is_blind: bool = False


def initial_state(*, resumed: bool = False) -> PipelineState:
    """Return the state before the first frame.

    Args:
        resumed: The input goes on where an earlier run left it. Coverage then begins with the next
            whole interval, so that no second is told twice.
    """
    return PipelineState(coverage=CoverageState(waits=resumed))


def step(
    rules: PipelineRules,
    state: PipelineState,
    people: Iterable[Person],
    now_ms: int,
    frames_dropped: int = 0,
) -> tuple[PipelineState, list[Draft]]:
    """Take one frame into account.

    A frame from before the last one is not used, and counts as dropped.

    Args:
        rules: What decides.
        state: After the frame before.
        people: Who is seen in this frame, each track once.
        now_ms: The frame's time, Unix milliseconds.
        frames_dropped: Frames lost since the one before.

    Returns:
        The state after this frame, and events in the order in which they were decided.
    """
    if state.now_ms is not None and now_ms < state.now_ms:
        dropped = coverage.drop(state.coverage, frames_dropped + 1)
        return replace(state, coverage=dropped), []
    watched, drafts = _watch(rules, state, now_ms, frames_dropped)
    drafts += _occupancy_samples(rules, state, now_ms)
    latest_ms = now_ms - rules.segments.lost_after_s * 1000
    tracks = {name: track for name, track in state.tracks.items() if track.seen_ms >= latest_ms}
    ended, presence = _end(rules, [track for track in state.tracks.values() if track.seen_ms < latest_ms], state)
    drafts += ended
    seen = sorted(people, key=lambda person: person.track_id)
    tracks |= _begin(rules, tracks, seen, now_ms)
    for person in seen:
        tracks[person.track_id], more = _see(rules, tracks[person.track_id], person, now_ms, presence)
        drafts += more
    return PipelineState(tracks, now_ms, watched, presence), drafts


def finish(rules: PipelineRules, state: PipelineState) -> tuple[PipelineState, list[Draft]]:
    """Return the state and the events after the last frame: every segment closes, coverage is told."""
    drafts, _ = _end(rules, state.tracks.values(), state)
    told = coverage.tell(state.coverage, state.now_ms or 0)
    if told is not None:
        drafts.append(draft_event(rules.source, told, told.interval_end_ms, "coverage"))
    return PipelineState(now_ms=state.now_ms), drafts


def blind(
    rules: PipelineRules, state: PipelineState, since_ms: int, now_ms: int, *, frames: int = 1, frames_dropped: int = 0
) -> tuple[PipelineState, list[Draft]]:
    """Take into account that the camera shows nothing: who was in sight is lost, and the time is not observed.

    Args:
        rules: What decides.
        state: After the frame before.
        since_ms: Since when it shows nothing. What was taken for observed since then is taken back, as far as it lies
            in the current interval of coverage.
        now_ms: The time, Unix milliseconds.
        frames: Frames that came and show nothing: 1, or 0 where none came.
        frames_dropped: Frames lost since the one before.

    Returns:
        The state, without tracks, and the events that end them.
    """
    if state.now_ms is not None and now_ms < state.now_ms:
        return replace(state, coverage=coverage.drop(state.coverage, frames_dropped + frames)), []
    drafts, presence = _end(rules, state.tracks.values(), state)
    seen = state.coverage
    if not state.is_blind and state.now_ms is not None:
        seen = coverage.withdraw(seen, since_ms, state.now_ms)
    watched, told = _watch(rules, replace(state, coverage=seen, is_blind=True), now_ms, frames_dropped, frames)
    return PipelineState(now_ms=now_ms, coverage=watched, presence=presence, is_blind=True), [*drafts, *told]


def occupancy(rules: PipelineRules, state: PipelineState) -> tuple[ZoneCount, ...]:
    """Return how many people are in each zone at the last frame's time.

    It counts exactly the open segments of which an update would tell a stay in the zone that goes on.
    """
    return tuple(
        ZoneCount(
            zone_id=zone.id,
            zone_kind=zone.kind,
            people=sum(
                track.is_open and zones.counts(zone, track.zones[place], track.seen_ms)
                for track in state.tracks.values()
            ),
        )
        for place, zone in enumerate(rules.zones)
    )


def _watch(
    rules: PipelineRules, state: PipelineState, now_ms: int, frames_dropped: int, frames: int = 1
) -> tuple[CoverageState, list[Draft]]:
    watched, told = coverage.watch(
        coverage.drop(state.coverage, frames_dropped),
        state.now_ms,
        now_ms,
        interval_ms=round(rules.coverage_s * 1000),
        gap_ms=-1 if state.is_blind else round(rules.observed_gap_s * 1000),
        frames=frames,
    )
    drafts: list[Draft] = []
    if told is not None:
        drafts.append(draft_event(rules.source, told, told.interval_end_ms, "coverage"))
    return watched, drafts


def _occupancy_samples(rules: PipelineRules, state: PipelineState, now_ms: int) -> list[Draft]:
    """Return the samples due since the last frame, if that time was observed at all."""
    if state.now_ms is None or state.is_blind or not rules.zones or now_ms - state.now_ms > rules.observed_gap_s * 1000:
        return []
    interval_ms = max(1, round(rules.occupancy_s * 1000))
    first_ms = (state.now_ms // interval_ms + 1) * interval_ms
    if first_ms > now_ms:
        return []
    sample = ZoneOccupancy(zones=occupancy(rules, state))
    return [
        draft_event(rules.source, sample, time_ms, "occupancy") for time_ms in range(first_ms, now_ms + 1, interval_ms)
    ]


def _begin(rules: PipelineRules, tracks: Mapping[str, Track], seen: Iterable[Person], now_ms: int) -> dict[str, Track]:
    """Return the tracks that begin in this frame, and those whose place at a tripwire they took."""
    names = {person.track_id for person in seen}
    lost = {name: track for name, track in tracks.items() if name not in names}
    begun: dict[str, Track] = {}
    for person in seen:
        if person.track_id not in tracks:
            lines = crossings.approach(rules.tripwires, person.position, now_ms)
            track = segments.begin(person.track_id, now_ms, lines, len(rules.zones))
            begun[track.id], given = crossings.relay(rules.tripwires, track, person.position, lost.values())
            lost |= given
    return {**lost, **begun}


def _see(
    rules: PipelineRules, track: Track, person: Person, now_ms: int, presence: staff.Presence
) -> tuple[Track, list[Draft]]:
    """Return a track after a sighting, and what there is to tell of it."""
    floor_m = None if rules.floor is None else floor_point(rules.floor, person.position)
    track = crossings.move(rules.tripwires, track, person.position, now_ms)
    visited = tuple(
        zones.visit(zone, stay, person.position, now_ms) for zone, stay in zip(rules.zones, track.zones, strict=True)
    )
    telling = rules.segments.staff
    trace = staff.see(
        telling,
        track.staff,
        tuple(zip(rules.zones, visited, strict=True)),
        now_ms,
        before_ms=track.seen_ms,
        uniform=person.uniform,
    )
    reentry = person.reentry or track.reentry
    track = replace(track, zones=visited, reentry=reentry, staff=staff.recall(telling, presence, reentry, trace))
    track = segments.see(track, floor_m, person.confidence, now_ms, rules.segments)
    track, told = segments.tell(rules.segments, rules.source, rules.zones, track, now_ms)
    track, passed = crossings.tell(rules.source, track)
    return track, [*told, *passed]


def _end(rules: PipelineRules, tracks: Iterable[Track], state: PipelineState) -> tuple[list[Draft], staff.Presence]:
    """Return the last events of tracks, and who was in view before once they are gone."""
    drafts, presence = [], state.presence
    for track in tracks:
        drafts += _close(rules, track)
        presence = staff.remember(rules.segments.staff, presence, track.reentry, track.staff, track.seen_ms)
    return drafts, presence


def _close(rules: PipelineRules, track: Track) -> list[Draft]:
    """Return the last events of a track; none of one that never counted."""
    passed = crossings.leave(rules.source, rules.tripwires, track)
    return [*passed, segments.close(rules.source, rules.zones, track, rules.segments)] if track.is_open else passed
