"""`shopthread cloud ...`: run headquarters' side. Each command loads the cloud tier when it runs, not before."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import print_error

if TYPE_CHECKING:
    from cloud.config import Settings
    from cloud.db import Database

app = typer.Typer(
    name="cloud",
    no_args_is_help=True,
    help="Headquarters' side: takes events in, derives figures, serves them. More is set by SHOPTHREAD_CLOUD_*.",
)

DataDir = Annotated[
    str | None, typer.Option("--data-dir", help="Directory of the SQLite file, when no --database-url is given.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="postgresql://user@host/name or sqlite:///file.", show_default=False),
]


@contextmanager
def _told_in_one_line() -> Iterator[None]:
    """Turn the errors that an operator can mend into one line and a non-zero exit."""
    from alembic.util import CommandError
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from cloud.config import ConfigError
    from cloud.keys.service import ScopeError
    from cloud.main import StartError
    from cloud.migrate import SchemaError
    from contracts.errors import TopicError

    try:
        yield
    except (CommandError, ConfigError, ScopeError, StartError, SchemaError, TopicError) as error:
        print_error(str(error))
        raise typer.Exit(1) from error
    except (OperationalError, ProgrammingError) as error:
        cause = str(error.orig).strip().splitlines()[0]
        print_error(f"the database says: {cause}; run 'shopthread cloud check' to see its state")
        raise typer.Exit(1) from error


def _settings(data_dir: str | None, database_url: str | None, **others: str | float | None) -> "Settings":
    from cloud.config import load_settings

    return load_settings(os.environ, {"data_dir": data_dir, "database_url": database_url, **others})


@contextmanager
def _current_database(settings: "Settings") -> "Iterator[Database]":
    from cloud.app import open_database
    from cloud.main import prepare_database

    prepare_database(settings, migrates=False)
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 unless set.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8080 unless set.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring the database's schema up to date first.")] = False,
    projections: Annotated[
        bool,
        typer.Option(help="Whether to keep the figures up to date too. Not where `shopthread cloud project` does."),
    ] = True,
) -> None:
    """Serve the API and the shop's page, and keep the figures up to date."""
    with _told_in_one_line():
        from cloud.main import serve as run

        run(_settings(data_dir, database_url, host=host, port=port), migrates=migrate, projects=projections)


@app.command()
def project(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Keep the figures up to date, without serving: beside processes of `serve --no-projections`.

    Run one; a second waits for the first and helps only when that one is gone.
    """
    with _told_in_one_line():
        from cloud.main import project as run

        run(_settings(data_dir, database_url))


@app.command()
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database's schema up to date. A database that is up to date does not change."""
    with _told_in_one_line():
        from cloud.main import prepare_database, shown_url
        from cloud.migrate import newest_revision

        settings = _settings(data_dir, database_url)
        prepare_database(settings, migrates=True)
        typer.echo(f"{shown_url(settings)} is at revision {newest_revision()}")


@app.command()
def check(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Check that the database answers and has exactly the schema that this version needs."""
    with _told_in_one_line():
        from cloud.main import shown_url
        from cloud.migrate import check as check_schema

        settings = _settings(data_dir, database_url)
        with _current_database(settings) as database:
            check_schema(database)
        typer.echo(f"{shown_url(settings)} is as it should be")


@app.command("create-key")
def create_key(
    tenant: Annotated[str, typer.Option(help="Whose key: 1 to 64 of a-z, 0-9 and '-'.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="What it may do; give it several times. ingest: send events. read: figures, visits, links. "
            "members: profiles and consents. admin: stores' settings, keys, dead letters."
        ),
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an API key and print it. It is shown this once; only its hash is kept."""
    with _told_in_one_line():
        from cloud.app import make_key_service

        settings = _settings(data_dir, database_url)
        with _current_database(settings) as database:
            made = make_key_service(settings, database).create(tenant, scope)
        typer.echo(
            f"key {made.key_id} for tenant {tenant} with {', '.join(scope)}; keep it, it is not shown again:", err=True
        )
        typer.echo(made.secret)


@app.command()
def rebuild(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Derive every figure anew from the event log. Readers see the old figures until it is done."""
    with _told_in_one_line():
        from cloud.app import make_projector

        settings = _settings(data_dir, database_url)
        with _current_database(settings) as database:
            make_projector(settings, database).rebuild()
        typer.echo("rebuilt from the event log")


@app.command()
def status(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show what the database holds, and how far the figures are behind the event log."""
    with _told_in_one_line():
        from cloud.status import read_status

        settings = _settings(data_dir, database_url)
        with _current_database(settings) as database:
            for name, value in read_status(database):
                typer.echo(f"{name:<28}{value}")


@app.command()
def metrics(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to write instead of printing.")] = None,
) -> None:
    """Print what every metric means, as Markdown: docs/metrics.md is made so."""
    from cloud.analytics.documentation import metrics_page

    if out is None:
        typer.echo(metrics_page(), nl=False)
    else:
        out.write_text(metrics_page(), encoding="utf-8")


@app.command("export-events")
def export_events(
    store: Annotated[str, typer.Option(help="The store's id.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write; a file that is there is replaced.")],
    tenant: Annotated[str, typer.Option(help="The store's tenant.")] = "demo",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write a store's events as they came, one CloudEvent a line, such as for `shopthread simulate score`."""
    with _told_in_one_line():
        from cloud.ingest.export import export_events as read_events

        settings = _settings(data_dir, database_url)
        with _current_database(settings) as database:
            count = _write_lines(out, read_events(database, tenant, store))
        typer.echo(f"{count} events of {tenant}/{store} in {out}")


@app.command("export-links")
def export_links(
    store: Annotated[str, typer.Option(help="The store's id.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write; a file that is there is replaced.")],
    tenant: Annotated[str, typer.Option(help="The store's tenant.")] = "demo",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write a store's link decisions that hold, one a line, such as for `shopthread simulate score --links`."""
    with _told_in_one_line():
        from cloud.linking.export import export_links as read_links

        settings = _settings(data_dir, database_url)
        with _current_database(settings) as database:
            count = _write_lines(out, read_links(database, tenant, store))
        typer.echo(f"{count} decisions of {tenant}/{store} in {out}")


def _write_lines(path: Path, lines: Iterator[bytes]) -> int:
    """Write lines beside `path`, then in its place, so that no reader sees half of them; return how many."""
    unfinished, count = path.with_name(f".{path.name}.new"), 0
    try:
        with unfinished.open("wb") as file:
            for line in lines:
                file.write(line.strip() + b"\n")
                count += 1
        unfinished.replace(path)
    except OSError as error:
        print_error(f"cannot write {path} ({error.strerror}); name another file with --out")
        raise typer.Exit(1) from error
    return count
