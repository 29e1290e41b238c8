"""Regions and opening hours of stores, and what headquarters' figures are summed in.

Revision: 0006. Follows: 0005. Run `shopthread cloud rebuild` afterwards: what came before is summed only then.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "analytics_queue",
        sa.Column("stage", sa.Integer(), autoincrement=False, nullable=False, comment="1 hours, 2 days, 3 members"),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False, comment="empty for members"),
        sa.Column("key", sa.String(length=36), nullable=False, comment="first ms of an hour of UTC, day, or One ID"),
        sa.PrimaryKeyConstraint("stage", "tenant", "store", "key", name=op.f("pk_analytics_queue")),
    )
    op.create_table(
        "journeys",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column(
            "steps",
            sa.JSON(),
            nullable=False,
            comment="[ms after the entry, step, probability in millionths]",
        ),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "start_ms", "visit_id", name=op.f("pk_journeys")),
    )
    op.create_table(
        "member_days",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("transactions_before", sa.BigInteger(), nullable=False),
        sa.Column("first_day", sa.Integer(), nullable=False, comment="when the member was first in any shop"),
        sa.Column("previous_day", sa.Integer(), nullable=True, comment="the last day before this one in any shop"),
        sa.Column("next_day", sa.Integer(), nullable=True, comment="the next day in any shop"),
        sa.Column("first_buy_day", sa.Integer(), nullable=True),
        sa.Column("previous_buy_day", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "one_id", "day", "store", name=op.f("pk_member_days")),
    )
    op.create_index("ix_member_days_day", "member_days", ["tenant", "day"])

    op.create_table(
        "member_sales",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sales_minor", sa.BigInteger(), nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "one_id", "day", "store", "currency", name=op.f("pk_member_sales")),
    )
    op.create_index("ix_member_sales_day", "member_sales", ["tenant", "day"])

    op.create_table(
        "queue_waits",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("zone_id", sa.String(length=128), nullable=False),
        sa.Column("joined_ms", sa.BigInteger(), nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_id", name=op.f("pk_queue_waits")),
    )
    op.create_index("ix_queue_waits_joined", "queue_waits", ["tenant", "store", "joined_ms"])

    op.create_table(
        "rollup_money",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("grain", sa.String(length=64), nullable=False, comment="hour or day"),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("sales_minor", sa.BigInteger(), nullable=False),
        sa.Column("money_transactions", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "grain", "store", "day", "start_ms", "currency", name=op.f("pk_rollup_money")
        ),
    )
    op.create_table(
        "rollup_terminals",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("receipts", sa.BigInteger(), nullable=False),
        sa.Column("member_touches", sa.BigInteger(), nullable=False),
        sa.Column("decided", sa.BigInteger(), nullable=False),
        sa.Column("linked", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "start_ms", "device", name=op.f("pk_rollup_terminals")),
    )
    op.create_table(
        "rollup_zones",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("zone_id", sa.String(length=128), nullable=False),
        sa.Column("zone_kind", sa.String(length=64), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("stays", sa.BigInteger(), nullable=False),
        sa.Column("dwell_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "store", "day", "start_ms", "zone_id", "zone_kind", name=op.f("pk_rollup_zones")
        ),
    )
    op.create_table(
        "rollups",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("grain", sa.String(length=64), nullable=False, comment="hour or day"),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False, comment="days since 0000-12-31"),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("footfall_in", sa.BigInteger(), nullable=False),
        sa.Column("footfall_out", sa.BigInteger(), nullable=False),
        sa.Column("passersby", sa.BigInteger(), nullable=False),
        sa.Column("visits", sa.BigInteger(), nullable=False),
        sa.Column("staff_visits", sa.BigInteger(), nullable=False),
        sa.Column("parties", sa.BigInteger(), nullable=False),
        sa.Column("dwell_ms", sa.BigInteger(), nullable=False),
        sa.Column("dwell_visits", sa.BigInteger(), nullable=False),
        sa.Column("person_ms", sa.BigInteger(), nullable=False),
        sa.Column("queue_served", sa.BigInteger(), nullable=False),
        sa.Column("queue_abandoned", sa.BigInteger(), nullable=False),
        sa.Column("queue_unknown", sa.BigInteger(), nullable=False),
        sa.Column("queue_wait_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("observed_ms", sa.BigInteger(), nullable=False),
        sa.Column("scans", sa.BigInteger(), nullable=False),
        sa.Column("receipts", sa.BigInteger(), nullable=False),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("member_transactions", sa.BigInteger(), nullable=False),
        sa.Column("units_milli", sa.BigInteger(), nullable=False),
        sa.Column("linked_ppm", sa.BigInteger(), nullable=False),
        sa.Column("linked_variance_ppm", sa.BigInteger(), nullable=False),
        sa.Column("buyers_ppm", sa.BigInteger(), nullable=False),
        sa.Column("buyers_variance_ppm", sa.BigInteger(), nullable=False),
        sa.Column("peak_people", sa.BigInteger(), nullable=False),
        sa.Column("open_ms", sa.BigInteger(), nullable=False),
        sa.Column("expected_ms", sa.BigInteger(), nullable=False),
        sa.Column("devices", sa.JSON(), nullable=False, comment="what each camera observed, in milliseconds"),
        sa.Column("expected_devices", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "grain", "store", "day", "start_ms", name=op.f("pk_rollups")),
    )
    with op.batch_alter_table("stores") as table:
        table.add_column(sa.Column("region", sa.String(length=128), nullable=True))
        table.add_column(
            sa.Column("opening_hours", sa.JSON(none_as_null=True), nullable=True, comment="NULL: open all the time")
        )

    op.create_index("ix_touches_time", "touches", ["tenant", "store", "time_ms"])

    op.create_index("ix_visits_party", "visits", ["tenant", "store", "party_id"])


def downgrade() -> None:
    op.drop_index("ix_visits_party", "visits")

    op.drop_index("ix_touches_time", "touches")

    with op.batch_alter_table("stores") as table:
        table.drop_column("opening_hours")
        table.drop_column("region")

    op.drop_table("rollups")
    op.drop_table("rollup_zones")
    op.drop_table("rollup_terminals")
    op.drop_table("rollup_money")
    op.drop_index("ix_queue_waits_joined", "queue_waits")

    op.drop_table("queue_waits")
    op.drop_index("ix_member_sales_day", "member_sales")

    op.drop_table("member_sales")
    op.drop_index("ix_member_days_day", "member_days")

    op.drop_table("member_days")
    op.drop_table("journeys")
    op.drop_table("analytics_queue")
    op.execute("DELETE FROM projection_cursors WHERE name = 'analytics'")  # Else it would not begin anew.
