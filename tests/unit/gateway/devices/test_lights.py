"""One light for each device, with every reason."""

import pytest

from contracts.operations import DeviceHealth
from gateway.core.devices.clock_offset import ClockEstimate
from gateway.core.devices.lights import SILENT_MS, Seen, light
from gateway.core.devices.overview import DeviceFacts, overview

T = 1_772_442_000_000


def _health(**other: object) -> DeviceHealth:
    known = {"uptime_s": 1.0, "software_version": "x", "queue_depth": 0, "model_name": "m", "fps": 10.0}
    return DeviceHealth(**{**known, **other})  # type: ignore[arg-type]


def test_a_device_that_works_is_green():
    seen = Seen(seen_ms=T, is_online=True, health=_health(picture="good", temperature_c=40.0), clock_offset_ms=3.0)
    assert light(seen, T) == ("green", ())
    assert light(Seen(seen_ms=T), T) == ("green", ()), "nobody said whether it is there, and it speaks"


def test_a_device_that_never_came_is_grey():
    assert light(Seen(), T) == ("grey", ("it never came",))


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Seen(seen_ms=T, is_online=False), "it is offline"),
        (Seen(seen_ms=T - SILENT_MS - 1, is_online=True), "it is silent"),
        (Seen(is_online=True), "it is silent"),
        (Seen(seen_ms=T, is_online=True, health=_health(picture="frozen")), "its picture is frozen"),
    ],
)
def test_who_tells_nothing_is_red(seen: Seen, reason: str):
    assert light(seen, T) == ("red", (reason,))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"missing": 2}, "2 events are missing"),
        ({"config_error": "x"}, "it cannot use its configuration"),
        ({"clock_offset_ms": -3_600_000.0}, "its clock is -3600 s off"),
        ({"health": _health(queue_depth=1001)}, "1001 events wait in it"),
        ({"health": _health(fps=1.5)}, "it sees 1.5 frames a second"),
        ({"health": _health(temperature_c=90.4)}, "it is 90 °C hot"),
    ],
)
def test_who_needs_a_look_is_yellow(other: dict[str, object], reason: str):
    assert light(Seen(seen_ms=T, is_online=True, **other), T) == ("yellow", (reason,))  # type: ignore[arg-type]


def test_a_device_without_a_model_needs_no_frames():
    assert light(Seen(seen_ms=T, is_online=True, health=_health(model_name=None, fps=0.0)), T)[0] == "green"


def test_all_that_is_known_of_a_device_is_in_one_row():
    facts = {
        "cam-2": DeviceFacts(),
        "cam-1": DeviceFacts(
            kind="camera",
            is_online=True,
            seen_ms=T,
            health=_health(),
            clock=ClockEstimate(T, 7.5, 1.0, None, 0),
            config_desired=2,
            config_reported=1,
            config_refused=2,
            config_error="bad",
        ),
        "gateway": DeviceFacts(),
    }
    first, second = overview(facts, T, ("gateway",))
    assert (first.device, first.light, first.offset_ms, first.model, first.config_error) == (
        "cam-1",
        "yellow",
        7.5,
        "m",
        "bad",
    )
    assert (second.device, second.light, second.kind, second.fps) == ("cam-2", "grey", "?", None)


def test_an_error_of_a_version_that_is_not_wanted_any_more_says_nothing():
    facts = DeviceFacts(seen_ms=T, is_online=True, config_desired=3, config_refused=2, config_error="bad")
    (row,) = overview({"cam-1": facts}, T)
    assert (row.light, row.config_error) == ("green", None)
