"""Tables of duplicates: what was proposed, and what people decided of it. Records; neither follows from the log."""

from sqlalchemy import JSON, BigInteger, Column, Float, Index, Table, Text

from cloud.columns import COUNTER, ID, NAME, SEGMENT, metadata, tenant_column

duplicate_proposals = Table(
    "duplicate_proposals",
    metadata,
    tenant_column(primary_key=True),
    Column("id", ID, primary_key=True, comment="follows from the two identifiers"),
    Column("left_namespace", SEGMENT, nullable=False),
    Column("left_pseudonym", SEGMENT, nullable=False),
    Column("right_namespace", SEGMENT, nullable=False),
    Column("right_pseudonym", SEGMENT, nullable=False),
    Column("probability", Float, nullable=False),
    Column("prior_weight", Float, nullable=False, comment="in bits"),
    Column("evidence", JSON, nullable=False, comment="a list: trait, level, weight and frequency_weight in bits"),
    Column("model", SEGMENT, nullable=False),
    Column("state", SEGMENT, nullable=False, comment="open, accepted, declined or undone"),
    Column("found_ms", BigInteger, nullable=False),
    Index("ix_duplicate_proposals_state", "tenant", "state", "probability"),
)

duplicate_decisions = Table(
    "duplicate_decisions",
    metadata,
    Column("position", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("proposal_id", ID, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("decision", SEGMENT, nullable=False, comment="accepted, declined or undone"),
    Column("decided_by", NAME, nullable=False),
    Column("key_id", ID, nullable=False, comment="the key that was used"),
    Column("reason", Text, nullable=True),
    Index("ix_duplicate_decisions_proposal", "tenant", "proposal_id"),
    sqlite_autoincrement=True,
)
"""Who decided what and why; only ever added to, until the member is erased."""
