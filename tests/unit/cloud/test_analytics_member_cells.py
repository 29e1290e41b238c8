"""Numbers of members from steps are those that looking at every member gives, for every period."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.analytics.member_cells import (
    ALL_SHOPS,
    BY_MONTH,
    COUNTS,
    CellKey,
    Cells,
    Sales,
    Visit,
    cells_of,
    difference,
    kept_of,
    months_of,
)
from cloud.analytics.periods import Period, rollups_for

DORMANT_DAYS, FIRST, LAST = 3, 26, 39
"""Days on both sides of a month's end, 31 January of the year 1."""
GROUPS = ("new", "existing", "dormant")

REGIONS = {"east-1": "east", "east-2": "east", "west": "west", "alone": None}
PLACES = ("*", "region east", "region west")

days = st.integers(FIRST, LAST)


def visit(day: int, store: str = "alone", transactions: int = 0) -> Visit:
    return Visit(day, store, REGIONS[store], transactions)


visits = st.lists(
    st.builds(visit, day=days, store=st.sampled_from(sorted(REGIONS)), transactions=st.integers(0, 2)),
    max_size=6,
    unique_by=lambda made: (made.day, made.store),
)
sales = st.lists(
    st.builds(
        Sales,
        day=days,
        region=st.sampled_from(["east", "west", None]),
        currency=st.sampled_from(["EUR", "USD"]),
        sales_minor=st.integers(-9, 9),
        transactions=st.just(1),
    ),
    max_size=5,
)
members = st.lists(st.tuples(visits, sales), max_size=4)


