"""Numbers of members are kept of regions too, and by month. All members are queued to be counted anew.

Revision: 0023. Follows: 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TABLES = ("member_days", "member_sales")
_COUNTS = ("members", "visits", "visits_with_purchase", "buyers", "transactions", "sales_minor")


def upgrade() -> None:
    _queue_members()
    op.drop_table("member_cells")
    _create_cells(
        sa.Column("place", sa.String(length=160), nullable=False, comment="* of all shops, else a region or a shop"),
    )
    for table in _TABLES:
        with op.batch_alter_table(table) as altered:
            altered.add_column(
                sa.Column(
                    "region",
                    sa.String(length=128),
                    nullable=True,
                    comment="of the shop, as it was when the member was counted",
                )
            )


def downgrade() -> None:
    _queue_members()
    for table in _TABLES:
        with op.batch_alter_table(table) as altered:
            altered.drop_column("region")
    op.drop_table("member_cells")
    _create_cells()


def _queue_members() -> None:
    """Queue all members and forget what was counted, which must not be taken from numbers that do not hold it."""
    op.execute(
        "INSERT INTO analytics_queue (stage, tenant, store, key) SELECT DISTINCT 3, tenant, '', one_id "
        "FROM member_days WHERE TRUE ON CONFLICT DO NOTHING"
    )
    for table in _TABLES:
        op.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


def _create_cells(*place: sa.Column[str]) -> None:
    key = ("tenant", *(column.name for column in place), "kind", "day", "edge", "currency")
    op.create_table(
        "member_cells",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        *place,
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column(
            "edge", sa.Integer(), autoincrement=False, nullable=False, comment="see cloud.analytics.member_cells"
        ),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="* of what is no money"),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_member_cells")),
    )
