"""Item codes in a CSV file, one a row. Cells that a spreadsheet would run as a formula are written behind a quote."""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TextIO

from msgspec import Struct
from msgspec.structs import asdict, replace

from cloud.codes.links import SERIAL_PATTERN, ItemLink, parse_gtin
from contracts.timestamps import format_time, parse_time
from shopthread.codes.digests import Digests, digest_of
from shopthread.rejected_rows import ADDED, RejectedRow

COLUMNS = ("gtin", "serial", "kind", "lot", "outer_serial", "product_name", "page_url", "sold_at")
_REQUIRED = ("gtin", "serial", "kind")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SERIAL = re.compile(SERIAL_PATTERN)
_PAGE = re.compile(r"https?://[^\s\x00-\x1f\"<>\\]+")
_MAX_NAME, _MAX_PAGE = 200, 2048


class TableError(Exception):
    """The file is no table of codes; the message says what its first line must name."""


class CodeRow(Struct, frozen=True, kw_only=True):
    """One code as it was issued. Empty texts are None; `sold_at` is RFC 3339 in UTC."""

    gtin: str
    serial: str = ""
    kind: Literal["outer", "inner"] = "outer"
    lot: str | None = None
    outer_serial: str | None = None
    product_name: str | None = None
    page_url: str | None = None
    sold_at: str | None = None

    @property
    def link(self) -> ItemLink:
        """Return what the code says; a lot is left to the registry, as it makes the printed code larger."""
        return ItemLink(gtin=self.gtin, serial=self.serial)

    def with_code(self, serial: str, kind: Literal["outer", "inner"], outer_serial: str | None) -> "CodeRow":
        """Return the same product's row with another code."""
        return replace(self, serial=serial, kind=kind, outer_serial=outer_serial)


_Numbered = tuple[int, dict[str, str], CodeRow | RejectedRow]
"""A line, what stands on it, and what that is."""


class CodeFile:
    """A table of codes that is read from the disk each time it is asked for; memory holds a number of each code.

    Args:
        path: The file.

    Raises:
        TableError: It is a pipe, which can be read only once.
    """

    def __init__(self, path: Path) -> None:
        if path.is_fifo():
            msg = f"{path} is a pipe, and codes are read more than once: save them to a file first"
            raise TableError(msg)
        self._path = path
        self._repeated: frozenset[int] | None = None

    def codes(self) -> Iterator[CodeRow]:
        """Yield the codes of the file in order. It raises what `rows` does."""
        return (row for row in self.rows() if isinstance(row, CodeRow))

    def rows(self) -> Iterator[CodeRow | RejectedRow]:
        """Yield the file's rows in order; a code that stands in it again is rejected.

        Raises:
            TableError: It is no CSV in UTF-8, or its first line lacks a column or names an unknown one.
            OSError: It cannot be read.
        """
        if self._repeated is None:
            read = (row for _, _, row in self._read() if isinstance(row, CodeRow))
            self._repeated = Digests(digest_of(code.gtin, code.serial) for code in read).repeated()
        lines: dict[tuple[str, str], int] = {}
        for line, values, row in self._read():
            if isinstance(row, CodeRow) and digest_of(row.gtin, row.serial) in self._repeated:
                first = lines.setdefault((row.gtin, row.serial), line)
                if first != line:
                    reason = f"serial {row.serial!r} of GTIN {row.gtin} stands on line {first} already"
                    yield RejectedRow(line=line, reason=reason, values=values)
                    continue
            yield row

    def _read(self) -> Iterator[_Numbered]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                yield from _numbered(file)
        except (UnicodeDecodeError, csv.Error) as error:
            msg = f"{self._path} is no CSV in UTF-8: {error}; save it as one"
            raise TableError(msg) from error


