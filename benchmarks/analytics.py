"""Headquarters' views over HTTP on PostgreSQL: how long each call takes, beside what the database alone needs.

Rollups are filled as if shops had sent events for years: `python -m benchmarks.analytics --stores 200 --days 730`, or
SHOPTHREAD_BENCH_STORES and SHOPTHREAD_BENCH_DAYS, which hold for `python -m benchmarks --only analytics` too.
"""

import argparse
import os
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
from rich.table import Table

from benchmarks.analytics_fill import LAST, fill
from benchmarks.cloud_ingest import TENANT, postgresql
from benchmarks.measure import Result
from cloud.app import create_app, make_key_service, open_database
from cloud.config import Settings
from cloud.db import Database
from cloud.main import bind, make_server, prepare_database

_CALLS = 30


def analytics(_folder: Path) -> list[Result]:
    """Return how long each view's calls take; of a middle-sized chain where the environment does not say another."""
    return [result for result, _ in measure_views(_asked("STORES", 20), _asked("DAYS", 180))]


def _asked(name: str, default: int) -> int:
    return int(os.environ.get(f"SHOPTHREAD_BENCH_{name}", default))


def measure_views(stores: int, days: int) -> list[tuple[Result, float]]:
    """Return the 95th percentile of each view's calls, and the quickest: what it takes where nothing else runs.

    Args:
        stores: How many shops there are.
        days: For how many days they have figures.
    """
    with postgresql() as url:
        settings = Settings(database_url=url)
        prepare_database(settings, migrates=True)
        database = open_database(settings)
        visits = fill(database, stores, days)
        Console().print(f"{visits:,} visits in the rollups; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        secret = make_key_service(settings, database).create(TENANT, ("read",)).secret
        app = create_app(settings, lambda: (LAST - date(1970, 1, 1)).days * 86_400_000, runs_projections=False)
        with _serving(app, secret) as http:
            results = [_measure(http, database, name, path, bare) for name, (path, bare) in _views(days).items()]
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


def _views(days: int) -> dict[str, tuple[str, str]]:
    """Return each view's call, and what the database alone needs to sum the same rows."""

    def since(back: int) -> str:
        return f"from={LAST - timedelta(days=min(back, days))}&to={LAST}"

    def bare(grain: str, back: int, only: str = "") -> str:
        first = LAST.toordinal() - min(back, days)
        return (
            f"SELECT store, sum(transactions), sum(visits) FROM rollups WHERE tenant = '{TENANT}' "
            f"AND grain = '{grain}' AND day >= {first} {only} GROUP BY store"
        )

    def members(back: int) -> str:
        return (
            f"SELECT count(DISTINCT one_id) FROM member_days WHERE tenant = '{TENANT}' "
            f"AND day >= {LAST.toordinal() - min(back, days)}"
        )

    entered, conversion = "/v1/metrics/footfall_in", "/v1/metrics/conversion_by_visit"
    one = "AND store = 'store-0'"
    journeys = f"SELECT steps FROM journeys WHERE tenant = '{TENANT}' AND store = 'store-0'"
    return {
        "all shops: the shops": ("/v1/stores", "SELECT * FROM stores"),
        "all shops: total of 28 days": (f"{entered}?{since(28)}&grain=total", bare("day", 28)),
        "all shops: 28 days, each": (f"{entered}?{since(28)}&limit=10000", bare("day", 28)),
        "all shops: hours of a day, each": (f"{entered}?{since(1)}&grain=hour&limit=10000", bare("hour", 1)),
        "customers: matrix of 28 days": (f"/v1/matrix?{since(28)}", members(28)),
        "customers: matrix of a year": (f"/v1/matrix?{since(365)}", members(365)),
        "customers: funnel of 28 days": (f"/v1/funnels?{since(28)}", bare("day", 28)),
        "customers: conversion by day": (f"{conversion}?{since(28)}&by=none", bare("day", 28)),
        "customers: active members by day": (f"/v1/metrics/members_active?{since(28)}&by=none", members(28)),
        "customers: cohorts of 8 weeks": (f"/v1/cohorts?{since(56)}&grain=week", members(56)),
        "customers: cohorts of 12 months": (f"/v1/cohorts?{since(365)}", members(365)),
        "customers of one shop: matrix of 28 days": (f"/v1/matrix?{since(28)}&store=store-0", members(28)),
        "customers of one shop: matrix of a year": (f"/v1/matrix?{since(365)}&store=store-0", members(365)),
        "customers of one shop: cohorts of 8 weeks": (f"/v1/cohorts?{since(56)}&grain=week&store=store-0", members(56)),
        "customers of one shop: funnel of a week, 60 s": (
            f"/v1/funnels?{since(7)}&store=store-0&window_s=60",
            journeys,
        ),
        "floor: zones of 28 days": (f"/v1/zones?{since(28)}&store=store-0", bare("day", 28, one)),
        "floor: wait in line": (f"/v1/metrics/queue_wait?{since(28)}&grain=total&store=store-0", bare("day", 28, one)),
        "one shop: hours of a day": (f"{conversion}?{since(1)}&grain=hour&store=store-0", bare("hour", 1, one)),
        "regions: weeks of a year, compared": (
            f"{conversion}?{since(364)}&grain=week&by=region&compare=period_before",
            bare("day", 2 * 364),
        ),
        "all together: sales by month": (f"/v1/metrics/sales?{since(days)}&grain=month&by=none", bare("day", days)),
    }


def _measure(http: httpx.Client, database: Database, name: str, path: str, bare: str) -> tuple[Result, float]:
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
    result = Result(
        name=f"analytics: {name}",
        value=value,
        unit="ms, p95",
        reference_name="PostgreSQL sums the same rows",
        reference=reference,
        ratio=value / reference,
    )
    return result, min(ours)


def _duration_ms(work: Callable[[], None]) -> float:
    started_s = time.perf_counter()
    work()
    return (time.perf_counter() - started_s) * 1000


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics", description=__doc__)
    parser.add_argument("--stores", type=int, default=_asked("STORES", 20), help="how many shops (20)")
    parser.add_argument("--days", type=int, default=_asked("DAYS", 180), help="for how many days (180)")
    asked = parser.parse_args()
    table = Table("view", "p95 ms", "quickest", "PostgreSQL alone", "ratio")
    for each, least in measure_views(asked.stores, asked.days):
        table.add_row(each.name, f"{each.value:.1f}", f"{least:.1f}", f"{each.reference:.1f}", f"{each.ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
