"""Crossings of directed lines, once per passage. Pure: no clock, randomness or I/O.

A track has passed a tripwire when its foot point has left the hysteresis band around the line on
the other side, having gone through between the line's ends. Standing on the line, or flickering
about it, is no passage. A passage is told when it has lasted `settle_s`: whoever turns round
before that has not passed.

A track that is born on the line or lost at once says little: with the rule `crossing-2` a passage also
needs some time of the track before the line and after it, and a track that begins at the line where
another was just lost goes on as that one (`edge.core.crossings`).
"""

from typing import Literal

import msgspec
from msgspec.structs import replace

from contracts.fields import TripwireKind
from edge.core import polyline
from edge.core.geometry import Point, distance

_SAMPLES = 50

Direction = Literal["in", "out"]
CrossingRule = Literal["crossing-1", "crossing-2"]


class Tripwire(msgspec.Struct, frozen=True, kw_only=True):
    """A directed counting line.

    Attributes:
        id: Its name.
        kind: What it tells: who enters, who passes by outside, or who goes from part to part.
        points: Two or more, in the camera's plane (frame pixels, or metres on the floor). Going from the left to the
            right of the line as it runs from the first to the last is "in", where y points down.
        band: Half the width of the hysteresis band, in the plane's unit.
        settle_s: Who turns round sooner has not passed.
        rule: Names the rule that decides what a crossing is. A rule that counts otherwise gets another name.
            `crossing-1` knows neither of the following.
        least_before_s: Who was seen for less time before the line has not passed it.
        least_after_s: Nor who was seen for less time after it.
        relay: A track that begins no farther than this from where another was lost at the line goes on as that one,
            in the plane's unit.
    """

    id: str
    kind: TripwireKind
    points: tuple[Point, ...]
    band: float
    settle_s: float
    rule: CrossingRule = "crossing-2"
    least_before_s: float = 0.0
    least_after_s: float = 0.0
    relay: float = 0.0


class Passage(msgspec.Struct, frozen=True):
    """A passage and when it happened."""

    direction: Direction
    time_ms: int


class LineState(msgspec.Struct, frozen=True):
    """Where one track stands towards one tripwire.

    Attributes:
        side: 1 right of the line, -1 left, 0 while it was seen in the band only.
        last: Where it was last seen.
        since_ms: When it was first seen, or the track whose place it took.
        net_flips: Changes of side between the line's ends since it last was outside the band:
            to the right +1, to the left -1.
        flipped_ms: When it last changed sides.
        pending: A passage that may still be taken back.
        is_vacant: Another track took this place; seen again, this one begins anew.
    """

    side: int
    last: Point
    since_ms: int
    net_flips: int = 0
    flipped_ms: int = 0
    pending: Passage | None = None
    is_vacant: bool = False


def approach(tripwire: Tripwire, point: Point, now_ms: int) -> LineState:
    """Return the state of a track first seen at a point."""
    return LineState(_side_outside(tripwire, polyline.signed_distance_to(tripwire.points, point)), point, now_ms)


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
    side = _side_outside(tripwire, polyline.signed_distance_to(tripwire.points, point))
    settled = None
    if state.pending is not None and now_ms - state.pending.time_ms >= _settle_s(tripwire) * 1000:
        settled, state = state.pending, replace(state, pending=None)
    if side == 0:
        return state, settled
    if _has_passed(tripwire, state, side):
        passage = Passage("in" if side > 0 else "out", state.flipped_ms)
        if state.pending is None:
            state = replace(state, pending=passage)
        elif state.pending.direction == passage.direction:  # round the line's end and through once more
            settled, state = state.pending, replace(state, pending=passage)
        else:
            state = replace(state, pending=None)
    return replace(state, side=side, net_flips=0), settled


def leave(tripwire: Tripwire, state: LineState, seen_ms: int) -> Passage | None:
    """Return the passage that a track still had pending when it was last seen."""
    if state.pending is None or tripwire.rule == "crossing-1":
        return state.pending
    return state.pending if seen_ms - state.pending.time_ms >= tripwire.least_after_s * 1000 else None


def is_at(tripwire: Tripwire, point: Point) -> bool:
    """Tell whether a point lies so near a tripwire that a track lost there may have been about to pass."""
    return polyline.distance_to(tripwire.points, point) <= max(tripwire.band, tripwire.relay)


def _note_flip(tripwire: Tripwire, state: LineState, point: Point, now_ms: int) -> LineState:
    before = polyline.signed_distance_to(tripwire.points, state.last)
    after = polyline.signed_distance_to(tripwire.points, point)
    flips = polyline.passes(tripwire.points, state.last, point)
    if flips == 0 and (before > 0) == (after > 0):
        return replace(state, last=point, is_vacant=False)
    return replace(state, last=point, net_flips=state.net_flips + flips, flipped_ms=now_ms, is_vacant=False)


def _has_passed(tripwire: Tripwire, state: LineState, side: int) -> bool:
    if state.side != -side or state.net_flips * side <= 0:
        return False
    return tripwire.rule == "crossing-1" or state.flipped_ms - state.since_ms >= tripwire.least_before_s * 1000


def _settle_s(tripwire: Tripwire) -> float:
    return tripwire.settle_s if tripwire.rule == "crossing-1" else max(tripwire.settle_s, tripwire.least_after_s)


def _side_outside(tripwire: Tripwire, signed: float) -> int:
    if abs(signed) <= tripwire.band:
        return 0
    return 1 if signed > 0 else -1


def usable_share(tripwire: Tripwire, frame_wh_px: tuple[int, int]) -> float:
    """Return how much of a tripwire can ever fire, 0 to 1.

    At a place where the band reaches beyond the frame, no foot point can leave it on that side.
    """
    pieces = polyline.arms(tripwire.points)
    lengths = [distance(start, end) for start, end in pieces]
    shares = [_usable_share(start, end, tripwire.band, frame_wh_px) for start, end in pieces]
    return sum(length * share for length, share in zip(lengths, shares, strict=True)) / sum(lengths)


def _usable_share(start: Point, end: Point, band: float, frame_wh_px: tuple[int, int]) -> float:
    width_px, height_px = frame_wh_px
    (x1, y1), (x2, y2) = start, end
    length = distance(start, end)
    normal_x, normal_y = (y1 - y2) / length * band, (x2 - x1) / length * band
    usable = 0
    for sample in range(_SAMPLES):
        share = (sample + 0.5) / _SAMPLES
        x, y = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
        usable += all(0 < x + sign * normal_x < width_px and 0 < y + sign * normal_y < height_px for sign in (-1, 1))
    return usable / _SAMPLES
