"""SQL of how members moved between the stages of the lifecycle within a period; the stages are those of profiles.

The database judges each member, as `cloud.profiles.lifecycle` does by single moments: an answer holds a few numbers,
and members' days never leave the database.
"""

from sqlalchemy import ColumnElement, Integer, Subquery, and_, case, cast, func, literal, select

from cloud.analytics.member_repository import Stores, within
from cloud.analytics.periods import Period
from cloud.analytics.tables import member_days
from cloud.db import ReadSession
from cloud.profiles.lifecycle import LifecycleRules

UNKNOWN = "unknown"
"""The stage of who was in no shop yet."""


def count_flows(
    session: ReadSession, tenant: str, stores: Stores, days: Period, rules: LifecycleRules
) -> dict[tuple[str, str], int]:
    """Return how many members were in one stage before the first day and in another at the end of the last.

    Whoever has an expected visit scanned or bought on that day, so scans and sales tell the stage by themselves; each
    counts as the first moment of its day.

    Args:
        session: A transaction.
        tenant: Whose members.
        stores: The shops.
        days: The period.
        rules: The thresholds between stages.
    """
    moments = {"before": days.first, "after": days.end}
    sums = [sum_ for name, day in moments.items() for sum_ in _sums(name, day, rules)]
    there = within(member_days, tenant, stores, Period(0, days.end))
    members = select(*sums).where(*there).group_by(member_days.c.one_id).subquery()
    stages = select(*(_stage(members, name, rules).label(name) for name in moments)).subquery()
    statement = select(stages.c.before, stages.c.after, func.count()).group_by(stages.c.before, stages.c.after)
    return {(before, after): members for before, after, members in session.rows(statement)}


def _sums(name: str, end: int, rules: LifecycleRules) -> list[ColumnElement[int]]:
    """Return what decides a member's stage by the days before one day."""
    day, sales, scans = member_days.c.day, member_days.c.transactions, member_days.c.scans
    recent = and_(day >= end - rules.loyal_days, day < end)
    interested = and_(day >= end - rules.potential_days, day < end)
    counted = {
        "days": (day < end, literal(1)),
        "purchases": (day < end, sales),
        "recent": (recent, sales),
        "interest": (interested, scans),
    }
    # Sums of small numbers: those of great ones are of a type of PostgreSQL that takes several times as long.
    return [
        func.sum(case((condition, cast(value, Integer)), else_=0)).label(f"{what}_{name}")
        for what, (condition, value) in counted.items()
    ]


def _stage(members: Subquery, name: str, rules: LifecycleRules) -> ColumnElement[str]:
    days, purchases, recent, interest = (
        members.c[f"{what}_{name}"] for what in ("days", "purchases", "recent", "interest")
    )
    return case(
        (days == 0, UNKNOWN),
        (recent >= rules.loyal_purchases, "loyal"),
        (purchases >= rules.repurchase_purchases, "repurchase"),
        (purchases > 0, "ordinary"),
        (interest >= rules.potential_interest, "potential"),
        else_="no_purchase",
    )
