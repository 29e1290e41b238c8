"""`shopthread cloud export-...`: what the cloud holds, as files. One of each is written whole, or not at all."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shopthread.cloud_setup import DatabaseUrl, DataDir, current_database, settings_of, told_in_one_line
from shopthread.console import one_line_errors, print_error
from shopthread.console import out as console

if TYPE_CHECKING:
    from cloud.db import Database

    Lines = Callable[[Database, str, str], Iterator[bytes]]

Store = Annotated[str, typer.Option(help="The store's id.")]
Out = Annotated[Path, typer.Option(metavar="FILE", help="Where to write; a file that is there is replaced.")]
Tenant = Annotated[str, typer.Option(help="Whose.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for name, command in (
        ("export-events", export_events),
        ("export-links", export_links),
        ("export-profiles", export_profiles),
    ):
        app.command(name)(command)


def export_events(
    store: Store, out: Out, tenant: Tenant = "demo", data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Write a store's events as they came, one CloudEvent a line, such as for `shopthread simulate score`."""
    with told_in_one_line():
        from cloud.ingest.export import export_events as lines_of

        _export_lines(lines_of, "events", (tenant, store), out, (data_dir, database_url))


def export_links(
    store: Store, out: Out, tenant: Tenant = "demo", data_dir: DataDir = None, database_url: DatabaseUrl = None
) -> None:
    """Write a store's link decisions that hold, one a line, such as for `shopthread simulate score --links`."""
    with told_in_one_line():
        from cloud.linking.export import export_links as lines_of

        _export_lines(lines_of, "decisions", (tenant, store), out, (data_dir, database_url))


def export_profiles(
    out: Out,
    format: Annotated[  # noqa: A002 - the option's name
        Literal["csv", "parquet"], typer.Option(help="parquet needs the extra: pip install 'shopthread[parquet]'.")
    ] = "csv",
    tenant: Tenant = "demo",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write a tenant's profiles as a table, one a row, as they are at one moment. Who withdrew consent is left out."""
    with told_in_one_line():
        from rich.progress import Progress

        from cloud.app import system_clock
        from cloud.profiles.export import MissingPyarrowError, export_pages, writer_for

        with one_line_errors(MissingPyarrowError):
            write = writer_for(format)
        settings = settings_of(data_dir, database_url)
        with current_database(settings) as database, Progress(console=console, transient=True) as progress:
            export = export_pages(database, tenant, system_clock(), settings.lifecycle)
            task = progress.add_task("profiles", total=export.profiles)
            _write(out, write(export, lambda rows: progress.advance(task, rows)))
        typer.echo(f"{export.profiles} profiles of {tenant} in {out}; {export.withheld} left out: consent withdrawn")
        typer.echo(f"what changes from now on: GET /v1/changes?since={export.since}")


def _export_lines(
    lines_of: "Lines", noun: str, whose: tuple[str, str], out: Path, place: tuple[str | None, str | None]
) -> None:
    tenant, store = whose
    with current_database(settings_of(*place)) as database:
        count = _write(out, (line.strip() + b"\n" for line in lines_of(database, tenant, store)))
    typer.echo(f"{count} {noun} of {tenant}/{store} in {out}")


def _write(path: Path, chunks: Iterator[bytes]) -> int:
    """Write beside `path`, then in its place, so that no reader sees half of it; return how many chunks there were."""
    unfinished, count = path.with_name(f".{path.name}.new"), 0
    try:
        with unfinished.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
                count += 1
        unfinished.replace(path)
    except OSError as error:
        print_error(f"cannot write {path} ({error.strerror}); name another file with --out")
        raise typer.Exit(1) from error
    return count
