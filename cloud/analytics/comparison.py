"""The same figure of an earlier time, and estimates for what was not observed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from cloud.analytics.metric import Grain, Metric
from cloud.analytics.periods import Period, year_before
from cloud.analytics.schemas import Comparison, MetricRow
from cloud.analytics.service import Cell
from cloud.errors import invalid_value

Compare = Literal["week_before", "year_before", "period_before"]
LEAST_COVERAGE = 0.2
"""Where cameras observed less than this, what they saw says too little to scale it up."""

_WEEK = 7


def earlier(asked: Period, grain: Grain, compare: Compare) -> Period:
    """Return the period to compare with.

    A year before means 52 weeks, so that weekdays meet; of months and totals the same dates of the year before.

    Raises:
        ProblemError: 422, months do not shift by weeks or by days.
    """
    if compare == "week_before":
        if grain == "month":
            raise invalid_value(name="compare", value=compare, allowed="year_before or period_before with grain=month")
        return Period(asked.first - _WEEK, asked.end - _WEEK)
    if compare == "year_before":
        shift: Callable[[date], date] = _same_date if grain in {"month", "total"} else year_before
        return Period(*(shift(date.fromordinal(day)).toordinal() for day in (asked.first, asked.end)))
    if grain == "month":
        return _months_before(asked)
    return Period(asked.first - asked.days, asked.first)


def _same_date(day: date) -> date:
    """Return the same date a year before; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return date(day.year - 1, 2, 28)


def _months_before(asked: Period) -> Period:
    first, last = date.fromordinal(asked.first), date.fromordinal(asked.end - 1)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    shifted = [_shift_months(day, -months) for day in (first, date.fromordinal(asked.end))]
    return Period(*(day.toordinal() for day in shifted))


def _shift_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = following.toordinal() - date(year, month + 1, 1).toordinal()
    return date(year, month + 1, min(day.day, last))


Told = tuple[Sequence[Cell], Sequence[MetricRow]]
"""Cells, and how each of them is shown."""


def compare_rows(now: Told, before: Told) -> None:
    """Put beside each row the one of the earlier period in the same place, where there is one.

    Cells are told apart by group and by how manieth of their group they are.
    """
    old = dict(zip(_numbered(before[0]), before[1], strict=True))
    for key, row in zip(_numbered(now[0]), now[1], strict=True):
        then = old.get(key)
        if then is not None:
            change = None if row.value is None or not then.value else row.value / then.value - 1
            row.compared = Comparison(
                start=then.start, end=then.end, value=then.value, coverage=then.coverage, change=change
            )


def _numbered(cells: Sequence[Cell]) -> Iterator[tuple[str, int]]:
    counts: dict[str, int] = {}
    for cell in cells:
        number = counts[cell.group] = counts.get(cell.group, -1) + 1
        yield cell.group, number


def estimate(metric: Metric, row: MetricRow) -> MetricRow:
    """Return a row with its value scaled up to the time that was not observed.

    What cameras count adds up over time, so half the time observed means half of it seen. Ratios need no scaling, and
    where less than a fifth was observed nothing is estimated.
    """
    scalable = metric.kind == "sum" and metric.from_cameras
    if not scalable or row.value is None or row.coverage is None or not LEAST_COVERAGE <= row.coverage < 1:
        return row
    low, high = (None if bound is None else bound / row.coverage for bound in (row.low, row.high))
    return replace(row, value=row.value / row.coverage, low=low, high=high, is_estimated=True)
