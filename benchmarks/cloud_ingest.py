"""The cloud's ingest: over HTTP into PostgreSQL and SQLite, and without HTTP, each against what the database can do."""

import http.client
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import zstandard

from benchmarks.cloud_copies import binary_copy, psql_copy
from benchmarks.events import mixed
from benchmarks.measure import Result, Work, compare
from benchmarks.own_postgresql import postgresql
from benchmarks.posting import Poster
from cloud.app import make_key_service, open_database, system_clock
from cloud.config import Settings
from cloud.ingest.intake import ingest_batch
from cloud.ingest.judge import AcceptedEvent, judge_batch
from cloud.main import bind, prepare_database
from contracts.events import encode_event

TENANT = "bench"
_BATCH, _BATCHES, _RUNS = 500, 200, 6
"""A run of 100,000 events takes more than a second: shorter ones end before indexes and logs have to be written."""
_PROCESSES = 2
_START_S = 30.0

Run = list[list[bytes]]
"""Batches of encoded events."""


def ingest(folder: Path) -> list[Result]:
    """Return how fast new events, and the same events again, get into the log."""
    results = [_without_http(folder / "direct")]
    results += _over_http("SQLite", Settings(data_dir=str(folder / "http")), processes=1)
    with postgresql() as url:
        results += _over_http("PostgreSQL", Settings(database_url=url), processes=_PROCESSES)
        results.append(_copies(url))
    return results


def _runs() -> list[Run]:
    size = _BATCH * _BATCHES
    events = [[encode_event(event) for event in mixed(1 + run * size, size)] for run in range(_RUNS)]
    return [[run[start : start + _BATCH] for start in range(0, size, _BATCH)] for run in events]


def _without_http(folder: Path) -> Result:
    settings = Settings(data_dir=str(folder))
    prepare_database(settings, migrates=True)
    database = open_database(settings)
    runs = _runs()
    bodies = iter([[b"\n".join(batch) for batch in run] for run in runs])

    def ours() -> int:
        for body in next(bodies):
            ingest_batch(database, system_clock, body, tenant=TENANT, key_id="bench")
        return _BATCH * _BATCHES

    with closing(_plain_sqlite(folder / "raw.sqlite")) as raw:
        plain = _sqlite_reference(raw, runs)
        result = compare("ingest, SQLite, no HTTP", "events/s", ours, "raw SQLite commits", plain)
    database.dispose()
    return result


def _over_http(name: str, settings: Settings, processes: int) -> list[Result]:
    """Return the rates of new events and of a replay, with the database's own rate beside the first."""
    prepare_database(settings, migrates=True)
    runs = _runs()
    packed = [[zstandard.compress(b"\n".join(batch)) for batch in run] for run in runs]
    with ExitStack() as stack:
        post = stack.enter_context(serving(settings, processes))
        fresh, again = iter(packed), iter(packed)

        def new() -> int:
            return post(next(fresh), _BATCH)

        def replay() -> int:
            return post(next(again), 0)

        title = f"ingest, {name}, HTTP to {processes} process{'es' if processes > 1 else ''}"
        if settings.database_url is None:
            raw = stack.enter_context(closing(_plain_sqlite(Path(settings.data_dir) / "raw.sqlite")))
            results = [compare(title, "events/s", new, "raw SQLite commits", _sqlite_reference(raw, runs))]
        else:
            by_psql = stack.enter_context(psql_copy(settings.database_url, _accepted(runs)))
            results = [compare(title, "events/s", new, r"psql \copy", by_psql)]
        second = compare(title + ", replay", "events/s", replay, "the same, new", lambda: 1)
    first = results[0]
    results.append(Result(second.name, second.value, second.unit, "new", first.value, second.value / first.value))
    return results


def _copies(url: str) -> Result:
    """Return what a COPY in a better format than psql's would come to."""
    rows = _accepted(_runs())
    with binary_copy(url, rows) as binary, psql_copy(url, rows) as text:
        return compare("one binary COPY by psycopg", "events/s", binary, r"psql \copy", text)


def _plain_sqlite(file: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE event (position INTEGER PRIMARY KEY, event_id TEXT UNIQUE, body BLOB)")
    return raw


def _accepted(runs: list[Run]) -> list[list[list[AcceptedEvent]]]:
    return [[judge_batch(batch, TENANT, system_clock())[0] for batch in run] for run in runs]


def _sqlite_reference(raw: sqlite3.Connection, runs: list[Run]) -> Work:
    batches = iter(_accepted(runs))

    def plain() -> int:
        for batch in next(batches):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO event (event_id, body) VALUES (?, ?)", [(e.event_id, e.raw) for e in batch])
            raw.execute("COMMIT")
        return _BATCH * _BATCHES

    return plain


@contextmanager
def serving(settings: Settings, processes: int) -> Iterator[Poster]:
    """Run API processes on free ports and yield what sends batches to them."""
    database = open_database(settings)
    secret = make_key_service(settings, database).create(TENANT, ["ingest"]).secret
    database.dispose()
    where = ["--data-dir", settings.data_dir]
    if settings.database_url is not None:
        where = ["--database-url", settings.database_url]
    ports = []
    for _ in range(processes):
        with bind(Settings(port=0)) as probe:
            ports.append(int(probe.getsockname()[1]))
    command = [sys.executable, "-m", "shopthread", "cloud", "serve", "--no-projections", *where]
    servers = [subprocess.Popen([*command, "--port", str(port)], env=dict(os.environ)) for port in ports]
    try:
        for port in ports:
            _wait_for(port)
        with closing(Poster(ports, secret)) as post:
            yield post
    finally:
        for server in servers:
            server.terminate()
            server.wait(_START_S)


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port)) as link:
                link.request("GET", "/healthz")
                link.getresponse().read()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
