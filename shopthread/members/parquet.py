"""Member records in a Parquet file: the same columns as CSV, with whatever types the CRM gave them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

_EXACT = 1 << 53
"""Whole numbers below it are exact as floating point; pandas makes such of numbers where some are missing."""


class MissingPyarrowError(Exception):
    """This installation cannot read Parquet. The message names the extra that can."""

    def __init__(self) -> None:
        super().__init__("reading Parquet needs pyarrow: pip install 'shopthread[parquet]', or give a CSV file")


def read_parquet(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, dict[str, str]]]]:
    """Return the names of the columns, and each row with its number from 1 and its values as CSV would have them.

    Raises:
        MissingPyarrowError: This installation cannot.
        ValueError: It is no Parquet file, or holds a value that is none of text, number, time, truth and lists of them.
        OSError: It cannot be read.
    """
    try:
        from pyarrow import parquet  # noqa: PLC0415 - in an extra
    except ImportError as error:
        raise MissingPyarrowError from error
    file = parquet.ParquetFile(path)
    return file.schema_arrow.names, _rows(file)


def _rows(file: Any) -> Iterator[tuple[int, dict[str, str]]]:  # noqa: ANN401 - pyarrow has no types
    number = 0
    for batch in file.iter_batches():
        for row in batch.to_pylist():
            number += 1
            yield number, {name: as_text(value) for name, value in row.items()}


def as_text(value: object) -> str:
    """Return a value as a CSV file would have it; a time without a zone is UTC.

    Raises:
        ValueError: It is of another type, or no whole number.
    """
    if isinstance(value, list):
        return ";".join(as_text(each) for each in value)
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, float):
        return _whole(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, str | int | date):
        return "" if value is None else str(value)
    msg = f"a value must be text, a whole number, a time, true or false, or a list of such, got {value!r}"
    raise ValueError(msg)


def _whole(value: float) -> str:
    if value != value:  # noqa: PLR0124 - only what is not a number differs from itself
        return ""
    if not value.is_integer() or abs(value) >= _EXACT:
        msg = f"numbers must be whole and exact, got {value!r}; write identifiers as text"
        raise ValueError(msg)
    return str(int(value))
