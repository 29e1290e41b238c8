"""How long people stood in each square of the floor, per interval. Pure: no clock, randomness or I/O.

Between two sightings of a track the person stood where the first one was. So the seconds of all squares together are
the time from the first sighting to the last of everyone who counts, less what nobody observed.
"""

from collections.abc import Container, Mapping
from math import floor
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from contracts.payloads import Coverage, FloorHeat, HeatCell
from edge.core.coverage import Observed
from edge.core.geometry import Point

MAX_SQUARES = 2048
"""An interval with more squares is told in squares of twice the size, as often as it takes: no second is lost."""

Square: TypeAlias = tuple[int, int]


class Sighting(msgspec.Struct, frozen=True):
    """Where a track is seen.

    Attributes:
        floor_m: On the floor; None where that is not known.
        is_open: It is old enough to count. The time before waits for that.
    """

    floor_m: Point | None
    is_open: bool


class Frame(msgspec.Struct, frozen=True):
    """One frame.

    Attributes:
        seen: The tracks in it.
        live: The tracks of frames before that go on, those out of sight for a moment too.
        observed: How much of the time since the frame before was observed.
    """

    seen: Mapping[str, Sighting]
    live: frozenset[str]
    observed: Observed


class _Standing(msgspec.Struct, frozen=True):
    """Where a track stands since when, and when it was last seen there, by the time observed so far."""

    square: Square
    since_ms: int
    seen_ms: int
    is_open: bool


class HeatState(msgspec.Struct, frozen=True):
    """The current interval's squares.

    Attributes:
        observed_ms: Time observed since the beginning, by which everything here is measured.
        standing: Where each live track stands; time in a square is added when it leaves it.
        squares: Milliseconds in each square so far.
        doublings: How often the squares' size was doubled in this interval.
    """

    observed_ms: int = 0
    standing: Mapping[str, _Standing] = msgspec.field(default_factory=dict)
    squares: Mapping[Square, int] = msgspec.field(default_factory=dict)
    doublings: int = 0


def step(cell_m: float, state: HeatState, frame: Frame) -> tuple[HeatState, HeatState | None]:
    """Take one frame into account.

    Args:
        cell_m: Side of a square, metres.
        state: After the frame before.
        frame: Who is where.

    Returns:
        The state after this frame, and that at the end of the interval which ended before it, None where none did.
        Who was out of sight when it ended and comes back adds that time to the next one.
    """
    ended, seen, observed = None, frame.seen, frame.observed
    if observed.ends_interval:
        boundary_ms = state.observed_ms + observed.before_end_ms
        still = {name for name, each in seen.items() if each.floor_m is not None and name in frame.live}
        ended = _settle(state, still, boundary_ms)
        state = replace(ended, squares={}, doublings=0)
    now_ms = state.observed_ms + observed.before_end_ms + observed.after_end_ms
    squares, standing = _Squares(state), dict(state.standing)
    for name in state.standing:
        if name not in frame.live:
            squares.add(standing.pop(name))
    for name, sighting in seen.items():
        before = standing.pop(name, None)
        if sighting.floor_m is None:
            squares.add(before)
        else:
            here = _Standing(_square(sighting.floor_m, cell_m), now_ms, now_ms, sighting.is_open)
            standing[name] = _stand(squares, before, here)
    return HeatState(now_ms, standing, squares.found, squares.doublings), ended


def withdraw(state: HeatState, blind_ms: int) -> HeatState:
    """Return the state where the last part of the time that was taken for observed was not, as far as people stood."""
    until_ms = state.observed_ms - max(0, blind_ms)
    standing = {
        name: replace(each, seen_ms=max(each.since_ms, min(each.seen_ms, until_ms)))
        for name, each in state.standing.items()
    }
    return replace(state, standing=standing)


def finish(state: HeatState) -> HeatState:
    """Return the state after the last frame: everyone's time until the last sighting is added."""
    return _settle(state, set(), state.observed_ms)


def tell(cell_m: float, state: HeatState, interval: Coverage) -> FloorHeat | None:
    """Return what to tell of an interval that has ended, None where nobody stood anywhere."""
    cells = tuple(
        HeatCell(column, row, milliseconds / 1000)
        for (column, row), milliseconds in sorted(state.squares.items())
        if milliseconds > 0
    )
    if not cells:
        return None
    return FloorHeat(
        interval_start_ms=interval.interval_start_ms,
        interval_end_ms=interval.interval_end_ms,
        cell_m=cell_m * (1 << state.doublings),
        cells=cells,
    )


class _Squares:
    """Adds time to squares of a state; the state itself stays as it is."""

    def __init__(self, state: HeatState) -> None:
        self.found, self.doublings = dict(state.squares), state.doublings

    def add(self, standing: _Standing | None, until_ms: int | None = None) -> None:
        """Add the time of someone who counts until then, without it until the last sighting."""
        if standing is None or not standing.is_open:
            return
        stood_ms = (standing.seen_ms if until_ms is None else until_ms) - standing.since_ms
        self._add(standing.square[0] >> self.doublings, standing.square[1] >> self.doublings, stood_ms)
        while len(self.found) > MAX_SQUARES:
            self.doublings += 1
            finer, self.found = self.found, {}
            for (column, row), milliseconds in finer.items():
                self._add(column >> 1, row >> 1, milliseconds)

    def _add(self, column: int, row: int, milliseconds: int) -> None:
        self.found[column, row] = self.found.get((column, row), 0) + milliseconds


def _stand(squares: _Squares, before: _Standing | None, here: _Standing) -> _Standing:
    """Return where a track stands after a sighting here; the time in a square that it left is added."""
    if before is None:
        return here
    before = replace(before, seen_ms=here.seen_ms, is_open=here.is_open or before.is_open)
    if here.square == before.square or not before.is_open:
        return before
    squares.add(before)
    return replace(here, is_open=True)


def _settle(state: HeatState, seen: Container[str], boundary_ms: int) -> HeatState:
    """Return the state with everyone's time added: until the boundary if seen after it, else until last seen."""
    squares, standing = _Squares(state), dict(state.standing)
    for name, each in state.standing.items():
        if each.is_open:
            until_ms = boundary_ms if name in seen else each.seen_ms
            squares.add(each, until_ms)
            standing[name] = replace(each, since_ms=until_ms)
    return replace(state, standing=standing, squares=squares.found, doublings=squares.doublings)


def _square(floor_m: Point, cell_m: float) -> Square:
    return floor(floor_m[0] / cell_m), floor(floor_m[1] / cell_m)
