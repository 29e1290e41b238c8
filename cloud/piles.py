"""Writes very many rows at once: they are put aside as they come, then moved into their tables in the order of keys.

An index takes what comes in its order for a fraction of what it takes otherwise once it is larger than the memory. So
rows wait in a temporary table without any, and the database sorts them. PostgreSQL gets them by COPY.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    MetaData,
    Table,
    func,
    insert,
    literal_column,
    select,
)

from cloud.db import AnySelect, WriteSession

_CACHE_KIB = 65_536
"""With more to sort by, fewer runs have to be merged."""
_AT_ONCE = 5000


class Pile:
    """Rows of a table that wait, in a temporary table of the same columns.

    Attributes:
        table: Where they wait; what is read of it are rows that no index finds.
        count: How many there are.
    """

    def __init__(self, session: WriteSession, of: Table) -> None:
        self._session = session
        self._of = of
        columns = [Column(column.name, column.type) for column in of.c]
        self.table = Table(f"pile_of_{of.name}", MetaData(), *columns, prefixes=["TEMPORARY"])
        self.table.create(session.connection, checkfirst=False)
        self.count = 0
        self._held: list[tuple[object, ...]] = []

    def __enter__(self) -> Self:
        """Return the pile; what waits is gone after the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:  # Else the transaction is undone, and this table with it.
            self.table.drop(self._session.connection, checkfirst=False)

    def put(self, row: tuple[object, ...]) -> None:
        """Put a row aside, with values in the order of the table's columns."""
        self.count += 1
        self._held.append(row)
        if len(self._held) >= _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        rows, self._held = self._held, []
        if self._session.dialect == "postgresql":
            self._copy(rows)
        elif rows:
            marks = ", ".join("?" * len(rows[0]))
            self._session.connection.exec_driver_sql(f"INSERT INTO {self.table.name} VALUES ({marks})", rows)  # noqa: S608 - our own name

    def move(self) -> None:
        """Write the rows into their own table, in the order of its key; they keep waiting, too."""
        self._flush()
        names = [column.name for column in self._of.primary_key]
        write_sorted(self._session, self._of, select(self.table).order_by(*names), self.count)

    def _copy(self, rows: Sequence[tuple[object, ...]]) -> None:
        driver: Any = self._session.connection.connection.driver_connection
        types = [_name_of_type(column) for column in self.table.c]
        with driver.cursor() as cursor, cursor.copy(f"COPY {self.table.name} FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


def _name_of_type(column: Column[object]) -> str:
    match column.type:
        case BigInteger():
            return "int8"
        case Integer():
            return "int4"
        case Boolean():
            return "bool"
        case _:
            return "text"


def write_sorted(session: WriteSession, table: Table, rows: AnySelect, expected: int) -> None:
    """Write what a sorted selection finds into a table.

    Args:
        session: The transaction.
        table: Where the rows belong.
        rows: Its columns have the names of the table's.
        expected: About how many there are; where it is more than the table has, indexes are made anew afterwards.
    """
    with _indexes_set_aside(session, table, expected):
        session.execute(insert(table).from_select([column.name for column in rows.selected_columns], rows))


@contextmanager
def writing_much(session: WriteSession) -> Iterator[None]:
    """Let the database have more memory to sort in, in this transaction."""
    if session.dialect == "postgresql":
        session.connection.exec_driver_sql(f"SET LOCAL work_mem = '{_CACHE_KIB}kB'")
        yield
        return
    usual = session.connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
    session.connection.exec_driver_sql(f"PRAGMA cache_size = {min(usual, -_CACHE_KIB)}")
    try:
        yield
    finally:
        session.connection.exec_driver_sql(f"PRAGMA cache_size = {usual}")


@contextmanager
def _indexes_set_aside(session: WriteSession, table: Table, expected: int) -> Iterator[None]:
    """Drop a SQLite table's indexes meanwhile if that pays. Nobody else sees it; on PostgreSQL all would wait."""
    if (
        session.dialect != "sqlite"
        or not table.indexes
        or expected <= session.number(select(func.max(literal_column("rowid"))).select_from(table))
    ):
        yield
        return
    find = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    found = session.connection.exec_driver_sql(find, (table.name,)).all()
    for name, _ in found:
        session.connection.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for _, statement in found:
        session.connection.exec_driver_sql(statement)
