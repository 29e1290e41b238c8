"""Brings a database's schema up to date, and tells whether it is."""

from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from cloud.db import Database

_LOCATION = Path(__file__).parent / "migrations"


class SchemaError(Exception):
    """The database's schema is not the one that this version needs."""


def _config(connection: Connection | None = None) -> Config:
    config = Config(stdout=StringIO())
    config.set_main_option("script_location", str(_LOCATION).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema up to a revision; a database that is there does not change."""
    with database.write() as session:
        command.upgrade(_config(session.connection), revision)


def check(database: Database) -> None:
    """Compare the database with the tables as declared.

    Raises:
        alembic.util.CommandError: They differ.
    """
    with database.write() as session:
        command.check(_config(session.connection))


def revision(database: Database, message: str) -> None:
    """Write a migration for what differs between the database and the tables as declared."""
    with database.write() as session:
        command.revision(_config(session.connection), message, autogenerate=True)


def current_revision(database: Database) -> str | None:
    """Return the revision of the database, None where it has no schema."""
    with database.read() as session:
        return MigrationContext.configure(session.connection).get_current_revision()


def newest_revision() -> str | None:
    """Return the revision that this version needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def require_current(database: Database) -> None:
    """Make sure that the schema is the one that this version needs.

    Raises:
        SchemaError: It is not; the message names both revisions and the remedy.
    """
    found, needed = current_revision(database), newest_revision()
    if found != needed:
        msg = (
            f"the database's schema is at revision {found or 'none'}, this version needs {needed}; "
            "run 'shopthread cloud migrate' or start with 'serve --migrate'"
        )
        raise SchemaError(msg)
