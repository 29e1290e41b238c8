"""Statements of identity, what follows from them, and profiles that no store has seen yet.

Revision: 0002. Follows: 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_blocks",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "namespace", "pseudonym", name=op.f("pk_identity_blocks")),
    )
    op.create_table(
        "identity_joins",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("statement_id", sa.String(length=128), nullable=False),
        sa.Column("left_namespace", sa.String(length=64), nullable=False),
        sa.Column("left_pseudonym", sa.String(length=64), nullable=False),
        sa.Column("right_namespace", sa.String(length=64), nullable=False),
        sa.Column("right_pseudonym", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "one_id", "ordinal", name=op.f("pk_identity_joins")),
    )
    op.create_table(
        "identity_ledger",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column(
            "cause", sa.String(length=64), nullable=False, comment="stated, retracted, blocked, unblocked or rules"
        ),
        sa.Column("statement_id", sa.String(length=128), nullable=True),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("from_one_id", sa.String(length=36), nullable=False),
        sa.Column("to_one_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_identity_ledger")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("identity_ledger", schema=None) as batch_op:
        batch_op.create_index("ix_identity_ledger_from", ["tenant", "from_one_id"], unique=False)
        batch_op.create_index("ix_identity_ledger_tenant", ["tenant", "position"], unique=False)

    op.create_table(
        "identity_map",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column(
            "own_id", sa.String(length=36), nullable=False, comment="the One ID that this identifier alone would have"
        ),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "namespace", "pseudonym", name=op.f("pk_identity_map")),
    )
    with op.batch_alter_table("identity_map", schema=None) as batch_op:
        batch_op.create_index("ix_identity_map_one_id", ["tenant", "one_id"], unique=False)
        batch_op.create_index("ix_identity_map_own_id", ["tenant", "own_id"], unique=False)

    op.create_table(
        "identity_mentions",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("statement_id", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "namespace", "pseudonym", "statement_id", name=op.f("pk_identity_mentions")),
    )
    with op.batch_alter_table("identity_mentions", schema=None) as batch_op:
        batch_op.create_index("ix_identity_mentions_statement", ["tenant", "statement_id"], unique=False)

    op.create_table(
        "identity_refusals",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("statement_id", sa.String(length=128), nullable=False),
        sa.Column("right_namespace", sa.String(length=64), nullable=False),
        sa.Column("right_pseudonym", sa.String(length=64), nullable=False),
        sa.Column("left_namespace", sa.String(length=64), nullable=False),
        sa.Column("left_pseudonym", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False, comment="limit, blocked or hub"),
        sa.Column(
            "namespace",
            sa.String(length=64),
            nullable=False,
            comment="whose limit, or of the identifier that joins nobody",
        ),
        sa.Column("allowed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "statement_id", "right_namespace", "right_pseudonym", name=op.f("pk_identity_refusals")
        ),
    )
    op.create_table(
        "identity_statements",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("statement_id", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=128), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False, comment="how far the source is trusted, 0 the most"),
        sa.Column("relation", sa.String(length=64), nullable=False, comment="same_person or household"),
        sa.Column("at_ms", sa.BigInteger(), nullable=False, comment="when it was said"),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False, comment="when we knew"),
        sa.Column("retracted_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "statement_id", name=op.f("pk_identity_statements")),
    )
    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.alter_column(
            "first_seen_ms",
            existing_type=sa.BIGINT(),
            nullable=True,
            comment="NULL: known from records, never seen in a store",
        )
        batch_op.alter_column("last_seen_ms", existing_type=sa.BIGINT(), nullable=True)

    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.create_index("ix_touches_identifier", ["tenant", "pseudonym"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.drop_index("ix_touches_identifier")

    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.alter_column("last_seen_ms", existing_type=sa.BIGINT(), nullable=False)
        batch_op.alter_column("first_seen_ms", existing_type=sa.BIGINT(), nullable=False)

    op.drop_table("identity_statements")
    op.drop_table("identity_refusals")
    with op.batch_alter_table("identity_mentions", schema=None) as batch_op:
        batch_op.drop_index("ix_identity_mentions_statement")

    op.drop_table("identity_mentions")
    with op.batch_alter_table("identity_map", schema=None) as batch_op:
        batch_op.drop_index("ix_identity_map_own_id")
        batch_op.drop_index("ix_identity_map_one_id")

    op.drop_table("identity_map")
    with op.batch_alter_table("identity_ledger", schema=None) as batch_op:
        batch_op.drop_index("ix_identity_ledger_tenant")
        batch_op.drop_index("ix_identity_ledger_from")

    op.drop_table("identity_ledger")
    op.drop_table("identity_joins")
    op.drop_table("identity_blocks")
