"""What one member adds to the numbers of new, existing and dormant members of any period. Pure.

Which group a member belongs to depends on the day with which a period begins: new up to the first visit, then existing,
dormant where the last visit before it is too long ago, existing again after the next visit. So what a member did on a
day counts for a group while the period begins within some intervals of days. Each interval is kept as a step up at its
first day and a step down behind its last one: a sum of steps over all that lies at or before a day is what holds on it.
A period is then told by sums over its days, whatever days it has, without looking at any member. Whole months of days
are kept summed too: a year has as many steps as it has pairs of days.

All of it is kept of all shops, and once more of each region: members who come to several regions count in each, and in
all shops once. Of single shops it would be as much as there are members' days: of these only who sleeps is kept.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct

from cloud.analytics.metric import Grain
from cloud.analytics.periods import Period, periods_in

DORMANT_DAYS = 180
"""After how many days without a visit members are dormant, where nobody asks for another number."""

COUNTS = ("members", "visits", "visits_with_purchase", "buyers", "transactions", "sales_minor")
NO_CURRENCY = "*"
COHORT_GRAINS: tuple[Grain, ...] = ("week", "month")
ASLEEP = "asleep"
BY_MONTH: Mapping[str, str] = {kind: f"{kind} by month" for kind in ("all", "new", "dormant")}
"""Where the sums of whole months are kept, by what they are the sums of."""


ALL_SHOPS = "*"
"""The place of all shops together."""


class Kept(Struct, frozen=True, kw_only=True):
    """Of which place a tenant's numbers are kept.

    Attributes:
        tenant: Whose.
        place: Its name among cells.
        is_whole: Whether all numbers are, or, of one shop, only who is asleep.
    """

    tenant: str
    place: str = ALL_SHOPS
    is_whole: bool = True


def kept_of(tenant: str, stores: Sequence[str], region: str | None) -> Kept | None:
    """Return what is kept of the shops that are asked for: some by name, of a region, or all; None of any others."""
    if not stores:
        return Kept(tenant=tenant, place=ALL_SHOPS if region is None else _place_of_region(region))
    if len(set(stores)) == 1 and region is None:
        return Kept(tenant=tenant, place=_place_of_store(stores[0]), is_whole=False)
    return None


def _place_of_region(region: str) -> str:
    return f"region {region}"


def _place_of_store(store: str) -> str:
    return f"store {store}"


class CellKey(NamedTuple):
    """Where numbers are kept.

    `place` is all shops, a region, or one shop. Which group a member belongs to is a matter of all shops everywhere.
    `kind` is `all`, `new` or `dormant`, or one of these by month, with the first day of each; `asleep` for those who do
    not come; `visit_month` and its like for cohorts.
    `edge` is the day from which on a period must begin for the numbers to count; of `new` the last day up to which it
    must, of cohorts the first day of the cohort.
    """

    place: str
    kind: str
    day: int
    edge: int
    currency: str


class Visit(Struct, frozen=True):
    """A member's day in one shop."""

    day: int
    store: str
    region: str | None
    transactions: int


class Sales(Struct, frozen=True):
    """What a member paid in a shop on a day, less refunds."""

    day: int
    region: str | None
    currency: str
    sales_minor: int
    transactions: int


Cells = dict[CellKey, dict[str, int]]


def cells_of(visits: Sequence[Visit], sales: Sequence[Sales]) -> Cells:
    """Return what one member adds to which numbers."""
    if not visits:
        return {}
    everywhere = _Member(ALL_SHOPS, visits, visits, sales).cells()
    found = dict(everywhere)
    for region in sorted({visit.region for visit in visits if visit.region is not None}):
        place = _place_of_region(region)
        there = [visit for visit in visits if visit.region == region]
        paid = [sale for sale in sales if sale.region == region]
        if len(there) == len(visits) and len(paid) == len(sales):  # as most members
            found.update({key._replace(place=place): counts for key, counts in everywhere.items()})
        else:
            found.update(_Member(place, there, visits, paid).cells())
    for store in sorted({visit.store for visit in visits}):
        there = [visit for visit in visits if visit.store == store]
        found.update(_Member(_place_of_store(store), there, visits, ()).asleep())
    return found


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


def months_of(cells: Mapping[CellKey, Mapping[str, int]]) -> dict[CellKey, Mapping[str, int]]:
    """Return by how much the numbers of whole months change where those of their days do."""
    total: dict[CellKey, dict[str, int]] = {}
    for key, counts in cells.items():
        if key.kind in BY_MONTH:
            month = date.fromordinal(key.day).replace(day=1).toordinal()
            there = total.setdefault(key._replace(kind=BY_MONTH[key.kind], day=month), dict.fromkeys(COUNTS, 0))
            for name, count in counts.items():
                there[name] += count
    return {key: counts for key, counts in total.items() if any(counts.values())}


