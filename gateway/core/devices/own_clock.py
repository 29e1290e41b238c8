"""How far the gateway's own clock is off, by the cloud's time or by its devices' clocks. Pure.

An answer of the cloud tells its time in the `Date` header (RFC 9110, section 6.6.1). What is kept is how far that was
ahead of a clock that is never set, so that setting the gateway's clock shows at once; the median of several is told.
"""

from collections.abc import Iterable
from statistics import median
from typing import Literal

from msgspec import Struct

from gateway.core.devices.clock_offset import MOST_DRIFT_PPM
from gateway.core.devices.lights import Light

WARN_S = 2.0
WRONG_S = 60.0
_WINDOW = 9
_LEAST_ANSWERS = 3
_LEAST_DEVICES = 3
_MS_PER_S = 1000
_HEADER_MS = 1000.0
"""The header counts whole seconds, and servers write it up to one before they send it: the truth is 0 to 2 s later."""
_REMEDY = "set it and keep it right: install chrony, then look at `chronyc tracking`"

ClockSource = Literal["cloud", "devices"]


class CloudTime(Struct, frozen=True):
    """What one answer said: the cloud's time ahead of the clock that is never set, and its greatest error."""

    at_ms: float
    ahead_ms: float
    error_ms: float


class OwnOffset(Struct, frozen=True, kw_only=True):
    """How far the gateway's clock is ahead, and how wrong that may be, seconds.

    Attributes:
        source: Of whose time: the cloud's, or most of the devices'.
    """

    offset_s: float
    error_s: float
    source: ClockSource


def observe(known: tuple[CloudTime, ...], date_ms: int, asked_ms: float, answered_ms: float) -> tuple[CloudTime, ...]:
    """Return what is known after another answer.

    Args:
        known: What was known.
        date_ms: The answer's `Date`, Unix milliseconds.
        asked_ms: When the request went, by the clock that is never set.
        answered_ms: When the answer's headers came, by the same clock.
    """
    middle_ms, half_ms = (asked_ms + answered_ms) / 2, (answered_ms - asked_ms) / 2
    new = CloudTime(answered_ms, date_ms + _HEADER_MS - middle_ms, half_ms + _HEADER_MS)
    return (*known, new)[-_WINDOW:]


def offset_by_cloud(known: tuple[CloudTime, ...], wall_ms: float, steady_ms: float) -> OwnOffset | None:
    """Return the offset by the cloud's time; None after too few answers.

    Args:
        known: What the cloud's answers said.
        wall_ms: What the gateway's clock shows, Unix milliseconds.
        steady_ms: What the clock that is never set shows at the same time.
    """
    if len(known) < _LEAST_ANSWERS:
        return None
    middle = sorted(known, key=lambda each: each.ahead_ms)[len(known) // 2]
    drifted_ms = MOST_DRIFT_PPM * 1e-6 * (steady_ms - known[-1].at_ms)
    offset_ms = wall_ms - steady_ms - middle.ahead_ms
    return OwnOffset(
        offset_s=round(offset_ms / _MS_PER_S, 3),
        error_s=round((middle.error_ms + drifted_ms) / _MS_PER_S, 3),
        source="cloud",
    )


def offset_by_devices(ahead_ms: Iterable[float]) -> OwnOffset | None:
    """Return the offset by what most devices agree on; None where they are too few, or of no one opinion.

    Args:
        ahead_ms: How far each device's clock is ahead of the gateway's, milliseconds.
    """
    found_s = [each / _MS_PER_S for each in ahead_ms]
    if len(found_s) < _LEAST_DEVICES:
        return None
    middle_s = median(found_s)
    apart_s = [abs(each - middle_s) for each in found_s]
    if 2 * sum(each < WARN_S for each in apart_s) <= len(found_s):
        return None
    error_s = max(each for each in apart_s if each < WARN_S)
    return OwnOffset(offset_s=round(-middle_s, 3), error_s=round(error_s, 3), source="devices")


def clock_light(offset: OwnOffset | None) -> tuple[Light, str]:
    """Return the light of the gateway's own clock, and why it is not green, with the remedy.

    Yellow from 2 s, red from 60 s, where the error leaves no doubt that it is wrong; grey where nobody told the time.
    """
    if offset is None:
        return "grey", "nobody has told the time yet"
    off_s = abs(offset.offset_s)
    if off_s < WARN_S or off_s <= offset.error_s:
        return "green", ""
    way = "ahead of" if offset.offset_s > 0 else "behind"
    whose = "the cloud's" if offset.source == "cloud" else "most of its devices'"
    why = f"the gateway's clock is {_told(off_s)} {way} {whose}; {_REMEDY}"
    return ("red" if off_s >= WRONG_S else "yellow"), why


def _told(seconds: float) -> str:
    for unit, length_s in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.1f} {unit}"
    return f"{seconds:.1f} s"
