"""One hour's rollup, opening hours and periods: rules on small known examples."""

from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.analytics.cells import CoverageFact, Facts, LinkFact, StayFact, VisitFact, make_cell
from cloud.analytics.comparison import earlier
from cloud.analytics.metric import Grain
from cloud.analytics.periods import Period, periods_in
from cloud.errors import ProblemError
from cloud.footfall.buckets import Bucket
from cloud.stores.opening import Calendar, OpeningHours, fault_of, opening_of

HOUR_MS = 3_600_000
DAY = date(2026, 3, 2).toordinal()
START_MS = (DAY - date(1970, 1, 1).toordinal()) * 24 * HOUR_MS
UTC = Calendar(ZoneInfo("UTC"), None)
HOUR = Bucket(START_MS + 9 * HOUR_MS, START_MS + 10 * HOUR_MS)
AT = HOUR.start_ms


def visit(number: int, opened_s: int, ended_s: int, *, is_staff: bool = False, leads: bool = True) -> VisitFact:
    return VisitFact(
        visit_id=f"v{number}",
        opened_ms=AT + opened_s * 1000,
        ended_ms=AT + ended_s * 1000,
        is_closed=True,
        is_staff=is_staff,
        leads_party=leads,
    )


def facts(
    visits: list[VisitFact] | None = None,
    coverage: list[CoverageFact] | None = None,
    links: list[LinkFact] | None = None,
    stays: list[StayFact] | None = None,
) -> Facts:
    return Facts(
        crossings={},
        coverage=coverage or [],
        visits=visits or [],
        stays=stays or [],
        touches=[],
        links=links or [],
        waits=[],
    )


def test_an_hour_without_facts_is_empty():
    assert make_cell(HOUR, DAY, facts(), UTC).is_empty


def test_presence_lies_in_the_hour_in_which_it_was_spent():
    people = [visit(1, -600, 60), visit(2, 60, 120), visit(3, 90, 7200), visit(4, 0, 3600, is_staff=True)]
    parts = make_cell(HOUR, DAY, facts(people), UTC).parts
    assert (parts["visits"], parts["staff_visits"], parts["peak_people"]) == (2, 1, 2)
    assert parts["person_ms"] == (60 + 60 + 3510) * 1000


