"""All metrics against DuckDB, to the last digit, whatever order, batches and repetitions events come in."""

import random
from collections import Counter
from datetime import date
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select

from cloud.analytics.catalogue import METRICS
from cloud.analytics.cell_repository import read_cohorts, read_dormant, read_groups
from cloud.analytics.flow_repository import UNKNOWN, count_flows
from cloud.analytics.member_cells import COHORT_GRAINS, DORMANT_DAYS, Kept
from cloud.analytics.member_repository import Activity, GroupCounts, count_cohorts, count_dormant, count_groups
from cloud.analytics.metric import GRAINS, Grain
from cloud.analytics.parts import FUNNEL_STEPS
from cloud.analytics.periods import Period, periods_in
from cloud.analytics.rows import RowWriter
from cloud.analytics.selection import select_shops
from cloud.analytics.service import MetricQuery, add_up
from cloud.analytics.tables import member_days
from cloud.analytics.views import Scope, make_funnel
from cloud.db import ReadSession, WriteSession
from cloud.profiles.lifecycle import LifecycleRules, lifecycle
from cloud.stores.repository import put_store
from tests.integration.cloud.analytics_oracle import Oracle
from tests.integration.cloud.analytics_world import START_MS, World
from tests.integration.cloud.support import TENANT, Cloud, consent

ASKED = Period(date(2026, 3, 23).toordinal(), date(2026, 4, 6).toordinal())
WIDE = Period(date(2026, 3, 1).toordinal(), date(2026, 4, 13).toordinal())
"""A whole month, which has rollups of its own, and days beside it."""
HOURS_OF = Period(date(2026, 3, 28).toordinal(), date(2026, 3, 31).toordinal())
"""The days whose hours are compared: the clocks in Berlin change on the second."""
WEEKLY = {day: [["09:30", "12:00"], ["13:00", "18:15"]] for day in ("friday", "saturday", "sunday", "monday")}
STORES: dict[str, tuple[str, Any]] = {"berlin": ("Europe/Berlin", WEEKLY), "kolkata-1": ("Asia/Kolkata", None)}
REGIONS = {"berlin": "europe", "kolkata-1": None}
KEPT = Kept(tenant=TENANT)
EUROPE = Kept(tenant=TENANT, place="region europe")
BERLIN = Kept(tenant=TENANT, place="store berlin", is_whole=False)
ACTIVITIES: tuple[Activity, ...] = ("visit", "purchase")
MEMBERS = {
    "members_active": "true",
    "members_new": "day = first",
    "members_returning": "day > first",
    "members_buying": "kind = 'sale'",
}


def filled(cloud: Cloud, seed: int) -> list[bytes]:
    """Take in two stores' events in random batches; the stores' settings change in the middle."""
    raws = [raw for store in STORES for raw in World(store, seed).events()]
    order = random.Random(seed)
    sent = raws + order.sample(raws, 40)
    order.shuffle(sent)
    cloud.now_ms = START_MS + 30 * 86_400_000
    for member in range(3):
        consent(cloud, member, at_ms=START_MS)
    half = len(sent) // 2
    while sent:
        size = order.choice([1, 100, 200])
        cloud.take_in(*sent[:size])
        del sent[:size]
        if len(sent) <= half:
            with cloud.database.write() as session:
                set_stores(session)
            half = -1
    return raws


def set_stores(session: WriteSession) -> None:
    for store, (time_zone, weekly) in STORES.items():
        opening = None if weekly is None else {"weekly": weekly, "exceptions": {}}
        settings = {"name": store, "time_zone": time_zone, "region": REGIONS[store], "opening_hours": opening}
        put_store(session, TENANT, store, settings)


def ours(cloud: Cloud, name: str, grain: Grain, asked: Period) -> dict[tuple[str, int], tuple[Any, Any, Any]]:
    metric = METRICS[name]
    currency = "EUR" if metric.has_currency else None
    with cloud.database.read() as session:
        shops = select_shops(session, TENANT, (), None)
        cells = MetricQuery(session, TENANT, metric, shops, cloud.now_ms).cells(asked, grain, "store", currency)
        found = {}
        for cell in cells:
            row = RowWriter(metric, ASKED, cloud.now_ms).write(cell)
            start_ms = (
                cell.shops[0].calendar.day(cell.period.first).start_ms if cell.hour is None else cell.hour.start_ms
            )
            found[cell.shops[0].store, start_ms] = (row.value, row.low, row.coverage)
        return found


