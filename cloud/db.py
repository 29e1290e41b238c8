"""The database: engine, and reading and writing as two types. One `with` block is one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import (
    Boolean,
    Connection,
    Engine,
    Executable,
    Float,
    Insert,
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from cloud.schema import metadata

_WRITES = "shopthread_writes"
_IN_LIST = 500
_KIB_PER_MIB = 1024
_AS_IS = (String, Integer, Boolean, Float)
"""Types of which SQLite's driver takes the values as they are."""
_HELD_ROWS = 2000
_FEW_ROWS = 4
"""Fewer rows than this go one by one."""

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]
Values = Mapping[str, object]
T = TypeVar("T")


class Page(NamedTuple):
    """Which part of a list is asked for: how many rows to leave out, and how many to return at most."""

    offset: int
    limit: int


class ReadSession:
    """A transaction that can only read; it sees one consistent state of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> str:
        """Return `sqlite` or `postgresql`."""
        return self._connection.dialect.name

    @property
    def connection(self) -> Connection:
        """Return the connection, for what SQLAlchemy's expressions cannot say."""
        return self._connection

    def plan_each(self) -> None:
        """Let PostgreSQL plan each statement of this transaction for its own values.

        A plan for whatever values takes a list of shops for a short one: of hundreds it works twice as long.
        """
        if self.dialect == "postgresql":
            self._connection.exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")

    def rows(self, statement: AnySelect, given: Values | None = None) -> Sequence[AnyRow]:
        """Return every row; `given` are the values of a statement that is kept for whatever values."""
        return self._connection.execute(statement, given).all()

    def stream(self, statement: AnySelect) -> Iterator[AnyRow]:
        """Yield every row, and hold a few of them at a time; nothing else may be done meanwhile."""
        with self._connection.execute(statement.execution_options(yield_per=_HELD_ROWS)) as result:
            yield from result

    def first(self, statement: AnySelect) -> AnyRow | None:
        """Return the first row, or None."""
        return self._connection.execute(statement).first()

    def number(self, statement: AnySelect) -> int:
        """Return the single number of a statement; SQL's NULL is 0."""
        return int(self._connection.execute(statement).scalar() or 0)


