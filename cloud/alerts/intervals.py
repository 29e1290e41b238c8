"""Reads metrics of the last whole hour or day, and of the same ones in earlier weeks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from cloud.alerts.judging import Reading, Subject, Unknown
from cloud.alerts.live import LEAST_COVERAGE
from cloud.alerts.rules import COVERAGE, UNUSUAL, AlertRule
from cloud.analytics import repository
from cloud.analytics.catalogue import METRICS
from cloud.analytics.metric import Metric
from cloud.analytics.periods import Period
from cloud.analytics.selection import Shop, groups_of
from cloud.analytics.service import Cell, MetricQuery, coverage_of
from cloud.db import ReadSession
from cloud.footfall.buckets import Bucket

SETTLE_MS = 5 * 60_000
"""How long after its end an interval is judged: what cameras sent late is in by then, mostly."""

LEAST_OPEN = 0.5
"""An hour of which the shop was open for less is not judged."""

_WEEK = 7


class _Value(NamedTuple):
    value: float | None
    unknown: Unknown | None
    coverage: float | None


class IntervalReader:
    """Reads one rule's metric of a tenant's shops, at one instant."""

    def __init__(self, session: ReadSession, tenant: str, now_ms: int) -> None:
        self._session = session
        self._tenant = tenant
        self._now_ms = now_ms

    def read(self, rule: AlertRule, shops: Sequence[Shop]) -> list[Reading]:
        """Return what the rule's metric was in the last whole interval of each store, region, or of all together."""
        if not shops:
            return []
        metric = METRICS["heads" if rule.measure == COVERAGE else rule.measure]
        query = MetricQuery(self._session, self._tenant, metric, shops, self._now_ms)
        today = [shop.calendar.day_at(self._now_ms) for shop in shops]
        days = Period(min(today) - 1, max(today) + 1)
        currency, is_mixed = self._currency(query, rule, metric, days)
        last = self._last_whole(query.cells(days, rule.grain or "day", rule.by, currency))
        past = self._past(query, rule, last, currency)
        groups = groups_of(shops, rule.by)
        found = []
        for group, cell in last.items():
            told = _Value(None, "several_currencies", None) if is_mixed else _value_of(rule, metric, cell)
            history = [_value_of(rule, metric, each).value for each in past.get(group, ())]
            found.append(_reading(rule, metric, groups[group], cell, told, history))
        return found

    def _currency(self, query: MetricQuery, rule: AlertRule, metric: Metric, days: Period) -> tuple[str | None, bool]:
        """Return the currency of a metric of money, and whether shops sold in several and the rule names none."""
        if not metric.has_currency or rule.currency is not None:
            return (rule.currency if metric.has_currency else None), False
        sold_in = repository.currencies_in(self._session, query.asked(days, "day"))
        return (sold_in[0] if len(sold_in) == 1 else None), len(sold_in) > 1

    def _last_whole(self, cells: Iterable[Cell]) -> dict[str, Cell]:
        """Return the last interval of each group that is over, and settled."""
        until_ms = self._now_ms - SETTLE_MS
        return {cell.group: cell for cell in cells if _span_of(cell).end_ms <= until_ms}

    def _past(
        self, query: MetricQuery, rule: AlertRule, last: Mapping[str, Cell], currency: str | None
    ) -> dict[str, list[Cell]]:
        """Return the same weekday, and hour, of earlier weeks."""
        if rule.condition not in UNUSUAL or not last:
            return {}
        days = [cell.period.first for cell in last.values()]
        found: dict[str, list[Cell]] = {}
        for week in range(1, rule.weeks + 1):
            span = Period(min(days) - _WEEK * week, max(days) + 1 - _WEEK * week)
            for cell in query.cells(span, rule.grain or "day", rule.by, currency):
                now = last.get(cell.group)
                if now is not None and _is_same(now, cell, week):
                    found.setdefault(cell.group, []).append(cell)
        return found


def _is_same(now: Cell, then: Cell, week: int) -> bool:
    return then.period.first == now.period.first - _WEEK * week and _local_hour(now) == _local_hour(then)


def _local_hour(cell: Cell) -> str:
    """Return the hour on the shop's clock, empty of a day."""
    return "" if cell.hour is None else cell.hour.local_start(cell.shops[0].calendar.zone)[11:13]


def _span_of(cell: Cell) -> Bucket:
    if cell.hour is not None:
        return cell.hour
    days = [shop.calendar.day(cell.period.first) for shop in cell.shops]
    return Bucket(min(day.start_ms for day in days), max(day.end_ms for day in days))


def _is_open(cell: Cell) -> bool:
    span = _span_of(cell)
    opened_ms = [shop.calendar.open_ms(cell.period.first, span.start_ms, span.end_ms) for shop in cell.shops]
    least_ms = (span.end_ms - span.start_ms) * LEAST_OPEN if cell.hour is not None else 1
    return max(opened_ms) >= least_ms


def _value_of(rule: AlertRule, metric: Metric, cell: Cell) -> _Value:
    """Return a cell's value; one that cameras hardly observed is unknown, never low."""
    coverage = coverage_of(metric, cell.parts)
    if not _is_open(cell):
        return _Value(None, "closed", coverage)
    if rule.measure == COVERAGE:
        return _Value(coverage, None if coverage is not None else "not_observed", coverage)
    value = metric.value_of(cell.parts) if cell.is_known else None
    if value is None:
        return _Value(None, "not_observed", coverage)
    if coverage is not None and coverage < LEAST_COVERAGE:
        return _Value(None, "poorly_observed", coverage)
    return _Value(value, None, coverage)


def _reading(
    rule: AlertRule, metric: Metric, shops: Sequence[Shop], cell: Cell, told: _Value, history: Sequence[float | None]
) -> Reading:
    span = _span_of(cell)
    is_ratio = metric.kind == "ratio" and rule.measure != COVERAGE
    subject = {"store": Subject(store=shops[0].store), "region": Subject(region=shops[0].region or "")}
    return Reading(
        subject=subject.get(rule.by, Subject()),
        value=told.value,
        unknown=told.unknown,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        coverage=told.coverage,
        sample=metric.sample_of(cell.parts) if is_ratio else None,
        is_share=is_ratio and metric.unit == "share",
        is_count=metric.kind == "sum" and not metric.has_currency and rule.measure != COVERAGE,
        history=tuple(value for value in history if value is not None),
    )
