"""What a device's events' clock said at which time, so that also an event that comes late is put right. Pure.

A device that was cut off sends later what happened before its clock was set. So each measured offset holds for a span
of time, and an event's own time tells into which span it belongs: the newest in which it can have happened and come by
now.
"""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from gateway.core.devices.clock_offset import ClockEstimate

LONGEST_SPAN_MS = 3600 * 1000
"""A longer span begins anew, so that a drift that changes with the temperature is followed."""
REACH_BACK_MS = 24 * 3600 * 1000
"""So long before a device's first measurement its clock is taken to have run as it did then."""
MOST_SPANS = 400
_CHANGE_MS = 20.0
_AHEAD_MS = 1000
"""An event may be so far in the future by an offset that is not exact."""


class ClockSpan(Struct, frozen=True):
    """A time, by the gateway's clock in Unix milliseconds, in which a device's events had one offset.

    Attributes:
        first_ms: The first measurement.
        last_ms: The last one.
        offset_ms: How far the events' times were ahead, as of `last_ms`.
        error_ms: How wrong that may be.
        drift_ppm: By how much the offset grew.
    """

    first_ms: int
    last_ms: int
    offset_ms: float
    error_ms: float
    drift_ppm: float = 0.0

    def true_ms(self, time_ms: int) -> float:
        """Return when it was, by the gateway's clock, that the events' clock showed a time."""
        then_ms = time_ms - self.offset_ms
        return then_ms - self.drift_ppm * 1e-6 * (then_ms - self.last_ms)


class Corrected(Struct, frozen=True):
    """An event's time by the gateway's clock, Unix milliseconds, and how far the device's was ahead.

    The offset is 0 where the measurement cannot tell it from 0.
    """

    time_ms: int
    offset_ms: int


def remember(spans: Sequence[ClockSpan], found: ClockEstimate, events_ahead_ms: float) -> tuple[ClockSpan, ...]:
    """Return the spans after another measurement.

    Args:
        spans: Oldest first.
        found: The offset of the device's wall clock, later than those before.
        events_ahead_ms: How far its events' times are ahead of that.
    """
    offset_ms, drift_ppm = found.offset_ms + events_ahead_ms, found.drift_ppm or 0.0
    new = ClockSpan(found.at_ms, found.at_ms, offset_ms, found.error_ms, drift_ppm)
    if spans and _goes_on(spans[-1], new):
        return (*spans[:-1], replace(new, first_ms=spans[-1].first_ms))
    return (*spans, new)[-MOST_SPANS:]


def correct(spans: Sequence[ClockSpan], time_ms: int, received_ms: int) -> Corrected | None:
    """Return an event's time by the gateway's clock; None where nobody knows what the device's clock said then.

    Args:
        spans: Oldest first.
        time_ms: The event's time by the device's clock.
        received_ms: When it came, by the gateway's clock.
    """
    for index in range(len(spans) - 1, -1, -1):
        since_ms = spans[index - 1].last_ms if index else spans[0].first_ms - REACH_BACK_MS
        until_ms = spans[index + 1].first_ms if index + 1 < len(spans) else received_ms + _AHEAD_MS
        true_ms = spans[index].true_ms(time_ms)
        if since_ms <= true_ms <= min(until_ms, received_ms + _AHEAD_MS):
            offset_ms = time_ms - round(true_ms)
            is_wrong = abs(offset_ms) > spans[index].error_ms
            return Corrected(time_ms - offset_ms, offset_ms) if is_wrong else Corrected(time_ms, 0)
    return None


def _goes_on(span: ClockSpan, new: ClockSpan) -> bool:
    if new.last_ms - span.first_ms > LONGEST_SPAN_MS:
        return False
    return abs(new.offset_ms - span.offset_ms) <= max(_CHANGE_MS, span.error_ms + new.error_ms)
