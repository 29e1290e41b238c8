"""What is asked of one shop's members is read from an index by shop and day, not from the table.

Revision: 0024. Follows: 0023.
"""

from collections.abc import Mapping, Sequence

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_HELD: Mapping[str, Sequence[str]] = {
    "member_days": ("one_id", "scans", "transactions", "first_day", "previous_day", "next_day", "first_buy_day"),
    "member_sales": ("one_id", "currency", "sales_minor", "transactions"),
}


def upgrade() -> None:
    for table, columns in _HELD.items():
        _make_anew(table, *columns)


def downgrade() -> None:
    for table in _HELD:
        _make_anew(table)


def _make_anew(table: str, *held: str) -> None:
    op.drop_index(f"ix_{table}_store", table)
    op.create_index(f"ix_{table}_store", table, ["tenant", "store", "day", *held])
