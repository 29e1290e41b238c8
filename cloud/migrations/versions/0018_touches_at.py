"""Touches are compared with visits at the time that the store's measurement of the device's clock gives.

What came before is put right by `shopthread cloud rebuild`: until then it stands at the device's own time.

Revision: 0018. Follows: 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "touches",
        sa.Column("at_ms", sa.BigInteger(), nullable=True, comment="when, as far as the device's clock was measured"),
    )
    op.execute("UPDATE touches SET at_ms = time_ms")
    op.drop_index("ix_touches_zone", "touches")
    with op.batch_alter_table("touches") as touches:
        touches.alter_column("at_ms", existing_type=sa.BigInteger(), nullable=False)
        touches.alter_column(
            "time_ms",
            existing_type=sa.BigInteger(),
            existing_nullable=False,
            comment="when, as the device's clock tells it",
        )
    op.create_index("ix_touches_zone", "touches", ["tenant", "store", "zone_id", "at_ms", "touch_id"])


def downgrade() -> None:
    op.drop_index("ix_touches_zone", "touches")
    with op.batch_alter_table("touches") as touches:
        touches.drop_column("at_ms")
        touches.alter_column("time_ms", existing_type=sa.BigInteger(), existing_nullable=False, comment=None)
    op.create_index("ix_touches_zone", "touches", ["tenant", "store", "zone_id", "time_ms", "touch_id"])
