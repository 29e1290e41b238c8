"""Hours and days of a store's own time zone, and what was observed in each. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, TypeVar

from msgspec import Struct

What = TypeVar("What")
Grain = Literal["hour", "day"]
SLOT_MS = 15 * 60 * 1000
"""Counts come in quarters of an hour: every offset from UTC in use today is a multiple of one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS_PER_S = 1000


class Bucket(Struct, frozen=True, order=True):
    """An interval, start included, end excluded, Unix milliseconds."""

    start_ms: int
    end_ms: int

    def local_start(self, zone: tzinfo) -> str:
        """Return the start in a time zone, with its offset from UTC."""
        return _local(self.start_ms, zone).isoformat(timespec="seconds")


class Interval(Struct, frozen=True):
    """What one device observed in one interval."""

    device: str
    start_ms: int
    end_ms: int
    observed_s: float


class Observed(Struct, frozen=True):
    """How much of a bucket was observed, over all devices, and how much there was to observe."""

    observed_s: float
    expected_s: float

    @property
    def coverage(self) -> float | None:
        """Return the observed share, None where there was nothing to observe."""
        return self.observed_s / self.expected_s if self.expected_s > 0 else None


class Key(Struct, frozen=True, order=True):
    """What a count is of."""

    tripwire_kind: str
    direction: str


def buckets(from_ms: int, to_ms: int, grain: Grain, zone: tzinfo) -> list[Bucket]:
    """Return the hours or days of `zone` that overlap [from_ms, to_ms), in order.

    A day may have 23 or 25 hours; each of its hours is one bucket.
    """
    found = []
    start = _floor(_local(from_ms, zone), grain)
    while _to_ms(start) < to_ms:
        end = _next(start, grain, zone)
        found.append(Bucket(_to_ms(start), _to_ms(end)))
        start = end
    return found


def day_of(time_ms: int, zone: tzinfo) -> Bucket:
    """Return the day of `zone` that holds an instant."""
    return buckets(time_ms, time_ms + 1, "day", zone)[0]


def bucket_of_date(day: date, zone: tzinfo) -> Bucket:
    """Return a calendar day of `zone`."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    return Bucket(_to_ms(start), _to_ms(_next(start, "day", zone)))


def _local(time_ms: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zone)


def _to_ms(instant: datetime) -> int:
    return (instant.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


def _floor(local: datetime, grain: Grain) -> datetime:
    hour = local.replace(minute=0, second=0, microsecond=0)
    return hour if grain == "hour" else hour.replace(hour=0, fold=0)


def _next(start: datetime, grain: Grain, zone: tzinfo) -> datetime:
    if grain == "hour":
        # Through UTC: local arithmetic would skip or repeat the hour in which the clocks change.
        return _floor((start.astimezone(UTC) + timedelta(hours=1)).astimezone(zone), "hour")
    return (start.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)


def counts_by_bucket(slots: Iterable[tuple[int, What, int]], parts: Sequence[Bucket]) -> dict[Bucket, dict[What, int]]:
    """Return counts by bucket from counts by slot.

    Args:
        slots: (start of the slot in Unix milliseconds, what is counted, how many).
        parts: Buckets in order, without gaps.
    """
    counted: dict[Bucket, dict[What, int]] = {part: {} for part in parts}
    for start_ms, key, count in slots:
        part = _holding(start_ms, parts)
        if part is not None:
            counted[part][key] = counted[part].get(key, 0) + count
    return counted


def spread(items: Iterable[tuple[int, int, What]], parts: Sequence[Bucket]) -> list[list[What]]:
    """Return, for each bucket, what lies in it at least in part.

    Args:
        items: (first and last Unix millisecond, both included, what lasted so long).
        parts: Buckets in order; there may be gaps between them.
    """
    found: list[list[What]] = [[] for _ in parts]
    for first_ms, last_ms, what in items:
        index = _index_at(first_ms, parts)
        while index < len(parts) and parts[index].start_ms <= last_ms:
            found[index].append(what)
            index += 1
    return found


def without_gaps(parts: Sequence[Bucket]) -> list[Bucket]:
    """Return the spans that buckets, in order, cover: those that follow one upon the other as one."""
    found: list[Bucket] = []
    for part in parts:
        if found and found[-1].end_ms == part.start_ms:
            found[-1] = Bucket(found[-1].start_ms, part.end_ms)
        else:
            found.append(part)
    return found


def _holding(time_ms: int, parts: Sequence[Bucket]) -> Bucket | None:
    index = _index_at(time_ms, parts)
    return parts[index] if index < len(parts) and parts[index].start_ms <= time_ms else None


def _index_at(time_ms: int, parts: Sequence[Bucket]) -> int:
    """Return the index of the first bucket that ends after an instant."""
    return bisect_right(parts, time_ms, key=lambda part: part.end_ms)


def observed_by_bucket(
    intervals: Iterable[Interval], parts: Sequence[Bucket], devices: Iterable[str], now_ms: int
) -> Mapping[Bucket, Observed]:
    """Return how much of each bucket was observed.

    An interval counts in proportion to its overlap with the bucket. One device never observes more than there was.

    Args:
        intervals: What devices reported.
        parts: The buckets.
        devices: Those that should have observed all the time.
        now_ms: What lies after it was not there to observe yet.
    """
    expected_devices = frozenset(devices)
    seconds: dict[Bucket, dict[str, float]] = {part: {} for part in parts}
    for interval in intervals:
        for part in parts[_index_at(interval.start_ms, parts) :]:
            if part.start_ms >= interval.end_ms:
                break
            by_device = seconds[part]
            seconds_here = interval.observed_s * _overlap(interval, part)
            by_device[interval.device] = by_device.get(interval.device, 0.0) + seconds_here
    found = {}
    for part in parts:
        length_s = max(min(part.end_ms, now_ms) - part.start_ms, 0) / _MS_PER_S
        observed_s = sum(min(value, length_s) for value in seconds[part].values())
        found[part] = Observed(observed_s, length_s * len(expected_devices | seconds[part].keys()))
    return found


def _overlap(interval: Interval, part: Bucket) -> float:
    """Return which share of an interval lies in a bucket."""
    overlap_ms = min(interval.end_ms, part.end_ms) - max(interval.start_ms, part.start_ms)
    return overlap_ms / (interval.end_ms - interval.start_ms)
