"""Tables of floors."""

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Table

from cloud.columns import device_column, event_id_column, metadata, store_column, tenant_column

floor_heat = Table(
    "floor_heat",
    metadata,
    tenant_column(primary_key=True),
    event_id_column(primary_key=True),
    store_column(),
    device_column(),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("cell_m", Float, nullable=False),
    Column("cells", JSON, nullable=False, comment="[column, row, seconds] each"),
    Index("ix_floor_heat_start", "tenant", "store", "start_ms"),
)

floor_plans = Table(
    "floor_plans",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    Column("plan", JSON, nullable=False),
)
"""Drawn by people: a record, which a rebuild leaves."""
