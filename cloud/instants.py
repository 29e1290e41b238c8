"""Instants as requests write them. Pure."""

from cloud.errors import invalid_value
from contracts.timestamps import format_time, parse_time

MAX_TIME_MS = (1 << 48) - 1


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
    if not 0 <= time_ms <= MAX_TIME_MS:
        raise invalid_value(name, text, "an instant from 1970 on")
    return time_ms


def show_instant(time_ms: int | None) -> str | None:
    """Return an instant as answers write it, None for None."""
    return None if time_ms is None else format_time(time_ms)
