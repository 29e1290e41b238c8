"""SQL over rollups. No query here reads the log or what rollups are made from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct, structs
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    Subquery,
    Table,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
)

from cloud.among import among, among_given
from cloud.analytics.metric import Grain
from cloud.analytics.parts import MONEY, PEAKS
from cloud.analytics.periods import Period, rollups_for
from cloud.analytics.tables import member_days, rollup_money, rollups
from cloud.db import AnyRow, AnySelect, ReadSession
from cloud.tables import stores

Key = tuple[str, int]
"""A store or a group of them, and an interval: the first instant of an hour, or how manieth of the asked periods."""

Group = Literal["store", "region", "none"]


class Asked(Struct, frozen=True, kw_only=True):
    """Which rollups are read. `parts_of` are the calendar's intervals, in order without gaps.

    `today` is the first day that is not over everywhere, `by` what figures are summed over in the database.
    """

    tenant: str
    stores: Sequence[str]
    days: Period
    periods: Sequence[Period]
    grain: Grain
    now_ms: int
    today: int
    by: Group = "store"

    @property
    def shape(self) -> "Asked":
        """Return the same of whatever tenant, stores and moment: what a statement is built from."""
        return structs.replace(self, tenant="", stores=(), now_ms=0, periods=tuple(self.periods))

    @property
    def given(self) -> dict[str, object]:
        """Return the tenant, stores and moment, which statements take by these names."""
        return {_TENANT: self.tenant, _STORES: list(self.stores), _NOW_MS: self.now_ms}


_TENANT, _STORES, _NOW_MS, _CURRENCY = "asked_tenant", "asked_stores", "asked_now_ms", "asked_currency"
_KEPT_STATEMENTS = 256
"""To build a statement takes longer than to run it: the same days are asked for again and again."""


class Summed(Struct, gc=False):
    """The summed parts of one interval, and whether all that a value needs was observed of any of the stores."""

    parts: dict[str, int]
    is_known: bool


def list_shops(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return a tenant's shops with their regions and time zones, by name."""
    return session.rows(select(stores).where(stores.c.tenant == tenant).order_by(stores.c.store))


def sum_parts(
    session: ReadSession, asked: Asked, names: Sequence[str], sources: Iterable[Sequence[str]] = ()
) -> dict[Key, Summed]:
    """Return the summed parts of each group and interval.

    Args:
        session: A transaction.
        asked: Which rollups.
        names: The parts.
        sources: Kinds of devices that must have reported for a value to be known, in one store: any part of each.
    """
    statement = _parts_statement(asked.shape, tuple(names), tuple(map(tuple, sources)))
    return {
        (named, period): Summed(dict(zip(names, values, strict=True)), bool(is_known))
        for named, period, is_known, *values in session.rows(statement, asked.given)
    }


@lru_cache(_KEPT_STATEMENTS)
def _parts_statement(shape: Asked, names: tuple[str, ...], sources: tuple[tuple[str, ...], ...]) -> AnySelect:
    # Parts are never negative: a sum is 0 where each of what it sums is. Most cameras are seen by the first part.
    seen = {
        f"seen_{number}": case((or_(*(rollups.c[name] != 0 for name in group)), 1), else_=0)
        for number, group in enumerate(sources)
    }

    def totals(inner: Subquery) -> list[Total]:
        known = case((and_(true(), *(inner.c[name] != 0 for name in seen)), 1), else_=0)
        return [(func.max, known), *_totals(inner, names)]

    inner = _by_store(rollups, shape, names, rollups.c.start_ms < bindparam(_NOW_MS, type_=BigInteger()), seen)
    return _by_group(shape, inner, totals)


def sum_money(session: ReadSession, asked: Asked, currency: str) -> dict[Key, dict[str, int]]:
    """Return sales and their number in one currency, likewise."""
    statement = _money_statement(asked.shape)
    return {
        (named, period): dict(zip(MONEY, values, strict=True))
        for named, period, *values in session.rows(statement, {**asked.given, _CURRENCY: currency})
    }


