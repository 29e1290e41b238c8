"""Where people stood, and floor plans.

Revision: 0009. Follows: 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "floor_heat",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("cell_m", sa.Float(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False, comment="[column, row, seconds] each"),
        sa.PrimaryKeyConstraint("tenant", "event_id", name=op.f("pk_floor_heat")),
    )
    op.create_index("ix_floor_heat_start", "floor_heat", ["tenant", "store", "start_ms"])
    op.create_table(
        "floor_plans",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", name=op.f("pk_floor_plans")),
    )


def downgrade() -> None:
    op.drop_table("floor_plans")
    op.drop_table("floor_heat")
    op.execute("DELETE FROM projection_cursors WHERE name = 'floor'")  # Else it would not begin anew.
