"""Tables of alerts: rules, who is told, where each rule stands, what opened, what happened to it, and what was sent."""

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from cloud.columns import COUNTER, ID, NAME, SEGMENT, metadata, tenant_column

_SUBJECT = String(320)

alert_rules = Table(
    "alert_rules",
    metadata,
    Column("id", ID, primary_key=True),
    tenant_column(),
    Column("rule", JSON, nullable=False, comment="cloud.alerts.rules.AlertRule"),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("ix_alert_rules_tenant", "tenant"),
)

alert_channels = Table(
    "alert_channels",
    metadata,
    Column("id", ID, primary_key=True),
    tenant_column(),
    Column("kind", SEGMENT, nullable=False, comment="webhook or email"),
    Column("name", NAME, nullable=False),
    Column("target", Text, nullable=False, comment="a URL, or an address"),
    Column("secret", Text, nullable=True, comment="signs what a webhook gets; kept under the service's own key"),
    Column("language", String(8), nullable=False, comment="of e-mails"),
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger, nullable=True, comment="when the receiver said that it is gone (410)"),
    Index("ix_alert_channels_tenant", "tenant"),
)

alert_standings = Table(
    "alert_standings",
    metadata,
    Column("rule_id", ID, primary_key=True),
    Column("subject", _SUBJECT, primary_key=True),
    tenant_column(),
    Column("phase", SEGMENT, nullable=False, comment="holding, open or clearing; a row that is clear is deleted"),
    Column("since_ms", BigInteger, nullable=False),
    Column("alert_id", ID, nullable=True),
    Index("ix_alert_standings_tenant", "tenant"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", ID, primary_key=True),
    tenant_column(),
    Column("rule_id", ID, nullable=False),
    Column("rule", JSON, nullable=False, comment="as it was when the alert opened"),
    Column("store", SEGMENT, nullable=True),
    Column("device", SEGMENT, nullable=True),
    Column("region", NAME, nullable=True),
    Column("value", Float, nullable=False, comment="when it opened"),
    Column("evidence", JSON, nullable=False, comment="coverage, sample, what is usual, the interval"),
    Column("opened_ms", BigInteger, nullable=False),
    Column("told_ms", BigInteger, nullable=True, comment="NULL: nobody was told, for it was quiet"),
    Column("resolved_ms", BigInteger, nullable=True),
    Column("resolution_told_ms", BigInteger, nullable=True),
    Column("resolution", SEGMENT, nullable=True, comment="cleared, or unwatched: its rule or subject is gone"),
    Column("acknowledged_ms", BigInteger, nullable=True),
    Column("acknowledged_by", NAME, nullable=True),
    Column("acknowledged_key", ID, nullable=True, comment="the API key with which"),
    Index("ix_alerts_opened", "tenant", "opened_ms", "id"),
    Index("ix_alerts_resolved", "tenant", "resolved_ms"),
)

alert_log = Table(
    "alert_log",
    metadata,
    Column("position", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("alert_id", ID, ForeignKey("alerts.id"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("what", SEGMENT, nullable=False, comment="opened, told, acknowledged or resolved"),
    Column("detail", JSON, nullable=False),
    Index("ix_alert_log_alert", "alert_id", "position"),
    sqlite_autoincrement=True,
)

alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("channel_id", ID, ForeignKey("alert_channels.id"), nullable=False),
    Column("alert_id", ID, ForeignKey("alerts.id"), nullable=False),
    Column("what", SEGMENT, nullable=False, comment="opened or resolved"),
    Column("state", SEGMENT, nullable=False, comment="pending, delivered or dead"),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False, comment="when it is due, or was last tried"),
    Column("status", Integer, nullable=True, comment="of the last answer"),
    Column("fault", Text, nullable=True, comment="why the last attempt failed"),
    Index("ix_alert_deliveries_due", "state", "next_ms"),
    Index("ix_alert_deliveries_channel", "channel_id", "id"),
    Index("ix_alert_deliveries_alert", "alert_id"),
    sqlite_autoincrement=True,
)
