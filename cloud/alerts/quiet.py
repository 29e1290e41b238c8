"""Hours in which nobody is told. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo

from msgspec import Struct

from cloud.stores.opening import MIDNIGHT, WEEKDAYS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class QuietHours(Struct, frozen=True, kw_only=True):
    """A time of day, HH:MM, on some weekdays, on all where none is named; it may reach into the next day.

    `start` equal to `end` is the whole day.
    """

    start: str
    end: str
    days: tuple[str, ...] = ()


def is_quiet(hours: Sequence[QuietHours], zones: Iterable[tzinfo], time_ms: int) -> bool:
    """Return whether it is quiet in every one of some time zones, of which there is one at least."""
    return all(any(_holds(each, _local(time_ms, zone)) for each in hours) for zone in zones)


def _local(time_ms: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)


def _holds(hours: QuietHours, local: datetime) -> bool:
    start, end = _time(hours.start), _time(hours.end)
    now = local.time()
    if start < end:
        return start <= now < end and _named(hours, local)
    # It reaches over midnight: the morning belongs to the day on which it began.
    return (now >= start and _named(hours, local)) or (now < end and _named(hours, local - timedelta(days=1)))


def _time(text: str) -> time:
    return time() if text == MIDNIGHT else time.fromisoformat(text)


def _named(hours: QuietHours, local: datetime) -> bool:
    return not hours.days or WEEKDAYS[local.weekday()] in hours.days
