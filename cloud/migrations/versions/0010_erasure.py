"""Whom the cloud has forgotten.

Revision: 0010. Follows: 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_keys",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column(
            "secret",
            sa.String(length=64),
            nullable=False,
            comment="keys the hashes of this tenant's erased identifiers",
        ),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_erasure_keys")),
    )
    op.create_table(
        "erased_identifiers",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="keyed hash of the identifier"),
        sa.Column("erased_ms", sa.BigInteger(), nullable=False, comment="what happened up to then is forgotten"),
        sa.PrimaryKeyConstraint("tenant", "digest", name=op.f("pk_erased_identifiers")),
    )


def downgrade() -> None:
    op.drop_table("erased_identifiers")
    op.drop_table("erasure_keys")
