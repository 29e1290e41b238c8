"""Headquarters' views over HTTP on PostgreSQL: how long each call takes, beside what the database alone needs.

Rollups are filled as if shops had sent events for years: `python -m benchmarks.analytics --stores 200 --days 730`.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import text

from benchmarks.cloud_ingest import TENANT, postgresql
from benchmarks.measure import Result
from cloud.analytics.parts import PEAKS, SUMS
from cloud.app import create_app, make_key_service, open_database
from cloud.config import Settings
from cloud.db import Database
from cloud.main import bind, make_server, prepare_database

_LAST = date(2026, 3, 1)
_CALLS = 30
_REGIONS = 8
_MEMBERS_A_STORE = 300
_SKIPPED = {"open_ms", "expected_ms"}

_HOURS = """
INSERT INTO rollups (tenant, grain, store, day, start_ms, end_ms, {parts}, open_ms, expected_ms, devices,
  expected_devices)
SELECT '{tenant}', 'hour', '{store}', d, ms, ms + 3600000, {values}, 0, 0, '{{"cam-1": 3600000}}', 0
FROM generate_series({first}, {last}) AS g(d), generate_series(9, 20) AS u(h),
  LATERAL (SELECT ((d - 719163)::bigint * 24 + h) * 3600000 AS ms) AS t"""
_DAYS = """
INSERT INTO rollups (tenant, grain, store, day, start_ms, end_ms, {parts}, open_ms, expected_ms, devices,
  expected_devices)
SELECT tenant, 'day', store, day, (day - 719163)::bigint * 86400000, (day - 719162)::bigint * 86400000, {sums},
  86400000, 86400000, '{{"cam-1": 43200000}}', 1
FROM rollups WHERE tenant = '{tenant}' AND store = '{store}' AND grain = 'hour' GROUP BY tenant, store, day"""
_MONEY = """
INSERT INTO rollup_money (tenant, grain, store, day, start_ms, currency, sales_minor, money_transactions)
SELECT tenant, grain, store, day, start_ms, 'EUR', transactions * 1999, transactions FROM rollups
WHERE tenant = '{tenant}' AND store = '{store}'"""
_MEMBERS = """
INSERT INTO member_days (tenant, one_id, day, store, scans, transactions, transactions_before, first_day, previous_day,
  next_day, first_buy_day, previous_buy_day)
SELECT '{tenant}', one_id, day, '{store}', 1, 1, row_number() OVER w - 1, min(day) OVER m, lag(day) OVER w,
  lead(day) OVER w, min(day) OVER m, lag(day) OVER w
FROM (SELECT DISTINCT '{store}-' || n AS one_id, {first} + (n * 7919 + visit * visit * 104729) % {days} AS day
  FROM generate_series(1, {members}) AS g(n), generate_series(1, 8) AS v(visit)) AS drawn
WINDOW w AS (PARTITION BY one_id ORDER BY day), m AS (PARTITION BY one_id)"""
_SALES = """
INSERT INTO member_sales (tenant, one_id, day, store, currency, sales_minor, transactions)
SELECT tenant, one_id, day, store, 'EUR', 1999, 1 FROM member_days WHERE tenant = '{tenant}' AND store = '{store}'"""
_JOURNEYS = """
INSERT INTO journeys (tenant, store, day, start_ms, visit_id, steps)
SELECT '{tenant}', '{store}', d, (d - 719163)::bigint * 86400000, d || '-' || n,
  '[[0, "entry", 1000000], [9000, "shelf", 1000000], [60000, "scan", 970000], [90000, "purchase", 960000]]'
FROM generate_series({last} - 6, {last}) AS g(d), generate_series(1, 300) AS v(n)"""


def analytics(_folder: Path) -> list[Result]:
    """Return how long each view's calls take for a middle-sized chain: 20 shops, 180 days."""
    return measure_views(20, 180)


def measure_views(stores: int, days: int) -> list[Result]:
    """Return the 95th percentile of each view's calls.

    Args:
        stores: How many shops there are.
        days: For how many days they have figures.
    """
    with postgresql() as url:
        settings = Settings(database_url=url)
        prepare_database(settings, migrates=True)
        database = open_database(settings)
        _fill(database, stores, days)
        secret = make_key_service(settings, database).create(TENANT, ("read",)).secret
        app = create_app(settings, lambda: (_LAST - date(1970, 1, 1)).days * 86_400_000, runs_projections=False)
        with _serving(app, secret) as http:
            results = [
                _measure(http, database, name, path, bare) for name, (path, bare) in _views(stores, days).items()
            ]
        database.dispose()
    return results


@contextmanager
def _serving(app: FastAPI, secret: str) -> Iterator[httpx.Client]:
    with bind(Settings(port=0)) as listener:
        server = make_server(app)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        host, port = listener.getsockname()
        headers = {"Authorization": f"Bearer {secret}"}
        with httpx.Client(base_url=f"http://{host}:{port}", headers=headers, timeout=60, trust_env=False) as http:
            yield http
        server.should_exit = True
        thread.join()


