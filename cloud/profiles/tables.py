"""Tables of profiles: attributes and categories are records; purchases and their histogram follow from touches."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, UniqueConstraint

from cloud.columns import COUNTER, ID, NAME, SEGMENT, metadata, tenant_column

MAX_VALUE_CHARS = 256
MATCH_PREFIX = "match_"
"""Attributes whose names begin so are match codes (`contracts.traits`): compared, and shown to nobody."""

profile_attributes = Table(
    "profile_attributes",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("namespace", SEGMENT, nullable=False),
    Column("pseudonym", SEGMENT, nullable=False),
    Column("name", SEGMENT, nullable=False),
    Column("value", String(MAX_VALUE_CHARS), nullable=False, comment="empty: the source takes back what it said"),
    Column("source", SEGMENT, nullable=False),
    Column("rank", Integer, nullable=False, comment="how far the source is trusted, 0 the most"),
    Column("at_ms", BigInteger, nullable=False, comment="when it was so"),
    Column("recorded_ms", BigInteger, nullable=False, comment="when we knew"),
    UniqueConstraint(
        "tenant",
        "namespace",
        "pseudonym",
        "name",
        "source",
        "at_ms",
        "value",
        "rank",
        name="uq_profile_attributes_said",
    ),
    sqlite_autoincrement=True,
)

product_categories = Table(
    "product_categories",
    metadata,
    tenant_column(primary_key=True),
    Column("gtin", String(14), primary_key=True),
    Column("category", NAME, nullable=False),
)

profile_purchases = Table(
    "profile_purchases",
    metadata,
    tenant_column(primary_key=True),
    Column("one_id", ID, primary_key=True),
    Column("currency", String(3), nullable=False, comment="of most purchases"),
    Column("recency", BigInteger, nullable=False, comment="bucket, as are the next two"),
    Column("frequency", BigInteger, nullable=False),
    Column("monetary", BigInteger, nullable=False),
)
"""Of each customer the buckets of `cloud.profiles.rfm`."""

rfm_histogram = Table(
    "rfm_histogram",
    metadata,
    tenant_column(primary_key=True),
    Column("currency", String(3), primary_key=True),
    Column("measure", SEGMENT, primary_key=True),
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("customers", BigInteger, nullable=False),
)
