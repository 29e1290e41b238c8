"""What was taken out of the log is counted.

Revision: 0020. Follows: 0019.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retired_counts",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("highest_sequence", sa.BigInteger(), nullable=False),
        sa.Column("last_time_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "device", "type", name=op.f("pk_retired_counts")),
    )
    op.create_table(
        "retired_delays",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("hour_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("late_1h", sa.BigInteger(), nullable=False),
        sa.Column("late_24h", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "hour_ms", name=op.f("pk_retired_delays")),
    )


def downgrade() -> None:
    op.drop_table("retired_delays")
    op.drop_table("retired_counts")