def test_every_metric_is_what_another_engine_finds(cloud: Cloud):
    seed = len(cloud.database.engine.dialect.name)  # one world for each kind of database
    oracle = Oracle(cloud, filled(cloud, seed), STORES)
    grains: dict[str, tuple[Grain, Period]] = {
        "hour": ("hour", HOURS_OF),
        "day": ("day", ASKED),
        "week": ("week", ASKED),
        "total": ("total", ASKED),
        "wide": ("total", WIDE),
    }
    for name, metric in METRICS.items():
        known = 0
        for told, (grain, asked) in grains.items() if metric.kind != "members" else ():
            theirs = oracle.values(name, told)
            for key, (value, low, coverage) in ours(cloud, name, grain, asked).items():
                expected, spread, share = theirs.get(key, (None, 0, None))
                assert value == expected, (name, told, key)
                known += value is not None
                if metric.from_cameras and key in theirs:
                    assert coverage == share, (name, told, key)
                if name == "linked_visits" and value is not None:
                    assert low == pytest.approx(max(value - 1.96 * spread, 0), abs=1e-9)
        assert known > 4 or metric.kind == "members", name
    compare_members(cloud, oracle)
    compare_matrix(cloud, oracle)
    compare_groups(cloud)
    compare_funnels(cloud)
    compare_flows(cloud)


def compare_matrix(cloud: Cloud, oracle: Oracle) -> None:
    """What is kept of members in cells is what looking at each of them finds, here and in DuckDB."""
    compared = 0
    with cloud.database.read() as session:
        shops = select_shops(session, TENANT, (), None)
        everything = MetricQuery(session, TENANT, METRICS["members_active"], shops, cloud.now_ms, kept=KEPT)
        for name in MEMBERS:
            query = MetricQuery(session, TENANT, METRICS[name], shops, cloud.now_ms)
            kept = MetricQuery(session, TENANT, METRICS[name], shops, cloud.now_ms, kept=KEPT)
            assert kept.cells(ASKED, "day", "none", None) == query.cells(ASKED, "day", "none", None)
        assert any(cell.parts["members_active"] for cell in everything.cells(ASKED, "day", "none", None))
        for grain, activity in product(COHORT_GRAINS, ACTIVITIES):
            periods = periods_in(WIDE, grain)
            for place, stores in ((KEPT, None), (EUROPE, ["berlin"])):
                found_cohorts = read_cohorts(session, place, periods, grain, activity)
                assert found_cohorts == count_cohorts(session, TENANT, stores, periods, activity)
        for first, length in product(range(ASKED.first, ASKED.end), (1, 3, 200)):
            days = Period(first, first + length)
            found = read_groups(session, KEPT, days, "EUR")
            looked_at = count_groups(session, TENANT, None, days, DORMANT_DAYS, "EUR")
            assert found == {name: looked_at.get(name, GroupCounts()) for name in found}
            theirs = oracle.groups(*(date.fromordinal(day).isoformat() for day in (days.first, days.end)))
            for name, counts in found.items():
                told = (
                    counts.members,
                    counts.visits,
                    counts.visits_with_purchase,
                    counts.transactions,
                    counts.sales_minor,
                )
                assert told == theirs.get(name, (0, 0, 0, 0, 0)), (name, days)
                compared += counts.visits > 0
            for dormant_days in (1, DORMANT_DAYS):
                here = count_groups(session, TENANT, ["berlin"], days, dormant_days, "EUR")
                found_here = {name: (c.members, c.visits, c.visits_with_purchase, c.buyers) for name, c in here.items()}
                assert found_here == groups_one_by_one(session, "berlin", days, dormant_days)
            compare_region(session, days)
            later = first + DORMANT_DAYS
            assert read_dormant(session, KEPT, later) == count_dormant(session, TENANT, None, later, DORMANT_DAYS)
    assert compared > ASKED.days // 4


def compare_region(session: ReadSession, days: Period) -> None:
    """What is kept of the members of a region, and of a shop, is what looking at each of them finds."""
    found = read_groups(session, EUROPE, days, "EUR")
    looked_at = count_groups(session, TENANT, ["berlin"], days, DORMANT_DAYS, "EUR")
    assert found == {name: looked_at.get(name, GroupCounts()) for name in found}
    later = days.first + DORMANT_DAYS
    asleep = count_dormant(session, TENANT, ["berlin"], later, DORMANT_DAYS)
    assert {read_dormant(session, kept, later) for kept in (EUROPE, BERLIN)} == {asleep}


