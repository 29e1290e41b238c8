"""One light for each device: green, yellow or red, with the reasons. Pure."""

from typing import Literal

from msgspec import Struct

from contracts.operations import DeviceHealth

Light = Literal["green", "yellow", "red", "grey"]

SILENT_MS = 180_000
"""Who says nothing for longer is red."""
_QUEUE = 1000
_LEAST_FPS = 2.0
_HOT_C = 85.0
_CLOCK_MS = 5000.0


class Seen(Struct, frozen=True, kw_only=True):
    """What is known of a device.

    Attributes:
        seen_ms: When it last said something, Unix milliseconds; None: never.
        is_online: Whether the broker says that it is there; None: it never came.
        health: What it last said of itself.
        missing: Numbers that are missing in its sequence.
        config_error: Why it could not use the configuration that is wanted of it.
        clock_offset_ms: How far its clock is ahead; None: not measured.
    """

    seen_ms: int | None = None
    is_online: bool | None = None
    health: DeviceHealth | None = None
    missing: int = 0
    config_error: str | None = None
    clock_offset_ms: float | None = None


def light(seen: Seen, now_ms: int) -> tuple[Light, tuple[str, ...]]:
    """Return a device's light and why it is not green.

    Red: nothing comes from it. Yellow: it works, and somebody should look. Grey: it never came.
    """
    if seen.seen_ms is None and seen.is_online is None:
        return "grey", ("it never came",)
    red = _red(seen, now_ms)
    yellow = (*_yellow(seen), *(() if seen.health is None else _unwell(seen.health)))
    return ("red" if red else "yellow" if yellow else "green"), (*red, *yellow)


def is_reachable(seen: Seen, now_ms: int) -> bool:
    """Return whether a device is there, however it does."""
    return seen.is_online is not False and seen.seen_ms is not None and now_ms - seen.seen_ms <= SILENT_MS


def _red(seen: Seen, now_ms: int) -> tuple[str, ...]:
    if seen.is_online is False:
        return ("it is offline",)
    if seen.seen_ms is None or now_ms - seen.seen_ms > SILENT_MS:
        return ("it is silent",)
    if seen.health is not None and seen.health.picture not in (None, "good"):
        return (f"its picture is {seen.health.picture}",)
    return ()


def _yellow(seen: Seen) -> tuple[str, ...]:
    reasons = []
    if seen.missing:
        reasons.append(f"{seen.missing} events are missing")
    if seen.config_error is not None:
        reasons.append("it cannot use its configuration")
    if seen.clock_offset_ms is not None and abs(seen.clock_offset_ms) > _CLOCK_MS:
        reasons.append(f"its clock is {seen.clock_offset_ms / 1000:+.0f} s off")
    return tuple(reasons)


def _unwell(health: DeviceHealth) -> tuple[str, ...]:
    reasons = []
    if health.queue_depth > _QUEUE:
        reasons.append(f"{health.queue_depth} events wait in it")
    if health.fps is not None and health.model_name is not None and health.fps < _LEAST_FPS:
        reasons.append(f"it sees {health.fps:g} frames a second")
    if health.temperature_c is not None and health.temperature_c > _HOT_C:
        reasons.append(f"it is {health.temperature_c:.0f} °C hot")
    return tuple(reasons)
