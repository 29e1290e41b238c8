"""What one member adds to the numbers of new, existing and dormant members of any period. Pure.

Which group a member belongs to depends on the day with which a period begins: new up to the first visit, then existing,
dormant where the last visit before it is too long ago, existing again after the next visit. So what a member did on a
day counts for a group while the period begins within some intervals of days. Each interval is kept as a step up at its
first day and a step down behind its last one: a sum of steps over all that lies at or before a day is what holds on it.
A period is then told by sums over its days, whatever days it has, without looking at any member.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from cloud.analytics.metric import Grain
from cloud.analytics.periods import Period, periods_in

DORMANT_DAYS = 180
"""After how many days without a visit members are dormant, where nobody asks for another number."""

COUNTS = ("members", "visits", "visits_with_purchase", "buyers", "transactions", "sales_minor")
NO_CURRENCY = "*"
COHORT_GRAINS: tuple[Grain, ...] = ("week", "month")


class CellKey(NamedTuple):
    """Where numbers are kept.

    `kind` is `all`, `new` or `dormant`; `asleep` for those who do not come; `visit_month` and its like for cohorts.
    `edge` is the day from which on a period must begin for the numbers to count; of `new` the last day up to which it
    must, of cohorts the first day of the cohort.
    """

    kind: str
    day: int
    edge: int
    currency: str


class Visit(Struct, frozen=True):
    """A member's day in one shop."""

    day: int
    transactions: int


class Sales(Struct, frozen=True):
    """What a member paid in a shop on a day, less refunds."""

    day: int
    currency: str
    sales_minor: int
    transactions: int


Cells = dict[CellKey, dict[str, int]]


def cells_of(visits: Iterable[Visit], sales: Iterable[Sales]) -> Cells:
    """Return what one member adds to which numbers."""
    return _Member(list(visits), list(sales)).cells()


def difference(new: Iterable[Cells], old: Iterable[Cells]) -> dict[CellKey, Mapping[str, int]]:
    """Return by how much numbers change where members' cells become others."""
    total: dict[CellKey, dict[str, int]] = {}
    for sign, many in ((1, new), (-1, old)):
        for cells in many:
            for key, counts in cells.items():
                there = total.setdefault(key, dict.fromkeys(COUNTS, 0))
                for name, count in counts.items():
                    there[name] += sign * count
    return {key: counts for key, counts in total.items() if any(counts.values())}


class _Member:
    def __init__(self, visits: Sequence[Visit], sales: Sequence[Sales]) -> None:
        self._visits, self._sales = visits, sales
        self._days = sorted({visit.day for visit in visits})
        self._buying = sorted({visit.day for visit in visits if visit.transactions})
        self._sleeps = [
            (last + DORMANT_DAYS + 1, woken)
            for last, woken in zip(self._days, self._days[1:], strict=False)
            if woken > last + DORMANT_DAYS
        ]
        """(first, last) days with which periods begin that see the member dormant before a visit."""
        self._found: Cells = {}

    def cells(self) -> Cells:
        if self._days:
            self._add_visits()
            self._add_presence()
            self._add_asleep()
            self._add_cohorts()
            for sale in self._sales:
                self._add_sale(sale)
        return self._found

    def _put(self, kind: str, day: int, first: int, last: int, counts: Mapping[str, int], currency: str) -> None:
        """Let something that happened, or is known, on a day count in periods that begin from `first` to `last`."""
        self._add(CellKey(kind, day, first, currency), counts, 1)
        if last < day:  # no period that has the day begins after it
            self._add(CellKey(kind, day, last + 1, currency), counts, -1)

    def _add(self, key: CellKey, counts: Mapping[str, int], sign: int) -> None:
        there = self._found.setdefault(key, {})
        for name, count in counts.items():
            there[name] = there.get(name, 0) + sign * count

    def _count(self, day: int, counts: Mapping[str, int], currency: str = NO_CURRENCY) -> None:
        """Count what was done on one day of a visit, for all and for the member's groups."""
        self._put("all", day, 0, day, counts, currency)
        self._add(CellKey("new", day, self._days[0], currency), counts, 1)
        for first, woken in self._sleeps:
            if woken <= day:
                self._put("dormant", day, first, woken, counts, currency)

    def _add_visits(self) -> None:
        for visit in self._visits:
            self._count(visit.day, {"visits": 1, "visits_with_purchase": int(visit.transactions > 0)})

    def _add_presence(self) -> None:
        """Count the member once in every period: on the first visit in it, and as a buyer on the first purchase."""
        for name, days in (("members", self._days), ("buyers", self._buying)):
            before = 0
            for day in days:
                one = {name: 1}
                self._put("all", day, before + 1, day, one, NO_CURRENCY)
                if day == days[0]:
                    self._add(CellKey("new", day, self._days[0], NO_CURRENCY), one, 1)
                for first, woken in self._sleeps:
                    begun = max(first, before + 1)
                    if begun <= woken <= day:
                        self._put("dormant", day, begun, woken, one, NO_CURRENCY)
                before = day

    def _add_asleep(self) -> None:
        for last, following in zip(self._days, [*self._days[1:], None], strict=True):
            first = last + DORMANT_DAYS + 1
            if following is None:
                self._add(CellKey("asleep", 0, first, NO_CURRENCY), {"members": 1}, 1)
            elif following >= first:
                self._add(CellKey("asleep", 0, first, NO_CURRENCY), {"members": 1}, 1)
                self._add(CellKey("asleep", 0, following + 1, NO_CURRENCY), {"members": 1}, -1)

    def _add_cohorts(self) -> None:
        for activity, days in (("visit", self._days), ("purchase", self._buying)):
            for grain in COHORT_GRAINS:
                firsts = sorted({_first(day, grain) for day in days})
                for first in firsts:
                    self._add(CellKey(f"{activity}_{grain}", first, firsts[0], NO_CURRENCY), {"members": 1}, 1)

    def _add_sale(self, sale: Sales) -> None:
        """Count money. A refund on a day without a visit counts where the member has a visit in the period."""
        counts = {"transactions": sale.transactions, "sales_minor": sale.sales_minor}
        index = bisect_left(self._days, sale.day)
        following = self._days[index] if index < len(self._days) else None
        if following == sale.day:
            self._count(sale.day, counts, sale.currency)
            return
        before = self._days[index - 1] if index else None
        if before is not None:
            self._count_up_to(before, sale, counts)
        if following is not None:
            self._count_before(before, following, sale, counts)

    def _count_up_to(self, before: int, sale: Sales, counts: Mapping[str, int]) -> None:
        """Count a refund in periods that begin no later than the visit before it."""
        self._put("all", sale.day, 0, before, counts, sale.currency)
        self._add(CellKey("new", sale.day, self._days[0], sale.currency), counts, 1)
        for first, woken in self._sleeps:
            if woken <= before:
                self._put("dormant", sale.day, first, woken, counts, sale.currency)

    def _count_before(self, before: int | None, following: int, sale: Sales, counts: Mapping[str, int]) -> None:
        """Count a refund in periods that begin after the visit before it and hold the one after it."""
        self._put("all", following, 0 if before is None else before + 1, sale.day, counts, sale.currency)
        if before is None:
            self._add(CellKey("new", following, sale.day, sale.currency), counts, 1)
        elif before + DORMANT_DAYS < sale.day:
            self._put("dormant", following, before + DORMANT_DAYS + 1, sale.day, counts, sale.currency)


def _first(day: int, grain: Grain) -> int:
    return periods_in(Period(day, day + 1), grain)[0].first
