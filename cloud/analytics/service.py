"""Rules of metric queries: which shops, which intervals, when a value is unknown, and what is asked too much."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from cloud.analytics import repository
from cloud.analytics.metric import Grain, Metric, Parts
from cloud.analytics.parts import CALENDAR, MONEY, PEAKS
from cloud.analytics.periods import Period, periods_in
from cloud.analytics.repository import Asked, Key
from cloud.analytics.selection import Shop, groups_of
from cloud.db import ReadSession
from cloud.footfall.buckets import Bucket, buckets

MAX_PERIODS: Mapping[Grain, int] = {"hour": 800, "day": 800, "week": 270, "month": 120, "total": 1}
MAX_ROWS = 100_000
ALL = ""
"""The group of every shop together."""


class Cell(Struct, frozen=True, kw_only=True):
    """One interval of one group of shops, before it is written."""

    group: str
    shops: Sequence[Shop]
    period: Period
    hour: Bucket | None
    parts: Parts
    is_known: bool


class MetricQuery:
    """One metric over some shops."""

    def __init__(self, session: ReadSession, tenant: str, metric: Metric, shops: Sequence[Shop], now_ms: int) -> None:
        self._session = session
        self._tenant = tenant
        self._metric = metric
        self._shops = shops
        self._now_ms = now_ms
        self._calendars = {shop.store: shop.calendar for shop in shops}

    def cells(self, asked_days: Period, grain: Grain, by: str, currency: str | None) -> list[Cell]:
        """Return the summed parts of every group and interval, in order of groups, then of time."""
        asked = self.asked(asked_days, grain)
        groups = groups_of(self._shops, by)
        if self._metric.kind == "members":
            return self._member_cells(asked, groups)
        by_store = self._hours(asked, currency) if grain == "hour" else self._days(asked, currency)
        found = []
        for group, shops in groups.items():
            for key, period, hour in self._intervals(asked, shops):
                known = [by_store[shop.store, key] for shop in shops if (shop.store, key) in by_store]
                parts = add_up([parts for parts, _ in known])
                found.append(
                    Cell(
                        group=group,
                        shops=shops,
                        period=period,
                        hour=hour,
                        parts=parts,
                        is_known=any(is_known for _, is_known in known),
                    )
                )
        return found

    def asked(self, days: Period, grain: Grain) -> Asked:
        """Return which rollups to read."""
        return Asked(
            tenant=self._tenant,
            stores=[shop.store for shop in self._shops],
            days=days,
            periods=periods_in(days, grain),
            grain=grain,
            now_ms=self._now_ms,
        )

    def _intervals(self, asked: Asked, shops: Sequence[Shop]) -> list[tuple[int, Period, Bucket | None]]:
        """Return (key, days, hour) of each interval; shops that are summed by hour lie in one time zone."""
        if asked.grain != "hour":
            return [(number, period, None) for number, period in enumerate(asked.periods)]
        calendar = shops[0].calendar
        return [
            (hour.start_ms, period, hour)
            for period in asked.periods
            for hour in buckets(*_span(calendar.day(period.first)), "hour", calendar.zone)
        ]

    def _names(self) -> list[str]:
        """Return the parts to read, besides money, which has a table of its own."""
        wanted = (*self._metric.parts, "observed_ms", *CALENDAR)
        return [name for name in dict.fromkeys(wanted) if name not in MONEY]

    def _days(self, asked: Asked, currency: str | None) -> dict[Key, tuple[dict[str, int], bool]]:
        summed = repository.sum_parts(self._session, asked, self._names())
        for row in repository.running_days(self._session, asked):
            number = next(n for n, period in enumerate(asked.periods) if period.first <= row.day < period.end)
            calendar = self._calendars[row.store]
            rest_ms = row.open_ms - calendar.open_ms(row.day, calendar.day(row.day).start_ms, self._now_ms)
            parts = summed[row.store, number]
            parts["open_ms"] -= rest_ms
            parts["expected_ms"] -= rest_ms * row.expected_devices
        known = {key: self._metric.is_known(parts) for key, parts in summed.items()}
        self._add_money(asked, currency, summed)
        return {key: (parts, known.get(key, False)) for key, parts in summed.items()}

    def _hours(self, asked: Asked, currency: str | None) -> dict[Key, tuple[dict[str, int], bool]]:
        """Return hours; whether tills or terminals work is known of their day as a whole."""
        names = self._names()
        summed = repository.sum_parts(self._session, asked, names)
        days = repository.days_of(self._session, asked, names)
        self._add_money(asked, currency, summed)
        found = {}
        for shop in self._shops:
            for key, period, hour in self._intervals(asked, [shop]):
                day = days.get((shop.store, period.first))
                parts = summed.get((shop.store, key), dict.fromkeys(names, 0))
                if day is None or hour is None or hour.start_ms >= self._now_ms:
                    continue
                end_ms = min(hour.end_ms, self._now_ms)
                parts["open_ms"] = shop.calendar.open_ms(period.first, hour.start_ms, end_ms)
                parts["expected_ms"] = parts["open_ms"] * day.expected_devices
                of_day = {name: getattr(day, name) for name in names}
                found[shop.store, key] = (parts, self._metric.is_known_of_hour(parts, of_day))
        return found

    def _add_money(self, asked: Asked, currency: str | None, summed: dict[Key, dict[str, int]]) -> None:
        if currency is not None:
            for key, money in repository.sum_money(self._session, asked, currency).items():
                summed.setdefault(key, dict.fromkeys(self._names(), 0)).update(money)

    def _member_cells(self, asked: Asked, groups: Mapping[str, Sequence[Shop]]) -> list[Cell]:
        of_shop = {shop.store: group for group, shops in groups.items() for shop in shops}
        counts = repository.count_members(self._session, asked, self._metric.name, of_shop)
        is_known = repository.has_members(self._session, self._tenant, of_shop)
        found = []
        for group, shops in groups.items():
            for number, period in enumerate(asked.periods):
                starts_ms = min(shop.calendar.day(period.first).start_ms for shop in shops)
                found.append(
                    Cell(
                        group=group,
                        shops=shops,
                        period=period,
                        hour=None,
                        parts={self._metric.name: counts.get((group, number), 0)},
                        is_known=is_known and starts_ms < self._now_ms,
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
    expected_ms = parts.get("expected_ms", 0)
    if not metric.from_cameras or expected_ms <= 0:
        return None
    return min(parts.get("observed_ms", 0) / expected_ms, 1.0)


def _span(bucket: Bucket) -> tuple[int, int]:
    return bucket.start_ms, bucket.end_ms
