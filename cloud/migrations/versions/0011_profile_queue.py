"""Profiles queue for the change feed without a key, so that nobody who notes one waits for another.

Revision: 0011. Follows: 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("profile_queue")
    op.create_table(
        "profile_queue",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_queue")),
        sqlite_autoincrement=True,
    )
    op.execute("INSERT INTO profile_queue (tenant, one_id) SELECT tenant, one_id FROM profiles")


def downgrade() -> None:
    op.drop_table("profile_queue")
    op.create_table(
        "profile_queue",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "one_id", name=op.f("pk_profile_queue")),
    )
