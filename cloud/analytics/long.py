"""Sums weeks and months of a store from its days, so that what is asked of years reads few rows."""

from collections.abc import Sequence

from sqlalchemy import JSON, BigInteger, ColumnElement, Table, cast, delete, func, literal, select

from cloud.analytics.metric import Grain
from cloud.analytics.parts import CALENDAR, MONEY, PEAKS, SUMS
from cloud.analytics.periods import Period, periods_in
from cloud.analytics.tables import rollup_money, rollups
from cloud.db import WriteSession, chunks
from cloud.spans import Spans

LONG_GRAINS: tuple[Grain, ...] = ("week", "month")

_NO_DEVICES = (literal({}, JSON).label("devices"), literal(0).label("expected_devices"))
"""Which camera saw what is told of days."""


def _sums(table: Table, names: Sequence[str]) -> list[ColumnElement[int]]:
    return [cast(func.sum(table.c[name]), BigInteger).label(name) for name in names]


# Made once: to build so many expressions costs more than to run the statement.
_ROLLUP_COLUMNS = (
    func.max(rollups.c.end_ms).label("end_ms"),
    *_sums(rollups, (*SUMS, *CALENDAR)),
    *(func.max(rollups.c[name]).label(name) for name in PEAKS),
    *_NO_DEVICES,
)
_MONEY_COLUMNS = (rollup_money.c.currency, *_sums(rollup_money, MONEY))


def sum_long(session: WriteSession, tenant: str, store: str, days: Sequence[int]) -> None:
    """Sum the weeks and months of a store anew that hold some days."""
    for grain in LONG_GRAINS:
        periods = sorted({periods_in(Period(day, day + 1), grain)[0] for day in days})
        for table in (rollups, rollup_money):
            for part in chunks([period.first for period in periods]):
                statement = delete(table).where(
                    table.c.tenant == tenant, table.c.grain == grain, table.c.store == store, table.c.day.in_(part)
                )
                session.execute(statement)
        of = (tenant, store, grain, periods)
        _insert_sums(session, rollups, of, _ROLLUP_COLUMNS)
        _insert_sums(session, rollup_money, of, _MONEY_COLUMNS, rollup_money.c.currency)


def _insert_sums(
    session: WriteSession,
    table: Table,
    of: tuple[str, str, Grain, Sequence[Period]],
    columns: Sequence[ColumnElement[object]],
    *by: ColumnElement[object],
) -> None:
    """Insert one row for each period, or for each value of a column in it; none where no day of it has any."""
    tenant, store, grain, periods = of
    spans = Spans((period.first, period.end) for period in periods)
    key = [
        table.c.tenant,
        literal(grain).label("grain"),
        table.c.store,
        spans.start.label("day"),
        func.min(table.c.start_ms).label("start_ms"),
    ]
    summed = (
        select(*key, *columns)
        .select_from(spans.table.join(table, spans.hold(table.c.day)))
        .where(table.c.tenant == tenant, table.c.grain == "day", table.c.store == store)
        .group_by(table.c.tenant, table.c.store, spans.start, *by)
    )
    session.execute(table.insert().from_select([column.name for column in summed.selected_columns], summed))
