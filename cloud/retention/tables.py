"""Table of what was taken out of the log. A record: `rebuild` counts on from it."""

from sqlalchemy import BigInteger, Column, Table

from cloud.columns import NAME, device_column, metadata, store_column, tenant_column

retired_counts = Table(
    "retired_counts",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    device_column(primary_key=True),
    Column("type", NAME, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("highest_sequence", BigInteger, nullable=False),
    Column("last_time_ms", BigInteger, nullable=False),
)

retired_delays = Table(
    "retired_delays",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    Column("hour_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("events", BigInteger, nullable=False),
    Column("late_1h", BigInteger, nullable=False),
    Column("late_24h", BigInteger, nullable=False),
)
