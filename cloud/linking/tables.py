"""Tables of what was learned of terminals; both follow from touches and visits."""

from sqlalchemy import BigInteger, Column, Float, Integer, String, Table

from cloud.columns import SEGMENT, device_column, metadata, store_column, tenant_column

terminal_models = Table(
    "terminal_models",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    device_column(primary_key=True),
    Column("day_ms", BigInteger, primary_key=True, comment="first instant of the UTC day whose touches it is for"),
    Column("place_x_m", Float, nullable=True),
    Column("place_y_m", Float, nullable=True),
    Column("spread_m", Float, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("offset_ms", Float, nullable=False),
    Column("drift_ppm", Float, nullable=False),
    Column("sigma_ms", Float, nullable=False),
    Column("touches", Integer, nullable=False),
)

terminal_queue = Table(
    "terminal_queue",
    metadata,
    tenant_column(primary_key=True),
    Column("kind", SEGMENT, primary_key=True, comment="touch, visit, or zone that a visit has left"),
    Column("key", String(256), primary_key=True),
)
"""What changed and may say something new of a terminal."""
