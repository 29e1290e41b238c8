"""The change feed, and webhooks.

Revision: 0008. Follows: 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("position", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False, comment="when it was published"),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_tenant", "changes", ["tenant", "position"])
    op.create_index("ix_changes_profile", "changes", ["tenant", "one_id"])
    op.create_table(
        "change_queue",
        sa.Column("id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_queue")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "profile_queue",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "one_id", name=op.f("pk_profile_queue")),
    )
    op.create_table(
        "published_profiles",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=True,
            comment="of what was known of it; NULL: it went into another one",
        ),
        sa.Column("merged_into", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "one_id", name=op.f("pk_published_profiles")),
    )
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False, comment="signs what is sent; the receiver has the same"),
        sa.Column("kinds", sa.JSON(), nullable=False, comment="of changes; empty: all"),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column(
            "disabled_ms", sa.BigInteger(), nullable=True, comment="when the receiver said that it is gone (410)"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index("ix_webhooks_tenant", "webhooks", ["tenant"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False, comment="of the change"),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False, comment="pending, delivered or dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False, comment="when it is due, or was last tried"),
        sa.Column("status", sa.Integer(), nullable=True, comment="of the last answer"),
        sa.Column("fault", sa.Text(), nullable=True, comment="why the last attempt failed"),
        sa.PrimaryKeyConstraint("webhook_id", "position", name=op.f("pk_webhook_deliveries")),
    )
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["state", "next_ms"])
    op.execute(
        "INSERT INTO profile_queue (tenant, one_id) SELECT tenant, one_id FROM profiles WHERE true "
        "ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    for table in (
        "webhook_deliveries",
        "webhooks",
        "published_profiles",
        "profile_queue",
        "change_queue",
        "changes",
    ):
        op.drop_table(table)
