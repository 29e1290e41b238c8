"""SQL over the numbers of members that are kept of all shops, and of regions; nothing here looks at single members."""

from collections.abc import Mapping, Sequence

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, select, union_all

from cloud.analytics.member_cells import ASLEEP, BY_MONTH, COHORT_GRAINS, COUNTS, NO_CURRENCY, Kept
from cloud.analytics.member_repository import Activity, GroupCounts
from cloud.analytics.metric import Grain
from cloud.analytics.periods import Period, rollups_for
from cloud.analytics.tables import member_cells
from cloud.db import AnySelect, ReadSession

_TABLE = member_cells.c


def read_groups(session: ReadSession, kept: Kept, days: Period, currency: str | None) -> dict[str, GroupCounts]:
    """Return what new, existing and dormant members did in a place, as `member_repository.count_groups` counts it."""
    edges = {"all": _TABLE.edge <= days.first, "dormant": _TABLE.edge <= days.first, "new": _TABLE.edge >= days.first}
    sums = union_all(
        *(
            _sums(kept, kind, grain, part, currency).where(edge)
            for grain, part in rollups_for(days, "month", days.end)
            for kind, edge in edges.items()
        )
    )
    found: dict[str, Sequence[int]] = {}
    for kind, *counts in session.rows(select(sums.subquery())):
        found[kind] = [a + b for a, b in zip(found.get(kind, [0] * len(COUNTS)), counts, strict=True)]
    none = [0] * len(COUNTS)
    everybody, new, dormant = (found.get(kind, none) for kind in ("all", "new", "dormant"))
    existing = [a - b - c for a, b, c in zip(everybody, new, dormant, strict=True)]
    return {
        name: GroupCounts(**dict(zip(COUNTS, counts, strict=True)))
        for name, counts in (("new", new), ("existing", existing), ("dormant", dormant))
    }


def _sums(kept: Kept, kind: str, grain: Grain, days: Period, currency: str | None) -> AnySelect:
    """Return the sums of the numbers of one kind over days, or whole months; no row where there are none."""
    summed = BY_MONTH[kind] if grain == "month" else kind
    sums = [cast(func.sum(_TABLE[name]), BigInteger).label(name) for name in COUNTS]
    return (
        select(literal(kind).label("named"), *sums)
        .where(*_of(kept), _TABLE.kind == summed, _TABLE.day >= days.first, _TABLE.day < days.end)
        .where(_TABLE.currency.in_((NO_CURRENCY, currency or "")))
        .group_by(_TABLE.kind)
    )


def _of(kept: Kept) -> tuple[ColumnElement[bool], ...]:
    return (_TABLE.tenant == kept.tenant, _TABLE.place == kept.place)


def read_dormant(session: ReadSession, kept: Kept, first_day: int) -> int:
    """Return how many members were in no shop for too long before a day, and in this place last."""
    asleep = (*_of(kept), _TABLE.kind == ASLEEP, _TABLE.day == 0, _TABLE.edge <= first_day)
    return session.number(select(func.sum(_TABLE.members)).where(*asleep))


def read_currencies(session: ReadSession, kept: Kept, days: Period) -> list[str]:
    """Return the currencies in which members paid."""
    statement = (
        select(_TABLE.currency)
        .distinct()
        .where(*_of(kept), _TABLE.kind == "all", _TABLE.edge == 0, _TABLE.currency != NO_CURRENCY)
        .where(_TABLE.day >= days.first, _TABLE.day < days.end)
    )
    return sorted(row.currency for row in session.rows(statement))


def read_cohorts(
    session: ReadSession, kept: Kept, periods: Sequence[Period], grain: Grain, activity: Activity
) -> dict[tuple[int, int], int]:
    """Return how many members of each cohort of a place were active in each period, by the numbers of both.

    Raises:
        KeyError: No cohorts of this grain are kept; `COHORT_GRAINS` are.
    """
    if grain not in COHORT_GRAINS:
        raise KeyError(grain)
    number = {period.first: index for index, period in enumerate(periods)}
    statement = select(_TABLE.edge, _TABLE.day, _TABLE.members).where(
        *_of(kept),
        _TABLE.kind == f"{activity}_{grain}",
        _TABLE.day >= periods[0].first,
        _TABLE.day < periods[-1].end,
        _TABLE.edge >= periods[0].first,
    )
    return {(number[edge], number[day]): members for edge, day, members in session.rows(statement)}


def read_members(session: ReadSession, kept: Kept, metric: str, days: Period) -> Mapping[int, int]:
    """Return how many members of a place a metric of members counts on each day, by how manieth day it is."""
    within = (*_of(kept), _TABLE.day >= days.first, _TABLE.day < days.end)
    count = _TABLE.buyers if metric == "members_buying" else _TABLE.members
    every = select(_TABLE.day, func.sum(count)).where(*within, _TABLE.kind == "all").group_by(_TABLE.day)
    first = select(_TABLE.day, _TABLE.members).where(*within, _TABLE.kind == "new", _TABLE.edge == _TABLE.day)
    new = {day - days.first: int(members) for day, members in session.rows(first.where(_TABLE.members > 0))}
    if metric == "members_new":
        return new
    found = {day - days.first: int(members) for day, members in session.rows(every)}
    if metric == "members_returning":
        return {day: members - new.get(day, 0) for day, members in found.items()}
    return found