def groups_one_by_one(session: ReadSession, store: str, days: Period, dormant_days: int) -> dict[str, Any]:
    """Return members, visits, visits with a purchase and buyers of one shop, member after member."""
    known: dict[str, list[Any]] = {}
    for row in session.rows(select(member_days).where(member_days.c.tenant == TENANT)):
        known.setdefault(row.one_id, []).append(row)
    found: dict[str, Any] = {}
    for rows in known.values():
        made = [row.transactions > 0 for row in rows if row.store == store and days.first <= row.day < days.end]
        before = max((row.day for row in rows if row.day < days.first), default=None)
        slept = before is not None and before < days.first - dormant_days
        name = "new" if before is None else "dormant" if slept else "existing"
        if made:
            old = found.get(name, (0, 0, 0, 0))
            found[name] = tuple(a + b for a, b in zip(old, (1, len(made), sum(made), any(made)), strict=True))
    return found


def compare_groups(cloud: Cloud) -> None:
    """What the database sums over stores is what the stores' own parts add up to."""
    with cloud.database.read() as session:
        shops = select_shops(session, TENANT, (), None)
        for name, grain in product(("sales", "occupancy_peak", "conversion_by_visit"), GRAINS[1:]):
            query = MetricQuery(session, TENANT, METRICS[name], shops, cloud.now_ms)
            each = query.cells(WIDE, grain, "store", "EUR")
            together = query.cells(WIDE, grain, "none", "EUR")
            for cell in (*together, *query.cells(WIDE, grain, "region", "EUR")):
                here = [one for one in each if one.period == cell.period and one.shops[0] in cell.shops]
                assert cell.parts == add_up([one.parts for one in here]), (name, grain, cell.period)
                assert cell.is_known == any(one.is_known for one in here)


def compare_funnels(cloud: Cloud) -> None:
    """The funnel that is summed is the one that is counted visit by visit: no visit lasts as long as the window."""
    with cloud.database.read() as session:
        shops = select_shops(session, TENANT, (), None)
        scope = Scope(tenant=TENANT, shops=shops, days=WIDE, now_ms=cloud.now_ms, least_members=1, kept=KEPT)
        summed, counted = (make_funnel(session, scope, FUNNEL_STEPS, "strict", s) for s in (None, 1_000_000))
        assert summed == counted
        assert summed[1][1].value > 0


def compare_flows(cloud: Cloud) -> None:
    """Stages that the database judges are those of the rules of profiles, member after member."""
    rules = LifecycleRules(potential_interest=2.0, potential_days=3, loyal_purchases=3, loyal_days=5)
    found = set()
    with cloud.database.read() as session:
        known: dict[str, list[Any]] = {}
        for row in session.rows(select(member_days).where(member_days.c.tenant == TENANT)):
            known.setdefault(row.one_id, []).append(row)
        for first in range(ASKED.first, ASKED.end, 2):
            expected = Counter(
                (stage_at(rows, first, rules), stage_at(rows, first + 4, rules))
                for rows in known.values()
                if any(row.day < first + 4 for row in rows)
            )
            assert count_flows(session, TENANT, None, Period(first, first + 4), rules) == expected
            found |= {stage for flow in expected for stage in flow}
    assert len(found) > 3


def stage_at(rows: list[Any], end: int, rules: LifecycleRules) -> str:
    """Return the stage that `lifecycle` finds of a member by the days before one day."""
    before = [row for row in rows if row.day < end]
    if not before:
        return UNKNOWN
    purchases = [row.day * 86_400_000 for row in before for _ in range(row.transactions)]
    scans = [(row.day * 86_400_000, float(row.scans)) for row in before]
    return lifecycle(purchases, scans, end * 86_400_000, rules).stage


def compare_members(cloud: Cloud, oracle: Oracle) -> None:
    with cloud.database.read() as session:
        shops = select_shops(session, TENANT, (), None)
        for name, condition in MEMBERS.items():
            theirs = oracle.members(condition)
            assert theirs
            metric = METRICS[name]
            found = {}
            for cell in MetricQuery(session, TENANT, metric, shops, cloud.now_ms).cells(ASKED, "day", "store", None):
                value = RowWriter(metric, ASKED, cloud.now_ms).write(cell).value
                found[cell.group, date.fromordinal(cell.period.first).isoformat()] = value
            assert {key: value for key, value in found.items() if value} == theirs


def test_no_answer_waits_for_parallel_workers_to_start(cloud: Cloud):
    if cloud.database.engine.dialect.name == "postgresql":
        with cloud.database.read() as session:
            assert session.connection.exec_driver_sql("SHOW max_parallel_workers_per_gather").scalar() == "0"
