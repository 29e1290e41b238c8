"""Instants as requests write them. Pure."""

from cloud.errors import invalid_value
from contracts.timestamps import format_time, parse_time

MAX_ASKED = "3000-01-01T00:00:00.000Z"
_MAX_ASKED_MS = parse_time(MAX_ASKED)
_MAX_WRITTEN_MS = parse_time("9999-12-31T23:59:59.999Z")
"""A device may report instants that the calendar of RFC 3339 cannot write."""


def parse_instant(name: str, text: str) -> int:
    """Return Unix milliseconds of an RFC 3339 instant.

    Raises:
        ProblemError: 422, it is none.
    """
    try:
        # A '+' that was not percent-encoded arrives as a space.
        time_ms = parse_time(text.strip().replace(" ", "+"))
    except ValueError as error:
        raise invalid_value(name, text, "an RFC 3339 instant such as 2026-03-01T09:00:00Z") from error
    if not 0 <= time_ms <= _MAX_ASKED_MS:
        raise invalid_value(name, text, f"between 1970 and {MAX_ASKED}")
    return time_ms


def write_instant(time_ms: int) -> str:
    """Return an instant as answers write it: RFC 3339, UTC, milliseconds."""
    return format_time(min(time_ms, _MAX_WRITTEN_MS))


def show_instant(time_ms: int | None) -> str | None:
    """Return an instant as answers write it, None for None."""
    return None if time_ms is None else write_instant(time_ms)