@lru_cache(_KEPT_STATEMENTS)
def _money_statement(shape: Asked) -> AnySelect:
    inner = _by_store(rollup_money, shape, MONEY, rollup_money.c.currency == bindparam(_CURRENCY, type_=String()), {})
    return _by_group(shape, inner, lambda each: _totals(each, MONEY))


def _by_store(
    table: Table,
    asked: Asked,
    names: Sequence[str],
    condition: ColumnElement[bool],
    seen: Mapping[str, ColumnElement[int]],
) -> list[Subquery]:
    """Return parts summed by store and interval, and of what is `seen` the largest; each interval is in one of them.

    Where what is asked for has a row of its own, as whole weeks of weeks do, that row is taken as it is.
    """
    at = table.c.start_ms if asked.grain == "hour" else table.c.day
    columns = (
        table.c.store,
        at.label("at"),
        *(table.c[name] for name in names),
        *(value.label(name) for name, value in seen.items()),
    )
    read = {
        (grain, days): select(*columns).where(*_within(table, grain, days), condition)
        for grain, days in rollups_for(asked.days, asked.grain, asked.today)
    }
    whole = [rows.subquery() for (grain, _), rows in read.items() if grain == asked.grain]
    parts = [rows for (grain, _), rows in read.items() if grain != asked.grain]
    found = [
        select(rows.c.store, _period(rows, asked), *(rows.c[name] for name in (*names, *seen))).subquery()
        for rows in whole
    ]
    if parts:
        rows = union_all(*parts).subquery()
        sums = [cast((func.max if name in PEAKS else func.sum)(rows.c[name]), BigInteger).label(name) for name in names]
        most = [func.max(rows.c[name]).label(name) for name in seen]
        summed = select(rows.c.store, _period(rows, asked), *sums, *most)
        found.append(summed.group_by(rows.c.store, text("period")).subquery())
    return found


def _period(rows: Subquery, asked: Asked) -> ColumnElement[int]:
    period = rows.c.at if asked.grain == "hour" else period_of(rows.c.at, asked.periods)
    return period.label("period")


def _within(table: Table, grain: Grain, days: Period) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that rows are of a grain, some days, and the tenant and stores that are given."""
    return (
        table.c.tenant == bindparam(_TENANT, type_=String()),
        table.c.grain == grain,
        among_given(table.c.store, _STORES),
        table.c.day >= days.first,
        table.c.day < days.end,
    )


Total = tuple[Callable[[ColumnElement[Any]], ColumnElement[Any]], ColumnElement[Any]]
"""How the values of several stores become one, and the value of each store."""


def _totals(inner: Subquery, names: Sequence[str]) -> list[Total]:
    return [(func.max if name in PEAKS else func.sum, inner.c[name]) for name in names]


def _by_group(asked: Asked, inner: Sequence[Subquery], totals: Callable[[Subquery], Sequence[Total]]) -> AnySelect:
    """Return the statement of each group and interval with what the stores of the group have together.

    Each part is summed by itself: as one, the rows of all stores would be put together first, which takes as long.
    """
    return select(union_all(*(_grouped(asked, each, totals(each)) for each in inner)).subquery())


def _grouped(asked: Asked, inner: Subquery, totals: Sequence[Total]) -> AnySelect:
    if asked.by == "store":
        return select(inner.c.store, inner.c.period, *(value for _, value in totals))
    columns = [cast(total(value), BigInteger) for total, value in totals]
    group = func.coalesce(stores.c.region, "") if asked.by == "region" else literal("")
    here = and_(stores.c.tenant == bindparam(_TENANT, type_=String()), stores.c.store == inner.c.store)
    source = inner.join(stores, here) if asked.by == "region" else inner
    statement = select(group.label("named"), inner.c.period, *columns).select_from(source)
    return statement.group_by(text("named"), inner.c.period)


def currencies_in(session: ReadSession, asked: Asked) -> list[str]:
    """Return the currencies in which anything was sold or given back."""
    found: set[str] = set()
    for grain, days in rollups_for(asked.days, "total", asked.today):
        statement = select(rollup_money.c.currency).distinct().where(*_within(rollup_money, grain, days))
        found.update(row.currency for row in session.rows(statement, asked.given))
    return sorted(found)


def days_of(session: ReadSession, asked: Asked, names: Sequence[str]) -> dict[tuple[str, int], AnyRow]:
    """Return each day's row of each store, with some parts and how many cameras were expected."""
    statement = (
        select(rollups.c.store, rollups.c.day, rollups.c.expected_devices, *(rollups.c[name] for name in names))
        .where(rollups.c.tenant == asked.tenant, rollups.c.grain == "day", among(rollups.c.store, asked.stores))
        .where(rollups.c.day >= asked.days.first, rollups.c.day < asked.days.end)
    )
    return {(row.store, row.day): row for row in session.rows(statement)}


