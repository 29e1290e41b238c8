"""Whether the projections keep up with a steady stream into PostgreSQL, and how fast they catch up with a backlog."""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cloud_ingest import TENANT
from benchmarks.events import mixed
from benchmarks.measure import Result
from benchmarks.own_postgresql import postgresql
from cloud.app import make_projector, open_database, system_clock
from cloud.config import Settings
from cloud.db import Database
from cloud.ingest.intake import Intake
from cloud.lag import read_lags
from cloud.main import prepare_database
from contracts.events import encode_event

_RATE, _DURATION_S, _BATCH, _STORES = 5000, 60, 500, 100
_BACKLOG = 20_000
_SAMPLE_S = 0.05
_LIMIT_S = 2.0
_WAIT_S = 30.0


def projections(_folder: Path) -> list[Result]:
    with postgresql() as url:
        settings = Settings(database_url=url)
        prepare_database(settings, migrates=True)
        database = open_database(settings)
        try:
            return [_backlog(settings, database), *_stream(settings, database)]
        finally:
            database.dispose()


def _batches(first: int, count: int) -> list[bytes]:
    """Return batches, each of one store, of all stores in turn."""
    bodies = []
    for number, start in enumerate(range(first, first + count, _BATCH)):
        events = mixed(start, min(_BATCH, first + count - start), f"store-{number % _STORES}")
        bodies.append(b"\n".join(encode_event(event) for event in events))
    return bodies


def _backlog(settings: Settings, database: Database) -> Result:
    intake, projector = Intake(database, system_clock), make_projector(settings, database)
    rates = []
    for run in range(3):
        for body in _batches(1 + run * _BACKLOG, _BACKLOG):
            intake.take_in(body, tenant=TENANT, key_id="bench")
        started_s = time.perf_counter()
        projector.catch_up()
        rates.append(_BACKLOG / (time.perf_counter() - started_s))
    rate = statistics.median(rates)
    return Result("projections catch up, PostgreSQL", rate, "events/s", "events that stores send", _RATE, rate / _RATE)


def _stream(settings: Settings, database: Database) -> list[Result]:
    """Feed a steady rate beside a `cloud project` process; return the lag's 95th percentile and the rate had."""
    intake = Intake(database, system_clock)
    bodies = _batches(1_000_000, _RATE * _DURATION_S)
    with _projecting(settings), _sampled_lags(database) as lags:
        _wait_until_started(database, intake)
        lags.clear()
        started_s = time.perf_counter()
        for number, body in enumerate(bodies):
            time.sleep(max(0.0, started_s + number * _BATCH / _RATE - time.perf_counter()))
            intake.take_in(body, tenant=TENANT, key_id="bench")
        rate = _RATE * _DURATION_S / (time.perf_counter() - started_s)
    late_s = statistics.quantiles(lags, n=20)[-1]
    name = f"projections, {_RATE}/s for {_DURATION_S} s"
    return [
        Result(f"{name}: lag, 95th percentile", late_s * 1000, "ms", "limit", _LIMIT_S * 1000, late_s / _LIMIT_S),
        Result(f"{name}: rate taken in", rate, "events/s", "rate sent", _RATE, rate / _RATE),
    ]


@contextmanager
def _projecting(settings: Settings) -> Iterator[None]:
    command = [sys.executable, "-m", "shopthread", "cloud", "project", "--database-url", str(settings.database_url)]
    process = subprocess.Popen(command, env=dict(os.environ))
    try:
        yield
    finally:
        process.terminate()
        process.wait(_WAIT_S)


@contextmanager
def _sampled_lags(database: Database) -> Iterator[list[float]]:
    """Yield the lags of the slowest projection in seconds, sampled until the block ends."""
    lags: list[float] = []
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(_SAMPLE_S):
            lags.append(_slowest(database))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield lags
    finally:
        stop.set()
        thread.join()


def _slowest(database: Database) -> float:
    with database.read() as session:
        return max(lag.seconds for lag in read_lags(session, system_clock()))


def _wait_until_started(database: Database, intake: Intake) -> None:
    intake.take_in(_batches(999_000, 1)[0], tenant=TENANT, key_id="bench")
    until = time.monotonic() + _WAIT_S
    while _slowest(database) > 0:
        if time.monotonic() > until:
            msg = f"the projections did not start within {_WAIT_S} s"
            raise RuntimeError(msg)
        time.sleep(_SAMPLE_S)
