"""Cohorts over years, by DuckDB over an archive: any interval, any shops, as many periods as there are."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from msgspec import Struct

from cloud.analytics.archive import MEMBERS, MissingArchiveExtraError, read_label
from cloud.analytics.member_repository import Activity
from cloud.analytics.periods import LongGrain

_ASKED = """
WITH asked AS (
SELECT date_trunc($grain, $first) AS first, date_trunc($grain, $end - 1) + CAST('1 ' || $grain AS INTERVAL) AS end_),
came AS (
SELECT one_id, store, day, {first} AS first_day, {previous} AS previous_day, {leads} AS leads
FROM read_parquet($files, hive_partitioning = false)
WHERE {active} AND day >= (SELECT first FROM asked) AND day < (SELECT end_ FROM asked)
AND {first} >= (SELECT first FROM asked))
"""

_OF_ALL = """
SELECT CAST(date_trunc($grain, first_day) AS DATE), CAST(date_trunc($grain, day) AS DATE), count(*) FROM came
WHERE leads AND (previous_day IS NULL OR previous_day < date_trunc($grain, day)) GROUP BY ALL ORDER BY ALL
"""
"""Each member once in each period: where the day before lies before the period."""

_OF_SOME = """,
here AS (SELECT * FROM came WHERE list_contains(CAST($stores AS VARCHAR[]), store)),
active AS (
SELECT one_id, date_trunc($grain, day) AS period, any_value(first_day) AS first_day, bool_or(day = first_day) AS began
FROM here GROUP BY ALL)
SELECT CAST(date_trunc($grain, first_day) AS DATE), CAST(period AS DATE), count(*) FROM active
WHERE one_id IN (SELECT one_id FROM active WHERE began) GROUP BY ALL ORDER BY ALL
"""

_COLUMNS: Mapping[Activity, Mapping[str, str]] = {
    "visit": {"first": "first_day", "previous": "previous_day", "leads": "is_first", "active": "true"},
    "purchase": {
        "first": "first_buy_day",
        "previous": "previous_buy_day",
        "leads": "is_first_buy",
        "active": "transactions > 0",
    },
}
_THREADS = 2


class CohortCount(Struct, frozen=True, kw_only=True):
    """How many members of a cohort were active in a period; both by their first day."""

    cohort: date
    period: date
    members: int


def count_archived(
    archive: Path, first: date, end: date, *, grain: LongGrain, activity: Activity, stores: Sequence[str] = ()
) -> Iterator[CohortCount]:
    """Yield each cohort's members by period, as `member_repository.count_cohorts` counts them.

    A cohort is who came, or bought, for the first time in a period, and did so in one of the shops.

    Args:
        archive: The folder that `write_archive` wrote.
        first: The first day; the first period begins with it or before it.
        end: The day after the last one.
        grain: The length of the periods; weeks begin on Monday.
        activity: What counts.
        stores: The shops; all where none is named.

    Raises:
        ArchiveError: The folder holds none, or one of an earlier version.
        MissingArchiveExtraError: DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - in an extra: not every cloud keeps an archive
    except ImportError as error:
        raise MissingArchiveExtraError from error
    read_label(archive)
    files = sorted(map(str, (archive / MEMBERS).glob("*/*.parquet")))
    if not files:
        return
    asked: dict[str, object] = {"files": files, "first": first, "end": end, "grain": grain}
    if stores:
        asked["stores"] = list(stores)
    statement = _ASKED.format_map(_COLUMNS[activity]) + (_OF_SOME if stores else _OF_ALL)
    with duckdb.connect(config={"threads": _THREADS}) as duck:
        for cohort, period, members in duck.execute(statement, asked).fetchall():
            yield CohortCount(cohort=cohort, period=period, members=members)
