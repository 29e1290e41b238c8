"""Stays of tracks in zones. Pure: no clock, randomness or I/O."""

from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from contracts.fields import ZoneKind
from contracts.payloads import Stay
from edge.core.geometry import Point, PolygonSides, distance_outside, is_inside


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A polygon with a meaning.

    Attributes:
        id: Its name.
        kind: What happens there.
        polygon: Corners, in the camera's plane (frame pixels, or metres on the floor).
        band: A stay ends only when the foot point is farther outside than this, in the plane's unit.
        min_stay_s: Shorter stays are not told.
    """

    id: str
    kind: ZoneKind
    polygon: tuple[Point, ...]
    band: float
    min_stay_s: float


class StayState(msgspec.Struct, frozen=True):
    """One track in one zone: since when, None while it is outside; and the stays that ended."""

    entered_ms: int | None = None
    ended: tuple[Stay, ...] = ()


def visit(zone: Zone, state: StayState, point: Point, now_ms: int) -> StayState:
    """Return the state after a track was seen at a point."""
    (after,) = visit_all([zone], [state], [is_inside(zone.polygon, point)], point, now_ms)
    return after


@lru_cache(maxsize=64)
def _sides(layout: tuple[Zone, ...]) -> PolygonSides:
    return PolygonSides([zone.polygon for zone in layout])


def inside(layout: tuple[Zone, ...], points: Sequence[Point]) -> list[list[bool]]:
    """Return for each point whether it lies in each zone."""
    return _sides(layout).inside(points)


def visit_all(
    layout: Sequence[Zone], states: Sequence[StayState], inside: Sequence[bool], point: Point, now_ms: int
) -> tuple[StayState, ...]:
    """Return the states towards every zone after a track was seen at a point.

    Args:
        layout: The zones.
        states: Where the track stood towards each.
        inside: Whether the point lies in each.
        point: Where it is seen, in the plane's unit.
        now_ms: When.
    """
    return tuple(
        [
            state if is_in == (state.entered_ms is not None) else _cross(zone, state, point, now_ms)
            for zone, state, is_in in zip(layout, states, inside, strict=True)
        ]
    )


def _cross(zone: Zone, state: StayState, point: Point, now_ms: int) -> StayState:
    """Return the state of a track that is seen on the other side of the zone's edge."""
    if state.entered_ms is None:
        return replace(state, entered_ms=now_ms)
    if distance_outside(zone.polygon, point) <= zone.band:
        return state
    return end(zone, state, now_ms)


def end(zone: Zone, state: StayState, now_ms: int) -> StayState:
    """Return the state after a track has left the zone, or was seen for the last time."""
    if state.entered_ms is None:
        return state
    if not counts(zone, state, now_ms):
        return replace(state, entered_ms=None)
    stay = Stay(zone_id=zone.id, zone_kind=zone.kind, entered_ms=state.entered_ms, left_ms=now_ms)
    return StayState(None, (*state.ended, stay))


def counts(zone: Zone, state: StayState, now_ms: int) -> bool:
    """Tell whether a track is in the zone and has been for `min_stay_s`."""
    return state.entered_ms is not None and now_ms - state.entered_ms >= zone.min_stay_s * 1000


def stays(zone: Zone, state: StayState, now_ms: int) -> tuple[Stay, ...]:
    """Return the stays in a zone so far, one that goes on last."""
    if state.entered_ms is None or not counts(zone, state, now_ms):
        return state.ended
    going_on = Stay(zone_id=zone.id, zone_kind=zone.kind, entered_ms=state.entered_ms)
    return (*state.ended, going_on)
