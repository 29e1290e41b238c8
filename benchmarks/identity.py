"""Merges of identifiers by statements, by tenths of the growth of the graph: the last tenth should cost as the first.

Members have a number, a phone and a card, told of by two statements each, which arrive in a mixed order. One in
a hundred also names a kiosk's number, which so stands in more and more of them. `SHOPTHREAD_BENCH_IDENTIFIERS` says how
many identifiers there are. Rates are by processor time, so that they can be compared on a machine with other work.

As many are then brought in at once, as a first member base is, and a few more on top of them, 500 in a transaction and
one; `python -m benchmarks.identity --bulk 1000000` does that alone, and says how much memory it took,
and on SQLite how many pages one more transaction writes.
"""

import argparse
import os
import resource
import statistics
import time
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from sqlalchemy import func, select

from benchmarks.measure import Result, processor_s
from benchmarks.own_postgresql import postgresql
from cloud.app import open_database
from cloud.config import Settings
from cloud.db import Database
from cloud.identity.loading import load_in_bulk
from cloud.identity.service import add_statements
from cloud.identity.statements import Identifier, Rules, Statement
from cloud.migrate import upgrade

_TENANT = "bench"
_BATCH = 500
_TENTHS = 10
_STEPS_AFTER = 4
_SINGLY_AFTER = 100
_MS = 1_772_442_000_000
_STRIDE = 1_000_003
"""A prime: counted in its steps, statements come in a mixed order, each once."""
_FRAME_HEAD_BYTES = 24
"""What stands before each page in SQLite's write-ahead log (https://sqlite.org/fileformat2.html#the_write_ahead_log)."""
_KIOSK = Identifier("phone", "k" * 32)
_KIOSK_EVERY = 100
_NAMESPACES = ("member_number", "phone", "card")


def identity(folder: Path) -> list[Result]:
    """Return the merges in a second of processor time in the last tenth of the growth, beside the first."""
    identifiers = int(os.environ.get("SHOPTHREAD_BENCH_IDENTIFIERS", "6000"))
    rates = merge_rates(folder, identifiers)
    first, last = rates[0], rates[-1]
    name = f"identity, the last tenth of {identifiers:,} identifiers"
    bulk, after = bulk_rates(Settings(data_dir=str(folder / "bulk")), identifiers)
    return [
        Result(name, last, "merges/s", "the first tenth", first, last / first),
        Result(f"identity, {identifiers:,} identifiers at once", bulk, "merges/s", "step by step", last, bulk / last),
        Result("identity, step by step after that", after, "merges/s", "the first tenth", first, after / first),
    ]


def bulk_rates(settings: Settings, identifiers: int) -> tuple[float, float]:
    """Return the merges in a second of processor time of so many identifiers at once, and of a few after that."""
    total = 2 * (identifiers // len(_NAMESPACES))
    database = open_database(settings)
    upgrade(database)
    with database.read() as session:  # Of the only connection, which stays.
        server = session.number(select(func.pg_backend_pid())) if session.dialect == "postgresql" else None
    started_s = processor_s(server)
    with database.write() as session:
        orders = (order * _STRIDE % total for order in range(total))
        load_in_bulk(session, _TENANT, (("crm", _statement(order)) for order in orders), Rules(), _MS)
    bulk_s = processor_s(server) - started_s
    database.refresh_statistics()
    more = iter(range(total, 2 * total))
    _taken_in(database, server, islice(more, _BATCH), _BATCH)  # Warms up.
    batches = _taken_in(database, server, islice(more, _STEPS_AFTER * _BATCH), _BATCH)
    singly = _taken_in(database, server, islice(more, _SINGLY_AFTER), 1)
    written = _pages_written(database, islice(more, _BATCH))
    database.dispose()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    Console(width=250).print(
        f"{identifiers:>12,} identifiers at once: {total / bulk_s:,.0f} merges in a second of processor time, "
        f"{bulk_s:,.0f} s, {peak_mb:,} MiB at most; after that {batches:,.0f} in a second in transactions of {_BATCH}, "
        f"{singly:,.0f} in transactions of one{written}"
    )
    return total / bulk_s, batches


def _taken_in(database: Database, server: int | None, orders: Iterable[int], size: int) -> float:
    """Return how many statements are taken in in a second of processor time, so many in a transaction: the median."""
    rates = []
    remaining = iter(orders)
    while batch := [("crm", _statement(order)) for order in islice(remaining, size)]:
        started_s = processor_s(server)
        with database.write() as session:
            add_statements(session, _TENANT, batch, Rules(), _MS)
        rates.append(len(batch) / (processor_s(server) - started_s))
    return statistics.median(rates)


def _pages_written(database: Database, orders: Iterable[int]) -> str:
    """Return how many pages SQLite writes to take statements in in one transaction, in words; else nothing."""
    if database.file is None:
        return ""
    log = database.file.with_name(f"{database.file.name}-wal")
    _checkpoint(database)
    with database.write() as session:
        page_bytes = session.connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        add_statements(session, _TENANT, [("crm", _statement(order)) for order in orders], Rules(), _MS)
    return f"; {log.stat().st_size // (page_bytes + _FRAME_HEAD_BYTES):,} pages written in one of {_BATCH}"


def _checkpoint(database: Database) -> None:
    """Put everything into the file, so that the log beside it is empty."""
    with database.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.close()


def merge_rates(folder: Path, identifiers: int) -> list[float]:
    """Return, and print, the merges in a second of processor time for each tenth of the growth of a database."""
    members = identifiers // len(_NAMESPACES)
    total = 2 * members
    database = open_database(Settings(data_dir=str(folder)))
    upgrade(database)
    rates = []
    for tenth in range(_TENTHS):
        wanted = range(tenth * total // _TENTHS, (tenth + 1) * total // _TENTHS)
        started_s, merged = time.process_time(), 0
        for batch in _batches(wanted, total):
            with database.write() as session:
                merged += len(add_statements(session, _TENANT, batch, Rules(), _MS))
        rates.append(merged / (time.process_time() - started_s))
        grown = (tenth + 1) * identifiers // _TENTHS
        Console().print(f"{grown:>12,} identifiers: {rates[-1]:,.0f} merges in a second of processor time")
    database.dispose()
    return rates


def _batches(wanted: range, total: int) -> Iterator[list[tuple[str, Statement]]]:
    for start in range(wanted.start, wanted.stop, _BATCH):
        orders = range(start, min(start + _BATCH, wanted.stop))
        yield [("crm", _statement(order * _STRIDE % total)) for order in orders]


def _statement(number: int) -> Statement:
    """Return the first or the second statement of a member: number and phone, or phone and card."""
    member, which = divmod(number, 2)
    named = [Identifier(space, _pseudonym(space, member)) for space in _NAMESPACES[which : which + 2]]
    if number % _KIOSK_EVERY == 0:
        named.append(_KIOSK)
    return Statement(statement_id=f"crm:{number}", rank=1, at_ms=_MS + number, identifiers=tuple(named))


def _pseudonym(namespace: str, member: int) -> str:
    return blake2b(f"{namespace}{member}".encode(), digest_size=16).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bulk", type=int, default=20_000, help="how many identifiers to bring in at once")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL of its own instead of SQLite")
    chosen = parser.parse_args()
    if chosen.postgresql:
        with postgresql() as url:
            bulk_rates(Settings(database_url=url), chosen.bulk)
        return
    with TemporaryDirectory(prefix="shopthread-bench-") as folder:
        bulk_rates(Settings(data_dir=folder), chosen.bulk)


if __name__ == "__main__":
    main()
