"""Erasures stand in an order, so that gateways can ask for what is new.

Revision: 0017. Follows: 0016.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("erased_identifiers") as batch_op:
        batch_op.add_column(
            sa.Column(
                "position",
                sa.BigInteger(),
                nullable=False,
                server_default="0",
                comment="in the order of erasure, over all tenants; for gateways",
            )
        )
    _number()
    with op.batch_alter_table("erased_identifiers") as batch_op:
        batch_op.alter_column("position", server_default=None)
        batch_op.create_index("ix_erased_identifiers_position", ["tenant", "position"], unique=False)


def _number() -> None:
    """Give what stands its positions, the earliest erasure first."""
    erased = sa.table(
        "erased_identifiers", *(sa.column(n) for n in ("tenant", "digest", "from_ms", "erased_ms", "position"))
    )
    connection = op.get_bind()
    keys = connection.execute(
        sa.select(erased.c.tenant, erased.c.digest, erased.c.from_ms).order_by(erased.c.erased_ms, erased.c.digest)
    ).all()
    for position, (tenant, digest, from_ms) in enumerate(keys, start=1):
        this = sa.and_(erased.c.tenant == tenant, erased.c.digest == digest, erased.c.from_ms == from_ms)
        connection.execute(sa.update(erased).where(this).values(position=position))


def downgrade() -> None:
    with op.batch_alter_table("erased_identifiers") as batch_op:
        batch_op.drop_index("ix_erased_identifiers_position")
        batch_op.drop_column("position")
