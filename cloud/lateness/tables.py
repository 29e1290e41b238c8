"""The table of late events: a projection."""

from sqlalchemy import BigInteger, Column, Table

from cloud.columns import metadata, store_column, tenant_column

event_delays = Table(
    "event_delays",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    Column("hour_ms", BigInteger, primary_key=True, autoincrement=False, comment="of UTC, when they happened"),
    Column("events", BigInteger, nullable=False),
    Column("late_1h", BigInteger, nullable=False, comment="came in more than an hour after they happened"),
    Column("late_24h", BigInteger, nullable=False, comment="more than a day after"),
)