def _fill(database: Database, stores: int, days: int) -> None:
    parts = [name for name in (*SUMS, *PEAKS) if name not in _SKIPPED]
    values = ", ".join(f"(d * {31 + index} + h * {17 + index}) % {40 + index}" for index, _ in enumerate(parts))
    sums = ", ".join(f"{'max' if name in PEAKS else 'sum'}({name})" for name in parts)
    last = _LAST.toordinal() - 1
    for number in track(range(stores), f"filling {stores} shops with {days} days"):
        names = {
            "tenant": TENANT,
            "store": f"store-{number}",
            "first": last - days + 1,
            "last": last,
            "days": days,
            "members": _MEMBERS_A_STORE,
            "parts": ", ".join(parts),
            "values": values,
            "sums": sums,
        }
        with database.write() as session:
            region = f"region-{number % _REGIONS}"
            session.connection.execute(
                text("INSERT INTO stores (tenant, store, time_zone, region) VALUES (:tenant, :store, 'UTC', :region)"),
                {"tenant": TENANT, "store": names["store"], "region": region},
            )
            for statement in (_HOURS, _DAYS, _MONEY, _MEMBERS, _SALES, _JOURNEYS):
                session.connection.exec_driver_sql(statement.format(**names).replace("%", "%%"))
    database.refresh_statistics()


def _views(stores: int, days: int) -> dict[str, tuple[str, str]]:
    """Return each view's call, and what the database alone needs to sum the same rows."""

    def since(back: int) -> str:
        return f"from={_LAST - timedelta(days=min(back, days))}&to={_LAST}"

    def bare(grain: str, back: int, only: str = "") -> str:
        first = _LAST.toordinal() - min(back, days)
        return (
            f"SELECT store, sum(transactions), sum(visits) FROM rollups WHERE tenant = '{TENANT}' "
            f"AND grain = '{grain}' AND day >= {first} {only} GROUP BY store"
        )

    metric, one = "/v1/metrics/conversion_by_visit", "AND store = 'store-0'"
    year_of_members = (
        f"SELECT count(DISTINCT one_id) FROM member_days WHERE tenant = '{TENANT}' "
        f"AND day >= {_LAST.toordinal() - min(365, days)}"
    )
    journeys = f"SELECT steps FROM journeys WHERE tenant = '{TENANT}' AND store = 'store-0'"
    return {
        "a shop's hours of a day": (f"{metric}?{since(1)}&grain=hour&store=store-0", bare("hour", 1, one)),
        "a shop's days of a month": (f"{metric}?{since(30)}&store=store-0", bare("day", 30, one)),
        f"{stores} shops' total of a month": (f"{metric}?{since(30)}&grain=total", bare("day", 30)),
        f"{stores} shops' days of a month": (f"{metric}?{since(30)}&limit=10000", bare("day", 30)),
        "regions' weeks of a year, compared": (
            f"{metric}?{since(364)}&grain=week&by=region&compare=period_before",
            bare("day", 2 * 364),
        ),
        "all together by month": (f"/v1/metrics/sales?{since(days)}&grain=month&by=none", bare("day", days)),
        "the nine indicators of a year": (f"/v1/matrix?{since(365)}", year_of_members),
        "cohorts by month of a year": (f"/v1/cohorts?{since(365)}", year_of_members),
        "a shop's funnel of a week": (f"/v1/funnels?{since(7)}&store=store-0", journeys),
    }


def _measure(http: httpx.Client, database: Database, name: str, path: str, bare: str) -> Result:
    def call() -> None:
        answer = http.get(path)
        if not answer.is_success:
            msg = f"expected {path} to be answered, got {answer.status_code}: {answer.text}"
            raise RuntimeError(msg)

    def alone() -> None:
        with database.read() as session:
            session.connection.exec_driver_sql(bare).all()

    ours, theirs = [], []
    for round_ in range(_CALLS + 2):
        both = _duration_ms(call), _duration_ms(alone)
        if round_ > 1:
            ours.append(both[0])
            theirs.append(both[1])
    value, reference = _p95(ours), _p95(theirs)
    return Result(
        name=f"analytics: {name}",
        value=value,
        unit="ms, p95",
        reference_name="PostgreSQL sums the same rows",
        reference=reference,
        ratio=value / reference,
    )


def _duration_ms(work: Callable[[], None]) -> float:
    started_s = time.perf_counter()
    work()
    return (time.perf_counter() - started_s) * 1000


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics", description=__doc__)
    parser.add_argument("--stores", type=int, default=20, help="how many shops (20)")
    parser.add_argument("--days", type=int, default=180, help="for how many days (180)")
    asked = parser.parse_args()
    table = Table("view", "p95 ms", "PostgreSQL alone", "ratio")
    for each in measure_views(asked.stores, asked.days):
        table.add_row(each.name, f"{each.value:.1f}", f"{each.reference:.1f}", f"{each.ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
