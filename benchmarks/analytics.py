"""Headquarters' views over HTTP on PostgreSQL: how long each call takes, beside what the database alone needs.

Rollups are filled as if shops had sent events for years: `python -m benchmarks.analytics --stores 200 --days 730`, or
SHOPTHREAD_BENCH_STORES and SHOPTHREAD_BENCH_DAYS, which hold for `python -m benchmarks --only analytics` too. With
`--keep FOLDER` the filled database stays there, and the next run with this folder asks it at once.
"""

import argparse
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
from fastapi import FastAPI
from rich.console import Console
from rich.table import Column, Table

from benchmarks.analytics_fill import LAST, fill, filled
from benchmarks.cloud_ingest import TENANT
from benchmarks.measure import Result
from benchmarks.own_postgresql import postgresql
from cloud.app import create_app, make_key_service, open_database
from cloud.config import Settings
from cloud.db import Database
from cloud.main import bind, keep_what_lives, make_server, prepare_database

_CALLS, _WIDTH = 30, 110


class Asked(NamedTuple):
    """How long a view's calls took: the 95th percentile, and the quickest; and the processor time of one call."""

    result: Result
    quickest_ms: float
    processor_ms: float


def analytics(_folder: Path) -> list[Result]:
    """Return how long each view's calls take; of a middle-sized chain where the environment does not say another."""
    return [asked.result for asked in measure_views(_asked("STORES", 20), _asked("DAYS", 180))]


def _asked(name: str, default: int) -> int:
    return int(os.environ.get(f"SHOPTHREAD_BENCH_{name}", default))


def measure_views(stores: int, days: int, keep: Path | None = None, calls: int = _CALLS, only: str = "") -> list[Asked]:
    """Return how long each view's calls take, one after the other.

    Args:
        stores: How many shops there are.
        days: For how many days they have figures.
        keep: Where the filled database stays, or was kept by an earlier run; None: nowhere.
        calls: How often each is asked.
        only: What the names of the views have that are asked.
    """
    with postgresql(keep) as url:
        settings = Settings(database_url=url)
        prepare_database(settings, migrates=True)
        database = open_database(settings)
        visits = filled(database) or fill(database, stores, days)
        Console().print(f"{visits:,} visits in the rollups; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        secret = make_key_service(settings, database).create(TENANT, ("read",)).secret
        app = create_app(settings, lambda: (LAST - date(1970, 1, 1)).days * 86_400_000, runs_projections=False)
        with _serving(app, secret) as http:
            results = [_measure(http, database, calls, view) for view in _views(days).items() if only in view[0]]
        database.dispose()
    return results


@contextmanager
def _serving(app: FastAPI, secret: str) -> Iterator[httpx.Client]:
    with bind(Settings(port=0)) as listener:
        server = make_server(app)
        keep_what_lives()
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
        "customers of a region: matrix of 28 days": (f"/v1/matrix?{since(28)}&region=region-0", members(28)),
        "customers of a region: matrix of a year": (f"/v1/matrix?{since(365)}&region=region-0", members(365)),
        "customers of a region: cohorts of 8 weeks": (
            f"/v1/cohorts?{since(56)}&grain=week&region=region-0",
            members(56),
        ),
        "customers of one shop: flows of a year": (f"/v1/flows?{since(365)}&store=store-0", members(365)),
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
        "all shops: ranks, compared": (
            f"{conversion}?{since(28)}&grain=total&compare=period_before",
            bare("day", 56),
        ),
        "regions: weeks of a year, compared": (
            f"{conversion}?{since(364)}&grain=week&by=region&compare=period_before",
            bare("day", 2 * 364),
        ),
        "all together: sales by month": (f"/v1/metrics/sales?{since(days)}&grain=month&by=none", bare("day", days)),
    }


def _measure(http: httpx.Client, database: Database, calls: int, view: tuple[str, tuple[str, str]]) -> Asked:
    name, (path, bare) = view

    def call() -> None:
        answer = http.get(path)
        if not answer.is_success:
            msg = f"expected {path} to be answered, got {answer.status_code}: {answer.text}"
            raise RuntimeError(msg)

    def alone() -> None:
        with database.read() as session:
            session.connection.exec_driver_sql(bare).all()

    ours, theirs, processor_s, server = [], [], 0.0, _server_of(database)
    for round_ in range(calls + 2):
        before_s = _processor_s(server)
        ours_ms = _duration_ms(call)
        worked_s = _processor_s(server) - before_s
        theirs_ms = _duration_ms(alone)
        if round_ > 1:
            ours.append(ours_ms)
            theirs.append(theirs_ms)
            processor_s += worked_s
    value, reference = _p95(ours), _p95(theirs)
    result = Result(
        name=f"analytics: {name}",
        value=value,
        unit="ms, p95",
        reference_name="PostgreSQL sums the same rows",
        reference=reference,
        ratio=value / reference,
    )
    return Asked(result, min(ours), 1000 * processor_s / calls)


def _server_of(database: Database) -> psutil.Process:
    """Return the process that started all others of a PostgreSQL."""
    with database.read() as session:
        pid = session.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return psutil.Process(psutil.Process(pid).ppid())


def _processor_s(server: psutil.Process) -> float:
    """Return the processor time so far of this process, which serves and asks, and of its PostgreSQL."""
    total_s = time.process_time() + sum(server.cpu_times()[:4])  # its own, and its children's that have ended
    for child in server.children():
        with suppress(psutil.NoSuchProcess):
            total_s += sum(child.cpu_times()[:2])
    return total_s


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
    parser.add_argument("--calls", type=int, default=_CALLS, help=f"how often each is asked ({_CALLS})")
    parser.add_argument("--keep", type=Path, help="a folder in which the database stays, for the next run to ask again")
    parser.add_argument("--only", default="", help="ask only views whose name has this in it (all)")
    asked = parser.parse_args()
    table = Table(Column("view", no_wrap=True), "p95 ms", "quickest", "processor", "PostgreSQL alone", "ratio")
    for result, quickest_ms, processor_ms in measure_views(**vars(asked)):
        figures = (result.value, quickest_ms, processor_ms, result.reference, result.ratio)
        table.add_row(result.name.removeprefix("analytics: "), *(f"{figure:.1f}" for figure in figures))
    Console(width=_WIDTH).print(table)


if __name__ == "__main__":
    main()
