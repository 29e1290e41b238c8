"""Intervals that figures are told for: hours, and days, weeks from Monday, months of the shop's calendar. Pure."""

from collections.abc import Callable
from datetime import date, timedelta

from msgspec import Struct

from cloud.analytics.metric import Grain


class Period(Struct, frozen=True, order=True):
    """Whole calendar days, first included, last excluded, as ordinals."""

    first: int
    end: int

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return self.end - self.first


def periods_in(asked: Period, grain: Grain) -> list[Period]:
    """Return the calendar's days, weeks or months that overlap a period, in order; `total` is the period itself.

    Weeks begin on Monday. The first and the last may reach beyond the period. Hours lie within days.
    """
    if grain == "total":
        return [asked]
    first, following = _STEPS[grain]
    found = []
    start = first(date.fromordinal(asked.first))
    while start.toordinal() < asked.end:
        end = following(start)
        found.append(Period(start.toordinal(), end.toordinal()))
        start = end
    return found


def _next_month(start: date) -> date:
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)


_DAY = timedelta(days=1)
_STEPS: dict[str, tuple[Callable[[date], date], Callable[[date], date]]] = {
    "hour": (lambda day: day, lambda day: day + _DAY),
    "day": (lambda day: day, lambda day: day + _DAY),
    "week": (lambda day: day - day.weekday() * _DAY, lambda day: day + 7 * _DAY),
    "month": (lambda day: day.replace(day=1), _next_month),
}


def year_before(day: date) -> date:
    """Return the same weekday 52 weeks earlier: shops are compared weekday with weekday."""
    return day - timedelta(weeks=52)
