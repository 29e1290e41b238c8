"""Who made a visit, and what that follows from.

Revision: 0004. Follows: 0003. Visits that are there already tell no role until `shopthread cloud rebuild`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("visits") as table:
        table.add_column(sa.Column("role", sa.String(length=64), nullable=True, comment="customer or staff"))
        table.add_column(sa.Column("staff_rule_version", sa.String(length=128), nullable=True))
        table.add_column(sa.Column("staff_evidence", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("visits") as table:
        table.drop_column("staff_evidence")
        table.drop_column("staff_rule_version")
        table.drop_column("role")
