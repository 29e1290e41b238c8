"""What all tables share: the metadata with its naming convention, and the columns that many have."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NAME = String(128)
SEGMENT = String(64)
ID = String(36)
COUNTER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself in columns of type INTEGER only."""


def tenant_column(*, primary_key: bool = False) -> Column[str]:
    """Return the column of the tenant that a row belongs to."""
    return Column("tenant", SEGMENT, primary_key=primary_key, nullable=False)


def store_column(*, primary_key: bool = False) -> Column[str]:
    """Return the column of a store."""
    return Column("store", SEGMENT, primary_key=primary_key, nullable=False)


def device_column(*, primary_key: bool = False) -> Column[str]:
    """Return the column of a device."""
    return Column("device", SEGMENT, primary_key=primary_key, nullable=False)


def event_id_column(*, primary_key: bool = False) -> Column[str]:
    """Return the column of an event id."""
    return Column("event_id", ID, primary_key=primary_key, nullable=False)
