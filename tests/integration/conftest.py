"""What every integration test runs with: clouds that share compiled statements, and do not wait for the disk."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Dialect, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from cloud import db

_STATEMENTS = 5000
_FIRST: dict[str, tuple[Dialect, Any]] = {}
"""Of each kind of database: the dialect and the compiled statements that all engines of this process share."""


def _engine(url: str, **options: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's own
    """Return an engine that knows what former ones compiled, which costs more than the statements of a small test."""
    engine = create_engine(url, **options)
    kind = engine.dialect.name
    if kind not in _FIRST:
        first = create_engine("sqlite://" if kind == "sqlite" else url, query_cache_size=_STATEMENTS, **options)
        with first.connect():
            _FIRST[kind] = first.dialect, first._compiled_cache
        first.dispose()
    engine.dialect, engine._compiled_cache = _FIRST[kind]
    return engine


_prepare_sqlite = db._prepare_sqlite


def _prepare_without_disk(engine: Engine, busy_timeout_s: float, cache_mib: int) -> None:
    """Prepare SQLite as ever, but for the disk: processes that are killed lose nothing by it, a machine would."""
    _prepare_sqlite(engine, busy_timeout_s, cache_mib)

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA synchronous = OFF")
        cursor.close()


@pytest.fixture(scope="session", autouse=True)
def quick_clouds() -> Iterator[None]:
    """Make every cloud that runs in this process a quick one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "create_engine", _engine)
        patch.setattr(db, "_prepare_sqlite", _prepare_without_disk)
        yield
