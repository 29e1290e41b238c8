"""Tripwires and zones that change while people are in sight. Pure.

What did not change keeps its state, with every track. A new line or zone, and one that was moved or
otherwise changed, begins afresh: whoever stands beyond a new line did not cross it, and whoever stands in
a new zone enters it at the next sighting. What is gone ends: its stays end at the last sighting and stay
with their visit, a passage of it that only waited to settle counts, and who waited in a queue of which a
zone was changed is lost from it.
"""

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from contracts.payloads import Stay
from edge.core import tripwire, waits, zones
from edge.core.pipeline import Draft, PipelineRules, PipelineState
from edge.core.queues import Queue
from edge.core.segments import Track
from edge.core.tripwire import LineState
from edge.core.zones import StayState, Zone

T = TypeVar("T")


def change_rules(
    old: PipelineRules, state: PipelineState, new: PipelineRules, now_ms: int
) -> tuple[PipelineRules, PipelineState, list[Draft]]:
    """Return the rules in force from now on, the state under them, and what there is to tell of what is gone.

    Args:
        old: The rules in force so far.
        state: After the last frame.
        new: Their tripwires, zones and queues come into force; nothing else of them does.
        now_ms: The last frame's time: a stay in a zone that is gone ends no later.
    """
    if (old.tripwires, old.zones, old.queues) == (new.tripwires, new.zones, new.queues):
        return old, state, []
    known = [*state.tracks.values(), *state.lost_in_line.values()]
    drafts = [draft for track in known for draft in _left_queues(old, track, new)]
    tracks, lost = (
        {name: _changed(old, track, new, now_ms) for name, track in which.items()}
        for which in (state.tracks, state.lost_in_line)
    )
    rules = replace(old, tripwires=new.tripwires, zones=new.zones, queues=new.queues)
    return rules, replace(state, tracks=tracks, lost_in_line=lost), drafts


def _changed(old: PipelineRules, track: Track, new: PipelineRules, now_ms: int) -> Track:
    ended_ms = min(track.seen_ms, now_ms)
    kept = _places(old.tripwires, new.tripwires)
    pending = [
        (wire, passage)
        for place, (wire, line) in enumerate(zip(old.tripwires, track.lines, strict=True))
        if place not in kept and (passage := tripwire.leave(wire, line, track.seen_ms)) is not None
    ]
    lines = tuple(
        track.lines[place] if place is not None else _fresh(wire, track)
        for wire, place in zip(new.tripwires, kept, strict=True)
    )
    stayed = _places(old.zones, new.zones)
    gone = [
        stay
        for place, (zone, stays) in enumerate(zip(old.zones, track.zones, strict=True))
        if place not in stayed
        for stay in _end(zone, stays, ended_ms)
    ]
    queued = _places(_meanings(old), _meanings(new))
    return replace(
        track,
        lines=lines,
        queues=tuple(None if place is None else track.queues[place] for place in queued),
        zones=tuple(StayState() if place is None else track.zones[place] for place in stayed),
        passages=(*track.passages, *pending),
        former_stays=(*track.former_stays, *gone),
    )


def _left_queues(old: PipelineRules, track: Track, new: PipelineRules) -> list[Draft]:
    """Return the waits in queues that are gone."""
    kept = _places(_meanings(old), _meanings(new))
    gone = [place for place in range(len(old.queues)) if place not in kept]
    there = replace(track, queues=tuple(track.queues[place] for place in gone))
    return waits.lose(old.source, [old.queues[place] for place in gone], old.zones, there)


def _meanings(rules: PipelineRules) -> list[tuple[Zone | Queue, ...]]:
    """Return what tells each queue from others wherever its zones stand in the list: its rules and its zones."""
    return [
        (replace(queue, zone=0, tills=()), rules.zones[queue.zone], *(rules.zones[till] for till in queue.tills))
        for queue in rules.queues
    ]


def _places(old: Sequence[T], new: Sequence[T]) -> list[int | None]:
    """Return where each of the new ones stood among the old ones, None where it is new."""
    return [old.index(each) if each in old else None for each in new]


def _fresh(wire: tripwire.Tripwire, track: Track) -> LineState:
    return tripwire.approach(wire, track.position, track.seen_ms)


def _end(zone: Zone, stays: StayState, now_ms: int) -> tuple[Stay, ...]:
    return zones.end(zone, stays, now_ms).ended
