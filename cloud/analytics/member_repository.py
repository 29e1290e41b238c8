"""SQL over members' days: the matrix and the cohorts."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, case, func, or_, select

from cloud.analytics.flows import MemberDay
from cloud.analytics.periods import Period
from cloud.analytics.repository import period_of
from cloud.analytics.tables import member_days, member_sales
from cloud.db import ReadSession

Group = Literal["new", "existing", "dormant"]
Activity = Literal["visit", "purchase"]


class GroupCounts(Struct, frozen=True, kw_only=True):
    """What the members of one group did in some shops within a period."""

    members: int = 0
    visits: int = 0
    visits_with_purchase: int = 0
    buyers: int = 0
    transactions: int = 0
    sales_minor: int = 0


def count_groups(
    session: ReadSession, tenant: str, stores: Sequence[str], days: Period, dormant_days: int, currency: str | None
) -> dict[str, GroupCounts]:
    """Return what new, existing and dormant members did; who did nothing in the period counts nowhere here."""
    # The earliest day within the period tells when the member was last in any shop before it; 0 where never.
    before = func.min(func.coalesce(member_days.c.previous_day, 0)).label("before")
    known = (
        select(member_days.c.one_id, before)
        .where(member_days.c.tenant == tenant, member_days.c.day >= days.first, member_days.c.day < days.end)
        .group_by(member_days.c.one_id)
        .subquery()
    )
    group = case(
        (known.c.before == 0, "new"), (known.c.before < days.first - dormant_days, "dormant"), else_="existing"
    ).label("named")
    bought = member_days.c.transactions > 0
    visited = (
        select(
            group,
            func.count(member_days.c.one_id.distinct()).label("members"),
            func.count().label("visits"),
            func.sum(case((bought, 1), else_=0)).label("visits_with_purchase"),
            func.count(case((bought, member_days.c.one_id)).distinct()).label("buyers"),
        )
        .join(known, known.c.one_id == member_days.c.one_id)
        .where(*_within(member_days, tenant, stores, days))
        .group_by("named")
    )
    paid = (
        select(
            group,
            func.sum(member_sales.c.sales_minor).label("sales_minor"),
            func.sum(member_sales.c.transactions).label("transactions"),
        )
        .join(known, known.c.one_id == member_sales.c.one_id)
        .where(*_within(member_sales, tenant, stores, days), member_sales.c.currency == currency)
        .group_by("named")
    )
    money = {row.named: (int(row.sales_minor), int(row.transactions)) for row in session.rows(paid)}
    found = {}
    for row in session.rows(visited):
        sales_minor, transactions = money.get(row.named, (0, 0))
        found[row.named] = GroupCounts(
            members=row.members,
            visits=row.visits,
            visits_with_purchase=int(row.visits_with_purchase),
            buyers=row.buyers,
            transactions=transactions,
            sales_minor=sales_minor,
        )
    return found


def count_dormant(session: ReadSession, tenant: str, stores: Sequence[str], first_day: int, dormant_days: int) -> int:
    """Return how many members were last in any shop too long before a day, and then in one of these shops."""
    statement = select(func.count(member_days.c.one_id.distinct())).where(
        member_days.c.tenant == tenant,
        member_days.c.store.in_(stores),
        member_days.c.day < first_day - dormant_days,
        or_(member_days.c.next_day.is_(None), member_days.c.next_day >= first_day),
    )
    return session.number(statement)


def count_member_days(session: ReadSession, tenant: str, stores: Sequence[str], end: int) -> int:
    """Return how many days of members in some shops lie before a day."""
    within = _within(member_days, tenant, stores, Period(0, end))
    return session.number(select(func.count()).select_from(member_days).where(*within))


def read_member_days(session: ReadSession, tenant: str, stores: Sequence[str], end: int) -> Iterator[MemberDay]:
    """Yield members' days in some shops before a day, in order of members."""
    columns = (member_days.c.one_id, member_days.c.day, member_days.c.scans, member_days.c.transactions)
    within = _within(member_days, tenant, stores, Period(0, end))
    for row in session.rows(select(*columns).where(*within).order_by(member_days.c.one_id, member_days.c.day)):
        yield row.one_id, row.day, row.scans, row.transactions


def member_currencies(session: ReadSession, tenant: str, stores: Sequence[str], days: Period) -> list[str]:
    """Return the currencies in which members paid."""
    statement = select(member_sales.c.currency).distinct().where(*_within(member_sales, tenant, stores, days))
    return sorted(row.currency for row in session.rows(statement))


def count_cohorts(
    session: ReadSession, tenant: str, stores: Sequence[str], periods: Sequence[Period], activity: Activity
) -> dict[tuple[int, int], int]:
    """Return how many members of each cohort were active in each period, by the numbers of both periods.

    A cohort is who came, or bought, for the first time in a period, and did so in one of the shops.
    """
    first_day = member_days.c.first_day if activity == "visit" else member_days.c.first_buy_day
    active = () if activity == "visit" else (member_days.c.transactions > 0,)
    days = Period(periods[0].first, periods[-1].end)
    within = (*_within(member_days, tenant, stores, days), *active)
    cohort = (
        select(member_days.c.one_id, period_of(member_days.c.day, periods).label("cohort"))
        .distinct()
        .where(*within, member_days.c.day == first_day)
        .subquery()
    )
    statement = (
        select(
            cohort.c.cohort,
            period_of(member_days.c.day, periods).label("period"),
            func.count(member_days.c.one_id.distinct()).label("members"),
        )
        .join(cohort, cohort.c.one_id == member_days.c.one_id)
        .where(*within)
        .group_by(cohort.c.cohort, "period")
    )
    return {(row.cohort, row.period): row.members for row in session.rows(statement)}


def _within(table: Any, tenant: str, stores: Sequence[str], days: Period) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401 - either table of members
    return (
        and_(table.c.tenant == tenant, table.c.store.in_(stores), table.c.day >= days.first, table.c.day < days.end),
    )
