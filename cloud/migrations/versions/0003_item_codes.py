"""Item codes, their scans' verdicts, and where stores are.

Revision: 0003. Follows: 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_products",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("page_url", sa.Text(), nullable=True, comment="where people read more of the product"),
        sa.PrimaryKeyConstraint("tenant", "gtin", name=op.f("pk_code_products")),
    )
    op.create_table(
        "code_queue",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("serial", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "gtin", "serial", name=op.f("pk_code_queue")),
    )
    op.create_table(
        "code_states",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("serial", sa.String(length=20), nullable=False),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False, comment="scans by others after the one that authenticated"),
        sa.Column("persons", sa.Integer(), nullable=False, comment="different profiles that claimed the item"),
        sa.Column("authenticated_ms", sa.BigInteger(), nullable=True),
        sa.Column("last_scan_ms", sa.BigInteger(), nullable=False),
        sa.Column("is_cloned", sa.Boolean(), nullable=False),
        sa.Column(
            "alert",
            sa.String(length=64),
            nullable=True,
            comment="cloned, unknown_code or repeat; NULL where nothing is wrong",
        ),
        sa.PrimaryKeyConstraint("tenant", "gtin", "serial", name=op.f("pk_code_states")),
    )
    with op.batch_alter_table("code_states", schema=None) as batch_op:
        batch_op.create_index("ix_code_states_alert", ["tenant", "alert", "last_scan_ms"], unique=False)

    op.create_table(
        "code_verdicts",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("touch_id", sa.String(length=36), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("serial", sa.String(length=20), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "touch_id", name=op.f("pk_code_verdicts")),
    )
    with op.batch_alter_table("code_verdicts", schema=None) as batch_op:
        batch_op.create_index("ix_code_verdicts_code", ["tenant", "gtin", "serial"], unique=False)

    op.create_table(
        "item_codes",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("serial", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False, comment="outer or inner"),
        sa.Column("lot", sa.String(length=20), nullable=True),
        sa.Column(
            "outer_serial",
            sa.String(length=20),
            nullable=True,
            comment="of the pack that an inner code lies in, same GTIN",
        ),
        sa.Column("sold_ms", sa.BigInteger(), nullable=True, comment="when the item was sold, where somebody said so"),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False, comment="when we knew"),
        sa.PrimaryKeyConstraint("tenant", "gtin", "serial", name=op.f("pk_item_codes")),
    )
    with op.batch_alter_table("item_codes", schema=None) as batch_op:
        batch_op.create_index("ix_item_codes_outer", ["tenant", "gtin", "outer_serial"], unique=False)

    op.create_table(
        "store_positions",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("latitude_deg", sa.Float(), nullable=False, comment="WGS 84"),
        sa.Column("longitude_deg", sa.Float(), nullable=False, comment="WGS 84"),
        sa.PrimaryKeyConstraint("tenant", "store", name=op.f("pk_store_positions")),
    )
    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.create_index(
            "ix_touches_code",
            ["tenant", "gtin", "serial"],
            unique=False,
            sqlite_where=sa.text("length(serial) <= 20"),
            postgresql_where=sa.text("length(serial) <= 20"),
        )
    # What was scanned before this revision waits to be judged.
    op.execute(
        "INSERT INTO code_queue (tenant, gtin, serial) SELECT DISTINCT tenant, gtin, serial FROM touches "
        "WHERE gtin IS NOT NULL AND length(serial) <= 20"
    )


def downgrade() -> None:
    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_touches_code",
            sqlite_where=sa.text("length(serial) <= 20"),
            postgresql_where=sa.text("length(serial) <= 20"),
        )

    op.drop_table("store_positions")
    with op.batch_alter_table("item_codes", schema=None) as batch_op:
        batch_op.drop_index("ix_item_codes_outer")

    op.drop_table("item_codes")
    with op.batch_alter_table("code_verdicts", schema=None) as batch_op:
        batch_op.drop_index("ix_code_verdicts_code")

    op.drop_table("code_verdicts")
    with op.batch_alter_table("code_states", schema=None) as batch_op:
        batch_op.drop_index("ix_code_states_alert")

    op.drop_table("code_states")
    op.drop_table("code_queue")
    op.drop_table("code_products")
