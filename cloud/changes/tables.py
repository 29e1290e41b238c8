"""Tables of the change feed: what waits to be published, what was, and how each profile was published last."""

from sqlalchemy import JSON, BigInteger, Column, Index, String, Table

from cloud.columns import COUNTER, ID, SEGMENT, metadata, tenant_column

changes = Table(
    "changes",
    metadata,
    Column("position", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("at_ms", BigInteger, nullable=False, comment="when it was published"),
    Column("kind", SEGMENT, nullable=False),
    Column("one_id", ID, nullable=False),
    Column("data", JSON, nullable=False),
    Index("ix_changes_tenant", "tenant", "position"),
    Index("ix_changes_profile", "tenant", "one_id"),
    sqlite_autoincrement=True,
)

change_queue = Table(
    "change_queue",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("kind", SEGMENT, nullable=False),
    Column("one_id", ID, nullable=False),
    Column("data", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""Changes that happened and wait for a position; written in the transaction that makes them."""

profile_queue = Table(
    "profile_queue",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("one_id", ID, nullable=False),
    sqlite_autoincrement=True,
)
"""Profiles that may have changed. One may stand in it several times: a key would make writers wait for each other."""

published_profiles = Table(
    "published_profiles",
    metadata,
    tenant_column(primary_key=True),
    Column("one_id", ID, primary_key=True),
    Column("digest", String(64), nullable=True, comment="of what was known of it; NULL: it went into another one"),
    Column("merged_into", ID, nullable=True),
)
