"""Numbers of members from steps are those that looking at every member gives, for every period."""

from collections.abc import Iterable, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.analytics.member_cells import COUNTS, CellKey, Cells, Sales, Visit, cells_of, difference

DORMANT_DAYS, LAST = 3, 14
GROUPS = ("new", "existing", "dormant")

days = st.integers(1, LAST)
visits = st.lists(st.builds(Visit, day=days, transactions=st.integers(0, 2)), max_size=6)
sales = st.lists(
    st.builds(
        Sales,
        day=days,
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


def summed(cells: Mapping[CellKey, Mapping[str, int]], first: int, end: int) -> dict[str, dict[str, int]]:
    """Return the numbers of each group in [first, end) as the database sums them."""
    found = {kind: dict.fromkeys(COUNTS, 0) for kind in ("all", "new", "dormant")}
    for key, counts in cells.items():
        counts_here = key.edge >= first if key.kind == "new" else key.edge <= first
        if key.kind in found and first <= key.day < end and counts_here and key.currency in {"*", "EUR"}:
            for name, count in counts.items():
                found[key.kind][name] += count
    everybody = found.pop("all")
    found["existing"] = {name: everybody[name] - found["new"][name] - found["dormant"][name] for name in COUNTS}
    return found


def looked_at(
    people: Iterable[tuple[Sequence[Visit], Sequence[Sales]]], first: int, end: int
) -> dict[str, dict[str, int]]:
    found = {group: dict.fromkeys(COUNTS, 0) for group in GROUPS}
    for visited, paid in people:
        here = [visit for visit in visited if first <= visit.day < end]
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
            if first <= sale.day < end and sale.currency == "EUR":
                mine["transactions"] += sale.transactions
                mine["sales_minor"] += sale.sales_minor
    return found


def all_cells(people: Iterable[tuple[Sequence[Visit], Sequence[Sales]]]) -> Mapping[CellKey, Mapping[str, int]]:
    return difference([cells_of(visited, paid) for visited, paid in people], [])


@given(people=members)
def test_every_period_has_the_groups_that_looking_at_members_finds(people: list[tuple[list[Visit], list[Sales]]]):
    cells = all_cells(people)
    for first in range(1, LAST + 1):
        for end in range(first + 1, LAST + 2):
            assert summed(cells, first, end) == looked_at(people, first, end), (first, end)


@given(people=members, first=st.integers(1, LAST + DORMANT_DAYS + 2))
def test_who_does_not_come_is_asleep(people: list[tuple[list[Visit], list[Sales]]], first: int):
    asleep = sum(
        counts["members"] for key, counts in all_cells(people).items() if key.kind == "asleep" and key.edge <= first
    )
    last = [max((visit.day for visit in visited if visit.day < first), default=first) for visited, _ in people]
    assert asleep == sum(day < first - DORMANT_DAYS for day in last)


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
    cells = cells_of([Visit(1, 0), Visit(2, 0), Visit(8, 1), Visit(9, 2), Visit(40, 0)], [])
    found = {(kind, edge, day): counts["members"] for (kind, day, edge, _), counts in cells.items() if "_" in kind}
    assert found == {
        ("visit_week", 1, 1): 1,
        ("visit_week", 1, 8): 1,
        ("visit_week", 1, 36): 1,
        ("visit_month", 1, 1): 1,
        ("visit_month", 1, 32): 1,
        ("purchase_week", 8, 8): 1,
        ("purchase_month", 1, 1): 1,
    }
