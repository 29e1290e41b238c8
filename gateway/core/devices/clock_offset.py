"""How far a device's clock is ahead of the gateway's, from exchanges of timestamps. Pure.

On-wire protocol and clock filter of NTP (RFC 5905, sections 8 and 10): of the last exchanges the one with the least
delay tells the offset, as queues only ever add delay. Whatever the ways there and back took, the truth lies within half
the delay of the measured offset; two exchanges whose intervals cannot both hold prove that the clock was set. The drift
is the median of the slopes between pairs of measurements (Theil and Sen), which a few bad ones cannot bend.
"""

from itertools import combinations
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

WINDOW = 8
"""The clock filter's length: so many exchanges are compared."""
TOLERANCE_PPM = 15.0
"""By so much the uncertainty of an old measurement grows: NTP's PHI."""
MOST_DRIFT_PPM = 500.0
"""No clock that runs drifts faster; whatever differs more was set."""
_ANCHORS = 24
_LEAST_ANCHORS = 3
_LEAST_SPAN_US = 300_000_000
_MARGIN_US = 1000.0


class Exchange(Struct, frozen=True):
    """NTP's four timestamps, Unix microseconds: first and last by the gateway's clock, the others by the device's."""

    asked_us: int
    received_us: int
    sent_us: int
    returned_us: int

    @property
    def offset_us(self) -> float:
        """Return how far the device's clock is ahead, if the ways there and back took the same time."""
        return ((self.received_us - self.asked_us) + (self.sent_us - self.returned_us)) / 2

    @property
    def delay_us(self) -> int:
        """Return what the ways there and back took together."""
        return (self.returned_us - self.asked_us) - (self.sent_us - self.received_us)


class Measurement(Struct, frozen=True):
    """What one exchange says: at a time of the gateway's clock, the offset and its greatest error, microseconds."""

    at_us: int
    offset_us: float
    error_us: float

    def distance_us(self, now_us: int) -> float:
        """Return how wrong the offset may be by now."""
        return self.error_us + TOLERANCE_PPM * 1e-6 * (now_us - self.at_us)


class ClockState(Struct, frozen=True):
    """What is known of one device's clock.

    Attributes:
        window: The last measurements since the clock was set, oldest first.
        anchors: The best of each full window before, for the drift.
        taken: Exchanges that were used.
        refused: Exchanges that cannot be true: the clock was set in the midst of them.
        steps: How often the clock was found set.
    """

    window: tuple[Measurement, ...] = ()
    anchors: tuple[Measurement, ...] = ()
    taken: int = 0
    refused: int = 0
    steps: int = 0


class ClockEstimate(Struct, frozen=True):
    """How far a device's clock is ahead of the gateway's, and how wrong that may be.

    Attributes:
        at_ms: When it was measured, by the gateway's clock, Unix milliseconds.
        offset_ms: Above 0 the device's clock is ahead.
        error_ms: The greatest error.
        drift_ppm: By how much the offset grows, microseconds a second; None while that is not known.
        steps: How often the clock was found set.
    """

    at_ms: int
    offset_ms: float
    error_ms: float
    drift_ppm: float | None
    steps: int


def observe(state: ClockState, exchange: Exchange) -> ClockState:
    """Return what is known after another exchange.

    Args:
        state: What was known.
        exchange: Later than those before.
    """
    if exchange.delay_us < 0 or exchange.sent_us < exchange.received_us:
        return replace(state, refused=state.refused + 1)
    new = Measurement(exchange.returned_us, exchange.offset_us, exchange.delay_us / 2)
    if state.window and _was_set(_best(state.window, new.at_us), new):
        return ClockState(window=(new,), taken=state.taken + 1, refused=state.refused, steps=state.steps + 1)
    window, anchors = (*state.window, new)[-WINDOW:], state.anchors
    if (state.taken + 1) % WINDOW == 0:
        anchors = (*anchors, _best(window, new.at_us))[-_ANCHORS:]
    return replace(state, window=window, anchors=anchors, taken=state.taken + 1)


def estimate(state: ClockState) -> ClockEstimate | None:
    """Return the offset as of the last exchange; None before the first."""
    if not state.window:
        return None
    now_us, best = state.window[-1].at_us, _best(state.window, state.window[-1].at_us)
    drift_ppm = _drift_ppm(state.anchors)
    drifted_us = (drift_ppm or 0.0) * 1e-6 * (now_us - best.at_us)
    return ClockEstimate(
        at_ms=now_us // 1000,
        offset_ms=round((best.offset_us + drifted_us) / 1000, 3),
        error_ms=round(best.distance_us(now_us) / 1000, 3),
        drift_ppm=None if drift_ppm is None else round(drift_ppm, 3),
        steps=state.steps,
    )


def _best(window: tuple[Measurement, ...], now_us: int) -> Measurement:
    return min(window, key=lambda each: (each.distance_us(now_us), -each.at_us))


def _was_set(before: Measurement, new: Measurement) -> bool:
    """Tell whether no running clock can give both measurements."""
    drifted_us = MOST_DRIFT_PPM * 1e-6 * max(0, new.at_us - before.at_us)
    return abs(new.offset_us - before.offset_us) > before.error_us + new.error_us + drifted_us + _MARGIN_US


def _drift_ppm(anchors: tuple[Measurement, ...]) -> float | None:
    if len(anchors) < _LEAST_ANCHORS or anchors[-1].at_us - anchors[0].at_us < _LEAST_SPAN_US:
        return None
    slopes = (
        (later.offset_us - earlier.offset_us) / (later.at_us - earlier.at_us) * 1e6
        for earlier, later in combinations(anchors, 2)
        if later.at_us > earlier.at_us
    )
    return median(slopes)
