"""SQL over journeys, zones and terminals."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Table, Text, cast, func, select

from cloud.among import among
from cloud.analytics.funnel import Step
from cloud.analytics.periods import Period
from cloud.analytics.tables import journeys, rollup_terminals, rollup_zones, rollups
from cloud.db import AnyRow, ReadSession

_STEPS = msgspec.json.Decoder(list[Step])
_TERMINAL_PARTS = ("scans", "receipts", "member_touches", "decided", "linked")
_ZONE_PARTS = ("visits", "stays", "dwell_ms")


def count_journeys(session: ReadSession, tenant: str, stores: Sequence[str], days: Period) -> int:
    """Return how many customers' visits began in some shops."""
    return session.number(select(func.count()).select_from(journeys).where(*_within(journeys, tenant, stores, days)))


def read_journeys(session: ReadSession, tenant: str, stores: Sequence[str], days: Period) -> Iterator[list[Step]]:
    """Yield what each customer's visit came to."""
    text = cast(journeys.c.steps, Text)  # The column's own type would make lists of lists, which costs twice as much.
    for row in session.rows(select(text).where(*_within(journeys, tenant, stores, days))):
        yield _STEPS.decode(row[0])


def sum_zones(session: ReadSession, tenant: str, stores: Sequence[str], days: Period) -> Sequence[AnyRow]:
    """Return each zone's figures, by shop and zone."""
    key = (rollup_zones.c.store, rollup_zones.c.zone_id, rollup_zones.c.zone_kind)
    sums = (func.sum(rollup_zones.c[name]).label(name) for name in _ZONE_PARTS)
    statement = select(*key, *sums).where(*_within(rollup_zones, tenant, stores, days))
    return session.rows(statement.group_by(*key).order_by(*key))


def sum_visits(session: ReadSession, tenant: str, stores: Sequence[str], days: Period) -> dict[str, int]:
    """Return customers' visits by shop."""
    statement = (
        select(rollups.c.store, func.sum(rollups.c.visits).label("visits"))
        .where(*_within(rollups, tenant, stores, days), rollups.c.grain == "day")
        .group_by(rollups.c.store)
    )
    return {row.store: int(row.visits) for row in session.rows(statement)}


def sum_terminals(session: ReadSession, tenant: str, stores: Sequence[str], days: Period) -> Sequence[AnyRow]:
    """Return each terminal's figures, by shop and device."""
    key = (rollup_terminals.c.store, rollup_terminals.c.device)
    sums = (func.sum(rollup_terminals.c[name]).label(name) for name in _TERMINAL_PARTS)
    statement = select(*key, *sums).where(*_within(rollup_terminals, tenant, stores, days))
    return session.rows(statement.group_by(*key).order_by(*key))


def _within(table: Table, tenant: str, stores: Sequence[str], days: Period) -> tuple[ColumnElement[Any], ...]:
    return (table.c.tenant == tenant, among(table.c.store, stores), table.c.day >= days.first, table.c.day < days.end)
