"""Intervals that figures are told for: hours, and days, weeks from Monday, months of the shop's calendar. Pure."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from msgspec import Struct

from cloud.analytics.metric import Grain

LongGrain = Literal["day", "week", "month", "quarter", "year"]
"""Intervals that archives tell."""


class Period(Struct, frozen=True, order=True):
    """Whole calendar days, first included, last excluded, as ordinals."""

    first: int
    end: int

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return self.end - self.first


def periods_in(asked: Period, grain: Grain | LongGrain) -> list[Period]:
    """Return the calendar's days, weeks, months, quarters or years that overlap a period, in order.

    `total` is the period itself. Weeks begin on Monday. The first and the last may reach beyond the period. Hours lie
    within days.
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


def rollups_for(asked: Period, grain: Grain, today: int) -> list[tuple[Grain, Period]]:
    """Return the fewest rollups that tell a period: its whole weeks or months that are over, and the days beside.

    Args:
        asked: The days that are asked for.
        grain: How long the intervals are that they are told by.
        today: The first day that is not over everywhere: from it on only days tell what has begun.
    """
    if grain in {"hour", "day"}:
        return [(grain, asked)]
    longer: Grain = "week" if grain == "week" else "month"
    end = min(asked.end, today)
    whole = [each for each in periods_in(asked, longer) if asked.first <= each.first and each.end <= end]
    if not whole:
        return [("day", asked)]
    inner = Period(whole[0].first, whole[-1].end)
    beside = (Period(asked.first, inner.first), Period(inner.end, asked.end))
    return [(longer, inner), *(("day", each) for each in beside if each.days)]


def _next_month(start: date) -> date:
    return (start.replace(day=1) + timedelta(days=32)).replace(day=1)


def _next_quarter(start: date) -> date:
    return _next_month(start + timedelta(days=62))


_DAY = timedelta(days=1)
_STEPS: dict[str, tuple[Callable[[date], date], Callable[[date], date]]] = {
    "hour": (lambda day: day, lambda day: day + _DAY),
    "day": (lambda day: day, lambda day: day + _DAY),
    "week": (lambda day: day - day.weekday() * _DAY, lambda day: day + 7 * _DAY),
    "month": (lambda day: day.replace(day=1), _next_month),
    "quarter": (lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), _next_quarter),
    "year": (lambda day: day.replace(month=1, day=1), lambda day: day.replace(year=day.year + 1)),
}


def year_before(day: date) -> date:
    """Return the same weekday 52 weeks earlier: shops are compared weekday with weekday."""
    return day - timedelta(weeks=52)
