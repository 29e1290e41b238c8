"""Numbers of new, existing and dormant members that are kept as members come. All members are queued to be counted.

Revision: 0015. Follows: 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COUNTS = ("members", "visits", "visits_with_purchase", "buyers", "transactions", "sales_minor")


def upgrade() -> None:
    op.create_table(
        "member_cells",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column(
            "edge", sa.Integer(), autoincrement=False, nullable=False, comment="see cloud.analytics.member_cells"
        ),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="* of what is no money"),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint("tenant", "kind", "day", "edge", "currency", name=op.f("pk_member_cells")),
    )
    op.create_index("ix_member_days_store", "member_days", ["tenant", "store", "day"])
    op.create_index("ix_member_sales_store", "member_sales", ["tenant", "store", "day"])
    op.execute(
        "INSERT INTO analytics_queue (stage, tenant, store, key) SELECT DISTINCT 3, tenant, '', one_id "
        "FROM member_days WHERE TRUE ON CONFLICT DO NOTHING"
    )
    # What is left out of the numbers must not be taken from them when its members are counted.
    op.execute("DELETE FROM member_days")
    op.execute("DELETE FROM member_sales")


def downgrade() -> None:
    op.drop_index("ix_member_sales_store", "member_sales")
    op.drop_index("ix_member_days_store", "member_days")
    op.drop_table("member_cells")
