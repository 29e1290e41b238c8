"""Tables of webhooks: who wants to be told, and what became of telling them."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, Table, Text

from cloud.columns import ID, SEGMENT, metadata, tenant_column

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ID, primary_key=True),
    tenant_column(),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False, comment="signs what is sent; kept under the service's own key"),
    Column("kinds", JSON, nullable=False, comment="of changes; empty: all"),
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger, nullable=True, comment="when the receiver said that it is gone (410)"),
    Index("ix_webhooks_tenant", "tenant"),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("webhook_id", ID, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False, comment="of the change"),
    tenant_column(),
    Column("state", SEGMENT, nullable=False, comment="pending, delivered or dead"),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False, comment="when it is due, or was last tried"),
    Column("status", Integer, nullable=True, comment="of the last answer"),
    Column("fault", Text, nullable=True, comment="why the last attempt failed"),
    Index("ix_webhook_deliveries_due", "state", "next_ms"),
)
