"""What was learned of terminals.

Revision: 0005. Follows: 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "terminal_models",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column(
            "day_ms", sa.BigInteger(), nullable=False, comment="first instant of the UTC day whose touches it is for"
        ),
        sa.Column("place_x_m", sa.Float(), nullable=True),
        sa.Column("place_y_m", sa.Float(), nullable=True),
        sa.Column("spread_m", sa.Float(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("offset_ms", sa.Float(), nullable=False),
        sa.Column("drift_ppm", sa.Float(), nullable=False),
        sa.Column("sigma_ms", sa.Float(), nullable=False),
        sa.Column("touches", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "device", "day_ms", name=op.f("pk_terminal_models")),
    )
    op.create_table(
        "terminal_queue",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=64),
            nullable=False,
            comment="touch, visit, or zone that a visit has left",
        ),
        sa.Column("key", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "key", name=op.f("pk_terminal_queue")),
    )


def downgrade() -> None:
    op.drop_table("terminal_queue")
    op.drop_table("terminal_models")
