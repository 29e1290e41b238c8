"""Rollups of weeks and months, and of how far visits come. All hours are queued to be summed anew.

Revision: 0012. Follows: 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_STEPS = ("shelf", "scan", "purchase")
_COLUMNS = [f"{step}{what}_ppm" for step in _STEPS for what in ("", "_variance")]
_TABLES = ("rollups", "rollup_money")


def upgrade() -> None:
    with op.batch_alter_table("rollups") as rollups:
        for name in _COLUMNS:
            rollups.add_column(sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    with op.batch_alter_table("rollups") as rollups:
        for name in _COLUMNS:
            rollups.alter_column(name, server_default=None)
    _comment_grain("hour or day", "hour, day, week or month")
    op.execute(
        "INSERT INTO analytics_queue (stage, tenant, store, key) "
        "SELECT DISTINCT 1, tenant, store, CAST(start_ms - start_ms % 3600000 AS VARCHAR) "
        "FROM rollups WHERE grain = 'hour' ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"DELETE FROM {table} WHERE grain IN ('week', 'month')")  # noqa: S608 - our own names
    _comment_grain("hour, day, week or month", "hour or day")
    with op.batch_alter_table("rollups") as rollups:
        for name in _COLUMNS:
            rollups.drop_column(name)


def _comment_grain(before: str, after: str) -> None:
    for table in _TABLES:
        with op.batch_alter_table(table) as altered:
            altered.alter_column("grain", existing_type=sa.String(length=64), existing_comment=before, comment=after)
