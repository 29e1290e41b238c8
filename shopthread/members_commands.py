"""`shopthread members`: bring an existing member base into the cloud."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.cloud_setup import DatabaseUrl, DataDir, current_database, settings_of, told_in_one_line
from shopthread.console import FAILURE, one_line_errors, out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from httpx import Client

    from shopthread.members.rehearsal import Rehearsal
    from shopthread.members.table import MemberRecord

app = typer.Typer(no_args_is_help=True, help="Bring an existing member base into the cloud.")


@app.callback()
def _group() -> None:
    """Keep `import` a subcommand, though it is the only one."""


@app.command("import")
def import_members(  # noqa: PLR0913, PLR0917 - one argument per option
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CSV in UTF-8, or FILE.parquet; see below.", show_default=False),
    ],
    key_file: Annotated[
        Path, typer.Option("--key-file", metavar="FILE", help="The tenant's pseudonym key, as the terminals have it.")
    ],
    region: Annotated[
        str | None,
        typer.Option(metavar="XX", help="Country of phone numbers without a country code, such as GB."),
    ] = None,
    source: Annotated[str, typer.Option(metavar="NAME", help="What to call this member base.")] = "crm",
    rank: Annotated[int, typer.Option(min=0, max=9, help="How far to trust it, 0 the most.")] = 1,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write rows that cannot be taken in, as CSV.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Send it. Without, only tell what would happen.")] = False,
    url: Annotated[str, typer.Option(metavar="URL", help="The cloud.")] = "http://127.0.0.1:8080",
    api_key_file: Annotated[
        Path | None, typer.Option("--api-key-file", metavar="FILE", help="A key of the cloud with scope members.")
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Write as this tenant's into the cloud's own database, not over HTTP."),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Read member records, tell what they would make of profiles, and with --apply send them.

    The first line names the columns: record_id, at least one of member_number, phone, openid, unionid, card, device,
    and if you have them since (when the record was made) and visit_linking_consent (yes or no). Several values of one
    column are separated by ';'. Columns such as phone_from and phone_until (days or instants, one for each value) say
    since when an identifier was the member's and when it was given back: after that it may be a stranger's. A file
    whose name ends in .parquet has the same columns, of whatever type; several values may be a list. It needs the extra
    parquet. Identifiers become pseudonyms here; the cloud never sees them.
    Columns given_name, family_name, birthday (YYYY-MM-DD), email and postcode, if the file has any, leave this machine
    as match codes alone: keyed hashes that tell two records of one person who mistyped a letter, and nothing else
    ('shopthread cloud duplicates find').
    Sending the same file again changes nothing. The file is read from the disk once to tell, once more to send it and
    twice more to write it (--tenant), so that memory holds a few numbers of each record, however many there are.
    A first member base of very many goes faster where the cloud's database is: with --tenant, and --data-dir or
    --database-url as for `shopthread cloud`, all records are written at once. Others who write to SQLite wait.
    """
    from cloud.identity.statements import Rules
    from shopthread.cloud_api import CloudRefusedError, cloud_client
    from shopthread.members.parquet import MissingPyarrowError
    from shopthread.members.rehearsal import rehearse
    from shopthread.members.table import MemberRecord, Reading, TableError, read_table
    from shopthread.rejections import Rejections

    with one_line_errors(TableError, MissingPyarrowError, CloudRefusedError, OSError, ValueError):
        reading = Reading(key=_read_key(key_file), region=region)
        if apply and file.is_fifo():
            msg = f"{file} is a pipe, and with --apply the records are read more than once: save them to a file first"
            raise TableError(msg)
        with Rejections(rejected) as bad:
            result = rehearse(bad.without(read_table(file, reading)), Rules())
            _print_rehearsal(result, bad.count)
            bad.tell()

        def records() -> "Iterator[MemberRecord]":
            return (row for row in read_table(file, reading) if isinstance(row, MemberRecord))

        if apply and tenant is not None:
            new = _load(records, source, rank, tenant, data_dir, database_url)
            out.print(f"Wrote {result.records} records, {new} of them new.", highlight=False)
        elif apply:
            with cloud_client(url, api_key_file, "members") as client:
                moved = _send(records(), result.records, source, rank, client)
            out.print(f"Sent {result.records} records; {moved} identifiers moved to another profile.", highlight=False)
        else:
            out.print("Nothing was sent. With --apply it is.", highlight=False)
    if bad.count:
        raise typer.Exit(FAILURE)


def _read_key(path: Path) -> bytes:
    from contracts.pseudonym import MIN_KEY_BYTES

    key = path.read_bytes().strip()
    if len(key) < MIN_KEY_BYTES:
        msg = f"--key-file {path} holds {len(key)} bytes, at least {MIN_KEY_BYTES} are needed"
        raise ValueError(msg)
    return key


def _send(records: "Iterator[MemberRecord]", count: int, source: str, rank: int, client: "Client") -> int:
    from rich.progress import Progress

    from shopthread.members.sending import send

    with Progress(console=out, transient=True) as progress:
        task = progress.add_task("sending", total=count)
        return send(records, source, rank, client, lambda sent: progress.advance(task, sent))


def _load(
    records: "Callable[[], Iterator[MemberRecord]]",
    source: str,
    rank: int,
    tenant: str,
    data_dir: str | None,
    url: str | None,
) -> int:
    with told_in_one_line():
        from cloud.errors import ProblemError
        from shopthread.members.loading import load

        settings = settings_of(data_dir, url)
        with one_line_errors(ProblemError), current_database(settings) as database:
            return load(records, source, rank, tenant, settings, database)


def _print_rehearsal(result: "Rehearsal", rejected: int) -> None:
    from rich.table import Table

    table = Table("This file", "")
    table.columns[1].justify = "right"
    rows = {
        "records": result.records,
        "rows that cannot be taken in": rejected,
        **{f"different identifiers: {name}": count for name, count in sorted(result.identifiers.items())},
        "profiles that they make": result.persons,
        "records that share a profile with another": result.joined_records,
        "joins that a limit forbids": result.refusals,
        "identifiers that stand with too many others": result.hubs,
        "members who agree to visit linking": result.consents_granted,
        "members who do not": result.consents_refused,
    }
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    out.print(table)