def _numbered(file: TextIO) -> Iterator[_Numbered]:
    """Yield the rows of a table, each judged by itself."""
    rows = csv.DictReader(file, strict=True)
    names = rows.fieldnames or ()
    unknown = [name for name in names if name not in (*COLUMNS, *ADDED)]
    missing = [name for name in _REQUIRED if name not in names]
    if unknown or missing:
        found = f"unknown column {unknown[0]!r}" if unknown else f"no column {missing[0]!r}"
        msg = f"{found}; the first line must name {', '.join(_REQUIRED)} and may name {', '.join(COLUMNS[3:])}"
        raise TableError(msg)
    for row in rows:
        line = rows.line_num
        values = {name: value or "" for name, value in row.items() if name is not None}
        try:
            if None in row or None in row.values():
                _fail("the row has more or fewer fields than the first line")
            yield line, values, read_row(values)
        except ValueError as error:
            yield line, values, RejectedRow(line=line, reason=str(error), values=values)


def read_row(row: Mapping[str, str]) -> CodeRow:
    """Return the code that a row holds.

    Raises:
        ValueError: A value is not allowed; the message names the column, the value and what is.
    """
    values = {name: _bare(row.get(name, "").strip()) for name in COLUMNS}
    kind = values["kind"]
    if kind not in {"outer", "inner"}:
        _fail(f"kind must be outer or inner, got {kind!r}")
    for name in ("serial", "lot", "outer_serial"):
        if (values[name] or name == "serial") and not _SERIAL.fullmatch(values[name]):
            _fail(f"{name} must be 1 to 20 letters, digits and !\"%&'()*+,-./:;<=>?_, got {values[name]!r}")
    if values["outer_serial"] and kind == "outer":
        _fail(f"outer_serial {values['outer_serial']!r} is for inner codes; leave it empty for an outer one")
    if len(values["product_name"]) > _MAX_NAME or not values["product_name"].isprintable():
        _fail(f"product_name must be at most {_MAX_NAME} printable characters, got {values['product_name'][:50]!r}")
    page = values["page_url"]
    if page and (len(page) > _MAX_PAGE or not _PAGE.fullmatch(page)):
        _fail(f"page_url must be an address that begins with http:// or https://, got {page[:50]!r}")
    texts = {name: values[name] or None for name in ("lot", "outer_serial", "product_name", "page_url")}
    return CodeRow(
        gtin=parse_gtin(values["gtin"]),
        serial=values["serial"],
        kind="inner" if kind == "inner" else "outer",
        sold_at=_instant(values["sold_at"]),
        **texts,
    )


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Open a file that stands under its name when the block has ended without an error, on the disk and complete.

    What a kill cuts off lies beside it, as `.NAME.new`, until the file is written once more.

    Raises:
        FileExistsError: There is one of that name; it stays as it is.
        OSError: It cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.new")
    _refuse_existing(path)
    try:
        with unfinished.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _refuse_existing(path)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        msg = f"{path} exists, and what is in it may be printed already: name another file"
        raise FileExistsError(msg)


def write_codes(file: TextIO, codes: Iterable[CodeRow]) -> int:
    """Write codes as a table; return how many there were."""
    writer = csv.DictWriter(file, fieldnames=COLUMNS)
    writer.writeheader()
    count = 0
    for code in codes:
        writer.writerow({name: guarded(value or "") for name, value in asdict(code).items()})
        count += 1
    return count


def guarded(value: str) -> str:
    """Return a value as it is written, so that no spreadsheet runs it as a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _bare(value: str) -> str:
    """Return a value as it was before `guarded`."""
    return value[1:] if value.startswith("'") and value[1:].startswith(_FORMULA) else value


def _instant(text: str) -> str | None:
    if not text:
        return None
    try:
        return format_time(parse_time(text))
    except ValueError as error:
        msg = f"sold_at must be an instant such as 2026-03-01T09:00:00Z, got {text!r}"
        raise ValueError(msg) from error


def _fail(message: str) -> None:
    raise ValueError(message)
