"""Tripwires and zones that change while people are in sight. Pure.

What did not change keeps its state, with every track. A new line or zone, and one that was moved or
otherwise changed, begins afresh: whoever stands beyond a new line did not cross it, and whoever stands in
a new zone enters it at the next sighting. What is gone ends: its stays end at the last sighting and stay
with their visit, a passage of it that only waited to settle counts.
"""

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from contracts.payloads import Stay
from edge.core import tripwire, zones
from edge.core.pipeline import PipelineRules, PipelineState
from edge.core.segments import Track
from edge.core.tripwire import LineState
from edge.core.zones import StayState, Zone

T = TypeVar("T")


def change_rules(
    old: PipelineRules, state: PipelineState, new: PipelineRules, now_ms: int
) -> tuple[PipelineRules, PipelineState]:
    """Return the rules in force from now on, and the state under them.

    Args:
        old: The rules in force so far.
        state: After the last frame.
        new: Their tripwires and zones come into force; nothing else of them does.
        now_ms: The last frame's time: a stay in a zone that is gone ends no later.
    """
    if old.tripwires == new.tripwires and old.zones == new.zones:
        return old, state
    tracks = {name: _changed(old, track, new, now_ms) for name, track in state.tracks.items()}
    return replace(old, tripwires=new.tripwires, zones=new.zones), replace(state, tracks=tracks)


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
    return replace(
        track,
        lines=lines,
        zones=tuple(StayState() if place is None else track.zones[place] for place in stayed),
        passages=(*track.passages, *pending),
        former_stays=(*track.former_stays, *gone),
    )


def _places(old: Sequence[T], new: Sequence[T]) -> list[int | None]:
    """Return where each of the new ones stood among the old ones, None where it is new."""
    return [old.index(each) if each in old else None for each in new]


def _fresh(wire: tripwire.Tripwire, track: Track) -> LineState:
    return tripwire.approach(wire, track.position, track.seen_ms)


def _end(zone: Zone, stays: StayState, now_ms: int) -> tuple[Stay, ...]:
    return zones.end(zone, stays, now_ms).ended
