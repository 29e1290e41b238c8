"""Records and projections of the first release.

Revision: 0001. Follows: none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the key, which is shown once"),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False, comment="when the member said so"),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False, comment="when we knew"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sa.UniqueConstraint(
            "tenant",
            "namespace",
            "pseudonym",
            "purpose",
            "at_ms",
            "granted",
            name=op.f("uq_consents_tenant_namespace_pseudonym_purpose_at_ms_granted"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "corrected_events",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("correction_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_id", "correction_id", name=op.f("pk_corrected_events")),
    )
    op.create_table(
        "coverage_intervals",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("observed_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_id", name=op.f("pk_coverage_intervals")),
    )
    with op.batch_alter_table("coverage_intervals", schema=None) as batch_op:
        batch_op.create_index("ix_coverage_intervals_end", ["tenant", "store", "end_ms"], unique=False)

    op.create_table(
        "crossings",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("tripwire_id", sa.String(length=128), nullable=False),
        sa.Column("tripwire_kind", sa.String(length=64), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_id", name=op.f("pk_crossings")),
    )
    with op.batch_alter_table("crossings", schema=None) as batch_op:
        batch_op.create_index("ix_crossings_time", ["tenant", "store", "time_ms"], unique=False)

    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the refused line: the same line is kept once",
        ),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True, comment="NULL where it must not be kept outside the store"),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("replayed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        sa.UniqueConstraint("tenant", "digest", name=op.f("uq_dead_letters_tenant_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "device_health",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("health", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "device", name=op.f("pk_device_health")),
    )
    op.create_table(
        "event_counts",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("highest_sequence", sa.BigInteger(), nullable=False),
        sa.Column("last_time_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "device", "type", name=op.f("pk_event_counts")),
    )
    op.create_table(
        "event_log",
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_log")),
        sa.UniqueConstraint("tenant", "event_id", name=op.f("uq_event_log_tenant_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "link_decisions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("touch_id", sa.String(length=36), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("model_version", sa.String(length=128), nullable=False),
        sa.Column(
            "fingerprint", sa.String(length=64), nullable=False, comment="hash of what was decided, to tell a change"
        ),
        sa.Column("asserted_ms", sa.BigInteger(), nullable=False),
        sa.Column("retracted_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_decisions")),
    )
    with op.batch_alter_table("link_decisions", schema=None) as batch_op:
        batch_op.create_index("ix_link_decisions_profile", ["tenant", "one_id"], unique=False)
        batch_op.create_index("ix_link_decisions_touch", ["tenant", "touch_id"], unique=False)
        batch_op.create_index("ix_link_decisions_visit", ["tenant", "visit_id"], unique=False)
        batch_op.create_index(
            "uq_link_decisions_active",
            ["tenant", "touch_id"],
            unique=True,
            sqlite_where=sa.text("retracted_ms IS NULL"),
            postgresql_where=sa.text("retracted_ms IS NULL"),
        )

    op.create_table(
        "link_queue",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False, comment="touch or visit: what changed"),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "key", name=op.f("pk_link_queue")),
    )
    op.create_table(
        "occupancy_samples",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_id", name=op.f("pk_occupancy_samples")),
    )
    with op.batch_alter_table("occupancy_samples", schema=None) as batch_op:
        batch_op.create_index("ix_occupancy_samples_time", ["tenant", "store", "device", "time_ms"], unique=False)

    op.create_table(
        "profile_identifiers",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "namespace", "pseudonym", name=op.f("pk_profile_identifiers")),
    )
    with op.batch_alter_table("profile_identifiers", schema=None) as batch_op:
        batch_op.create_index("ix_profile_identifiers_one_id", ["tenant", "one_id"], unique=False)

    op.create_table(
        "profiles",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("one_id", sa.String(length=36), nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "one_id", name=op.f("pk_profiles")),
    )
    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.create_index("ix_profiles_last_seen", ["tenant", "last_seen_ms"], unique=False)

    op.create_table(
        "projection_cursors",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projection_cursors")),
    )
    op.create_table(
        "stores",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "store", name=op.f("pk_stores")),
    )
    op.create_table(
        "touches",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("touch_id", sa.String(length=36), nullable=False, comment="the id of the event that reported it"),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False, comment="scan, sale, void or refund"),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("zone_id", sa.String(length=128), nullable=True),
        sa.Column("in_store_proof", sa.String(length=64), nullable=False),
        sa.Column("namespace", sa.String(length=64), nullable=True),
        sa.Column("pseudonym", sa.String(length=64), nullable=True),
        sa.Column("one_id", sa.String(length=36), nullable=True),
        sa.Column(
            "ineligible", sa.String(length=64), nullable=True, comment="why no link is decided, NULL where one is"
        ),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("serial", sa.Text(), nullable=True),
        sa.Column("receipt_id", sa.String(length=128), nullable=True),
        sa.Column("reverses_receipt_id", sa.String(length=128), nullable=True),
        sa.Column("total_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("lines", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "touch_id", name=op.f("pk_touches")),
    )
    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.create_index("ix_touches_profile", ["tenant", "one_id", "time_ms"], unique=False)
        batch_op.create_index("ix_touches_receipt", ["tenant", "store", "receipt_id"], unique=False)
        batch_op.create_index("ix_touches_reverses", ["tenant", "store", "reverses_receipt_id"], unique=False)
        batch_op.create_index("ix_touches_zone", ["tenant", "store", "zone_id", "time_ms", "touch_id"], unique=False)

    op.create_table(
        "visit_revisions",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "event_id", name=op.f("pk_visit_revisions")),
    )
    with op.batch_alter_table("visit_revisions", schema=None) as batch_op:
        batch_op.create_index("ix_visit_revisions_visit", ["tenant", "visit_id", "revision"], unique=False)

    op.create_table(
        "visit_stays",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("zone_id", sa.String(length=128), nullable=False),
        sa.Column("zone_kind", sa.String(length=64), nullable=False),
        sa.Column("entered_ms", sa.BigInteger(), nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "visit_id", "ordinal", name=op.f("pk_visit_stays")),
    )
    with op.batch_alter_table("visit_stays", schema=None) as batch_op:
        batch_op.create_index(
            "ix_visit_stays_zone", ["tenant", "store", "zone_id", "entered_ms", "left_ms", "visit_id"], unique=False
        )

    op.create_table(
        "visits",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("staff_score", sa.Float(), nullable=True),
        sa.Column("party_id", sa.String(length=128), nullable=True),
        sa.Column("merged_into", sa.String(length=36), nullable=True),
        sa.Column("path", sa.JSON(), nullable=False),
        sa.Column("path_error_m", sa.Float(), nullable=True),
        sa.Column("rule_version", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "visit_id", name=op.f("pk_visits")),
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index("ix_visits_opened", ["tenant", "store", "opened_ms"], unique=False)

    op.create_table(
        "link_hypotheses",
        sa.Column("decision_id", sa.String(length=36), nullable=False),
        sa.Column("visit_id", sa.String(length=36), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column(
            "posterior", sa.Float(), nullable=True, comment="NULL: decided by rule, nobody estimated a probability"
        ),
        sa.ForeignKeyConstraint(["decision_id"], ["link_decisions.id"], name=op.f("fk_link_hypotheses_decision_id")),
        sa.PrimaryKeyConstraint("decision_id", "visit_id", name=op.f("pk_link_hypotheses")),
    )
    with op.batch_alter_table("link_hypotheses", schema=None) as batch_op:
        batch_op.create_index("ix_link_hypotheses_visit_id", ["visit_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=36), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_keys.id"], name=op.f("fk_sessions_key_id")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )


def downgrade() -> None:
    op.drop_table("sessions")
    with op.batch_alter_table("link_hypotheses", schema=None) as batch_op:
        batch_op.drop_index("ix_link_hypotheses_visit_id")

    op.drop_table("link_hypotheses")
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.drop_index("ix_visits_opened")

    op.drop_table("visits")
    with op.batch_alter_table("visit_stays", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_stays_zone")

    op.drop_table("visit_stays")
    with op.batch_alter_table("visit_revisions", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_revisions_visit")

    op.drop_table("visit_revisions")
    with op.batch_alter_table("touches", schema=None) as batch_op:
        batch_op.drop_index("ix_touches_zone")
        batch_op.drop_index("ix_touches_reverses")
        batch_op.drop_index("ix_touches_receipt")
        batch_op.drop_index("ix_touches_profile")

    op.drop_table("touches")
    op.drop_table("stores")
    op.drop_table("projection_cursors")
    with op.batch_alter_table("profiles", schema=None) as batch_op:
        batch_op.drop_index("ix_profiles_last_seen")

    op.drop_table("profiles")
    with op.batch_alter_table("profile_identifiers", schema=None) as batch_op:
        batch_op.drop_index("ix_profile_identifiers_one_id")

    op.drop_table("profile_identifiers")
    with op.batch_alter_table("occupancy_samples", schema=None) as batch_op:
        batch_op.drop_index("ix_occupancy_samples_time")

    op.drop_table("occupancy_samples")
    op.drop_table("link_queue")
    with op.batch_alter_table("link_decisions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_link_decisions_active",
            sqlite_where=sa.text("retracted_ms IS NULL"),
            postgresql_where=sa.text("retracted_ms IS NULL"),
        )
        batch_op.drop_index("ix_link_decisions_visit")
        batch_op.drop_index("ix_link_decisions_touch")
        batch_op.drop_index("ix_link_decisions_profile")

    op.drop_table("link_decisions")
    op.drop_table("event_log")
    op.drop_table("event_counts")
    op.drop_table("device_health")
    op.drop_table("dead_letters")
    with op.batch_alter_table("crossings", schema=None) as batch_op:
        batch_op.drop_index("ix_crossings_time")

    op.drop_table("crossings")
    with op.batch_alter_table("coverage_intervals", schema=None) as batch_op:
        batch_op.drop_index("ix_coverage_intervals_end")

    op.drop_table("coverage_intervals")
    op.drop_table("corrected_events")
    op.drop_table("consents")
    op.drop_table("api_keys")
