"""What tracks do at tripwires, and the events that tell of it. Pure.

State of a track towards the tripwires lives on the track and dies with it, except at a relay: where a
track was lost at a line and another begins there, the person most likely got another name, so the new
track takes the old one's place towards that line. So a change of names on the line counts neither twice
nor not at all (what trackers call an identity switch or fragmentation: Bernardin and Stiefelhagen,
EURASIP JIVP, 2008).
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import FootfallCrossing
from contracts.privacy import UplinkPayload
from edge.core import figures, tripwire
from edge.core.figures import FigureRules
from edge.core.geometry import Point, distance
from edge.core.segments import Track
from edge.core.tripwire import LineState, Tripwire


def approach(wires: Sequence[Tripwire], position: Point, now_ms: int) -> tuple[LineState, ...]:
    """Return where a track stands that is first seen at a place."""
    return tuple(tripwire.approach(wire, position, now_ms) for wire in wires)


def move(wires: Sequence[Tripwire], track: Track, position: Point, now_ms: int) -> Track:
    """Return a track after one more sighting, with the passages that have settled."""
    moved = [tripwire.move(wire, line, position, now_ms) for wire, line in zip(wires, track.lines, strict=True)]
    passages = [(wire, passed) for wire, (_, passed) in zip(wires, moved, strict=True) if passed is not None]
    return replace(track, lines=tuple(line for line, _ in moved), passages=(*track.passages, *passages))


def relay(
    wires: Sequence[Tripwire], track: Track, position: Point, lost: Iterable[Track]
) -> tuple[Track, dict[str, Track]]:
    """Let a track that begins take the places of those that were lost beside it at a line.

    Args:
        wires: The lines.
        track: The new track, before its first sighting counts.
        position: Where it begins.
        lost: Live tracks that are not seen in this frame.

    Returns:
        The new track, and by name the lost ones that gave a place away.
    """
    left = {each.id: each for each in lost}
    given: dict[str, Track] = {}
    for index, wire in enumerate(wires):
        near = [
            (distance(each.lines[index].last, position), each.id)
            for each in left.values()
            if _can_go_on(wire, each.lines[index], position)
        ]
        if not near:
            continue
        before = left[min(near)[1]]
        track = replace(
            track,
            lines=_with(track.lines, index, before.lines[index]),
            stand_in=before.id if before.is_open else before.stand_in,
        )
        is_vacant = LineState(0, before.lines[index].last, before.lines[index].since_ms, is_vacant=True)
        left[before.id] = given[before.id] = replace(before, lines=_with(before.lines, index, is_vacant))
    return track, given


def _can_go_on(wire: Tripwire, line: LineState, position: Point) -> bool:
    if wire.rule == "crossing-1" or line.is_vacant or distance(line.last, position) > wire.relay:
        return False
    return tripwire.is_at(wire, line.last) or tripwire.is_at(wire, position)


def _with(lines: tuple[LineState, ...], index: int, line: LineState) -> tuple[LineState, ...]:
    return (*lines[:index], line, *lines[index + 1 :])


def tell(source: Source, rules: FigureRules | None, track: Track) -> tuple[Track, list[EventDraft[UplinkPayload]]]:
    """Tell of the passages of a track that is old enough to count; they wait for it."""
    if not track.is_open or not track.passages:
        return track, []
    return replace(track, passages=()), _crossings(source, rules, track, track.id)


def leave(
    source: Source, rules: FigureRules | None, wires: Sequence[Tripwire], track: Track
) -> list[EventDraft[UplinkPayload]]:
    """Return the crossings to tell of a track that is lost for good.

    If it never counted itself, those of the track count whose place it took; else none.
    """
    name = track.id if track.is_open else track.stand_in
    if name is None:
        return []
    left = [
        (wire, passage)
        for wire, line in zip(wires, track.lines, strict=True)
        if (passage := tripwire.leave(wire, line, track.seen_ms)) is not None
    ]
    return _crossings(source, rules, replace(track, passages=(*track.passages, *left)), name)


def _crossings(source: Source, rules: FigureRules | None, track: Track, name: str) -> list[EventDraft[UplinkPayload]]:
    if figures.is_ignored(rules, track.bodies):
        return []
    return [
        draft_event(
            source,
            FootfallCrossing(
                tripwire_id=wire.id,
                tripwire_kind=wire.kind,
                direction=passage.direction,
                track_id=name,
                confidence=track.confidence,
                figure=figures.told(rules, track.bodies),
                rule_version=figures.rule_version(rules, wire.rule),
            ),
            passage.time_ms,
            name,
            wire.id,
        )
        for wire, passage in track.passages
    ]
