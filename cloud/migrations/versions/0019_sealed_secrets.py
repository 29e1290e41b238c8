"""Secrets of webhooks are kept under the service's own key; the service seals what stands when it starts.

Revision: 0019. Follows: 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COMMENTS = {
    "webhooks": (
        "signs what is sent; the receiver has the same",
        "signs what is sent; kept under the service's own key",
    ),
    "alert_channels": ("signs what a webhook gets", "signs what a webhook gets; kept under the service's own key"),
}


def upgrade() -> None:
    _comment(1)


def downgrade() -> None:
    _comment(0)


def _comment(which: int) -> None:
    for table, comments in _COMMENTS.items():
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column("secret", existing_type=sa.Text(), comment=comments[which])
