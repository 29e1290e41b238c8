"""The time of events, from a steady clock that a wall clock corrects slowly. Pure.

A wall clock may be set, by hand or by NTP, while a steady one goes on but drifts. Events have the steady
one's pace; the difference to the wall clock is taken away little by little, as `adjtime` does, so that
time never goes back and no stay gets longer or shorter by more than a two-hundredth. Only a clock that
is behind by more than a minute leaps forward: it was not set when the device started.
"""

import msgspec

_PACE = 0.005
_LEAP_MS = 60_000.0


class EventClock(msgspec.Struct, frozen=True):
    """The time of the last event.

    Attributes:
        time_ms: Unix milliseconds, for events.
        monotonic_s: The steady clock at that moment.
        offset_ms: `time_ms` minus the wall clock at that moment.
    """

    time_ms: float
    monotonic_s: float
    offset_ms: float = 0.0


def start(wall_ms: float, monotonic_s: float) -> EventClock:
    """Return a clock that is right."""
    return EventClock(wall_ms, monotonic_s)


def advance(clock: EventClock, wall_ms: float, monotonic_s: float) -> EventClock:
    """Return the clock at a later moment, a little nearer to the wall clock.

    Args:
        clock: As it was.
        wall_ms: The wall clock, Unix milliseconds.
        monotonic_s: The steady clock at the same moment. Where it is not later, time stands still.
    """
    elapsed_ms = max(0.0, (monotonic_s - clock.monotonic_s) * 1000)
    ahead_ms = clock.time_ms + elapsed_ms - wall_ms
    if ahead_ms < -_LEAP_MS:
        return EventClock(wall_ms, max(monotonic_s, clock.monotonic_s))
    most_ms = elapsed_ms * _PACE
    left_ms = ahead_ms - min(most_ms, max(-most_ms, ahead_ms))
    return EventClock(wall_ms + left_ms, max(monotonic_s, clock.monotonic_s), left_ms)
