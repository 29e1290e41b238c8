"""Reports of audits, and how late events came in.

Revision: 0016. Follows: 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audits",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column(
            "id",
            sa.String(length=36),
            nullable=False,
            comment="from the report's content: the same report is kept once",
        ),
        sa.Column("started_ms", sa.BigInteger(), nullable=False, comment="of the latest recording"),
        sa.Column("uploaded_ms", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("stores", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False, comment="report.json of `shopthread audit report`"),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_audits")),
    )
    op.create_index("ix_audits_started", "audits", ["tenant", "started_ms"], unique=False)
    op.create_table(
        "event_delays",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column(
            "hour_ms", sa.BigInteger(), autoincrement=False, nullable=False, comment="of UTC, when they happened"
        ),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("late_1h", sa.BigInteger(), nullable=False, comment="came in more than an hour after they happened"),
        sa.Column("late_24h", sa.BigInteger(), nullable=False, comment="more than a day after"),
        sa.PrimaryKeyConstraint("tenant", "store", "hour_ms", name=op.f("pk_event_delays")),
    )


def downgrade() -> None:
    for table in ("event_delays", "audits"):
        op.drop_table(table)
    op.execute("DELETE FROM projection_cursors WHERE name = 'lateness'")  # Else it would not begin anew.
