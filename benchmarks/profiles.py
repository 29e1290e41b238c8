"""Reading one profile on PostgreSQL among many, against a raw SELECT of its row by primary key.

`python -m benchmarks.profiles --profiles 1000000` fills a database of that size, each member with a record, a consent,
five touches, two of them purchases, and a linked visit. Reads are of members drawn at random; one opens its transaction
and ends with the JSON. Processor time, of the reader and the server, is told beside, for machines with other work.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select, text

from benchmarks.measure import Result, processor_s
from benchmarks.own_postgresql import postgresql
from benchmarks.profiles_fill import NOW_MS, TENANT, fill, one_id_of_member
from cloud.app import open_database
from cloud.config import Settings
from cloud.db import Database
from cloud.migrate import upgrade
from cloud.profiles.lifecycle import LifecycleRules
from cloud.profiles.service import get_profile
from cloud.profiles.view import Asked

_READS = 400
_WARM = 50


def profiles(folder: Path, size: int = 20_000) -> list[Result]:
    """Return the median and the 95th percentile of reads, in microseconds.

    Args:
        folder: Where the database lies meanwhile.
        size: How many profiles there are.
    """
    with postgresql(folder) as url:
        database = open_database(Settings(database_url=url))
        upgrade(database)
        with database.read() as session:  # Of the only connection, which stays.
            backend = session.number(select(func.pg_backend_pid()))
        started_s, started_processor_s = time.perf_counter(), processor_s(backend)
        fill(database, size)
        spent_s, spent_processor_s = time.perf_counter() - started_s, processor_s(backend) - started_processor_s
        Console().print(
            f"{size:,} profiles filled in within {spent_s:,.0f} s, {spent_processor_s:,.0f} s of processor time"
        )
        found = _measure(database, size, backend)
        database.dispose()
        return found


def _measure(database: Database, size: int, server: int) -> list[Result]:
    drawn = random.Random(7)
    one_ids = [one_id_of_member(drawn.randrange(1, size + 1)) for _ in range(_READS + _WARM)]
    rules = LifecycleRules()

    def ours(one_id: str) -> object:
        with database.read() as session:
            return get_profile(
                session, Asked(tenant=TENANT, one_id=one_id, now_ms=NOW_MS, rules=rules)
            ).model_dump_json()

    by_key = text("SELECT * FROM profiles WHERE tenant = :tenant AND one_id = :one_id")

    def raw(one_id: str) -> object:
        with database.read() as session:
            return session.connection.execute(by_key, {"tenant": TENANT, "one_id": one_id}).all()

    pairs = [(_spent_us(ours, one_id, server), _spent_us(raw, one_id, server)) for one_id in one_ids][_WARM:]
    return [
        Result(
            name=f"profile read, {name} of {size:,}{' in processor time' if which else ''}",
            value=of([mine[which] for mine, _ in pairs]),
            unit="us",
            reference_name="raw SELECT by primary key",
            reference=of([other[which] for _, other in pairs]),
            ratio=of([mine[which] for mine, _ in pairs]) / of([other[which] for _, other in pairs]),
        )
        for which in (0, 1)
        for name, of in (("median", statistics.median), ("95th percentile", _percentile_95))
    ]


def _spent_us(read: Callable[[str], object], one_id: str, server: int) -> tuple[float, float]:
    """Return how long a read took, and the processor time of both its sides."""
    started_s, started_processor_s = time.perf_counter(), processor_s(server)
    read(one_id)
    return (time.perf_counter() - started_s) * 1e6, (processor_s(server) - started_processor_s) * 1e6


def _percentile_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profiles", type=int, default=20_000, help="how many profiles there are")
    size = parser.parse_args().profiles
    with TemporaryDirectory(prefix="shopthread-bench-") as folder:
        found = profiles(Path(folder), size)
    table = Table("read", "ms", "raw SELECT, ms", "ratio")
    for each in found:
        table.add_row(each.name, f"{each.value / 1000:.1f}", f"{each.reference / 1000:.2f}", f"{each.ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
