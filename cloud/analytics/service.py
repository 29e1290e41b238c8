"""Rules of metric queries: which shops, which intervals, when a value is unknown, and what is asked too much."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from cloud.analytics import bounds, repository
from cloud.analytics.cell_repository import read_members
from cloud.analytics.member_cells import Kept
from cloud.analytics.metric import Grain, Metric, Parts
from cloud.analytics.parts import CALENDAR, MONEY, PEAKS
from cloud.analytics.periods import Period, periods_in
from cloud.analytics.repository import Asked, Group, Key, Summed
from cloud.analytics.selection import Shop, groups_of
from cloud.db import Page, ReadSession
from cloud.footfall.buckets import Bucket, buckets
from cloud.stores.opening import Calendar

MAX_PERIODS: Mapping[Grain, int] = {"hour": 800, "day": 800, "week": 270, "month": 120, "total": 1}
MAX_ROWS = 100_000
Interval = tuple[int, Period, Bucket | None]
"""(key among sums, days, hour)."""

NOTHING = Summed({}, is_known=False)
"""What is known of an interval without any rollup."""


class Cell(Struct, frozen=True, gc=False):
    """One interval of one group of shops, before it is written."""

    group: str
    shops: Sequence[Shop]
    period: Period
    hour: Bucket | None
    parts: Parts
    is_known: bool


class Part(Struct, frozen=True, kw_only=True):
    """What a page needs: the shops that it shows, how many rows of them lie before it, and how many rows there are."""

    shops: Sequence[Shop]
    skipped: int
    total: int


class MetricQuery:
    """One metric over some shops. `kept` tells of which place numbers of members are kept that has just these shops."""

    def __init__(
        self,
        session: ReadSession,
        tenant: str,
        metric: Metric,
        shops: Sequence[Shop],
        now_ms: int,
        *,
        kept: Kept | None = None,
    ) -> None:
        self._session = session
        self._tenant = tenant
        self._metric = metric
        self._shops = shops
        self._now_ms = now_ms
        self._kept = kept
        self._calendars = {shop.store: shop.calendar for shop in shops}
        self._open: dict[tuple[Calendar, int], int] = {}
        self._hours_of: dict[tuple[Calendar, Period], list[Interval]] = {}

    def cells(
        self,
        asked_days: Period,
        grain: Grain,
        by: Group,
        currency: str | None,
        shops: Sequence[Shop] | None = None,
    ) -> list[Cell]:
        """Return the summed parts of every group and interval of some of the shops, by groups, then by time.

        Raises:
            ProblemError: 422, of a metric of members: there are too many days of members to look at.
        """
        asked = self.asked(asked_days, grain, by, shops)
        groups = groups_of(self._shops if shops is None else shops, by)
        if self._metric.kind == "members":
            return self._member_cells(asked, groups)
        summed = self._hours(asked, groups, currency) if grain == "hour" else self._days(asked, currency)
        return [
            Cell(group, shops, period, hour, known.parts, known.is_known)
            for group, shops in groups.items()
            for key, period, hour in self._intervals(asked, shops)
            for known in (summed.get((group, key), NOTHING),)
        ]

    def page(self, asked_days: Period, grain: Grain, by: Group, page: Page) -> Part:
        """Return which shops tell one page of the rows, so that what others show costs nothing."""
        asked = self.asked(asked_days, grain, by)
        shown: list[Shop] = []
        skipped = total = 0
        for shops in groups_of(self._shops, by).values():
            rows = len(self._intervals(asked, shops))
            if total + rows <= page.offset:
                skipped += rows
            elif total < page.offset + page.limit:
                shown += shops
            total += rows
        return Part(shops=shown, skipped=page.offset - skipped, total=total)

    def asked(self, days: Period, grain: Grain, by: Group = "store", shops: Sequence[Shop] | None = None) -> Asked:
        """Return which rollups to read; hours are summed over stores here, each by its own calendar."""
        calendars = {shop.calendar for shop in self._shops}
        return Asked(
            tenant=self._tenant,
            stores=[shop.store for shop in (self._shops if shops is None else shops)],
            days=days,
            periods=periods_in(days, grain),
            grain=grain,
            now_ms=self._now_ms,
            today=min((calendar.day_at(self._now_ms) for calendar in calendars), default=days.end),
            by="store" if grain == "hour" else by,
        )

    def _intervals(self, asked: Asked, shops: Sequence[Shop]) -> list[Interval]:
        """Return (key, days, hour) of each interval; shops that are summed by hour lie in one time zone."""
        if asked.grain != "hour":
            return [(number, period, None) for number, period in enumerate(asked.periods)]
        calendar = shops[0].calendar
        if (calendar, asked.days) not in self._hours_of:
            self._hours_of[calendar, asked.days] = [
                (hour.start_ms, period, hour)
                for period in asked.periods
                for hour in buckets(*_span(calendar.day(period.first)), "hour", calendar.zone)
            ]
        return self._hours_of[calendar, asked.days]

    def _names(self) -> list[str]:
        """Return the parts to read, besides money, which has a table of its own."""
        wanted = (*self._metric.told_parts, "observed_ms", *CALENDAR)
        return [name for name in dict.fromkeys(wanted) if name not in MONEY]

    def _days(self, asked: Asked, currency: str | None) -> dict[Key, Summed]:
        summed = repository.sum_parts(self._session, asked, self._names(), self._metric.sources)
        group_of = {shop.store: name for name, shops in groups_of(self._shops, asked.by).items() for shop in shops}
        for row in repository.running_days(self._session, asked):
            number = next(n for n, period in enumerate(asked.periods) if period.first <= row.day < period.end)
            calendar = self._calendars[row.store]
            rest_ms = row.open_ms - calendar.open_ms(row.day, calendar.day(row.day).start_ms, self._now_ms)
            parts = summed[group_of[row.store], number].parts
            parts["open_ms"] -= rest_ms
            parts["expected_ms"] -= rest_ms * row.expected_devices
        self._add_money(asked, currency, summed, NOTHING)
        return summed

    def _hours(self, asked: Asked, groups: Mapping[str, Sequence[Shop]], currency: str | None) -> dict[Key, Summed]:
        """Return hours; whether tills or terminals work is known of their day as a whole."""
        of_hour, of_day = self._metric.sources_by_span
        names = list(dict.fromkeys(name for group in of_day for name in group))
        summed = repository.sum_parts(self._session, asked, self._names(), of_hour)
        nothing = Summed({}, is_known=not of_hour)
        self._add_money(asked, currency, summed, nothing)
        days = {
            key: (row.expected_devices, all(any(getattr(row, name) for name in group) for group in of_day))
            for key, row in repository.days_of(self._session, asked, names).items()
        }
        found: dict[Key, Summed] = {}
        for group, shops in groups.items():
            for key, period, hour in self._intervals(asked, shops):
                if hour is None or hour.start_ms >= self._now_ms:
                    continue
                many, is_known = [], False
                for shop in shops:
                    expected_devices, works = days.get((shop.store, period.first), (None, False))
                    if expected_devices is None:
                        continue
                    here = summed.get((shop.store, key), nothing)
                    open_ms = self._open_ms(shop.calendar, period.first, hour)
                    many.append({**here.parts, "open_ms": open_ms, "expected_ms": open_ms * expected_devices})
                    is_known = is_known or (here.is_known and works)
                found[group, key] = Summed(many[0] if len(many) == 1 else add_up(many), is_known)
        return found

    def _open_ms(self, calendar: Calendar, day: int, hour: Bucket) -> int:
        """Return for how long of an hour a shop was open, up to now; most shops have the hours of others."""
        key = (calendar, hour.start_ms)
        if key not in self._open:
            self._open[key] = calendar.open_ms(day, hour.start_ms, min(hour.end_ms, self._now_ms))
        return self._open[key]

    def _add_money(self, asked: Asked, currency: str | None, summed: dict[Key, Summed], nothing: Summed) -> None:
        """Add money to sums; `nothing` tells what is known of an interval without any other figure."""
        if currency is not None:
            for key, money in repository.sum_money(self._session, asked, currency).items():
                without = Summed(dict.fromkeys(self._names(), 0), nothing.is_known)
                summed.setdefault(key, without).parts.update(money)

    def _member_cells(self, asked: Asked, groups: Mapping[str, Sequence[Shop]]) -> list[Cell]:
        of_shop = {shop.store: group for group, shops in groups.items() for shop in shops}
        kept = self._kept
        if kept is not None and kept.is_whole and asked.grain == "day" and len(groups) == 1:
            by_day = read_members(self._session, kept, self._metric.name, asked.days)
            counts = {(group, number): members for group in groups for number, members in by_day.items()}
        else:
            bounds.require_few(self._session, self._tenant, asked.stores, asked.days, bounds.MEMBERS)
            counts = repository.count_members(self._session, asked, self._metric.name, of_shop)
        is_known = repository.has_members(self._session, self._tenant, self._calendars)
        found = []
        for group, shops in groups.items():
            for number, period in enumerate(asked.periods):
                starts_ms = min(shop.calendar.day(period.first).start_ms for shop in shops)
                found.append(
                    Cell(
                        group,
                        shops,
                        period,
                        None,
                        {self._metric.name: counts.get((group, number), 0)},
                        is_known and starts_ms < self._now_ms,
                    )
                )
        return found


def add_up(many: Sequence[Parts]) -> dict[str, int]:
    """Return parts of several shops together."""
    total: dict[str, int] = {}
    for parts in many:
        for name, value in parts.items():
            total[name] = max(total.get(name, 0), value) if name in PEAKS else total.get(name, 0) + value
    return total


def coverage_of(metric: Metric, parts: Parts) -> float | None:
    """Return the share of expected camera time that was observed, None where none was expected or no camera matters."""
    return observed_share(parts) if metric.from_cameras else None


def observed_share(parts: Parts) -> float | None:
    """Return the share of expected camera time that was observed, None where none was expected."""
    expected_ms = parts.get("expected_ms", 0)
    return min(parts.get("observed_ms", 0) / expected_ms, 1.0) if expected_ms > 0 else None


def _span(bucket: Bucket) -> tuple[int, int]:
    return bucket.start_ms, bucket.end_ms
