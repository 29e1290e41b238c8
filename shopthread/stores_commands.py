"""`shopthread stores`: tell the cloud of many shops at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import FAILURE, one_line_errors, out

if TYPE_CHECKING:
    from httpx import Client

    from shopthread.store_positions import Plan

app = typer.Typer(no_args_is_help=True, help="Tell the cloud of many shops at once.")
_SHOWN = 5


@app.callback()
def _group() -> None:
    """Keep `positions` a subcommand, though it is the only one."""


@app.command("positions")
def import_positions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file in UTF-8.", show_default=False)],
    api_key_file: Annotated[
        Path, typer.Option("--api-key-file", metavar="FILE", help="A key of the cloud with scopes admin and read.")
    ],
    url: Annotated[str, typer.Option(metavar="URL", help="The cloud.")] = "http://127.0.0.1:8080",
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write rows that cannot be taken in, as CSV.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Set them. Without, only tell what would happen.")] = False,
) -> None:
    """Read where shops are, tell what that would change, and with --apply set it.

    The first line names the columns: store, latitude_deg, longitude_deg (WGS 84, decimal degrees). Rows that cannot be
    taken in are told with line and reason, and the others are set all the same. Doing it again changes nothing.
    """
    from shopthread.cloud_api import CloudRefusedError, cloud_client, get
    from shopthread.rejections import Rejections
    from shopthread.store_positions import COLUMNS, TableError, plan_of, read_positions

    with (
        one_line_errors(TableError, CloudRefusedError, OSError, ValueError),
        cloud_client(url, api_key_file, "admin", "read") as client,
    ):
        with Rejections(rejected, COLUMNS) as bad:
            plan, unknown = plan_of(bad.without(read_positions(file)), get(client, "/v1/stores"))
            list(bad.without(unknown))
            _print_plan(plan, bad.count)
            bad.tell()
        if apply:
            _set(plan, client)
        else:
            out.print("Nothing was set. With --apply it is.", highlight=False)
    if bad.count:
        raise typer.Exit(FAILURE)


def _set(plan: "Plan", client: "Client") -> None:
    from rich.progress import Progress

    from shopthread.cloud_api import put

    changed = [*plan.new, *plan.moved]
    with Progress(console=out, transient=True) as progress:
        for row in progress.track(changed, description="setting"):
            place: dict[str, object] = {"latitude_deg": row.latitude_deg, "longitude_deg": row.longitude_deg}
            put(client, f"/v1/stores/{row.store}/position", place)
    out.print(f"Set {len(changed)} positions; {plan.same} were known.", highlight=False)


def _print_plan(plan: "Plan", rejected: int) -> None:
    from rich.table import Table

    table = Table("This file", "")
    table.columns[1].justify = "right"
    for name, count in {
        "shops of which nothing said where they are": len(plan.new),
        "shops that move": len(plan.moved),
        "shops that stay where they are": plan.same,
        "rows that cannot be taken in": rejected,
        "shops of the cloud without a position, here and there": len(plan.unplaced),
    }.items():
        table.add_row(name, f"{count:,}")
    out.print(table)
    if plan.unplaced:
        more = ", ..." if len(plan.unplaced) > _SHOWN else ""
        out.print(f"Without a position: {', '.join(plan.unplaced[:_SHOWN])}{more}", highlight=False)
