"""Two years of members as Parquet, and how soon DuckDB tells who came back: `python -m benchmarks --only archive`.

Five million days of members in 200 shops: one visit of twenty in a hundred million.
"""

import random
import time
from datetime import date
from pathlib import Path

import msgspec

from benchmarks.measure import Result
from cloud.analytics.archive import LABEL, MEMBER_COLUMNS, MEMBERS, Label, write_part
from cloud.analytics.long_cohorts import LongGrain, count_archived
from cloud.analytics.periods import Period, periods_in

_FIRST, _END = date(2024, 3, 1), date(2026, 3, 1)
_STORES, _ROWS_A_MONTH, _MEMBERS_A_STORE = 200, 1040, 3000
_LIMIT_S = 5.0
_RUNS = 3


def archive(folder: Path) -> list[Result]:
    """Return how long cohorts of two years take: of all shops by month, and of one shop by week."""
    out = folder / "archive"
    rows = _write(out)
    questions: tuple[tuple[str, LongGrain, tuple[str, ...]], ...] = (
        (f"two years by month, {_STORES} shops", "month", ()),
        ("two years by week, one shop", "week", ("store-7",)),
    )
    return [_measured(out, f"cohorts, {name}, {rows} rows", grain, stores) for name, grain, stores in questions]


def _write(out: Path) -> int:
    chance, rows = random.Random(1), 0
    months = periods_in(Period(_FIRST.toordinal(), _END.toordinal()), "month")
    for store in range(_STORES):
        for month in months:
            path = out / MEMBERS / f"store=store-{store}" / f"month={date.fromordinal(month.first):%Y-%m}"
            part = [_row(chance, store, month) for _ in range(_ROWS_A_MONTH)]
            write_part(path, MEMBER_COLUMNS, part)
            rows += len(part)
    (out / LABEL).write_bytes(msgspec.json.encode(Label(tenant="bench", written_ms=0)))
    return rows


def _row(chance: random.Random, store: int, month: Period) -> tuple[str, int, int, int]:
    member = store * _MEMBERS_A_STORE + chance.randrange(_MEMBERS_A_STORE)
    return f"{member:032x}", chance.randrange(month.first, month.end), 1, chance.randrange(2)


def _measured(out: Path, name: str, grain: LongGrain, stores: tuple[str, ...]) -> Result:
    seconds = []
    for _ in range(_RUNS):
        started_s = time.perf_counter()
        list(count_archived(out, _FIRST, _END, grain=grain, activity="visit", stores=stores))
        seconds.append(time.perf_counter() - started_s)
    return Result(
        name=name,
        value=1000 * max(seconds),
        unit="ms, the slowest",
        reference_name="allowed",
        reference=1000 * _LIMIT_S,
        ratio=max(seconds) / _LIMIT_S,
    )
