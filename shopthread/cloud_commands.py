"""`shopthread cloud ...`: run headquarters' side. Each command loads the cloud tier when it runs, not before."""

from pathlib import Path
from typing import Annotated

import typer

from shopthread.cloud_alerts_command import alerts
from shopthread.cloud_archive_commands import register as register_archive
from shopthread.cloud_duplicates_commands import app as duplicates
from shopthread.cloud_export_commands import register as register_exports
from shopthread.cloud_setup import DatabaseUrl, DataDir, current_database, settings_of, told_in_one_line
from shopthread.console import print_error

app = typer.Typer(
    name="cloud",
    no_args_is_help=True,
    help="Headquarters' side: takes events in, derives figures, serves them. More is set by SHOPTHREAD_CLOUD_*.",
)

app.add_typer(duplicates, name="duplicates")
register_exports(app)
register_archive(app)
app.command()(alerts)


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
    with told_in_one_line():
        from cloud.main import serve as run

        run(settings_of(data_dir, database_url, host=host, port=port), migrates=migrate, projects=projections)


@app.command()
def project(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Keep the figures up to date, without serving: beside processes of `serve --no-projections`.

    Run one; a second waits for the first and helps only when that one is gone.
    """
    with told_in_one_line():
        from cloud.main import project as run

        run(settings_of(data_dir, database_url))


@app.command()
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database's schema up to date. A database that is up to date does not change."""
    with told_in_one_line():
        from cloud.main import prepare_database, shown_url
        from cloud.migrate import newest_revision

        settings = settings_of(data_dir, database_url)
        prepare_database(settings, migrates=True)
        typer.echo(f"{shown_url(settings)} is at revision {newest_revision()}")


@app.command()
def check(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Check that the database answers and has exactly the schema that this version needs."""
    with told_in_one_line():
        from cloud.main import shown_url
        from cloud.migrate import check as check_schema

        settings = settings_of(data_dir, database_url)
        with current_database(settings) as database:
            check_schema(database)
        typer.echo(f"{shown_url(settings)} is as it should be")


@app.command("create-key")
def create_key(
    tenant: Annotated[str, typer.Option(help="Whose key: 1 to 64 of a-z, 0-9 and '-'.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="What it may do; give it several times. ingest: send events. read: figures, visits, links. "
            "members: profiles and consents. alerts: acknowledge alerts, set rules. "
            "admin: stores' settings, keys, dead letters."
        ),
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an API key and print it. It is shown this once; only its hash is kept."""
    with told_in_one_line():
        from cloud.app import make_key_service

        settings = settings_of(data_dir, database_url)
        with current_database(settings) as database:
            made = make_key_service(settings, database).create(tenant, scope)
        typer.echo(
            f"key {made.key_id} for tenant {tenant} with {', '.join(scope)}; keep it, it is not shown again:", err=True
        )
        typer.echo(made.secret)


@app.command()
def rebuild(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Derive every figure anew from the event log. Readers see the old figures until it is done.

    Events come in meanwhile. A SQLite file is copied for it: beside it there must be as much space again.
    """
    with told_in_one_line():
        from cloud.app import make_projector

        settings = settings_of(data_dir, database_url)
        with current_database(settings) as database:
            make_projector(settings, database).rebuild()
        typer.echo("rebuilt from the event log")


@app.command()
def retain(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without, nothing changes.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Take events and records away that are older than SHOPTHREAD_CLOUD_RETENTION says, and tell what that is.

    It names days by type, such as visit.segment=90,visit.revised=30,zone.occupancy=400; other types stay. Figures stay
    as they are, also after a rebuild. Of visits only revisions go that another superseded. Receipts, scans and
    corrections cannot be named. `alert` names alerts that ended, with all that happened to them, and `delivery` what
    became of telling webhooks and alert channels; their days count from the end, or the last attempt. It works beside a
    running service, and can be cut off and begun again.
    """
    with told_in_one_line():
        from cloud.app import make_retainer
        from cloud.retention.report import describe

        settings = settings_of(data_dir, database_url)
        with current_database(settings) as database:
            try:
                retainer = make_retainer(settings, database)
            except ValueError as error:
                print_error(f"SHOPTHREAD_CLOUD_RETENTION: {error}")
                raise typer.Exit(1) from error
            found = retainer.apply() if apply else retainer.plan()
        for line in describe(settings.retention_policy, found, applied=apply):
            typer.echo(line)


@app.command()
def erase(
    member: Annotated[
        str, typer.Option(metavar="NAMESPACE:PSEUDONYM", help="One of the member's identifiers, such as phone:mfrg....")
    ],
    tenant: Annotated[str, typer.Option(help="Whose member it is.")],
    at: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="When it was the member's, such as 2025-03-01T00:00:00Z; else now."),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Forget a member: every identifier of the profile, in every table. It cannot be taken back.

    Scans and receipts stay as an unknown person's. What gateways still send of the time before loses the member too.
    """
    with told_in_one_line():
        from cloud.app import make_eraser
        from cloud.identity.statements import parse_identifier
        from contracts.timestamps import parse_time

        settings = settings_of(data_dir, database_url)
        option = "--member"
        try:
            identifier = parse_identifier(member)
            option = "--at"
            at_ms = None if at is None else parse_time(at)
        except ValueError as error:
            print_error(f"{option}: {error}")
            raise typer.Exit(1) from error
        with current_database(settings) as database:
            done = make_eraser(settings, database).erase(tenant, identifier, at_ms)
        typer.echo(
            f"erased {done.identifiers} identifiers: {done.events} events no longer name them; gone are "
            f"{done.statements} statements, {done.consents} consents, {done.link_decisions} link decisions and "
            f"{done.dead_letters} dead letters"
        )


@app.command()
def status(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Show what the database holds, and how far the figures are behind the event log."""
    with told_in_one_line():
        from cloud.status import read_status

        settings = settings_of(data_dir, database_url)
        with current_database(settings) as database:
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
