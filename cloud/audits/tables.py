"""The table of audits: records."""

from sqlalchemy import JSON, BigInteger, Column, Index, Table

from cloud.columns import ID, metadata, tenant_column

audits = Table(
    "audits",
    metadata,
    tenant_column(primary_key=True),
    Column("id", ID, primary_key=True, comment="from the report's content: the same report is kept once"),
    Column("started_ms", BigInteger, nullable=False, comment="of the latest recording"),
    Column("uploaded_ms", BigInteger, nullable=False),
    Column("key_id", ID, nullable=False),
    Column("stores", JSON, nullable=False),
    Column("report", JSON, nullable=False, comment="report.json of `shopthread audit report`"),
    Index("ix_audits_started", "tenant", "started_ms"),
)
