"""Instants as the contracts write them: UTC, RFC 3339, milliseconds."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def format_time(time_ms: int) -> str:
    """Return Unix milliseconds as RFC 3339 in UTC, for example `2026-03-01T09:00:00.000Z`."""
    instant = _EPOCH + timedelta(milliseconds=time_ms)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> int:
    """Return the Unix milliseconds of an RFC 3339 instant with an offset.

    Raises:
        ValueError: `text` is no RFC 3339 instant or names no offset from UTC.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        msg = f"expected an instant with an offset from UTC such as 2026-03-01T09:00:00.000Z, got {text!r}"
        raise ValueError(msg)
    return (instant - _EPOCH) // _MILLISECOND
