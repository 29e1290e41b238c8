"""What is known of members: attributes, categories of items, and where customers stand.

Touches are read from the log once more, so that earlier purchases count.

Revision: 0007. Follows: 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profile_attributes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.String(length=256), nullable=False, comment="empty: the source takes back what it said"),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, comment="how far the source is trusted, 0 the most"),
        sa.Column("at_ms", sa.BigInteger(), nullable=False, comment="when it was so"),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False, comment="when we knew"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_attributes")),
        sa.UniqueConstraint(
            "tenant",
            "namespace",
            "pseudonym",
            "name",
            "source",
            "at_ms",
            "value",
            "rank",
            name="uq_profile_attributes_said",
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "product_categories",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("category", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "gtin", name=op.f("pk_product_categories")),
    )
    op.create_table(
        "profile_purchases",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False, comment="of most purchases"),
        sa.Column("recency", sa.BigInteger(), nullable=False, comment="bucket, as are the next two"),
        sa.Column("frequency", sa.BigInteger(), nullable=False),
        sa.Column("monetary", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "one_id", name=op.f("pk_profile_purchases")),
    )
    op.create_table(
        "rfm_histogram",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("measure", sa.String(length=64), nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "currency", "measure", "bucket", name=op.f("pk_rfm_histogram")),
    )
    op.create_index("ix_identity_ledger_identifier", "identity_ledger", ["tenant", "pseudonym"])
    op.execute("UPDATE projection_cursors SET position = 0 WHERE name = 'touches'")


def downgrade() -> None:
    op.drop_index("ix_identity_ledger_identifier", table_name="identity_ledger")
    op.drop_table("rfm_histogram")
    op.drop_table("profile_purchases")
    op.drop_table("product_categories")
    op.drop_table("profile_attributes")
