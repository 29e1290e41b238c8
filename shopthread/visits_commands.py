"""`shopthread simulate visits`: years of whole visits, for analytics."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import one_line_errors, out

if TYPE_CHECKING:
    from simulators.adapters.visit_files import Summary


class FileFormat(StrEnum):
    """How tables are written."""

    PARQUET = "parquet"
    NDJSON = "ndjson"
    CSV = "csv"


def visits(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A name that `scenarios` lists, or your own TOML file.")
    ],
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the files; those of an earlier run are replaced.")
    ],
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days.")] = 365,
    stores: Annotated[int, typer.Option(min=1, max=9999, help="How many stores.")] = 1,
    first_day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="The first local day (default: 1 January 2026)."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same bytes.")] = 1,
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="Parquet and ndjson nest stays and receipts in visits.")
    ] = FileFormat.PARQUET,
) -> None:
    """Draw whole visits of many stores and days at once, without walking anybody through the store.

    DIR/visits, passers_by and members get one file per store; csv has stays and lines besides. DIR/visits.json says
    what was drawn, with the true parameters that analytics should find again.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from simulators.adapters.scenario_files import load_scenario
    from simulators.adapters.visit_files import write_visits
    from simulators.core.check import check_scenario
    from simulators.core.errors import ScenarioError

    begin = first_day or datetime(2026, 1, 1, tzinfo=UTC)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with one_line_errors(ScenarioError, OSError), Progress(*columns, console=out, transient=True) as progress:
        config = load_scenario(scenario)
        check_scenario(config)
        task = progress.add_task(f"{config.title}, days", total=days * stores)
        summary = write_visits(
            config,
            out_dir,
            file_format.value,
            seed=seed,
            first_day=begin.date(),
            days=days,
            stores=stores,
            on_day=lambda: progress.advance(task),
        )
    _print_summary(summary, out_dir)


def _print_summary(summary: "Summary", folder: Path) -> None:
    from rich.table import Table

    table = Table("Store", "Visits", "Parties a usual day", "Members", "Conversion", "Members' share")
    for column in table.columns[1:]:
        column.justify = "right"
    shown = summary.stores[:_MOST_STORES]
    for store in shown:
        true = store.true
        shares = (f"{true.conversion:.3f}", f"{true.member_share:.2f}")
        table.add_row(store.store, f"{store.visits:,}", f"{true.parties_per_day:,.1f}", f"{true.members:,.0f}", *shares)
    out.print(table)
    total = sum(store.visits for store in summary.stores)
    more = "" if len(shown) == len(summary.stores) else f" of {len(summary.stores)} stores"
    out.print(f"{total:,} visits{more} in {folder}", highlight=False, soft_wrap=True)


_MOST_STORES = 10
