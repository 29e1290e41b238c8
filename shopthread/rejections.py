"""Rows of a table that cannot be taken in: counted, the first ones shown, all of them written as they come."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self, TextIO, TypeVar

from shopthread.rejected_rows import ADDED, SHOWN, RejectedRow, tell_rejected

T = TypeVar("T")


class Rejections:
    """Sorts out the rows that cannot be taken in; memory holds the first few.

    Args:
        path: Where to write them, as they stand in the file with line and reason: mended, they can be read again.
            None: nowhere.
        columns: Of the table. None: those that the first of these rows has.
        guarded: Returns how a cell is written.
    """

    def __init__(
        self, path: Path | None, columns: Sequence[str] | None = None, guarded: Callable[[str], str] = str
    ) -> None:
        self._path, self._first = path, list[RejectedRow]()
        self._columns, self._guarded = columns, guarded
        self._file: TextIO | None = None
        self._writer: csv.DictWriter[str] | None = None
        self.count = 0

    def __enter__(self) -> Self:
        """Return it; leaving closes the file."""
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def without(self, rows: Iterable[T | RejectedRow]) -> Iterator[T]:
        """Yield what can be taken in.

        Raises:
            OSError: The others cannot be written.
        """
        for row in rows:
            if isinstance(row, RejectedRow):
                self._take(row)
            else:
                yield row

    def tell(self) -> None:
        """Print how many there are, and the first of them.

        Raises:
            OSError: They cannot be written.
        """
        if self._path is not None and self._writer is None:
            self._begin(self._path, [])
        tell_rejected(self._first, self.count, self._path)

    def _take(self, row: RejectedRow) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self._first.append(row)
        if self._path is not None:
            writer = self._writer or self._begin(self._path, row.values)
            cells = {name: self._guarded(cell) for name, cell in {**row.values, "reason": row.reason}.items()}
            writer.writerow({**cells, "line": row.line})

    def _begin(self, path: Path, names: Iterable[str]) -> "csv.DictWriter[str]":
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, fieldnames=dict.fromkeys((*ADDED, *(self._columns or names))))
        self._writer.writeheader()
        return self._writer
