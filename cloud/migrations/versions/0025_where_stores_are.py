"""Where stores are, for the map.

Revision: 0025. Follows: 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_DEGREES = ("latitude", "longitude")


def upgrade() -> None:
    with op.batch_alter_table("stores") as altered:
        for name in _DEGREES:
            altered.add_column(sa.Column(name, sa.Float(), nullable=True, comment="degrees, WGS 84"))


def downgrade() -> None:
    with op.batch_alter_table("stores") as altered:
        for name in _DEGREES:
            altered.drop_column(name)
