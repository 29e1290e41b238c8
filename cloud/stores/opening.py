"""When a shop is open: hours of the week, and dates that differ. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, tzinfo

from msgspec import Struct

from cloud.footfall.buckets import Bucket, bucket_of_date, day_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = "24:00"

Hours = Sequence[Sequence[str]]
"""Pairs of opening and closing time, such as `[["09:00", "12:30"], ["14:00", "18:00"]]`; none means closed."""


class OpeningHours(Struct, frozen=True, kw_only=True):
    """When a shop is open. A weekday that is not named is closed; a date among the exceptions goes before its weekday.

    A shop without any opening hours is taken to be open all the time.
    """

    weekly: Mapping[str, Hours]
    exceptions: Mapping[str, Hours]

    def on(self, day: date) -> Hours:
        """Return the hours of a date."""
        return self.exceptions.get(day.isoformat(), self.weekly.get(WEEKDAYS[day.weekday()], ()))


def opening_of(stored: Mapping[str, Mapping[str, Hours]] | None) -> OpeningHours | None:
    """Return what a store's settings hold, None where they hold none."""
    if stored is None:
        return None
    return OpeningHours(weekly=stored["weekly"], exceptions=stored["exceptions"])


def fault_of(hours: Hours) -> str | None:
    """Return what is wrong with the hours of one day, None where nothing is."""
    last = ""
    for pair in hours:
        if len(pair) != 2:  # noqa: PLR2004 - an opening and a closing time
            return f"{list(pair)!r} is not a pair of an opening and a closing time"
        opens, closes = pair
        if not (_is_time(opens) and (closes == MIDNIGHT or _is_time(closes))):
            return f"{list(pair)!r} must be times from 00:00 to 24:00, written HH:MM"
        if not last <= opens < closes:
            return f"{list(pair)!r} must end after it begins, and begin after the pair before has ended"
        last = closes
    return None


def _is_time(text: str) -> bool:
    try:
        return time.fromisoformat(text).strftime("%H:%M") == text
    except ValueError:
        return False


class Calendar:
    """A shop's hours in its time zone, as intervals of time."""

    def __init__(self, zone: tzinfo, opening: OpeningHours | None) -> None:
        self.zone = zone
        self._opening = opening
        self._known: dict[int, tuple[Bucket, tuple[Bucket, ...]]] = {}

    def day_at(self, time_ms: int) -> int:
        """Return the shop's calendar day that holds an instant, as an ordinal."""
        bucket = day_of(time_ms, self.zone)
        return datetime.fromisoformat(bucket.local_start(self.zone)).toordinal()

    def day(self, ordinal: int) -> Bucket:
        """Return the interval of a calendar day."""
        return self._of(ordinal)[0]

    def open_spans(self, ordinal: int) -> tuple[Bucket, ...]:
        """Return when the shop is open on a calendar day."""
        return self._of(ordinal)[1]

    def open_ms(self, ordinal: int, start_ms: int, end_ms: int) -> int:
        """Return how long the shop is open within a part of a calendar day."""
        return sum(overlap_ms(span, start_ms, end_ms) for span in self.open_spans(ordinal))

    def _of(self, ordinal: int) -> tuple[Bucket, tuple[Bucket, ...]]:
        if ordinal not in self._known:
            day = date.fromordinal(ordinal)
            whole = bucket_of_date(day, self.zone)
            self._known[ordinal] = (whole, self._spans(day, whole))
        return self._known[ordinal]

    def _spans(self, day: date, whole: Bucket) -> tuple[Bucket, ...]:
        if self._opening is None:
            return (whole,)
        spans = []
        for opens, closes in self._opening.on(day):
            start_ms = self._instant_ms(day, opens)
            end_ms = whole.end_ms if closes == MIDNIGHT else self._instant_ms(day, closes)
            if end_ms > start_ms:
                spans.append(Bucket(start_ms, end_ms))
        return tuple(spans)

    def _instant_ms(self, day: date, text: str) -> int:
        local = datetime.combine(day, time.fromisoformat(text), self.zone)
        return round(local.timestamp()) * 1000


def overlap_ms(span: Bucket, start_ms: int, end_ms: int) -> int:
    """Return how long a span and [start_ms, end_ms) overlap."""
    return max(min(span.end_ms, end_ms) - max(span.start_ms, start_ms), 0)
