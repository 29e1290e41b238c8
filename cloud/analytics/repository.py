"""SQL over rollups. No query here reads the log or what rollups are made from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, ColumnElement, case, cast, func, literal, select

from cloud.analytics.metric import Grain
from cloud.analytics.parts import MONEY, PEAKS
from cloud.analytics.periods import Period
from cloud.analytics.tables import member_days, rollup_money, rollups
from cloud.db import AnyRow, ReadSession
from cloud.tables import stores

Key = tuple[str, int]
"""A store, and an interval: the first instant of an hour, or how manieth of the asked periods."""


class Asked(Struct, frozen=True, kw_only=True):
    """Which rollups are read. `parts_of` are the calendar's intervals, in order without gaps."""

    tenant: str
    stores: Sequence[str]
    days: Period
    periods: Sequence[Period]
    grain: Grain
    now_ms: int


def list_shops(session: ReadSession, tenant: str) -> Sequence[AnyRow]:
    """Return a tenant's shops with their regions and time zones, by name."""
    return session.rows(select(stores).where(stores.c.tenant == tenant).order_by(stores.c.store))


def sum_parts(session: ReadSession, asked: Asked, names: Sequence[str]) -> dict[Key, dict[str, int]]:
    """Return the summed parts of each store and period; those of hours by the hour's first instant."""
    columns = [
        cast((func.max if name in PEAKS else func.sum)(rollups.c[name]), BigInteger).label(name) for name in names
    ]
    grain = "hour" if asked.grain == "hour" else "day"
    index = rollups.c.start_ms if asked.grain == "hour" else period_of(rollups.c.day, asked.periods)
    statement = (
        select(rollups.c.store, index.label("period"), *columns)
        .where(rollups.c.tenant == asked.tenant, rollups.c.grain == grain, rollups.c.store.in_(asked.stores))
        .where(rollups.c.day >= asked.days.first, rollups.c.day < asked.days.end, rollups.c.start_ms < asked.now_ms)
        .group_by(rollups.c.store, index)
    )
    return _by_key(session.rows(statement), names)


def sum_money(session: ReadSession, asked: Asked, currency: str) -> dict[Key, dict[str, int]]:
    """Return sales and their number in one currency, likewise."""
    grain = "hour" if asked.grain == "hour" else "day"
    index = rollup_money.c.start_ms if asked.grain == "hour" else period_of(rollup_money.c.day, asked.periods)
    columns = [cast(func.sum(rollup_money.c[name]), BigInteger).label(name) for name in MONEY]
    statement = (
        select(rollup_money.c.store, index.label("period"), *columns)
        .where(rollup_money.c.tenant == asked.tenant, rollup_money.c.grain == grain)
        .where(rollup_money.c.store.in_(asked.stores), rollup_money.c.currency == currency)
        .where(rollup_money.c.day >= asked.days.first, rollup_money.c.day < asked.days.end)
        .group_by(rollup_money.c.store, index)
    )
    return _by_key(session.rows(statement), MONEY)


def _by_key(rows: Iterable[AnyRow], names: Sequence[str]) -> dict[Key, dict[str, int]]:
    return {(store, period): dict(zip(names, values, strict=True)) for store, period, *values in rows}


def currencies_in(session: ReadSession, asked: Asked) -> list[str]:
    """Return the currencies in which anything was sold or given back."""
    statement = (
        select(rollup_money.c.currency)
        .distinct()
        .where(rollup_money.c.tenant == asked.tenant, rollup_money.c.grain == "day")
        .where(rollup_money.c.store.in_(asked.stores))
        .where(rollup_money.c.day >= asked.days.first, rollup_money.c.day < asked.days.end)
    )
    return sorted(row.currency for row in session.rows(statement))


def days_of(session: ReadSession, asked: Asked, names: Sequence[str]) -> dict[tuple[str, int], AnyRow]:
    """Return each day's row of each store, with some parts and how many cameras were expected."""
    statement = (
        select(rollups.c.store, rollups.c.day, rollups.c.expected_devices, *(rollups.c[name] for name in names))
        .where(rollups.c.tenant == asked.tenant, rollups.c.grain == "day", rollups.c.store.in_(asked.stores))
        .where(rollups.c.day >= asked.days.first, rollups.c.day < asked.days.end)
    )
    return {(row.store, row.day): row for row in session.rows(statement)}


def running_days(session: ReadSession, asked: Asked) -> Sequence[AnyRow]:
    """Return each store's row of the day that is not over yet."""
    return session.rows(
        select(rollups.c.store, rollups.c.day, rollups.c.expected_devices, rollups.c.open_ms)
        .where(rollups.c.tenant == asked.tenant, rollups.c.grain == "day", rollups.c.store.in_(asked.stores))
        .where(rollups.c.day >= asked.days.first, rollups.c.day < asked.days.end)
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
        .where(member_days.c.tenant == asked.tenant, member_days.c.store.in_(asked.stores))
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
        member_days.c.tenant == tenant, member_days.c.store.in_(sorted(names))
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
