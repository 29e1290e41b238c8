"""Rebuilds in a copy of a SQLite file: SQLite has one writer at a time, and who ingests must not wait for a rebuild.

What was derived there then takes the place of what stands, in one short transaction. Events that came meanwhile lie
behind the cursors, which come along, and are taken in as ever. If records changed on which the rebuild stood (who is
who, an erasure, a retirement of events), the copy is thrown away: it must not bring back what is gone.
"""

import shutil
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Table, func, select
from sqlalchemy.exc import OperationalError

from cloud.db import Database, ReadSession, WriteSession
from cloud.erasure.tables import erased_identifiers
from cloud.retention.tables import retired_counts
from cloud.tables import projection_cursors

_SUFFIX = "-rebuild"
"""Of the folder beside the file in which the copy lies; a killed rebuild's goes with the next rebuild or erasure."""


class Derivation(Struct, frozen=True, kw_only=True):
    """What a rebuild does.

    Attributes:
        derive: Derives everything anew.
        tables: What it derives.
        journals: To which tables it adds rows, numbered by their primary key.
        cursors: Names of the cursors that it moves.
        mark: Returns what changes with the records from which it derives, but for the log's.
    """

    derive: Callable[[WriteSession], None]
    tables: Sequence[Table]
    journals: Sequence[Table]
    cursors: Sequence[str]
    mark: Callable[[ReadSession], Hashable]


def rebuild_aside(database: Database, file: Path, work: Derivation, settle: Callable[[WriteSession], None]) -> bool:
    """Derive in a copy of the file and put the outcome in place.

    Args:
        database: The one to rebuild.
        file: Where its SQLite file lies; beside it there must be as much space again.
        work: What to do.
        settle: What to do with the outcome in place, in the transaction that puts it there.

    Returns:
        Whether it is in place; False where records changed meanwhile, then nothing has happened.
    """
    with _copied(file) as copy:
        try:
            return _rebuilt_in(copy, database, work, settle)
        except (OperationalError, sqlite3.OperationalError):
            if copy.exists():
                raise
            return False


def _rebuilt_in(copy: Path, database: Database, work: Derivation, settle: Callable[[WriteSession], None]) -> bool:
    with _opened(copy) as aside:
        with aside.read() as session:
            mark = _mark(session, work)
            heads = {table.name: _head(session, table) for table in work.journals}
        with aside.write() as session:
            work.derive(session)
    with database.write_beside(copy, "aside") as session:
        if _mark(session, work) != mark:
            return False
        _put_in_place(session, work, heads)
        settle(session)
    return True


def discard_copy(file: Path) -> None:
    """Remove what a rebuild of the file at a path has copied, whether it was killed or still derives.

    Who erases calls it after the commit: nobody erased may lie in a copy. A rebuild that still derives begins anew.
    """
    shutil.rmtree(_folder(file), ignore_errors=True)


def _folder(file: Path) -> Path:
    return file.with_name(file.name + _SUFFIX)


@contextmanager
def _copied(file: Path) -> Iterator[Path]:
    """Return the path of a copy of the file as it is now, for which nobody waits; it is gone afterwards."""
    folder = _folder(file)
    discard_copy(file)
    folder.mkdir(mode=0o700)
    try:
        copy = folder / file.name
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        yield copy
    finally:
        discard_copy(file)


@contextmanager
def _opened(file: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{file}", 0)
    try:
        yield database
    finally:
        database.dispose()


def _mark(session: ReadSession, work: Derivation) -> Hashable:
    erased = session.number(select(func.max(erased_identifiers.c.position)))
    return erased, session.number(select(func.sum(retired_counts.c.events))), work.mark(session)


def _head(session: ReadSession, journal: Table) -> int:
    (number,) = journal.primary_key
    return session.number(select(func.max(number)))


def _put_in_place(session: WriteSession, work: Derivation, heads: dict[str, int]) -> None:
    execute = session.connection.exec_driver_sql
    execute("PRAGMA defer_foreign_keys = ON")
    for table in work.tables:
        execute(f"DELETE FROM main.{table.name}")  # noqa: S608 - our own names, here and below
        execute(f"INSERT INTO main.{table.name} SELECT * FROM aside.{table.name}")  # noqa: S608
    for journal in work.journals:
        (number,) = journal.primary_key
        names = ", ".join(column.name for column in journal.c if column is not number)
        execute(
            f"INSERT INTO main.{journal.name} ({names}) SELECT {names} FROM aside.{journal.name} "  # noqa: S608
            f"WHERE {number.name} > ? ORDER BY {number.name}",
            (heads[journal.name],),
        )
    marks, cursors = ", ".join("?" * len(work.cursors)), projection_cursors.name
    execute(
        f"INSERT INTO main.{cursors} (name, position) SELECT name, position FROM aside.{cursors} "  # noqa: S608
        f"WHERE name IN ({marks}) ON CONFLICT (name) DO UPDATE SET position = excluded.position",
        tuple(work.cursors),
    )