def test_one_camera_never_observes_more_than_there_was():
    whole = CoverageFact("cam-1", AT - HOUR_MS, AT + HOUR_MS, 2 * HOUR_MS)
    again = CoverageFact("cam-1", AT, AT + HOUR_MS, HOUR_MS // 2)
    other = CoverageFact("cam-2", AT, AT + 2 * HOUR_MS, HOUR_MS)
    cell = make_cell(HOUR, DAY, facts(coverage=[whole, again, other]), UTC)
    assert cell.devices == {"cam-1": HOUR_MS, "cam-2": HOUR_MS // 2}
    assert cell.parts["observed_ms"] == 3 * HOUR_MS // 2
    opening = OpeningHours(weekly={"monday": [["09:15", "09:45"]]}, exceptions={})
    half = make_cell(HOUR, DAY, facts(coverage=[whole, again, other]), Calendar(ZoneInfo("UTC"), opening))
    assert half.parts["observed_ms"] == HOUR_MS // 2 + HOUR_MS // 4
    assert half.parts["seen_ms"] == 3 * HOUR_MS // 2


def test_the_likeliest_touch_of_a_visit_tells():
    links = [
        LinkFact(visit_id="v1", kind="scan", time_ms=AT - 5000, weight_ppm=900_000),
        LinkFact(visit_id="v1", kind="sale", time_ms=AT + 60_000, weight_ppm=500_000),
        LinkFact(visit_id="v2", kind="scan", time_ms=AT, weight_ppm=0),
        LinkFact(visit_id="gone", kind="scan", time_ms=AT, weight_ppm=1),
    ]
    stays = [StayFact(visit_id="v1", zone_id="a", zone_kind="shelf", entered_ms=AT + 1000, left_ms=None)]
    cell = make_cell(HOUR, DAY, facts([visit(1, 0, 100), visit(2, 0, 100)], links=links, stays=stays), UTC)
    assert (cell.parts["linked_ppm"], cell.parts["linked_variance_ppm"]) == (900_000, 90_000)
    assert (cell.parts["buyers_ppm"], cell.parts["buyers_variance_ppm"]) == (500_000, 250_000)
    assert cell.zones == {("a", "shelf"): (1, 1, 0)}
    # A terminal's clock was behind: the scan was not before the entry.
    assert cell.journeys["v1"] == (
        (0, "entry", 1_000_000),
        (0, "scan", 900_000),
        (1000, "shelf", 1_000_000),
        (60_000, "purchase", 500_000),
    )
    assert cell.journeys["v2"] == ((0, "entry", 1_000_000),)


@given(st.lists(st.tuples(st.integers(-4000, 4000), st.integers(0, 5000), st.booleans()), max_size=8), st.randoms())
def test_the_order_of_facts_is_no_matter(drawn: list[tuple[int, int, bool]], order: object):
    people = [visit(n, at, at + length, is_staff=staff) for n, (at, length, staff) in enumerate(drawn)]
    shuffled = list(people)
    order.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's random has no public type
    assert make_cell(HOUR, DAY, facts(shuffled), UTC) == make_cell(HOUR, DAY, facts(people), UTC)


def test_opening_hours_follow_the_clocks_of_the_shop():
    weekly = {"sunday": [["01:00", "04:00"], ["22:00", "24:00"]]}
    opening = opening_of({"weekly": weekly, "exceptions": {"2026-03-22": [], "2026-03-23": [["00:00", "24:00"]]}})
    calendar = Calendar(ZoneInfo("Europe/Berlin"), opening)
    hours = {
        day: sum(span.end_ms - span.start_ms for span in calendar.open_spans(date.fromisoformat(day).toordinal()))
        for day in ("2026-03-15", "2026-03-16", "2026-03-22", "2026-03-23", "2026-03-29", "2026-10-25")
    }
    # On 29 March the clocks skip an hour, on 25 October they repeat one.
    expected = {"2026-03-15": 5, "2026-03-16": 0, "2026-03-22": 0, "2026-03-23": 24, "2026-03-29": 4, "2026-10-25": 6}
    assert {day: length / HOUR_MS for day, length in hours.items()} == expected
    assert calendar.day_at(calendar.day(DAY).start_ms) == DAY
    assert calendar.day_at(calendar.day(DAY).start_ms - 1) == DAY - 1


def test_hours_that_there_are_not():
    assert fault_of([["09:00", "12:00"], ["12:00", "24:00"]]) is None
    assert "pair" in str(fault_of([["09:00", "12:00", "13:00"]]))
    assert "written HH:MM" in str(fault_of([["24:00", "24:00"]]))
    assert "after the pair before" in str(fault_of([["09:00", "12:00"], ["11:59", "13:00"]]))


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 900), st.sampled_from(["day", "week", "month"]))
def test_periods_cover_what_is_asked_without_gaps(first: date, length: int, grain: Grain):
    asked = Period(first.toordinal(), first.toordinal() + length)
    found = periods_in(asked, grain)
    assert found[0].first <= asked.first < found[0].end
    assert found[-1].first < asked.end <= found[-1].end
    assert all(one.end == two.first for one, two in pairwise(found))


@pytest.mark.parametrize(
    ("first", "end", "grain", "compare", "start"),
    [
        ("2026-03-01", "2026-04-01", "month", "period_before", "2026-02-01"),
        ("2026-01-01", "2026-04-01", "month", "period_before", "2025-10-01"),
        ("2026-03-31", "2026-04-01", "month", "period_before", "2026-02-28"),
        ("2024-02-29", "2024-03-01", "total", "year_before", "2023-02-28"),
        ("2026-03-02", "2026-03-09", "week", "year_before", "2025-03-03"),
        ("2026-03-02", "2026-03-09", "day", "period_before", "2026-02-23"),
    ],
)
def test_the_earlier_period(first: str, end: str, grain: Grain, compare: str, start: str):
    asked = Period(date.fromisoformat(first).toordinal(), date.fromisoformat(end).toordinal())
    found = earlier(asked, grain, compare)  # type: ignore[arg-type]  # a test's plain text
    assert date.fromordinal(found.first).isoformat() == start
    assert found.end > found.first


def test_months_do_not_shift_by_weeks():
    with pytest.raises(ProblemError, match="period_before"):
        earlier(Period(DAY, DAY + 31), "month", "week_before")
