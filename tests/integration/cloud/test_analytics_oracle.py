"""All metrics against DuckDB, to the last digit, whatever order, batches and repetitions events come in."""

import random
from datetime import date
from typing import Any

import pytest

from cloud.analytics.catalogue import METRICS
from cloud.analytics.metric import Grain
from cloud.analytics.periods import Period
from cloud.analytics.rows import RowWriter
from cloud.analytics.selection import select_shops
from cloud.analytics.service import MetricQuery
from cloud.db import WriteSession
from cloud.stores.repository import put_store
from tests.integration.cloud.analytics_oracle import Oracle
from tests.integration.cloud.analytics_world import START_MS, World
from tests.integration.cloud.support import TENANT, Cloud, consent

ASKED = Period(date(2026, 3, 23).toordinal(), date(2026, 4, 6).toordinal())
HOURS_OF = Period(date(2026, 3, 28).toordinal(), date(2026, 3, 31).toordinal())
"""The days whose hours are compared: the clocks in Berlin change on the second."""
WEEKLY = {day: [["09:30", "12:00"], ["13:00", "18:15"]] for day in ("friday", "saturday", "sunday", "monday")}
STORES: dict[str, tuple[str, Any]] = {"berlin": ("Europe/Berlin", WEEKLY), "kolkata-1": ("Asia/Kolkata", None)}
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
        settings = {"name": store, "time_zone": time_zone, "region": None, "opening_hours": opening}
        put_store(session, TENANT, store, settings)


def ours(cloud: Cloud, name: str, grain: Grain) -> dict[tuple[str, int], tuple[Any, Any, Any]]:
    metric = METRICS[name]
    currency = "EUR" if metric.has_currency else None
    with cloud.database.read() as session:
        shops = select_shops(session, TENANT, (), None)
        asked = HOURS_OF if grain == "hour" else ASKED
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
    grains: tuple[Grain, ...] = ("hour", "day", "week", "total")
    for name, metric in METRICS.items():
        known = 0
        for grain in grains if metric.kind != "members" else ():
            theirs = oracle.values(name, grain)
            for key, (value, low, coverage) in ours(cloud, name, grain).items():
                expected, spread, share = theirs.get(key, (None, 0, None))
                assert value == expected, (name, grain, key)
                known += value is not None
                if metric.from_cameras and key in theirs:
                    assert coverage == share, (name, grain, key)
                if name == "linked_visits" and value is not None:
                    assert low == pytest.approx(max(value - 1.96 * spread, 0), abs=1e-9)
        assert known > 4 or metric.kind == "members", name
    compare_members(cloud, oracle)


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
