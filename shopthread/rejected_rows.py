"""Rows of a table that cannot be taken in: what was wrong with each, on the screen and in a file."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from shopthread.console import out, print_error

SHOWN = 5
ADDED = ("line", "reason")
"""Columns that a file of rejected rows has besides the table's; mended, it is read again, and they are passed over."""


class RejectedRow(Struct, frozen=True, kw_only=True):
    """One row that cannot be taken in, as it stands in the file, and why."""

    line: int
    reason: str
    values: dict[str, str]


def tell_rejected(first: Sequence[RejectedRow], count: int, file: Path | None) -> None:
    """Print the first of some rejected rows, how many there are, and in which file all of them are, if in any."""
    for row in first[:SHOWN]:
        print_error(f"line {row.line}: {row.reason}")
    if count > SHOWN:
        print_error(f"and {count - SHOWN} more; --rejected FILE writes them all")
    if file is not None:
        out.print(f"{count} rejected rows are in {file}", highlight=False)