@pytest.fixture(autouse=True)
def short_sleep(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cloud.analytics.member_cells.DORMANT_DAYS", DORMANT_DAYS)


def summed(
    cells: Mapping[CellKey, Mapping[str, int]], place: str, first: int, end: int, *, by_month: bool = False
) -> dict[str, dict[str, int]]:
    """Return the numbers of each group in [first, end) as the database sums them, of days or of months and days."""
    found = {kind: dict.fromkeys(COUNTS, 0) for kind in ("all", "new", "dormant")}
    days = Period(first, end)
    spans = rollups_for(days, "month", end) if by_month else [("day", days)]
    for (grain, span), (kind, total) in product(spans, found.items()):
        kept = BY_MONTH[kind] if grain == "month" else kind
        for key, counts in cells.items():
            counts_here = key.edge >= first if kind == "new" else key.edge <= first
            here = (key.place, key.kind) == (place, kept) and span.first <= key.day < span.end
            if here and counts_here and key.currency in {"*", "EUR"}:
                for name, count in counts.items():
                    total[name] += count
    everybody = found.pop("all")
    found["existing"] = {name: everybody[name] - found["new"][name] - found["dormant"][name] for name in COUNTS}
    return found


def is_in(place: str, region: str | None) -> bool:
    return place in {ALL_SHOPS, f"region {region}"}


def looked_at(
    people: Iterable[tuple[Sequence[Visit], Sequence[Sales]]], place: str, first: int, end: int
) -> dict[str, dict[str, int]]:
    found = {group: dict.fromkeys(COUNTS, 0) for group in GROUPS}
    for visited, paid in people:
        here = [visit for visit in visited if first <= visit.day < end and is_in(place, visit.region)]
        if not here:
            continue
        before = max((visit.day for visit in visited if visit.day < first), default=None)
        group = "new" if before is None else "dormant" if before < first - DORMANT_DAYS else "existing"
        mine = found[group]
        mine["members"] += 1
        mine["visits"] += len(here)
        mine["visits_with_purchase"] += sum(visit.transactions > 0 for visit in here)
        mine["buyers"] += any(visit.transactions for visit in here)
        for sale in paid:
            if first <= sale.day < end and sale.currency == "EUR" and is_in(place, sale.region):
                mine["transactions"] += sale.transactions
                mine["sales_minor"] += sale.sales_minor
    return found


def all_cells(people: Iterable[tuple[Sequence[Visit], Sequence[Sales]]]) -> Mapping[CellKey, Mapping[str, int]]:
    return difference([cells_of(visited, paid) for visited, paid in people], [])


@given(people=members, place=st.sampled_from(PLACES))
def test_every_period_has_the_groups_that_looking_at_members_finds(
    people: list[tuple[list[Visit], list[Sales]]], place: str
):
    cells = all_cells(people)
    for first in range(FIRST, LAST + 1):
        for end in range(first + 1, LAST + 2):
            assert summed(cells, place, first, end) == looked_at(people, place, first, end), (first, end)


@given(people=members, place=st.sampled_from(PLACES), first=st.integers(1, LAST), length=st.integers(1, 80))
def test_months_with_the_days_beside_them_tell_what_their_days_do(
    people: list[tuple[list[Visit], list[Sales]]], place: str, first: int, length: int
):
    of_days = all_cells(people)
    cells = {**of_days, **months_of(of_days)}
    found = summed(cells, place, first, first + length, by_month=True)
    assert found == looked_at(people, place, first, first + length)


@given(
    people=members,
    asked=st.sampled_from([(None, None), (None, "east"), ("east-1", None), ("alone", None)]),
    first=st.integers(FIRST, LAST + DORMANT_DAYS + 2),
)
def test_who_does_not_come_is_asleep_where_the_last_visit_was(
    people: list[tuple[list[Visit], list[Sales]]], asked: tuple[str | None, str | None], first: int
):
    store, region = asked
    kept = kept_of("acme", () if store is None else (store,), region)
    assert kept is not None
    assert kept.is_whole == (store is None)
    asleep = sum(
        counts["members"]
        for key, counts in all_cells(people).items()
        if (key.place, key.kind) == (kept.place, "asleep") and key.edge <= first
    )
    expected = 0
    for visited, _ in people:
        last = max((visit.day for visit in visited if visit.day < first), default=first)
        here = [v for v in visited if v.day == last and (store is None or v.store == store)]
        expected += last < first - DORMANT_DAYS and any(region in {None, visit.region} for visit in here)
    assert asleep == expected


def test_of_several_shops_nothing_is_kept():
    assert kept_of("acme", ("east-1", "west"), None) is None
    assert kept_of("acme", ("east-1",), "east") is None


@given(people=members, others=members)
def test_members_who_become_others_leave_no_trace(
    people: list[tuple[list[Visit], list[Sales]]], others: list[tuple[list[Visit], list[Sales]]]
):
    old: list[Cells] = [cells_of(*member) for member in people]
    new: list[Cells] = [cells_of(*member) for member in others]
    held = {key: dict(counts) for key, counts in difference(old, []).items()}
    for key, counts in difference(new, old).items():
        there = held.setdefault(key, dict.fromkeys(COUNTS, 0))
        for name, count in counts.items():
            there[name] += count
    assert {key: counts for key, counts in held.items() if any(counts.values())} == difference(new, [])


def test_a_member_belongs_to_one_cohort_and_is_active_once_a_period():
    days = ((1, 0), (2, 0), (8, 1), (9, 2), (40, 0))
    cells = cells_of([visit(day, transactions=count) for day, count in days], [])
    found = {(key.kind, key.edge, key.day): counts["members"] for key, counts in cells.items() if "_" in key.kind}
    assert found == {
        ("visit_week", 1, 1): 1,
        ("visit_week", 1, 8): 1,
        ("visit_week", 1, 36): 1,
        ("visit_month", 1, 1): 1,
        ("visit_month", 1, 32): 1,
        ("purchase_week", 8, 8): 1,
        ("purchase_month", 1, 1): 1,
    }


def test_a_region_has_the_cohorts_of_those_who_came_there_first():
    cells = cells_of([visit(1, "west"), visit(2, "east-1", 1), visit(9, "east-2"), visit(9, "west", 1)], [])
    found = {
        (key.kind, key.edge, key.day)
        for key in cells
        if key.place == "region east" and key.kind in {"visit_week", "purchase_week"}
    }
    assert found == {("purchase_week", 1, 1)}
    assert {key.day for key in cells if (key.place, key.kind) == ("region west", "visit_week")} == {1, 8}
