"""Profiles that may be one person's are proposed, and people decide.

Revision: 0021. Follows: 0020.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "duplicate_proposals",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False, comment="follows from the two identifiers"),
        sa.Column("left_namespace", sa.String(length=64), nullable=False),
        sa.Column("left_pseudonym", sa.String(length=64), nullable=False),
        sa.Column("right_namespace", sa.String(length=64), nullable=False),
        sa.Column("right_pseudonym", sa.String(length=64), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("prior_weight", sa.Float(), nullable=False, comment="in bits"),
        sa.Column(
            "evidence",
            sa.JSON(),
            nullable=False,
            comment="a list: trait, level, weight and frequency_weight in bits",
        ),
        sa.Column("model", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False, comment="open, accepted, declined or undone"),
        sa.Column("found_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_duplicate_proposals")),
    )
    op.create_index("ix_duplicate_proposals_state", "duplicate_proposals", ["tenant", "state", "probability"])
    op.create_table(
        "duplicate_decisions",
        sa.Column("position", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("proposal_id", sa.String(length=36), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False, comment="accepted, declined or undone"),
        sa.Column("decided_by", sa.String(length=128), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False, comment="the key that was used"),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_duplicate_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_duplicate_decisions_proposal", "duplicate_decisions", ["tenant", "proposal_id"])


def downgrade() -> None:
    op.drop_table("duplicate_decisions")
    op.drop_table("duplicate_proposals")
