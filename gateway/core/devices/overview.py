"""All that is known of each device, in one row. Pure."""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from contracts.operations import DeviceHealth
from gateway.core.devices.clock_offset import ClockEstimate
from gateway.core.devices.lights import Light, Seen, is_reachable, light

RestartState = Literal["waiting", "sent", "done"]
"""What became of a restart that was asked for: the device is away; it was told; it has started after that."""


class DeviceFacts(Struct, frozen=True, kw_only=True):
    """What different parts of the gateway know of a device; None where they know nothing."""

    kind: str | None = None
    is_online: bool | None = None
    is_revoked: bool = False
    seen_ms: int | None = None
    health: DeviceHealth | None = None
    software_version: str | None = None
    missing: int = 0
    clock: ClockEstimate | None = None
    config_desired: int | None = None
    config_reported: int | None = None
    config_refused: int | None = None
    config_error: str | None = None
    restart_needed: str = ""
    restart: RestartState | None = None
    restarted_ms: int | None = None


class DeviceView(Struct, frozen=True, kw_only=True):
    """A device as an operator sees it."""

    device: str
    kind: str
    light: Light
    reasons: tuple[str, ...]
    is_revoked: bool
    is_reachable: bool
    seen_ms: int | None
    offset_ms: float | None
    config_desired: int | None
    config_reported: int | None
    config_error: str | None
    restart_needed: str
    restart: RestartState | None
    restarted_ms: int | None
    software_version: str | None
    model: str | None
    fps: float | None
    missing: int


def device_view(device: str, facts: DeviceFacts, now_ms: int) -> DeviceView:
    """Return one device's row."""
    clock, health = facts.clock, facts.health
    error = facts.config_error if facts.config_refused == facts.config_desired else None
    seen = Seen(
        seen_ms=facts.seen_ms,
        is_online=facts.is_online,
        health=health,
        missing=facts.missing,
        config_error=error,
        clock_offset_ms=None if clock is None else clock.offset_ms,
    )
    shown, reasons = light(seen, now_ms)
    return DeviceView(
        device=device,
        kind=facts.kind or "?",
        light=shown,
        reasons=reasons,
        is_revoked=facts.is_revoked,
        is_reachable=is_reachable(seen, now_ms),
        seen_ms=facts.seen_ms,
        offset_ms=None if clock is None else clock.offset_ms,
        config_desired=facts.config_desired,
        config_reported=facts.config_reported,
        config_error=error,
        restart_needed=facts.restart_needed,
        restart=facts.restart,
        restarted_ms=facts.restarted_ms,
        software_version=facts.software_version,
        model=None if health is None else health.model_name,
        fps=None if health is None else health.fps,
        missing=facts.missing,
    )


def overview(facts: Mapping[str, DeviceFacts], now_ms: int, leave_out: Iterable[str] = ()) -> list[DeviceView]:
    """Return a row for each device, by name.

    Args:
        facts: By device.
        now_ms: Now, Unix milliseconds.
        leave_out: Who is no device of the store, such as the gateway itself.
    """
    return [device_view(name, facts[name], now_ms) for name in sorted(facts.keys() - set(leave_out))]
