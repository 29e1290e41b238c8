"""Tables of identity: statements, blocks and the ledger are records; the others follow from them.

`cloud.identity.service.rebuild_identities` makes the latter anew.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, text

from cloud.columns import COUNTER, ID, NAME, SEGMENT, metadata, tenant_column

identity_statements = Table(
    "identity_statements",
    metadata,
    tenant_column(primary_key=True),
    Column("statement_id", NAME, primary_key=True),
    Column("source", NAME, nullable=False),
    Column("rank", Integer, nullable=False, comment="how far the source is trusted, 0 the most"),
    Column("relation", SEGMENT, nullable=False, comment="same_person or household"),
    Column("at_ms", BigInteger, nullable=False, comment="when it was said"),
    Column("recorded_ms", BigInteger, nullable=False, comment="when we knew"),
    Column("retracted_ms", BigInteger, nullable=True),
)

identity_mentions = Table(
    "identity_mentions",
    metadata,
    tenant_column(primary_key=True),
    Column("namespace", SEGMENT, primary_key=True),
    Column("pseudonym", SEGMENT, primary_key=True),
    Column("statement_id", NAME, primary_key=True),
    Column("from_ms", BigInteger, nullable=True, comment="since when it was the person's, NULL: not said"),
    Column("until_ms", BigInteger, nullable=True, comment="when it was given back, NULL: not said"),
    Index("ix_identity_mentions_statement", "tenant", "statement_id"),
)

identity_blocks = Table(
    "identity_blocks",
    metadata,
    tenant_column(primary_key=True),
    Column("namespace", SEGMENT, primary_key=True),
    Column("pseudonym", SEGMENT, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("recorded_ms", BigInteger, nullable=False),
)

identity_ledger = Table(
    "identity_ledger",
    metadata,
    Column("position", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("at_ms", BigInteger, nullable=False),
    Column("cause", SEGMENT, nullable=False, comment="stated, retracted, blocked, unblocked or rules"),
    Column("statement_id", NAME, nullable=True),
    Column("namespace", SEGMENT, nullable=False),
    Column("pseudonym", SEGMENT, nullable=False),
    Column("from_one_id", ID, nullable=True, comment="NULL: its own since ever, as of whoever is new"),
    Column("to_one_id", ID, nullable=False),
    Column("from_ms", BigInteger, nullable=False, comment="for which time the identifier moved"),
    Column("until_ms", BigInteger, nullable=False),
    Index("ix_identity_ledger_tenant", "tenant", "position"),
    Index(
        "ix_identity_ledger_from",
        "tenant",
        "from_one_id",
        sqlite_where=text("from_one_id IS NOT NULL"),
        postgresql_where=text("from_one_id IS NOT NULL"),
    ),
    Index("ix_identity_ledger_identifier", "tenant", "pseudonym"),
    sqlite_autoincrement=True,
)

identity_map = Table(
    "identity_map",
    metadata,
    tenant_column(primary_key=True),
    Column("namespace", SEGMENT, primary_key=True),
    Column("pseudonym", SEGMENT, primary_key=True),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False, comment="0: ever"),
    Column("until_ms", BigInteger, nullable=False, comment="where the next row begins, or for good"),
    Column("own_id", ID, nullable=False, comment="the One ID that this identifier alone would have then"),
    Column("one_id", ID, nullable=False),
    Column("is_held", Boolean, nullable=False, comment="false: no statement says whose it is then"),
    Index("ix_identity_map_one_id", "tenant", "one_id"),
    Index(
        "ix_identity_map_own_id",
        "tenant",
        "own_id",
        sqlite_where=text("own_id <> one_id"),
        postgresql_where=text("own_id <> one_id"),
    ),
)

identity_joins = Table(
    "identity_joins",
    metadata,
    tenant_column(primary_key=True),
    Column("one_id", ID, primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("statement_id", NAME, nullable=False),
    Column("left_namespace", SEGMENT, nullable=False),
    Column("left_pseudonym", SEGMENT, nullable=False),
    Column("right_namespace", SEGMENT, nullable=False),
    Column("right_pseudonym", SEGMENT, nullable=False),
)

identity_refusals = Table(
    "identity_refusals",
    metadata,
    tenant_column(primary_key=True),
    Column("statement_id", NAME, primary_key=True),
    Column("right_namespace", SEGMENT, primary_key=True),
    Column("right_pseudonym", SEGMENT, primary_key=True),
    Column("left_namespace", SEGMENT, nullable=False),
    Column("left_pseudonym", SEGMENT, nullable=False),
    Column("left_from_ms", BigInteger, nullable=False, comment="which of its holders"),
    Column("right_from_ms", BigInteger, nullable=False),
    Column("reason", SEGMENT, nullable=False, comment="limit, blocked, hub or quarantine"),
    Column("namespace", SEGMENT, nullable=False, comment="whose limit, or of the identifier that joins nobody"),
    Column("allowed", Integer, nullable=False),
)
