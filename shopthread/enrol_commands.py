"""`shopthread edge enrol`: a device gets its credentials."""

from pathlib import Path
from typing import Annotated

import typer

from shopthread.console import one_line_errors, out


def enrol(
    code: Annotated[str, typer.Option(help="The one-time code that `shopthread gateway register` printed.")],
    gateway: Annotated[str, typer.Option(metavar="HOST[:PORT]", help="The store's gateway; its HTTP port is 8081.")],
    config: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The device's configuration, to be set up for it.")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder for the password and the store's authority.")] = Path(),
    ca_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Whom to trust (PEM); else whom the system trusts.")
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Without TLS: whoever listens learns the password.")] = False,
) -> None:
    """Get this device's credentials from the store's gateway, once, for a one-time code.

    The password is written to DEVICE.password, readable by its owner alone. With --config the tables device and
    broker of the configuration are set to match; without it they are printed. For cameras, terminals and tills alike.
    """
    from edge.adapters.enrolment import enrolled_tables, fetch_enrolment, keep_enrolment, parse_gateway
    from edge.errors import EdgeError

    with one_line_errors(EdgeError):
        place = parse_gateway(gateway, is_plain=plain, ca_file=ca_file)
        found = fetch_enrolment(place, code)
        written = keep_enrolment(found, place, folder, config)
    out.print(f"Enrolled as {found.device} ({found.kind}) of {found.tenant}/{found.store}.", highlight=False)
    out.print(f"Wrote {', '.join(map(str, written))}", highlight=False, soft_wrap=True)
    if config is None:
        tables = enrolled_tables(found, place, folder)
        out.print(f"Put into its configuration:\n{tables}", highlight=False, markup=False, soft_wrap=True)
