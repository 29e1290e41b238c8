"""Cohorts over years, by DuckDB over an archive: any interval, any shops, as many periods as there are."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

from msgspec import Struct

from cloud.analytics.archive import MEMBERS, MissingArchiveExtraError, read_label
from cloud.analytics.member_repository import Activity

LongGrain = Literal["day", "week", "month", "quarter", "year"]

_COHORTS = """
WITH asked AS (
SELECT date_trunc($grain, $first) AS first, date_trunc($grain, $end - 1) + CAST('1 ' || $grain AS INTERVAL) AS end_),
came AS (
SELECT one_id, day, len(CAST($stores AS VARCHAR[])) = 0 OR list_contains(CAST($stores AS VARCHAR[]), store) AS is_here
FROM read_parquet($files, hive_partitioning = true, hive_types = {'store': VARCHAR, 'month': VARCHAR})
WHERE $activity = 'visit' OR transactions > 0),
active AS (
SELECT one_id, date_trunc($grain, day) AS period, min(day) AS day, min(day) FILTER (is_here) AS day_here
FROM came GROUP BY ALL),
first AS (SELECT one_id, min(day) AS day FROM active GROUP BY one_id),
cohort AS (
SELECT one_id, period AS began FROM active JOIN first USING (one_id), asked
WHERE day_here = first.day AND period >= asked.first AND period < end_)
SELECT CAST(began AS DATE), CAST(period AS DATE), count(*)
FROM active JOIN cohort USING (one_id), asked WHERE day_here IS NOT NULL AND period < end_ GROUP BY ALL ORDER BY ALL
"""


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
        ArchiveError: The folder holds none.
        MissingArchiveExtraError: DuckDB is not installed.
    """
    try:
        import duckdb  # noqa: PLC0415 - in an extra: not every cloud keeps an archive
    except ImportError as error:
        raise MissingArchiveExtraError from error
    read_label(archive)
    if not any((archive / MEMBERS).glob("*/*/*.parquet")):
        return
    asked = {
        "files": str(archive / MEMBERS / "*" / "*" / "*.parquet"),
        "first": first,
        "end": end,
        "grain": grain,
        "activity": activity,
        "stores": list(stores),
    }
    with duckdb.connect() as duck:
        for cohort, period, members in duck.execute(_COHORTS, asked).fetchall():
            yield CohortCount(cohort=cohort, period=period, members=members)