def running_days(session: ReadSession, asked: Asked) -> Sequence[AnyRow]:
    """Return each store's row of the day that is not over yet."""
    if asked.days.end <= asked.today:
        return ()
    return session.rows(
        select(rollups.c.store, rollups.c.day, rollups.c.expected_devices, rollups.c.open_ms)
        .where(rollups.c.tenant == asked.tenant, rollups.c.grain == "day", among(rollups.c.store, asked.stores))
        .where(rollups.c.day >= max(asked.days.first, asked.today), rollups.c.day < asked.days.end)
        .where(rollups.c.start_ms < asked.now_ms, rollups.c.end_ms > asked.now_ms)
    )


_MEMBER_CONDITIONS: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "members_active": (),
    "members_new": (member_days.c.day == member_days.c.first_day,),
    "members_returning": (member_days.c.previous_day.is_not(None),),
    "members_buying": (member_days.c.transactions > 0,),
}


def count_members(
    session: ReadSession, asked: Asked, metric: str, groups: Mapping[str, str]
) -> dict[tuple[str, int], int]:
    """Return how many different members were in the shops of each group, by period.

    Args:
        session: A transaction.
        asked: Which shops and periods.
        metric: Which members, by the name of the metric.
        groups: The group of each shop.
    """
    index = period_of(member_days.c.day, asked.periods)
    names = sorted(set(groups.values()))
    group: ColumnElement[Any] = literal(names[0]) if len(names) == 1 else member_days.c.store
    if len(names) > 1 and set(names) != set(groups):
        group = case(*((member_days.c.store == store, name) for store, name in sorted(groups.items())))
    statement = (
        select(group.label("named"), index.label("period"), count_people(session).label("people"))
        .where(member_days.c.tenant == asked.tenant, among(member_days.c.store, asked.stores))
        .where(member_days.c.day >= asked.days.first, member_days.c.day < asked.days.end)
        .where(*_MEMBER_CONDITIONS[metric])
        .group_by("named", "period")
    )
    return {(row.named, row.period): row.people for row in session.rows(statement)}


def count_people(session: ReadSession) -> ColumnElement[int]:
    """Return how many different members there are; PostgreSQL sorts them byte by byte, which takes half as long."""
    one_id: ColumnElement[str] = member_days.c.one_id
    return func.count((one_id.collate("C") if session.dialect == "postgresql" else one_id).distinct())


def has_members(session: ReadSession, tenant: str, names: Iterable[str]) -> bool:
    """Return whether any member was ever seen in some stores."""
    statement = select(member_days.c.one_id).where(
        member_days.c.tenant == tenant, among(member_days.c.store, sorted(names))
    )
    return session.first(statement.limit(1)) is not None


def period_of(day: ColumnElement[int], periods: Sequence[Period]) -> ColumnElement[int]:
    """Return in how manieth of some periods, which lie in order without gaps, a day lies."""
    if len(periods) == 1:
        return literal(0)
    lengths = {period.days for period in periods}
    if len(lengths) == 1:
        return (day - periods[0].first) // lengths.pop()
    return case(*((day < period.end, number) for number, period in enumerate(periods)))
