"""`shopthread cloud archive` and `cohorts`: years of visits as Parquet, and who came back over years."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shopthread.cloud_setup import DatabaseUrl, DataDir, current_database, settings_of, told_in_one_line
from shopthread.console import one_line_errors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloud.analytics.long_cohorts import CohortCount

Archive = Annotated[Path, typer.Option(metavar="FOLDER", help="What `shopthread cloud archive` wrote.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("archive")(archive)
    app.command("cohorts")(cohorts)


def archive(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write; empty, or an earlier archive.")],
    tenant: Annotated[str, typer.Option(help="Whose.")] = "demo",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write all visits as Parquet, by shop and month, for questions over years. Needs the extra archive.

    Members stand under their One IDs alone. Each run writes everything anew: who was erased since the last one is gone
    after it, so run it every night.
    """
    with told_in_one_line():
        from cloud.analytics.archive import ArchiveError, MissingArchiveExtraError, write_archive
        from cloud.app import system_clock

        settings = settings_of(data_dir, database_url)
        with (
            one_line_errors(ArchiveError, MissingArchiveExtraError, OSError),
            current_database(settings) as database,
        ):
            done = write_archive(database, tenant, out, settings.staff_score_threshold, system_clock())
    typer.echo(f"{done.rows} rows of {tenant} in {done.files} files below {out}; {done.removed} months taken away")


def cohorts(
    archive: Archive,
    from_: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day.")],
    to: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The day after the last one.")],
    grain: Annotated[
        Literal["day", "week", "month", "quarter", "year"], typer.Option(help="The length of the periods.")
    ] = "month",
    activity: Annotated[
        Literal["visit", "purchase"], typer.Option(help="What counts: being in a shop, or buying there.")
    ] = "visit",
    store: Annotated[list[str] | None, typer.Option(help="Only this shop; may be given several times.")] = None,
    least_members: Annotated[int, typer.Option(min=1, help="Cohorts of fewer are not told.")] = 5,
) -> None:
    """Tell who came back, by when they first came, from an archive, as CSV: cohort, period, members.

    The numbers are those of GET /v1/cohorts as of when the archive was written, for as many periods as you like and of
    years at once. Both columns of dates are the first days of periods. Needs the extra archive.
    """
    from cloud.analytics.archive import ArchiveError, MissingArchiveExtraError
    from cloud.analytics.long_cohorts import count_archived

    with one_line_errors(ArchiveError, MissingArchiveExtraError):
        found = list(
            count_archived(archive, from_.date(), to.date(), grain=grain, activity=activity, stores=store or ())
        )
    typer.echo("cohort,period,members")
    for each in told(found, least_members):
        typer.echo(f"{each.cohort},{each.period},{each.members}")


def told(counts: "Iterable[CohortCount]", least: int) -> "list[CohortCount]":
    """Return what may be told: all of cohorts that have enough members when they begin."""
    known = list(counts)
    large = {each.cohort for each in known if each.cohort == each.period and each.members >= least}
    return [each for each in known if each.cohort in large]
