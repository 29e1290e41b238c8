"""`shopthread audit upload`: brings reports of audits to headquarters."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from shopthread.console import one_line_errors, out


def upload(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="report.json, as `report` writes it beside the page.", show_default=False
        ),
    ],
    api_key_file: Annotated[
        Path,
        typer.Option("--api-key-file", metavar="FILE", help="A key of the cloud with scope admin.", show_default=False),
    ],
    url: Annotated[str, typer.Option(metavar="URL", help="The cloud.")] = "http://127.0.0.1:8080",
) -> None:
    """Send reports to the cloud, which shows them under Audits. The same report again changes nothing.

    The cloud works every share and interval out anew from the counts, and refuses a report with anything else in it or
    of another tenant's cameras: no picture goes along. All files are read before the first is sent.
    """
    from shopthread.cloud_api import CloudRefusedError, cloud_client, post

    with one_line_errors(CloudRefusedError, OSError, ValueError):
        reports = [_read(file) for file in files]
        with cloud_client(url, api_key_file, "admin") as client:
            for file, report in zip(files, reports, strict=True):
                out.print(f"{file}: {_shown(post(client, '/v1/audits', report))}", highlight=False, soft_wrap=True)
    out.print(f"Look at {url.rstrip('/')}/audits", highlight=False, soft_wrap=True)


def _read(file: Path) -> dict[str, object]:
    """Return what a report's file holds.

    Raises:
        ValueError: It holds no JSON object.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, object])
    except msgspec.DecodeError as error:
        msg = f"{file}: give report.json, which 'shopthread audit report' writes beside the page ({error})"
        raise ValueError(msg) from error


def _shown(audit: dict[str, Any]) -> str:
    total = audit["total"]
    found = f"{', '.join(audit['cameras'])}: {total['matched']} right, {total['missed']} missed, "
    found += f"{total['invented']} invented"
    if total["accuracy"] is not None:
        found += f", accuracy {total['accuracy']:.1%} ({total['low']:.1%} to {total['high']:.1%})"
    return f"{found}; kept as {audit['id']}"