class WriteSession(ReadSession):
    """A transaction that can read and write."""

    def execute(self, statement: Executable) -> int:
        """Run a statement and return how many rows it touched."""
        return self._connection.execute(statement).rowcount

    def insert(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert rows."""
        if rows and not self._insert_as_json(table, rows, "") and not self._insert_as_tuples(table, rows):
            self._connection.execute(table.insert(), [dict(row) for row in rows])

    def insert_new(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert rows; those whose key is there already are no-ops."""
        if rows and not self._insert_as_json(table, rows, "ON CONFLICT DO NOTHING"):
            statement: Insert
            if self.dialect == "postgresql":
                statement = postgresql.insert(table).on_conflict_do_nothing()
            else:
                statement = sqlite.insert(table).on_conflict_do_nothing()
            self._connection.execute(statement, [dict(row) for row in rows])

    def upsert(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert rows; where the primary key is there already, the other given columns are replaced."""
        if rows:
            keys = [column.name for column in table.primary_key]
            latest = list({tuple(row[name] for name in keys): row for row in rows}.values())
            self._merge(table, latest, keys, adds=False)

    def add(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert rows, no two with one key; where a key is there already, the other columns are added to its own."""
        if rows:
            self._merge(table, rows, [column.name for column in table.primary_key], adds=True)

    def _merge(self, table: Table, rows: Sequence[Values], keys: Sequence[str], *, adds: bool) -> None:
        changed = [name for name in rows[0] if name not in keys]
        values = [f"{name} = {f'{table.name}.{name} + ' if adds else ''}EXCLUDED.{name}" for name in changed]
        conflict = f"ON CONFLICT ({', '.join(keys)}) DO " + (
            f"UPDATE SET {', '.join(values)}" if changed else "NOTHING"
        )
        if self._insert_as_json(table, rows, conflict):
            return
        insert = postgresql.insert(table) if self.dialect == "postgresql" else sqlite.insert(table)
        given = {name: table.c[name] + insert.excluded[name] if adds else insert.excluded[name] for name in changed}
        statement = insert.on_conflict_do_update(index_elements=keys, set_=given)
        self._connection.execute(statement, [dict(row) for row in rows])

    def _insert_as_tuples(self, table: Table, rows: Sequence[Values]) -> bool:
        """Insert many rows into SQLite as the driver takes them; return False where that cannot be.

        What SQLAlchemy does for each of them costs more than SQLite. It must for values that are stored as others.
        """
        columns = [table.c[name] for name in rows[0]]
        if self.dialect != "sqlite" or len(rows) < _FEW_ROWS or not all(isinstance(c.type, _AS_IS) for c in columns):
            return False
        names = [column.name for column in columns]
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our own names
        self._connection.exec_driver_sql(statement, [tuple([row[name] for name in names]) for row in rows])
        return True

    def _insert_as_json(self, table: Table, rows: Sequence[Values], conflict: str) -> bool:
        """Insert many rows into PostgreSQL by one statement with one parameter; return False where that cannot be.

        A statement for each row costs the server ten times as much. JSON holds whatever our tables do but bytes.
        """
        if self.dialect != "postgresql" or len(rows) < _FEW_ROWS:
            return False
        columns = [table.c[name] for name in rows[0]]
        if any(isinstance(column.type, LargeBinary) for column in columns):
            return False
        names = ", ".join(column.name for column in columns)
        typed = ", ".join(f"{c.name} {c.type.compile(self._connection.dialect)}" for c in columns)
        source = f"SELECT {names} FROM json_to_recordset(%s) AS given({typed})"  # noqa: S608 - our own names
        statement = f"INSERT INTO {table.name} ({names}) {source} {conflict}"
        self._connection.exec_driver_sql(statement, (msgspec.json.encode(rows).decode(),))
        return True


class Database:
    """One database, SQLite or PostgreSQL."""

    def __init__(self, url: str, busy_timeout_s: float, cache_mib: int = 16) -> None:
        """Take a URL; the other settings are SQLite's alone.

        Args:
            url: `sqlite:///file` or `postgresql+psycopg://user@host/name`.
            busy_timeout_s: How long a write waits for another writer.
            cache_mib: How much of the file each connection holds at most, MiB.
        """
        self.engine = create_engine(
            url, pool_pre_ping=not url.startswith("sqlite"), json_deserializer=msgspec.json.decode
        )
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine, busy_timeout_s, cache_mib)
        else:
            _prepare_postgresql(self.engine)

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """Open a read-only transaction."""
        with self.engine.connect() as connection:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            if self.engine.dialect.name == "postgresql":
                connection = connection.execution_options(**options)  # noqa: PLW2901 - the same connection
            with connection.begin():
                yield ReadSession(connection)

    @contextmanager
    def write(self) -> Iterator[WriteSession]:
        """Open a writing transaction; it commits when the block ends without an error."""
        with self.engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                yield WriteSession(connection)

    @contextmanager
    def write_beside(self, file: Path, name: str) -> Iterator[WriteSession]:
        """Open a writing transaction of a SQLite database in which the tables of another file stand under a name."""
        with self.engine.connect() as connection:
            _execute(connection, f"ATTACH DATABASE ? AS {name}", str(file))
            try:
                connection.execution_options(**{_WRITES: True})
                with connection.begin():
                    yield WriteSession(connection)
            finally:
                _execute(connection, f"DETACH DATABASE {name}")

    @property
    def file(self) -> Path | None:
        """Return the SQLite file, None where the database is none."""
        url = self.engine.url
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    @contextmanager
    def rehearse(self) -> Iterator[WriteSession]:
        """Open a writing transaction that leaves nothing behind."""
        with self.engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin() as transaction:
                yield WriteSession(connection)
                transaction.rollback()

    def refresh_statistics(self) -> None:
        """Tell PostgreSQL's planner how large the tables have grown. SQLite's plans here do well without."""
        if self.engine.dialect.name == "postgresql":
            with self.write() as session:
                names = ", ".join(table.name for table in metadata.sorted_tables)
                session.connection.exec_driver_sql(f"ANALYZE {names}")

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _execute(connection: Connection, statement: str, *parameters: str) -> None:
    """Run what must stand outside of a transaction."""
    cursor = connection.connection.cursor()
    cursor.execute(statement, parameters)
    cursor.close()


def _prepare_postgresql(engine: Engine) -> None:
    """Let no statement have helpers: where many ask at once, to start them costs twice what the statement does."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.close()
        connection.commit()


def _prepare_sqlite(engine: Engine, busy_timeout_s: float, cache_mib: int) -> None:
    """Make SQLite durable, concurrent for readers, and explicit about who writes.

    A change of five hundred random keys writes ten thousand pages of a large file. With its usual 2 MiB SQLite puts
    them out, and reads them again, several times before the transaction ends.
    """

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # SQLAlchemy's begin, not the driver, opens transactions
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {round(busy_timeout_s * 1000)}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"cache_size = -{cache_mib * _KIB_PER_MIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A writer takes the write lock at once: a transaction that reads first and upgrades later can fail at commit.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the items in slices that fit into one IN list."""
    for start in range(0, len(items), _IN_LIST):
        yield items[start : start + _IN_LIST]
