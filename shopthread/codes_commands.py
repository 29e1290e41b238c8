"""`shopthread codes`: codes of single items, from the serial to the printed QR code."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from shopthread.console import FAILURE, one_line_errors, out, print_error, stop_on_signal

if TYPE_CHECKING:
    from shopthread.codes.table import CodeFile
    from shopthread.codes.tally import Tally

app = typer.Typer(no_args_is_help=True, help="Codes of single items: issue them, register them, print them.")
_MS_PER_S = 1000

Table = Annotated[
    Path, typer.Argument(metavar="FILE", help="A CSV file in UTF-8, as `issue` writes it.", show_default=False)
]


@app.command()
def issue(
    gtin: Annotated[str, typer.Option(metavar="GTIN", help="Of the product, with its check digit.")],
    count: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many items.")],
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write the codes, as CSV.")],
    kind: Annotated[
        Literal["outer", "inner", "both"], typer.Option(help="On the pack, under the cap, or one of each.")
    ] = "outer",
    lot: Annotated[str | None, typer.Option(help="The lot of all of them.")] = None,
    name: Annotated[str | None, typer.Option(help="What the product is called.")] = None,
    page_url: Annotated[
        str | None, typer.Option("--page-url", metavar="URL", help="Where people read more of the product.")
    ] = None,
) -> None:
    """Make new codes with serials of 80 random bits. Nothing is sent: `import` registers them, `qr` draws them.

    The file is there when all codes are in it: cut off, nothing was issued, and the same command begins anew.
    """
    from secrets import randbits

    from rich.progress import Progress

    from shopthread.codes.issuing import issue as make
    from shopthread.codes.table import read_row, whole_file, write_codes

    with one_line_errors(OSError, ValueError):
        shared = {"lot": lot, "product_name": name, "page_url": page_url}
        given = {column: text for column, text in shared.items() if text is not None}
        row = read_row({"gtin": gtin, "serial": "X", "kind": "outer", **given})
        total = count * (2 if kind == "both" else 1)
        with whole_file(file) as opened, Progress(console=out, transient=True) as progress:
            codes = progress.track(make(row, count, kind, randbits), total=total, description="writing")
            written = write_codes(opened, codes)
    out.print(f"{written} codes are in {file}", highlight=False)


@app.command("import")
def import_codes(
    file: Table,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write rows that cannot be taken in, as CSV.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Send it. Without, only tell what would happen.")] = False,
    url: Annotated[str, typer.Option(metavar="URL", help="The cloud.")] = "http://127.0.0.1:8080",
    api_key_file: Annotated[
        Path | None, typer.Option("--api-key-file", metavar="FILE", help="A key of the cloud with scope admin.")
    ] = None,
) -> None:
    """Read issued codes, tell what they are, and with --apply register them. Sending a file again changes nothing.

    The first line names the columns: gtin, serial, kind (outer or inner), and if you have them lot, outer_serial (the
    pack that an inner code lies in), product_name, page_url, sold_at. The file is read several times, so that memory
    holds a number of each code, however many there are.
    """
    from shopthread.cloud_api import CloudRefusedError
    from shopthread.codes.table import COLUMNS, CodeFile, TableError, guarded
    from shopthread.codes.tally import tally
    from shopthread.rejections import Rejections

    with one_line_errors(TableError, CloudRefusedError, OSError, ValueError):
        table = CodeFile(file)
        with Rejections(rejected, COLUMNS, guarded) as bad:
            found = tally(bad.without(table.rows()))
            _print_rehearsal(found, bad.count)
            bad.tell()
        if apply:
            _send(table, found.codes, url, api_key_file)
        else:
            out.print("Nothing was sent. With --apply it is.", highlight=False)
    if bad.count:
        raise typer.Exit(FAILURE)


@app.command()
def qr(
    file: Table,
    resolver: Annotated[str, typer.Option(metavar="URL", help="Where the codes lead, such as https://id.example.")],
    target: Annotated[Path, typer.Option("--out", metavar="PATH", help="A folder; with --sheet an SVG file.")],
    image: Annotated[Literal["svg", "png"], typer.Option("--format", help="Of each image.")] = "svg",
    sheet: Annotated[bool, typer.Option("--sheet", help="All on one sheet of SVG, with the serials beneath.")] = False,
) -> None:
    """Draw codes as QR codes that hold GS1 Digital Links."""
    from rich.progress import Progress

    from shopthread.codes.images import images
    from shopthread.codes.images import sheet as draw_sheet
    from shopthread.codes.table import CodeFile, TableError
    from shopthread.codes.tally import tally
    from shopthread.rejections import Rejections

    with one_line_errors(TableError, OSError, ValueError), Rejections(None) as bad:
        if not resolver.startswith(("https://", "http://")):
            msg = f"--resolver must begin with https:// or http://, got {resolver!r}"
            raise ValueError(msg)
        table = CodeFile(file)
        count = tally(bad.without(table.rows())).codes
        with Progress(console=out, transient=True) as progress:
            codes = progress.track(table.codes(), total=count, description="drawing")
            if sheet:
                with target.open("w", encoding="utf-8") as drawn_on:
                    drawn_on.writelines(draw_sheet(codes, count, resolver))
            else:
                target.mkdir(parents=True, exist_ok=True)
                for name, drawn in images(codes, resolver, image):
                    (target / name).write_bytes(drawn)
    out.print(f"{count} QR codes are in {target}", highlight=False)
    if bad.count:
        print_error(f"{bad.count} rows cannot be read; 'shopthread codes import {file}' tells why")
        raise typer.Exit(FAILURE)


@app.command("store-token")
def store_token(  # noqa: PLR0913, PLR0917 - one argument per option
    key_file: Annotated[
        Path, typer.Option("--key-file", metavar="FILE", help="The key of store tokens, as the cloud has it.")
    ],
    tenant: Annotated[str, typer.Option(help="The store's tenant.")],
    store: Annotated[str, typer.Option(help="The store's id.")],
    terminal: Annotated[str, typer.Option(help="Where the code is shown: a till's or a shelf's id.")],
    zone: Annotated[str, typer.Option(help="The zone in front of it.")],
    resolver: Annotated[str, typer.Option(metavar="URL", help="The resolver, such as https://id.example.")],
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it into this file instead of on the screen.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Draw it once. Without, anew each minute until Ctrl-C.")] = False,
) -> None:
    """Show the code that proves to a phone's scans that they are made in the store."""
    import time

    from cloud.codes.store_token import SLOT_MS, InStore, make_token
    from shopthread.codes.images import image_of, text_of

    place = InStore(store=store, terminal=terminal, zone_id=zone)
    with one_line_errors(OSError, ValueError), stop_on_signal() as stop:
        key = key_file.read_bytes().strip()
        while True:
            now_ms = time.time_ns() // 1_000_000
            address = f"{resolver.rstrip('/')}/in-store/{make_token(key, tenant, place, now_ms)}"
            if svg is None:
                typer.echo(text_of(address))
                typer.echo(address)
            else:
                unfinished = svg.with_name(f".{svg.name}.new")
                unfinished.write_bytes(image_of(address, "svg"))
                unfinished.replace(svg)
            if once or stop.wait((SLOT_MS - now_ms % SLOT_MS) / _MS_PER_S):
                return


def _send(table: "CodeFile", count: int, url: str, api_key_file: Path | None) -> None:
    from rich.progress import Progress

    from shopthread.cloud_api import cloud_client
    from shopthread.codes.sending import send

    with cloud_client(url, api_key_file, "admin") as client, Progress(console=out, transient=True) as progress:
        task = progress.add_task("sending", total=count)
        sent = send(table.codes, client, lambda more: progress.advance(task, more))
    out.print(f"Sent {count} codes: {sent.added} are new, {sent.known} were known.", highlight=False)


def _print_rehearsal(found: "Tally", rejected: int) -> None:
    from rich.table import Table as Grid

    grid = Grid("This file", "")
    grid.columns[1].justify = "right"
    for name, count in {
        "products": found.products,
        "codes on packs": found.outer,
        "codes under caps": found.inner,
        "codes under caps of packs that are not in this file": found.elsewhere,
        "rows that cannot be taken in": rejected,
    }.items():
        grid.add_row(name, f"{count:,}")
    out.print(grid)
