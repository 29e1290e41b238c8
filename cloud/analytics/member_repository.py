"""SQL over members' days: the matrix and the cohorts."""

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from cloud.among import among
from cloud.analytics.periods import Period
from cloud.analytics.repository import count_people, period_of
from cloud.analytics.tables import member_days, member_sales
from cloud.db import ReadSession

Group = Literal["new", "existing", "dormant"]
Activity = Literal["visit", "purchase"]
Stores = Sequence[str] | None
"""The shops that are asked for; None where these are all: comparing each row with hundreds of names takes long."""


class GroupCounts(Struct, frozen=True, kw_only=True):
    """What the members of one group did in some shops within a period."""

    members: int = 0
    visits: int = 0
    visits_with_purchase: int = 0
    buyers: int = 0
    transactions: int = 0
    sales_minor: int = 0


def count_groups(
    session: ReadSession, tenant: str, stores: Stores, days: Period, dormant_days: int, currency: str | None
) -> dict[str, GroupCounts]:
    """Return what new, existing and dormant members did; who did nothing in the period counts nowhere here.

    It looks at every member who was there: for all shops `cell_repository` tells the same from sums.

    Both tables are read once and summed by member, without a join: its plan would depend on how many there are.
    """
    rows = _days_and_sales(tenant, stores, days, currency).subquery()
    # The first day here tells when the member was in any shop before it; 0 where never.
    member = (
        select(
            rows.c.one_id,
            func.min(rows.c.before).label("before"),
            func.min(rows.c.first_day).label("first_day"),
            *(
                cast(func.sum(rows.c[name]), BigInteger).label(name)
                for name in ("visits", "with_purchase", "transactions", "sales_minor")
            ),
        )
        .group_by(rows.c.one_id)
        .subquery()
    )
    before: ColumnElement[Any] = member.c.before
    if stores is not None:  # Few were elsewhere first within the period: these alone are looked up.
        before = case((before < days.first, before), else_=_before_period(tenant, member.c.one_id, days))
    group = case(
        (member.c.first_day >= days.first, "new"), (before < days.first - dormant_days, "dormant"), else_="existing"
    ).label("named")
    statement = (
        select(
            group,
            func.count().label("members"),
            func.sum(member.c.visits).label("visits"),
            func.sum(member.c.with_purchase).label("visits_with_purchase"),
            func.sum(case((member.c.with_purchase > 0, 1), else_=0)).label("buyers"),
            func.sum(member.c.transactions).label("transactions"),
            func.sum(member.c.sales_minor).label("sales_minor"),
        )
        .where(member.c.visits > 0)
        .group_by("named")
    )
    names = GroupCounts.__struct_fields__
    return {
        row.named: GroupCounts(**{name: int(getattr(row, name)) for name in names}) for row in session.rows(statement)
    }


def _days_and_sales(
    tenant: str, stores: Stores, days: Period, currency: str | None
) -> CompoundSelect[*tuple[Any, ...]]:
    """Return members' days in some shops, and beside them their sales there."""
    visited = select(
        member_days.c.one_id,
        func.coalesce(member_days.c.previous_day, 0).label("before"),
        member_days.c.first_day,
        literal(1).label("visits"),
        case((member_days.c.transactions > 0, 1), else_=0).label("with_purchase"),
        literal(0).label("transactions"),
        literal(0).label("sales_minor"),
    ).where(*within(member_days, tenant, stores, days))
    paid = select(
        member_sales.c.one_id,
        cast(null(), Integer).label("before"),
        cast(null(), Integer).label("first_day"),
        literal(0),
        literal(0),
        cast(member_sales.c.transactions, Integer),
        member_sales.c.sales_minor,
    ).where(*within(member_sales, tenant, stores, days), member_sales.c.currency == currency)
    return union_all(visited, paid)


def _before_period(tenant: str, one_id: ColumnElement[str], days: Period) -> ColumnElement[int]:
    """Return the last day before a period on which a member, who was in some shop in it, was in any; 0 where none."""
    return (
        select(func.coalesce(member_days.c.previous_day, 0))
        .where(member_days.c.one_id == one_id, *within(member_days, tenant, None, days))
        .order_by(member_days.c.day)
        .limit(1)
        .scalar_subquery()
    )


def count_dormant(session: ReadSession, tenant: str, stores: Stores, first_day: int, dormant_days: int) -> int:
    """Return how many members were last in any shop too long before a day, and then in one of these shops."""
    statement = select(count_people(session)).where(
        *within(member_days, tenant, stores, Period(0, first_day - dormant_days)),
        or_(member_days.c.next_day.is_(None), member_days.c.next_day >= first_day),
    )
    return session.number(statement)


def member_currencies(session: ReadSession, tenant: str, stores: Stores, days: Period) -> list[str]:
    """Return the currencies in which members paid."""
    statement = select(member_sales.c.currency).distinct().where(*within(member_sales, tenant, stores, days))
    return sorted(row.currency for row in session.rows(statement))


def count_cohorts(
    session: ReadSession,
    tenant: str,
    stores: Stores,
    periods: Sequence[Period],
    activity: Activity,
) -> dict[tuple[int, int], int]:
    """Return how many members of each cohort were active in each period, by the numbers of both periods.

    A cohort is who came, or bought, for the first time in a period, and did so in one of the shops.

    Args:
        session: A transaction.
        tenant: Whose members.
        stores: The shops; where these are all, every first time was in one of them.
        periods: Intervals in order without gaps.
        activity: What counts.
    """
    first_day = member_days.c.first_day if activity == "visit" else member_days.c.first_buy_day
    active = () if activity == "visit" else (member_days.c.transactions > 0,)
    days = Period(periods[0].first, periods[-1].end)
    there = (*within(member_days, tenant, stores, days), *active)
    members = count_people(session).label("members")
    period = period_of(member_days.c.day, periods).label("period")
    if stores is None:
        begun = period_of(first_day, periods).label("cohort")
        statement = select(begun, period, members).where(*there, first_day >= days.first).group_by("cohort", "period")
    else:
        cohort = (
            select(member_days.c.one_id, period_of(member_days.c.day, periods).label("cohort"))
            .distinct()
            .where(*there, member_days.c.day == first_day)
            .subquery()
        )
        statement = (
            select(cohort.c.cohort, period, members)
            .join(cohort, cohort.c.one_id == member_days.c.one_id)
            .where(*there)
            .group_by(cohort.c.cohort, "period")
        )
    return {(row.cohort, row.period): row.members for row in session.rows(statement)}


def within(
    table: Any,  # noqa: ANN401 - either table of members
    tenant: str,
    stores: Stores,
    days: Period,
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that rows are of a tenant, some shops and days."""
    there = () if stores is None else (among(table.c.store, stores),)
    return (table.c.tenant == tenant, *there, table.c.day >= days.first, table.c.day < days.end)
