"""Where a store is stands once: beside the codes that are judged by it.

Revision: 0026. Follows: 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_DEGREES = ("latitude", "longitude")


def upgrade() -> None:
    op.execute(
        "INSERT INTO store_positions (tenant, store, latitude_deg, longitude_deg) SELECT tenant, store, latitude, "
        "longitude FROM stores WHERE latitude IS NOT NULL AND longitude IS NOT NULL ON CONFLICT DO NOTHING"
    )
    with op.batch_alter_table("stores") as altered:
        for name in _DEGREES:
            altered.drop_column(name)


def downgrade() -> None:
    with op.batch_alter_table("stores") as altered:
        for name in _DEGREES:
            altered.add_column(sa.Column(name, sa.Float(), nullable=True, comment="degrees, WGS 84"))
