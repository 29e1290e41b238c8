"""How much a question may look at one by one: nothing that takes long can be asked by accident.

Each bound is what took somewhat less than a second of 200 shops with two years (`python -m benchmarks.analytics`).
"""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus

from msgspec import Struct
from sqlalchemy import Table, func, literal, select

from cloud.among import among
from cloud.analytics.periods import Period
from cloud.analytics.tables import journeys, member_days, rollup_terminals, rollup_zones
from cloud.db import ReadSession
from cloud.errors import ProblemError


class Bound(Struct, frozen=True, kw_only=True):
    """How many rows are looked at.

    Attributes:
        table: Of what.
        most: How many at most.
        noun: What one of them is, in plural.
        remedy: What to ask for instead.
    """

    table: Table
    most: int
    noun: str
    remedy: str


_FEWER = "fewer shops or days"

MATRIX = Bound(
    table=member_days,
    most=350_000,
    noun="members' days",
    remedy=f"{_FEWER}, or for all shops or a whole region with dormant_days=180, which are kept summed",
)
COHORTS = Bound(
    table=member_days,
    most=1_000_000,
    noun="members' days",
    remedy=f"{_FEWER}, or for all shops or a whole region by week or month, which are kept summed",
)
MEMBERS = Bound(
    table=member_days,
    most=1_000_000,
    noun="members' days",
    remedy=f"{_FEWER}, or for all shops or a whole region with grain=day and by=none, which are kept summed",
)
HISTORY = Bound(
    table=member_days, most=1_000_000, noun="members' days", remedy="fewer shops: days before the period count too"
)
JOURNEYS = Bound(
    table=journeys,
    most=100_000,
    noun="visits",
    remedy=f"{_FEWER}, or for the steps that are told when none is named, which are kept summed",
)
ZONES = Bound(table=rollup_zones, most=2_000_000, noun="hours of zones", remedy=_FEWER)
TERMINALS = Bound(table=rollup_terminals, most=2_000_000, noun="hours of terminals", remedy=_FEWER)


def require_few(session: ReadSession, tenant: str, stores: Sequence[str] | None, days: Period, bound: Bound) -> None:
    """Make sure that a question does not look at more than it may.

    Args:
        session: A transaction.
        tenant: Whose.
        stores: The shops; None where these are all.
        days: The days that are looked at.
        bound: What, and how much of it.

    Raises:
        ProblemError: 422, it would.
    """
    table = bound.table
    there = () if stores is None else (among(table.c.store, stores),)
    rows = select(literal(1).label("one")).where(
        table.c.tenant == tenant, *there, table.c.day >= days.first, table.c.day < days.end
    )
    counted = rows.limit(bound.most + 1).subquery()  # To know by how many there are too many would take long as well.
    if session.number(select(func.count()).select_from(counted)) > bound.most:
        where = "all shops" if stores is None else f"the {len(stores)} shops that are asked for"
        since = f"from {date.fromordinal(days.first)} " if days.first else ""
        detail = (
            f"{where} have more than {bound.most} {bound.noun} {since}to {date.fromordinal(days.end)}: more than are "
            f"looked at one by one; ask for {bound.remedy}"
        )
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "too-much", "Too much to look at", detail)
