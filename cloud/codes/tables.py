"""Tables of item codes: what was issued and where stores are, as records; verdicts, which follow from touches.

`cloud.codes.follower` makes the latter anew.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from cloud.columns import ID, SEGMENT, metadata, store_column, tenant_column

GTIN = String(14)
SERIAL = String(20)
"""AI 21 has at most 20 characters (GS1 General Specifications, section 3.5.2)."""

code_products = Table(
    "code_products",
    metadata,
    tenant_column(primary_key=True),
    Column("gtin", GTIN, primary_key=True),
    Column("name", Text, nullable=False),
    Column("page_url", Text, nullable=True, comment="where people read more of the product"),
)

item_codes = Table(
    "item_codes",
    metadata,
    tenant_column(primary_key=True),
    Column("gtin", GTIN, primary_key=True),
    Column("serial", SERIAL, primary_key=True),
    Column("kind", SEGMENT, nullable=False, comment="outer or inner"),
    Column("lot", SERIAL, nullable=True),
    Column("outer_serial", SERIAL, nullable=True, comment="of the pack that an inner code lies in, same GTIN"),
    Column("sold_ms", BigInteger, nullable=True, comment="when the item was sold, where somebody said so"),
    Column("recorded_ms", BigInteger, nullable=False, comment="when we knew"),
    Index("ix_item_codes_outer", "tenant", "gtin", "outer_serial"),
)

store_positions = Table(
    "store_positions",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    Column("latitude_deg", Float, nullable=False, comment="WGS 84"),
    Column("longitude_deg", Float, nullable=False, comment="WGS 84"),
)

code_verdicts = Table(
    "code_verdicts",
    metadata,
    tenant_column(primary_key=True),
    Column("touch_id", ID, primary_key=True),
    Column("gtin", GTIN, nullable=False),
    Column("serial", SERIAL, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("verdict", SEGMENT, nullable=False),
    Index("ix_code_verdicts_code", "tenant", "gtin", "serial"),
)

code_states = Table(
    "code_states",
    metadata,
    tenant_column(primary_key=True),
    Column("gtin", GTIN, primary_key=True),
    Column("serial", SERIAL, primary_key=True),
    Column("scans", Integer, nullable=False),
    Column("repeats", Integer, nullable=False, comment="scans by others after the one that authenticated"),
    Column("persons", Integer, nullable=False, comment="different profiles that claimed the item"),
    Column("authenticated_ms", BigInteger, nullable=True),
    Column("last_scan_ms", BigInteger, nullable=False),
    Column("is_cloned", Boolean, nullable=False),
    Column("alert", SEGMENT, nullable=True, comment="cloned, unknown_code or repeat; NULL where nothing is wrong"),
    Index("ix_code_states_alert", "tenant", "alert", "last_scan_ms"),
)

code_queue = Table(
    "code_queue",
    metadata,
    tenant_column(primary_key=True),
    Column("gtin", GTIN, primary_key=True),
    Column("serial", SERIAL, primary_key=True),
)
