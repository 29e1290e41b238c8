"""Writes tables into files: Parquet, CSV, or lines of JSON. A file bears its name only once it is whole."""

from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

Format = Literal["parquet", "ndjson", "csv"]

_ROWS_AT_ONCE = 100_000


class _Writer(Protocol):
    def write_table(self, table: pa.Table, /) -> None: ...


class _Lines(AbstractContextManager["_Lines"]):
    """A file with one JSON object per row."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._encoder = msgspec.json.Encoder()

    def write_table(self, table: pa.Table) -> None:
        """Append rows."""
        self._file.write(self._encoder.encode_lines(table.to_pylist()))

    def __exit__(self, *_: object) -> None:
        self._file.close()


class StoreFiles:
    """The files of one store, one per kind of table, each begun when its first rows come.

    Args:
        folder: Where the files go, in a folder for each kind.
        store: Its id.
        file_format: How tables are written.
    """

    def __init__(self, folder: Path, store: str, file_format: Format) -> None:
        self._folder, self._store, self._format = folder, store, file_format
        self._open: dict[str, tuple[Path, AbstractContextManager[_Writer], _Writer]] = {}
        self._waiting: dict[str, list[pa.Table]] = {}

    def add(self, kind: str, table: pa.Table) -> None:
        """Append rows to the file of a kind."""
        waiting = self._waiting.setdefault(kind, [])
        waiting.append(table)
        if sum(map(len, waiting)) >= _ROWS_AT_ONCE:
            self._flush(kind)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        try:
            for name in [name for name, tables in self._waiting.items() if tables and kind is None]:
                self._flush(name)
        finally:
            for path, context, _writer in self._open.values():
                context.__exit__(None, None, None)
                if kind is None:
                    path.replace(self._final(path))
                else:
                    path.unlink()

    def names(self) -> list[str]:
        """Return the files' paths in the folder."""
        return [str(self._final(path).relative_to(self._folder)) for path, _, _ in self._open.values()]

    def _final(self, path: Path) -> Path:
        return path.with_name(path.name.removeprefix(".").removesuffix(".new"))

    def _flush(self, kind: str) -> None:
        table = pa.concat_tables(self._waiting[kind])
        self._waiting[kind] = []
        if kind not in self._open:
            path = self._folder / kind / f".{self._store}.{self._format}.new"
            path.parent.mkdir(parents=True, exist_ok=True)
            context = self._writer(path, table.schema)
            self._open[kind] = (path, context, context.__enter__())
        self._open[kind][2].write_table(table)

    def _writer(self, path: Path, schema: pa.Schema) -> AbstractContextManager[_Writer]:
        writer: AbstractContextManager[_Writer]
        match self._format:
            case "parquet":
                writer = pq.ParquetWriter(path, schema, compression="zstd")
            case "csv":
                writer = pa_csv.CSVWriter(path, schema)
            case "ndjson":
                writer = _Lines(path)
        return writer
