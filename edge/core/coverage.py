"""How much of the time was really observed. Pure: no clock, randomness or I/O.

Missing is not zero: whoever reads a count must know how long somebody looked.
"""

from typing import TypedDict

import msgspec
from msgspec.structs import replace

from contracts.payloads import Coverage


class Intervals(TypedDict):
    """The length of an interval, and the time between frames beyond which it was not observed."""

    interval_ms: int
    gap_ms: int


class CoverageState(msgspec.Struct, frozen=True):
    """What was observed of the current interval.

    Attributes:
        start_ms: When the interval began, None before the first frame.
        end_ms: When it ends.
        observed_ms: Time between frames that were close enough together.
        frames_processed: Frames in it.
        frames_dropped: Frames lost in it.
        waits: Nothing is told before the next whole interval.
    """

    start_ms: int | None = None
    end_ms: int = 0
    observed_ms: int = 0
    frames_processed: int = 0
    frames_dropped: int = 0
    waits: bool = False


class Observed(msgspec.Struct, frozen=True):
    """How much of the time since the frame before was observed.

    Attributes:
        before_end_ms: Before the end of the interval of the frame before.
        after_end_ms: After it; all of it where the interval goes on.
        ends_interval: The interval has ended.
    """

    before_end_ms: int
    after_end_ms: int
    ends_interval: bool


def observed(state: CoverageState, before_ms: int | None, now_ms: int, *, interval_ms: int, gap_ms: int) -> Observed:
    """Return how much of the time between two frames was observed, and in which interval; arguments as in `watch`."""
    if before_ms is None or state.start_ms is None:
        return Observed(0, 0, ends_interval=False)
    gap_seen_ms = now_ms - before_ms if now_ms - before_ms <= gap_ms else 0
    if now_ms < state.end_ms:
        return Observed(0, gap_seen_ms, ends_interval=False)
    in_old_ms = min(gap_seen_ms, max(0, state.end_ms - before_ms))
    return Observed(in_old_ms, min(gap_seen_ms - in_old_ms, now_ms % interval_ms), ends_interval=True)


def drop(state: CoverageState, frames: int) -> CoverageState:
    """Return the state after frames were lost."""
    return replace(state, frames_dropped=state.frames_dropped + frames)


def withdraw(state: CoverageState, since_ms: int, until_ms: int) -> CoverageState:
    """Return the state where a time that was taken for observed was not: its part in the current interval.

    Args:
        state: What was taken for observed.
        since_ms: From when on nothing was seen.
        until_ms: The last frame that was taken for observed.
    """
    blind_ms = until_ms - max(since_ms, state.start_ms or 0)
    return replace(state, observed_ms=max(0, state.observed_ms - max(0, blind_ms)))


def watch(
    state: CoverageState, before_ms: int | None, now_ms: int, *, interval_ms: int, gap_ms: int, frames: int = 1
) -> tuple[CoverageState, Coverage | None]:
    """Take a frame into account.

    Intervals begin at multiples of their length, the first one with the first frame.

    Args:
        state: After the frame before.
        before_ms: Time of the frame before, None if there was none.
        now_ms: Time of this frame.
        interval_ms: Length of an interval.
        gap_ms: A longer time between two frames was not observed. Below 0 none is.
        frames: 1, or 0 where time passes without a frame.

    Returns:
        The state after this frame, and the interval that ended before it.
    """
    if before_ms is None or state.start_ms is None:
        begun = _begin(now_ms, now_ms, interval_ms)
        return replace(begun, frames_processed=frames, frames_dropped=state.frames_dropped, waits=state.waits), None
    seen = observed(state, before_ms, now_ms, interval_ms=interval_ms, gap_ms=gap_ms)
    if not seen.ends_interval:
        return _add(state, seen.after_end_ms, frames), None
    ended = tell(replace(state, observed_ms=state.observed_ms + seen.before_end_ms), state.end_ms)
    fresh = _begin(now_ms - now_ms % interval_ms, now_ms, interval_ms)
    return _add(fresh, seen.after_end_ms, frames), ended


def tell(state: CoverageState, end_ms: int) -> Coverage | None:
    """Return what to tell of the current interval if it ends now; None where there is nothing to tell."""
    if state.start_ms is None or state.waits or end_ms <= state.start_ms:
        return None
    return Coverage(
        interval_start_ms=state.start_ms,
        interval_end_ms=end_ms,
        observed_s=state.observed_ms / 1000,
        frames_processed=state.frames_processed,
        frames_dropped=state.frames_dropped,
    )


def _begin(start_ms: int, now_ms: int, interval_ms: int) -> CoverageState:
    return CoverageState(start_ms, now_ms - now_ms % interval_ms + interval_ms)


def _add(state: CoverageState, seen_ms: int, frames: int) -> CoverageState:
    return replace(state, observed_ms=state.observed_ms + seen_ms, frames_processed=state.frames_processed + frames)
