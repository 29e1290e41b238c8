"""Alerts: rules, channels, where each rule stands, alerts with their log, and deliveries.

Revision: 0013. Follows: 0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_channels",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False, comment="webhook or email"),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="a URL, or an address"),
        sa.Column("secret", sa.Text(), nullable=True, comment="signs what a webhook gets"),
        sa.Column("language", sa.String(length=8), nullable=False, comment="of e-mails"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column(
            "disabled_ms", sa.BigInteger(), nullable=True, comment="when the receiver said that it is gone (410)"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_channels")),
    )
    op.create_index("ix_alert_channels_tenant", "alert_channels", ["tenant"], unique=False)
    op.create_table(
        "alert_rules",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False, comment="cloud.alerts.rules.AlertRule"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_rules")),
    )
    op.create_index("ix_alert_rules_tenant", "alert_rules", ["tenant"], unique=False)
    op.create_table(
        "alert_standings",
        sa.Column("rule_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column(
            "phase",
            sa.String(length=64),
            nullable=False,
            comment="holding, open or clearing; a row that is clear is deleted",
        ),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("rule_id", "subject", name=op.f("pk_alert_standings")),
    )
    op.create_index("ix_alert_standings_tenant", "alert_standings", ["tenant"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("rule_id", sa.String(length=36), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False, comment="as it was when the alert opened"),
        sa.Column("store", sa.String(length=64), nullable=True),
        sa.Column("device", sa.String(length=64), nullable=True),
        sa.Column("region", sa.String(length=128), nullable=True),
        sa.Column("value", sa.Float(), nullable=False, comment="when it opened"),
        sa.Column("evidence", sa.JSON(), nullable=False, comment="coverage, sample, what is usual, the interval"),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=True, comment="NULL: nobody was told, for it was quiet"),
        sa.Column("resolved_ms", sa.BigInteger(), nullable=True),
        sa.Column("resolution_told_ms", sa.BigInteger(), nullable=True),
        sa.Column(
            "resolution",
            sa.String(length=64),
            nullable=True,
            comment="cleared, or unwatched: its rule or subject is gone",
        ),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=128), nullable=True),
        sa.Column("acknowledged_key", sa.String(length=36), nullable=True, comment="the API key with which"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_opened", "alerts", ["tenant", "opened_ms", "id"], unique=False)
    op.create_index("ix_alerts_resolved", "alerts", ["tenant", "resolved_ms"], unique=False)
    op.create_table(
        "alert_deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("channel_id", sa.String(length=36), nullable=False),
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False, comment="opened or resolved"),
        sa.Column("state", sa.String(length=64), nullable=False, comment="pending, delivered or dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False, comment="when it is due, or was last tried"),
        sa.Column("status", sa.Integer(), nullable=True, comment="of the last answer"),
        sa.Column("fault", sa.Text(), nullable=True, comment="why the last attempt failed"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_deliveries_alert_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["alert_channels.id"], name=op.f("fk_alert_deliveries_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_deliveries")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_deliveries_channel", "alert_deliveries", ["channel_id", "id"], unique=False)
    op.create_index("ix_alert_deliveries_due", "alert_deliveries", ["state", "next_ms"], unique=False)
    op.create_table(
        "alert_log",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False, comment="opened, told, acknowledged or resolved"),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_log_alert_id")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_alert_log")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_log_alert", "alert_log", ["alert_id", "position"], unique=False)


def downgrade() -> None:
    for table in ("alert_log", "alert_deliveries", "alerts", "alert_standings", "alert_rules", "alert_channels"):
        op.drop_table(table)
