"""Tables of analytics. Each follows from visits, touches, links and coverage; `rebuild` makes all of them anew."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table

from cloud.analytics.member_cells import COUNTS
from cloud.analytics.parts import CALENDAR, MONEY, PEAKS, SUMS
from cloud.columns import ID, NAME, SEGMENT, device_column, event_id_column, metadata, store_column, tenant_column

_CURRENCY = String(3)
_PLACE = String(160)


def _counts(*names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in names]


def _cell_columns() -> list[Column[int]]:
    """Return the columns of the hour or day that a row is of: the store's own calendar day, and the first instant."""
    return [
        Column("day", Integer, primary_key=True, autoincrement=False, comment="days since 0000-12-31"),
        Column("start_ms", BigInteger, primary_key=True, autoincrement=False),
    ]


def _region_column() -> Column[str]:
    return Column("region", NAME, nullable=True, comment="of the shop, as it was when the member was counted")


_SHOP_AND_DAY = ("tenant", "store", "day")
"""By these an index holds all that is asked of one shop: its members lie all over the table, and to look each up there
costs several times what reading the index does."""

queue_waits = Table(
    "queue_waits",
    metadata,
    tenant_column(primary_key=True),
    event_id_column(primary_key=True),
    store_column(),
    device_column(),
    Column("zone_id", NAME, nullable=False),
    Column("joined_ms", BigInteger, nullable=False),
    Column("left_ms", BigInteger, nullable=False),
    Column("outcome", SEGMENT, nullable=False),
    Index("ix_queue_waits_joined", "tenant", "store", "joined_ms"),
)

rollups = Table(
    "rollups",
    metadata,
    tenant_column(primary_key=True),
    Column("grain", SEGMENT, primary_key=True, comment="hour, day, week or month"),
    store_column(primary_key=True),
    *_cell_columns(),
    Column("end_ms", BigInteger, nullable=False),
    *_counts(*SUMS, *PEAKS, *CALENDAR),
    Column("devices", JSON, nullable=False, comment="what each camera observed, in milliseconds"),
    Column("expected_devices", Integer, nullable=False),
)

rollup_money = Table(
    "rollup_money",
    metadata,
    tenant_column(primary_key=True),
    Column("grain", SEGMENT, primary_key=True, comment="hour, day, week or month"),
    store_column(primary_key=True),
    *_cell_columns(),
    Column("currency", _CURRENCY, primary_key=True),
    *_counts(*MONEY),
)

rollup_zones = Table(
    "rollup_zones",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    *_cell_columns(),
    Column("zone_id", NAME, primary_key=True),
    Column("zone_kind", SEGMENT, primary_key=True),
    *_counts("visits", "stays", "dwell_ms"),
)

rollup_terminals = Table(
    "rollup_terminals",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    *_cell_columns(),
    Column("device", SEGMENT, primary_key=True),
    *_counts("scans", "receipts", "member_touches", "decided", "linked"),
)

journeys = Table(
    "journeys",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    *_cell_columns(),
    Column("visit_id", ID, primary_key=True),
    Column("steps", JSON, nullable=False, comment="[ms after the entry, step, probability in millionths]"),
)

member_days = Table(
    "member_days",
    metadata,
    tenant_column(primary_key=True),
    Column("one_id", ID, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False, comment="days since 0000-12-31"),
    store_column(primary_key=True),
    *_counts("scans", "transactions", "transactions_before"),
    Column("first_day", Integer, nullable=False, comment="when the member was first in any shop"),
    Column("previous_day", Integer, nullable=True, comment="the last day before this one in any shop"),
    Column("next_day", Integer, nullable=True, comment="the next day in any shop"),
    Column("first_buy_day", Integer, nullable=True),
    Column("previous_buy_day", Integer, nullable=True),
    _region_column(),
    Index("ix_member_days_day", "tenant", "day"),
    Index(
        "ix_member_days_store",
        *_SHOP_AND_DAY,
        *("one_id", "scans", "transactions", "first_day", "previous_day", "next_day", "first_buy_day"),
    ),
)

member_sales = Table(
    "member_sales",
    metadata,
    tenant_column(primary_key=True),
    Column("one_id", ID, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    store_column(primary_key=True),
    Column("currency", _CURRENCY, primary_key=True),
    *_counts("sales_minor", "transactions"),
    _region_column(),
    Index("ix_member_sales_day", "tenant", "day"),
    Index("ix_member_sales_store", *_SHOP_AND_DAY, "one_id", "currency", "sales_minor", "transactions"),
)

member_cells = Table(
    "member_cells",
    metadata,
    tenant_column(primary_key=True),
    Column("place", _PLACE, primary_key=True, comment="* of all shops, else a region or a shop"),
    Column("kind", SEGMENT, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False, comment="days since 0000-12-31"),
    Column("edge", Integer, primary_key=True, autoincrement=False, comment="see cloud.analytics.member_cells"),
    Column("currency", _CURRENCY, primary_key=True, comment="* of what is no money"),
    *_counts(*COUNTS),
)

analytics_queue = Table(
    "analytics_queue",
    metadata,
    Column("stage", Integer, primary_key=True, autoincrement=False, comment="1 hours, 2 days, 3 members"),
    tenant_column(primary_key=True),
    Column("store", SEGMENT, primary_key=True, comment="empty for members"),
    Column("key", ID, primary_key=True, comment="first ms of an hour of UTC, day, or One ID"),
)