class _Member:
    """What a member did in one place, beside all visits, which tell the member's groups."""

    def __init__(self, place: str, here: Sequence[Visit], visits: Sequence[Visit], sales: Sequence[Sales]) -> None:
        self._place, self._here, self._sales = place, here, sales
        self._days = sorted({visit.day for visit in here})
        self._known = sorted({visit.day for visit in visits})
        self._first_bought = min((visit.day for visit in visits if visit.transactions), default=None)
        self._sleeps = [
            (last + DORMANT_DAYS + 1, woken)
            for last, woken in zip(self._known, self._known[1:], strict=False)
            if woken > last + DORMANT_DAYS
        ]
        """(first, last) days with which periods begin that see the member dormant before a visit."""
        self._found: Cells = {}

    def cells(self) -> Cells:
        self._add_visits()
        self._add_presence()
        self._add_cohorts()
        for sale in self._sales:
            self._add_sale(sale)
        return self.asleep()

    def asleep(self) -> Cells:
        """Return in which periods the member is asleep whose last visit was here, and what was found before."""
        for last, following in zip(self._known, [*self._known[1:], None], strict=True):
            first = last + DORMANT_DAYS + 1
            if last in self._days and (following is None or following >= first):
                self._add(ASLEEP, 0, first, {"members": 1}, 1)
                if following is not None:
                    self._add(ASLEEP, 0, following + 1, {"members": 1}, -1)
        return self._found

    def _count(self, day: int, first: int, last: int, counts: Mapping[str, int], currency: str = NO_CURRENCY) -> None:
        """Let something count in periods that hold a day and begin from `first` to `last`: of all, and of a group."""
        self._put("all", day, first, last, counts, currency)
        if first <= self._known[0]:
            self._add("new", day, min(last, self._known[0]), counts, 1, currency)
        for begun, woken in self._sleeps:
            asleep, awake = max(begun, first), min(woken, last)
            if asleep <= awake:
                self._put("dormant", day, asleep, awake, counts, currency)

    def _put(self, kind: str, day: int, first: int, last: int, counts: Mapping[str, int], currency: str) -> None:
        self._add(kind, day, first, counts, 1, currency)
        if last < day:  # no period that has the day begins after it
            self._add(kind, day, last + 1, counts, -1, currency)

    def _add(
        self, kind: str, day: int, edge: int, counts: Mapping[str, int], sign: int, currency: str = NO_CURRENCY
    ) -> None:
        there = self._found.setdefault(CellKey(self._place, kind, day, edge, currency), {})
        for name, count in counts.items():
            there[name] = there.get(name, 0) + sign * count

    def _add_visits(self) -> None:
        for visit in self._here:
            self._count(visit.day, 0, visit.day, {"visits": 1, "visits_with_purchase": int(visit.transactions > 0)})

    def _add_presence(self) -> None:
        """Count the member once in every period: on the first visit in it, and as a buyer on the first purchase."""
        buying = sorted({visit.day for visit in self._here if visit.transactions})
        for name, days in (("members", self._days), ("buyers", buying)):
            for before, day in zip([-1, *days], days, strict=False):
                self._count(day, before + 1, day, {name: 1})

    def _add_cohorts(self) -> None:
        """Count the member in each period of a cohort: who was here on the first day of all."""
        buying = [visit.day for visit in self._here if visit.transactions]
        for activity, began, days in (("visit", self._known[0], self._days), ("purchase", self._first_bought, buying)):
            for grain in COHORT_GRAINS if began in days else ():
                firsts = sorted({_first(day, grain) for day in days})
                for first in firsts:
                    self._add(f"{activity}_{grain}", first, firsts[0], {"members": 1}, 1)

    def _add_sale(self, sale: Sales) -> None:
        """Count money. A refund on a day without a visit counts where the member has a visit in the period."""
        counts = {"transactions": sale.transactions, "sales_minor": sale.sales_minor}
        index = bisect_left(self._days, sale.day)
        following = self._days[index] if index < len(self._days) else None
        if following == sale.day:
            self._count(sale.day, 0, sale.day, counts, sale.currency)
            return
        before = self._days[index - 1] if index else None
        if before is not None:  # periods that begin no later than the visit before it
            self._count(sale.day, 0, before, counts, sale.currency)
        if following is not None:  # periods that begin after the visit before it and hold the one after it
            self._count(following, 0 if before is None else before + 1, sale.day, counts, sale.currency)


@lru_cache(maxsize=4096)
def _first(day: int, grain: Grain) -> int:
    return periods_in(Period(day, day + 1), grain)[0].first
