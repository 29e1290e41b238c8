"""Whether people reach a tripwire where it is drawn, from tracks that were watched for a while. Pure.

A line that can fire may still count nothing: people walk past it, or are lost before it. What is told is text and
numbers, never a picture.
"""

from statistics import median

from msgspec import Struct

from edge.core import polyline, tripwire
from edge.core.geometry import Point, distance
from edge.core.tripwire import LineState, Tripwire

_NEAR_BANDS = 10.0
_BEYOND_BANDS = 3.0
_MANY = 3
"""Fewer tracks say nothing."""


class LineReport(Struct, frozen=True, kw_only=True):
    """What tracks did at one tripwire.

    Attributes:
        tripwire_id: Its name.
        tracks: How many tracks there were at all.
        near: How many came within ten bands of the line.
        crossed: How many passed it, either way.
        went_in: Passages in.
        went_out: Passages out.
        left_only: Tracks near it that were on its left side only.
        right_only: Tracks near it that were on its right side only.
        round_ends: Tracks that changed sides beyond its ends.
        unproven: Tracks that passed it, and were seen too shortly before or behind it to count.
        remedy: What to do about it, None where the line does well.
    """

    tripwire_id: str
    tracks: int
    near: int
    crossed: int
    went_in: int
    went_out: int
    left_only: int
    right_only: int
    round_ends: int
    unproven: int
    remedy: str | None


class _Walk(Struct):
    """One track at one line."""

    state: LineState
    bare: LineState
    nearest: float
    seen_ms: int
    last: Point
    sum_x: float
    sum_y: float
    sightings: int
    sides: set[bool]
    passages: list[str]
    bare_passages: int = 0
    rounds: int = 0


class PlacementWatch:
    """Watches tracks at one tripwire.

    Args:
        wire: The line.
    """

    def __init__(self, wire: Tripwire) -> None:
        self._wire = wire
        self._bare = Tripwire(
            id=wire.id, kind=wire.kind, points=wire.points, band=wire.band, settle_s=wire.settle_s, rule="crossing-1"
        )
        self._walks: dict[str, _Walk] = {}

    def see(self, track_id: str, point: Point, now_ms: int) -> None:
        """Take a sighting in; a track's sightings come in order of time."""
        signed = polyline.signed_distance_to(self._wire.points, point)
        away = polyline.distance_to(self._wire.points, point)
        walk = self._walks.get(track_id)
        if walk is None:
            state = tripwire.approach(self._wire, point, now_ms)
            bare = tripwire.approach(self._bare, point, now_ms)
            self._walks[track_id] = _Walk(state, bare, away, now_ms, point, *point, 1, {signed > 0}, [])
            return
        if (polyline.signed_distance_to(self._wire.points, walk.last) > 0) != (signed > 0):
            walk.rounds += polyline.passes(self._wire.points, walk.last, point) == 0
        walk.state, passed = tripwire.move(self._wire, walk.state, point, now_ms)
        walk.bare, bare_passed = tripwire.move(self._bare, walk.bare, point, now_ms)
        walk.passages += [passed.direction] if passed else []
        walk.bare_passages += bare_passed is not None
        walk.nearest, walk.seen_ms = min(walk.nearest, away), now_ms
        walk.sides.add(signed > 0)
        walk.last, walk.sightings = point, walk.sightings + 1
        walk.sum_x, walk.sum_y = walk.sum_x + point[0], walk.sum_y + point[1]

    def report(self) -> LineReport:
        """Return what tracks did so far, each taken for ended."""
        walks = list(self._walks.values())
        passages = [[*walk.passages, *self._pending(walk)] for walk in walks]
        bare = [
            walk.bare_passages + (tripwire.leave(self._bare, walk.bare, walk.seen_ms) is not None) for walk in walks
        ]
        near = [walk for walk in walks if walk.nearest <= _NEAR_BANDS * self._wire.band]
        left = [walk for walk in near if walk.sides == {False}]
        right = [walk for walk in near if walk.sides == {True}]
        crossed = sum(bool(each) for each in passages)
        unproven = sum(bool(count) and not each for count, each in zip(bare, passages, strict=True))
        rounds = sum(walk.rounds > 0 and not each for walk, each in zip(walks, passages, strict=True))
        return LineReport(
            tripwire_id=self._wire.id,
            tracks=len(walks),
            near=len(near),
            crossed=crossed,
            went_in=sum(each.count("in") for each in passages),
            went_out=sum(each.count("out") for each in passages),
            left_only=len(left),
            right_only=len(right),
            round_ends=rounds,
            unproven=unproven,
            remedy=self._remedy(walks, left, right, (crossed, unproven, rounds)),
        )

    def _pending(self, walk: _Walk) -> list[str]:
        passage = tripwire.leave(self._wire, walk.state, walk.seen_ms)
        return [] if passage is None else [passage.direction]

    def _remedy(
        self, walks: list[_Walk], left: list[_Walk], right: list[_Walk], counts: tuple[int, int, int]
    ) -> str | None:
        crossed, unproven, rounds = counts
        if len(walks) < _MANY:
            return f"only {len(walks)} people were seen; watch for longer, at an hour when people come"
        if not any((left, right, crossed, unproven, rounds)):
            x = median(walk.sum_x / walk.sightings for walk in walks)
            y = median(walk.sum_y / walk.sightings for walk in walks)
            middle = round(x, 2), round(y, 2)
            return f"nobody comes near it; people walk about {middle}: draw it across their way there"
        if unproven > crossed:
            return (
                f"people are seen too shortly on one side of it; move it away from the picture's edge and from where "
                f"they are hidden, or make least_before_s ({self._wire.least_before_s:g}) and least_after_s "
                f"({self._wire.least_after_s:g}) smaller"
            )
        if rounds > crossed:
            return f"people go round its ends {self._wire.points[0]} and {self._wire.points[-1]}; make it longer there"
        most = max(left, right, key=len)
        if len(most) > crossed and len(most) >= _MANY:
            return self._shift(most, towards_right=most is right)
        return None

    def _shift(self, walks: list[_Walk], *, towards_right: bool) -> str:
        """Return where to draw the line so that half of those who stay on one side pass it."""
        away = median(walk.nearest for walk in walks) + _BEYOND_BANDS * self._wire.band
        (x1, y1), (x2, y2) = self._wire.points[0], self._wire.points[-1]
        chord = distance((x1, y1), (x2, y2)) or 1.0
        sign = 1 if towards_right else -1
        dx, dy = sign * away * (y1 - y2) / chord, sign * away * (x2 - x1) / chord
        moved = [(round(x + dx, 2), round(y + dy, 2)) for x, y in self._wire.points]
        side = "right" if towards_right else "left"
        return (
            f"{len(walks)} people come near and stay on its {side}; move it about {away:.3g} to there, such as {moved}"
        )
