"""Two years of members as Parquet, and how soon DuckDB tells who came back: `python -m benchmarks --only archive`.

Five million days of members in 200 shops: one visit of twenty in a hundred million.
"""

import random
import time
from collections.abc import Iterator
from datetime import date
from operator import itemgetter
from pathlib import Path

import msgspec

from benchmarks.measure import Result
from cloud.analytics.archive import LABEL, LAYOUT, MEMBER_COLUMNS, MEMBERS, Label, write_part
from cloud.analytics.long_cohorts import count_archived
from cloud.analytics.periods import LongGrain

_FIRST, _END = date(2024, 3, 1), date(2026, 3, 1)
_STORES, _MEMBERS, _MOST_DAYS = 200, 625_000, 15
_AT_HOME, _BUYING = 0.9, 0.75
_LIMIT_S = 5.0
_RUNS = 3

_Row = tuple[str, str, int, int, int, int, int | None, bool, int | None, int | None, bool]


def archive(folder: Path) -> list[Result]:
    """Return how long cohorts of two years take: of all shops by month, and of one shop or some by week."""
    out = folder / "archive"
    rows = _write(out)
    some = tuple(f"store-{number}" for number in range(0, _STORES, 8))
    questions: tuple[tuple[str, LongGrain, tuple[str, ...]], ...] = (
        (f"two years by month, {_STORES} shops", "month", ()),
        (f"two years by week, {len(some)} shops", "week", some),
        ("two years by week, one shop", "week", ("store-7",)),
    )
    return [_measured(out, f"cohorts, {name}, {rows} rows", grain, stores) for name, grain, stores in questions]


def _write(out: Path) -> int:
    chance, total = random.Random(1), 0
    by_month: dict[str, list[_Row]] = {}
    for member in range(_MEMBERS):
        for row in _days_of(chance, f"{member:032x}", member % _STORES):
            by_month.setdefault(f"{date.fromordinal(row[2]):%Y-%m}", []).append(row)
    for month, rows in by_month.items():
        write_part(out / MEMBERS / f"month={month}", MEMBER_COLUMNS, sorted(rows, key=itemgetter(0, 1, 2)))
        total += len(rows)
    (out / LABEL).write_bytes(msgspec.json.encode(Label(tenant="bench", written_ms=0, layout=LAYOUT)))
    return total


def _days_of(chance: random.Random, one_id: str, home: int) -> Iterator[_Row]:
    """Yield the days of a member, in one shop each, in order of `MEMBER_COLUMNS`."""
    days = sorted(
        {chance.randrange(_FIRST.toordinal(), _END.toordinal()) for _ in range(chance.randint(1, _MOST_DAYS))}
    )
    buying = [chance.random() < _BUYING for _ in days]
    first_buy = next((day for day, buys in zip(days, buying, strict=True) if buys), None)
    before = before_buy = None
    for day, buys in zip(days, buying, strict=True):
        store = home if chance.random() < _AT_HOME else chance.randrange(_STORES)
        yield f"store-{store}", one_id, day, 1, int(buys), days[0], before, True, first_buy, before_buy, buys
        before, before_buy = day, day if buys else before_buy


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
