"""Rows of a table that cannot be taken in: what was wrong with each, on the screen and in a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from shopthread.console import out, print_error

_SHOWN = 5


class RejectedRow(Struct, frozen=True, kw_only=True):
    """One row that cannot be taken in, as it stands in the file, and why."""

    line: int
    reason: str
    values: dict[str, str]


def tell_rejected(
    rows: Sequence[RejectedRow], file: Path | None, write: Callable[[TextIO, Sequence[RejectedRow]], None]
) -> None:
    """Print the first rejected rows, and write all of them into a file if one is asked for."""
    for row in rows[:_SHOWN]:
        print_error(f"line {row.line}: {row.reason}")
    if len(rows) > _SHOWN:
        print_error(f"and {len(rows) - _SHOWN} more; --rejected FILE writes them all")
    if file is not None:
        with file.open("w", encoding="utf-8", newline="") as opened:
            write(opened, rows)
        out.print(f"{len(rows)} rejected rows are in {file}", highlight=False)
