"""What the commands of the cloud share: where its database is, and errors in one line. Nothing loads before it runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import print_error

if TYPE_CHECKING:
    from cloud.config import Settings
    from cloud.db import Database

DataDir = Annotated[
    str | None, typer.Option("--data-dir", help="Directory of the SQLite file, when no --database-url is given.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="postgresql://user@host/name or sqlite:///file.", show_default=False),
]


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn the errors that an operator can mend into one line and a non-zero exit."""
    from alembic.util import CommandError
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from cloud.config import ConfigError
    from cloud.keys.service import ScopeError
    from cloud.main import StartError
    from cloud.migrate import SchemaError
    from contracts.errors import TopicError

    try:
        yield
    except (CommandError, ConfigError, ScopeError, StartError, SchemaError, TopicError) as error:
        print_error(str(error))
        raise typer.Exit(1) from error
    except (OperationalError, ProgrammingError) as error:
        cause = str(error.orig).strip().splitlines()[0]
        print_error(f"the database says: {cause}; run 'shopthread cloud check' to see its state")
        raise typer.Exit(1) from error


def settings_of(data_dir: str | None, database_url: str | None, **others: str | float | None) -> "Settings":
    """Return the settings of the environment and the command line; the latter goes first.

    Raises:
        cloud.config.ConfigError: A setting is not usable.
    """
    from cloud.config import load_settings

    return load_settings(os.environ, {"data_dir": data_dir, "database_url": database_url, **others})


@contextmanager
def current_database(settings: "Settings") -> "Iterator[Database]":
    """Open the database, which has the schema that this version needs, and close it at the end.

    Raises:
        cloud.main.StartError: It cannot be opened.
        cloud.migrate.SchemaError: Its schema is another one.
    """
    from cloud.app import open_database
    from cloud.main import prepare_database

    prepare_database(settings, migrates=False)
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()
