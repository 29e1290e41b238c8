"""The rule `crossing-1` as it was first written, for lines of two points: what later code must still count.

Never change it.

A track has passed a tripwire when its foot point has left the hysteresis band around the line on
the other side, having gone through between the line's ends. Standing on the line, or flickering
about it, is no passage. A passage is told when it has lasted `settle_s`: whoever turns round
before that has not passed.
"""

from typing import Literal

import msgspec
from msgspec.structs import replace

from contracts.fields import TripwireKind
from edge.core.geometry import Point, is_between_ends, signed_distance

Direction = Literal["in", "out"]


class Tripwire(msgspec.Struct, frozen=True, kw_only=True):
    """A directed counting line.

    Attributes:
        id: Its name.
        kind: What it tells: who enters, who passes by outside, or who goes from part to part.
        start: First point, in the camera's plane (frame pixels, or metres on the floor).
        end: Second point. Going from left to right of `start` -> `end` is "in", where y points down.
        band: Half the width of the hysteresis band, in the plane's unit.
        settle_s: Who turns round sooner has not passed.
    """

    id: str
    kind: TripwireKind
    start: Point
    end: Point
    band: float
    settle_s: float


class Passage(msgspec.Struct, frozen=True):
    """A passage and when it happened."""

    direction: Direction
    time_ms: int


class LineState(msgspec.Struct, frozen=True):
    """Where one track stands towards one tripwire.

    Attributes:
        side: 1 right of the line, -1 left, 0 while it was seen in the band only.
        last: Where it was last seen.
        net_flips: Changes of side between the line's ends since it last was outside the band:
            to the right +1, to the left -1.
        flipped_ms: When it last changed sides.
        pending: A passage that may still be taken back.
    """

    side: int
    last: Point
    net_flips: int = 0
    flipped_ms: int = 0
    pending: Passage | None = None


def approach(tripwire: Tripwire, point: Point) -> LineState:
    """Return the state of a track first seen at a point."""
    return LineState(_side_outside(tripwire, signed_distance(tripwire.start, tripwire.end, point)), point)


def move(tripwire: Tripwire, state: LineState, point: Point, now_ms: int) -> tuple[LineState, Passage | None]:
    """Take one more sighting of a track into account.

    Args:
        tripwire: The line.
        state: Where the track stood.
        point: Where it is now, in the plane's unit.
        now_ms: When.

    Returns:
        Where it stands now, and a passage that has settled.
    """
    state = _note_flip(tripwire, state, point, now_ms)
    side = _side_outside(tripwire, signed_distance(tripwire.start, tripwire.end, point))
    settled = None
    if state.pending is not None and now_ms - state.pending.time_ms >= tripwire.settle_s * 1000:
        settled, state = state.pending, replace(state, pending=None)
    if side == 0:
        return state, settled
    if state.side == -side and state.net_flips * side > 0:
        passage = Passage("in" if side > 0 else "out", state.flipped_ms)
        if state.pending is None:
            state = replace(state, pending=passage)
        elif state.pending.direction == passage.direction:  # round the line's end and through once more
            settled, state = state.pending, replace(state, pending=passage)
        else:
            state = replace(state, pending=None)
    return replace(state, side=side, net_flips=0), settled


def leave(state: LineState) -> Passage | None:
    """Return the passage that a track still had pending when it was last seen."""
    return state.pending


def _note_flip(tripwire: Tripwire, state: LineState, point: Point, now_ms: int) -> LineState:
    before = signed_distance(tripwire.start, tripwire.end, state.last)
    after = signed_distance(tripwire.start, tripwire.end, point)
    if (before > 0) == (after > 0):
        return replace(state, last=point)
    share = before / (before - after)
    meeting = (
        state.last[0] + share * (point[0] - state.last[0]),
        state.last[1] + share * (point[1] - state.last[1]),
    )
    flip = (1 if after > 0 else -1) if is_between_ends(tripwire.start, tripwire.end, meeting) else 0
    return replace(state, last=point, net_flips=state.net_flips + flip, flipped_ms=now_ms)


def _side_outside(tripwire: Tripwire, signed: float) -> int:
    if abs(signed) <= tripwire.band:
        return 0
    return 1 if signed > 0 else -1
