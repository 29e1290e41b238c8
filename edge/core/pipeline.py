"""From people seen in one camera to events. Pure: the same people give byte-identical events.

`step` takes the people of one frame and returns the next state and the events to send; `finish`
ends what is still going on. State of a person lives on the person's track and dies with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import Coverage, FootfallCrossing, ZoneCount, ZoneOccupancy
from contracts.privacy import UplinkPayload
from edge.core import coverage, crossings, figures, heat, parties, segments, staff, waits, zones
from edge.core.coverage import CoverageState
from edge.core.figures import Body
from edge.core.floor import FloorMap, floor_point
from edge.core.geometry import Point
from edge.core.heat import HeatState
from edge.core.parties import PartyRules, Passer
from edge.core.queues import Queue, Waiting
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
        body: How tall he or she seems; None: the camera does not know heights.
    """

    track_id: str
    position: Point
    confidence: float
    reentry: str | None = None
    uniform: float | None = None
    body: Body | None = None


class PipelineRules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides which events come out.

    Attributes:
        source: The device.
        tripwires: Counting lines, in the camera's plane.
        zones: Zones, in the camera's plane.
        queues: Which of the zones are lines, and where these lead.
        floor: From the camera's plane to floor metres; None: the floor is not known.
        segments: When segments open, are updated and close.
        parties: When people who pass a line are together; told where the floor is known.
        occupancy_s: Seconds between samples of the zones' occupancy.
        coverage_s: Length of the intervals of which coverage is told.
        observed_gap_s: A longer time between frames was not observed.
        heat_cell_m: Side of the squares of floor of which it is told how long people stood in each; None: of none.
    """

    source: Source
    tripwires: tuple[Tripwire, ...] = ()
    zones: tuple[Zone, ...] = ()
    queues: tuple[Queue, ...] = ()
    floor: FloorMap | None = None
    segments: SegmentRules = SegmentRules()
    parties: PartyRules = PartyRules()
    occupancy_s: float = 10.0
    coverage_s: float = 60.0
    observed_gap_s: float = 2.0
    heat_cell_m: float | None = None


class PipelineState(msgspec.Struct, frozen=True):
    """Live tracks by name, the last frame's time, what was observed, who was in view before, blindness, who passed."""

    tracks: Mapping[str, Track] = msgspec.field(default_factory=dict)
    now_ms: int | None = None
    coverage: CoverageState = CoverageState()
    presence: staff.Presence = msgspec.field(default_factory=dict)
    is_blind: bool = False
    heat: HeatState = HeatState()
    passers: tuple[Passer, ...] = ()
    lost_in_line: Mapping[str, Track] = msgspec.field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Return whether nothing of what was seen so far can still be told, but for coverage and heat."""
        return not self.tracks and not self.lost_in_line


class _Place(msgspec.Struct, frozen=True):
    """Where a person is seen: on the floor (None: not known), and in which of the zones."""

    floor_m: Point | None
    inside: list[bool]


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
    observed = _observed(rules, state, now_ms)
    watched, told = _watch(rules, state, now_ms, frames_dropped)
    drafts = _coverage_told(rules, told)
    drafts += _occupancy_samples(rules, state, now_ms)
    latest_ms = now_ms - rules.segments.lost_after_s * 1000
    tracks = {name: track for name, track in state.tracks.items() if track.seen_ms >= latest_ms}
    gone, held = waits.hold(rules.queues, [track for track in state.tracks.values() if track.seen_ms < latest_ms])
    ended, presence = _end(rules, gone, state)
    lost_in_line, waited = waits.expire(
        rules.source, rules.queues, rules.zones, [*state.lost_in_line.values(), *held], now_ms
    )
    drafts += ended + waited
    live = frozenset(tracks)
    seen = sorted(people, key=lambda person: person.track_id)
    places = _places(rules, seen)
    tracks |= _begin(rules, tracks, seen, now_ms)
    in_sight = {person.track_id: place.floor_m for person, place in zip(seen, places, strict=True)}
    tracks, lost_in_line = waits.go_on(rules.queues, tracks, live, in_sight, lost_in_line)
    stood: dict[str, heat.Sighting] = {}
    for person, place in zip(seen, places, strict=True):
        tracks[person.track_id], more = _see(rules, tracks[person.track_id], person, place, now_ms, presence)
        stood[person.track_id] = heat.Sighting(place.floor_m, tracks[person.track_id].is_open)
        drafts += more
    passers, drafts = _mark_parties(rules, state, drafts, {**state.tracks, **tracks})
    warmth, warm = _warm(rules, state.heat, heat.Frame(stood, live, observed), told)
    after = PipelineState(tracks, now_ms, watched, presence, heat=warmth, passers=passers, lost_in_line=lost_in_line)
    return after, drafts + warm


def finish(rules: PipelineRules, state: PipelineState) -> tuple[PipelineState, list[Draft]]:
    """Return the state and the events after the last frame: every segment closes, coverage is told."""
    drafts, _ = _end(rules, state.tracks.values(), state)
    _, drafts = _mark_parties(rules, state, drafts, state.tracks)
    drafts += _unknown(rules, state)
    told = coverage.tell(state.coverage, state.now_ms or 0)
    drafts += _coverage_told(rules, told)
    drafts += _heat_told(rules, heat.finish(state.heat), told)
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
    passers, drafts = _mark_parties(rules, state, drafts, state.tracks)
    drafts += _unknown(rules, state)
    seen, warmth = state.coverage, state.heat
    if not state.is_blind and state.now_ms is not None:
        seen = coverage.withdraw(seen, since_ms, state.now_ms)
        warmth = heat.withdraw(warmth, state.now_ms - since_ms)
    blinded = replace(state, coverage=seen, is_blind=True)
    frame = heat.Frame({}, frozenset(), _observed(rules, blinded, now_ms))
    watched, told = _watch(rules, blinded, now_ms, frames_dropped, frames)
    warmth, warm = _warm(rules, warmth, frame, told)
    after = PipelineState(
        now_ms=now_ms, coverage=watched, presence=presence, is_blind=True, heat=warmth, passers=passers
    )
    return after, [*drafts, *_coverage_told(rules, told), *warm]


def segment_of(rules: PipelineRules, state: PipelineState, track_id: str) -> str | None:
    """Return the id of the segment of a live track, None where there is no such track."""
    track = state.tracks.get(track_id)
    return None if track is None else segments.segment_id(rules.source, track.id, track.opened_ms)


def occupancy(rules: PipelineRules, state: PipelineState) -> tuple[ZoneCount, ...]:
    """Return how many people are in each zone at the last frame's time.

    It counts exactly the open segments of which an update would tell a stay in the zone that goes on.
    """
    open_tracks = [track for track in state.tracks.values() if track.is_open]
    lines = {queue.zone: number for number, queue in enumerate(rules.queues)}
    return tuple(
        _zone_count(zone, place, open_tracks, lines.get(place), state.now_ms or 0)
        for place, zone in enumerate(rules.zones)
    )


def _zone_count(zone: Zone, place: int, open_tracks: list[Track], queue: int | None, now_ms: int) -> ZoneCount:
    there = [track for track in open_tracks if zones.counts(zone, track.zones[place], track.seen_ms)]
    if queue is None:
        return ZoneCount(zone_id=zone.id, zone_kind=zone.kind, people=len(there))
    states = [track.queues[queue] for track in there]
    joined_ms = [state.joined_ms for state in states if isinstance(state, Waiting) and state.left_ms is None]
    return ZoneCount(
        zone_id=zone.id,
        zone_kind=zone.kind,
        people=len(there),
        waiting=len(joined_ms),
        longest_wait_s=(now_ms - min(joined_ms)) / 1000 if joined_ms else None,
    )


def _watch(
    rules: PipelineRules, state: PipelineState, now_ms: int, frames_dropped: int, frames: int = 1
) -> tuple[CoverageState, Coverage | None]:
    dropped = coverage.drop(state.coverage, frames_dropped)
    return coverage.watch(dropped, state.now_ms, now_ms, frames=frames, **_intervals(rules, state))


def _observed(rules: PipelineRules, state: PipelineState, now_ms: int) -> coverage.Observed:
    return coverage.observed(state.coverage, state.now_ms, now_ms, **_intervals(rules, state))


def _intervals(rules: PipelineRules, state: PipelineState) -> coverage.Intervals:
    gap_ms = -1 if state.is_blind else round(rules.observed_gap_s * 1000)
    return {"interval_ms": round(rules.coverage_s * 1000), "gap_ms": gap_ms}


def _coverage_told(rules: PipelineRules, told: Coverage | None) -> list[Draft]:
    return [] if told is None else [draft_event(rules.source, told, told.interval_end_ms, "coverage")]


def _warm(
    rules: PipelineRules, state: HeatState, frame: heat.Frame, interval: Coverage | None
) -> tuple[HeatState, list[Draft]]:
    """Return where people stand after a frame, and where they stood in the interval whose coverage is told."""
    if rules.heat_cell_m is None:
        return state, []
    after, ended = heat.step(rules.heat_cell_m, state, frame)
    return after, _heat_told(rules, ended, interval)


def _heat_told(rules: PipelineRules, ended: HeatState | None, interval: Coverage | None) -> list[Draft]:
    if rules.heat_cell_m is None or ended is None or interval is None:
        return []
    told = heat.tell(rules.heat_cell_m, ended, interval)
    return [] if told is None else [draft_event(rules.source, told, told.interval_end_ms, "heat")]


def _places(rules: PipelineRules, people: Sequence[Person]) -> list[_Place]:
    """Return where each of the people is."""
    inside = zones.inside(rules.zones, [person.position for person in people])
    return [
        _Place(None if rules.floor is None else floor_point(rules.floor, person.position), in_zones)
        for person, in_zones in zip(people, inside, strict=True)
    ]


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


def _mark_parties(
    rules: PipelineRules, state: PipelineState, drafts: list[Draft], tracks: Mapping[str, Track]
) -> tuple[tuple[Passer, ...], list[Draft]]:
    if rules.floor is None:
        return (), drafts
    passers = parties.forget(rules.parties, state.passers, state.now_ms or 0)
    if not any(isinstance(draft.data, FootfallCrossing) for draft in drafts):
        return passers, drafts
    walks = {name: (track.path, track.seen_ms) for name, track in tracks.items()}
    return parties.mark(rules.parties, passers, drafts, walks)


def _begin(rules: PipelineRules, tracks: Mapping[str, Track], seen: Iterable[Person], now_ms: int) -> dict[str, Track]:
    """Return the tracks that begin in this frame, and those whose place at a tripwire they took."""
    names = {person.track_id for person in seen}
    lost = {name: track for name, track in tracks.items() if name not in names}
    begun: dict[str, Track] = {}
    for person in seen:
        if person.track_id not in tracks:
            lines = crossings.approach(rules.tripwires, person.position, now_ms)
            sizes = len(rules.zones), len(rules.queues)
            track = segments.begin(person.track_id, now_ms, person.position, lines, *sizes)
            begun[track.id], given = crossings.relay(rules.tripwires, track, person.position, lost.values())
            lost |= given
    return {**lost, **begun}


def _see(
    rules: PipelineRules, track: Track, person: Person, place: _Place, now_ms: int, presence: staff.Presence
) -> tuple[Track, list[Draft]]:
    """Return a track after a sighting, and what there is to tell of it."""
    track = crossings.move(rules.tripwires, track, person.position, now_ms)
    visited = zones.visit_all(rules.zones, track.zones, place.inside, person.position, now_ms)
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
    known = staff.recall(telling, presence, reentry, trace)
    track = replace(track, zones=visited, reentry=reentry, staff=known, position=person.position)
    track = replace(track, bodies=figures.see(track.bodies, person.body))
    track = segments.see(track, place.floor_m, person.confidence, now_ms, rules.segments)
    track, waited = waits.see(rules.source, rules.queues, rules.zones, track, place.floor_m)
    track, told = segments.tell(rules.segments, rules.source, rules.zones, track, now_ms)
    track, passed = crossings.tell(rules.source, rules.segments.figures, track)
    return track, [*told, *passed, *waited]


def _end(rules: PipelineRules, tracks: Iterable[Track], state: PipelineState) -> tuple[list[Draft], staff.Presence]:
    """Return the last events of tracks, and who was in view before once they are gone."""
    drafts, presence = [], state.presence
    for track in tracks:
        drafts += _close(rules, track)
        presence = staff.remember(rules.segments.staff, presence, track.reentry, track.staff, track.seen_ms)
    return drafts, presence


def _unknown(rules: PipelineRules, state: PipelineState) -> list[Draft]:
    """Return the waits of those who were lost in line and cannot come back."""
    lost = state.lost_in_line.values()
    return [draft for track in lost for draft in waits.lose(rules.source, rules.queues, rules.zones, track)]


def _close(rules: PipelineRules, track: Track) -> list[Draft]:
    """Return the last events of a track; of one that does not count only those of when it did."""
    told = crossings.leave(rules.source, rules.segments.figures, rules.tripwires, track)
    told += waits.lose(rules.source, rules.queues, rules.zones, track)
    return [*told, segments.close(rules.source, rules.zones, track, rules.segments)] if track.is_open else told
