"""Tables: records (append-only, or set by people), then projections, which `rebuild` makes anew from the log.

Those of identity are in `cloud.identity.tables`; `cloud.schema` knows all of them.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cloud.columns import (
    COUNTER,
    ID,
    NAME,
    SEGMENT,
    device_column,
    event_id_column,
    metadata,
    store_column,
    tenant_column,
)

# --- Records ---------------------------------------------------------------------------------------------------------

event_log = Table(
    "event_log",
    metadata,
    Column("position", COUNTER, primary_key=True, autoincrement=True),
    event_id_column(),
    tenant_column(),
    store_column(),
    device_column(),
    Column("type", NAME, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    UniqueConstraint("tenant", "event_id"),
    sqlite_autoincrement=True,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the refused line: the same line is kept once"),
    Column("key_id", ID, nullable=False),
    Column("reason", SEGMENT, nullable=False),
    Column("detail", Text, nullable=False),
    Column("event_id", Text, nullable=True),
    Column("raw", LargeBinary, nullable=True, comment="NULL where it must not be kept outside the store"),
    Column("received_ms", BigInteger, nullable=False),
    Column("replayed_ms", BigInteger, nullable=True),
    UniqueConstraint("tenant", "digest"),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", ID, primary_key=True),
    tenant_column(),
    Column("digest", String(64), nullable=False, unique=True, comment="SHA-256 of the key, which is shown once"),
    Column("scopes", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger, nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("key_id", ID, ForeignKey("api_keys.id"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

stores = Table(
    "stores",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    Column("name", NAME, nullable=True),
    Column("time_zone", SEGMENT, nullable=True),
    Column("region", NAME, nullable=True),
    Column("opening_hours", JSON(none_as_null=True), nullable=True, comment="NULL: open all the time"),
)

consents = Table(
    "consents",
    metadata,
    Column("id", COUNTER, primary_key=True, autoincrement=True),
    tenant_column(),
    Column("namespace", SEGMENT, nullable=False),
    Column("pseudonym", SEGMENT, nullable=False),
    Column("purpose", SEGMENT, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False, comment="when the member said so"),
    Column("recorded_ms", BigInteger, nullable=False, comment="when we knew"),
    UniqueConstraint("tenant", "namespace", "pseudonym", "purpose", "at_ms", "granted"),
    sqlite_autoincrement=True,
)

link_decisions = Table(
    "link_decisions",
    metadata,
    Column("id", ID, primary_key=True),
    tenant_column(),
    store_column(),
    Column("touch_id", ID, nullable=False),
    Column("one_id", ID, nullable=False),
    Column("decision", SEGMENT, nullable=False),
    Column("stage", SEGMENT, nullable=False),
    Column("visit_id", ID, nullable=True),
    Column("reason", Text, nullable=False),
    Column("model_version", NAME, nullable=False),
    Column("fingerprint", String(64), nullable=False, comment="hash of what was decided, to tell a change"),
    Column("asserted_ms", BigInteger, nullable=False),
    Column("retracted_ms", BigInteger, nullable=True),
    Index(
        "uq_link_decisions_active",
        "tenant",
        "touch_id",
        unique=True,
        sqlite_where=text("retracted_ms IS NULL"),
        postgresql_where=text("retracted_ms IS NULL"),
    ),
    Index("ix_link_decisions_touch", "tenant", "touch_id"),
    Index("ix_link_decisions_visit", "tenant", "visit_id"),
    Index("ix_link_decisions_profile", "tenant", "one_id"),
)

link_hypotheses = Table(
    "link_hypotheses",
    metadata,
    Column("decision_id", ID, ForeignKey("link_decisions.id"), primary_key=True),
    Column("visit_id", ID, primary_key=True),
    Column("features", JSON, nullable=False),
    Column("posterior", Float, nullable=True, comment="NULL: decided by rule, nobody estimated a probability"),
    Index("ix_link_hypotheses_visit_id", "visit_id"),
)

# --- Projections -----------------------------------------------------------------------------------------------------

projection_cursors = Table(
    "projection_cursors",
    metadata,
    Column("name", SEGMENT, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

corrected_events = Table(
    "corrected_events",
    metadata,
    tenant_column(primary_key=True),
    event_id_column(primary_key=True),
    Column("correction_id", ID, primary_key=True),
    Column("reason", SEGMENT, nullable=False),
)

event_counts = Table(
    "event_counts",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    device_column(primary_key=True),
    Column("type", NAME, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("highest_sequence", BigInteger, nullable=False),
    Column("last_time_ms", BigInteger, nullable=False),
)

device_health = Table(
    "device_health",
    metadata,
    tenant_column(primary_key=True),
    store_column(primary_key=True),
    device_column(primary_key=True),
    event_id_column(),
    Column("time_ms", BigInteger, nullable=False),
    Column("health", JSON, nullable=False),
)

crossings = Table(
    "crossings",
    metadata,
    tenant_column(primary_key=True),
    event_id_column(primary_key=True),
    store_column(),
    device_column(),
    Column("time_ms", BigInteger, nullable=False),
    Column("tripwire_id", NAME, nullable=False),
    Column("tripwire_kind", SEGMENT, nullable=False),
    Column("direction", String(8), nullable=False),
    Index("ix_crossings_time", "tenant", "store", "time_ms"),
)

coverage_intervals = Table(
    "coverage_intervals",
    metadata,
    tenant_column(primary_key=True),
    event_id_column(primary_key=True),
    store_column(),
    device_column(),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("observed_s", Float, nullable=False),
    Index("ix_coverage_intervals_end", "tenant", "store", "end_ms"),
)

occupancy_samples = Table(
    "occupancy_samples",
    metadata,
    tenant_column(primary_key=True),
    event_id_column(primary_key=True),
    store_column(),
    device_column(),
    Column("time_ms", BigInteger, nullable=False),
    Column("zones", JSON, nullable=False),
    Index("ix_occupancy_samples_time", "tenant", "store", "device", "time_ms"),
)

visit_revisions = Table(
    "visit_revisions",
    metadata,
    tenant_column(primary_key=True),
    event_id_column(primary_key=True),
    store_column(),
    Column("visit_id", ID, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index("ix_visit_revisions_visit", "tenant", "visit_id", "revision"),
)

visits = Table(
    "visits",
    metadata,
    tenant_column(primary_key=True),
    Column("visit_id", ID, primary_key=True),
    event_id_column(),
    store_column(),
    Column("revision", BigInteger, nullable=False),
    Column("status", SEGMENT, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger, nullable=True),
    Column("staff_score", Float, nullable=True),
    Column("role", SEGMENT, nullable=True, comment="customer or staff"),
    Column("staff_rule_version", NAME, nullable=True),
    Column("staff_evidence", JSON, nullable=True),
    Column("party_id", NAME, nullable=True),
    Column("merged_into", ID, nullable=True),
    Column("path", JSON, nullable=False),
    Column("path_error_m", Float, nullable=True),
    Column("rule_version", NAME, nullable=False),
    Index("ix_visits_opened", "tenant", "store", "opened_ms"),
    Index("ix_visits_party", "tenant", "store", "party_id"),
)

visit_stays = Table(
    "visit_stays",
    metadata,
    tenant_column(primary_key=True),
    Column("visit_id", ID, primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    store_column(),
    Column("zone_id", NAME, nullable=False),
    Column("zone_kind", SEGMENT, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("left_ms", BigInteger, nullable=True),
    Index("ix_visit_stays_zone", "tenant", "store", "zone_id", "entered_ms", "left_ms", "visit_id"),
)

touches = Table(
    "touches",
    metadata,
    tenant_column(primary_key=True),
    Column("touch_id", ID, primary_key=True, comment="the id of the event that reported it"),
    store_column(),
    device_column(),
    Column("kind", SEGMENT, nullable=False, comment="scan, sale, void or refund"),
    Column("time_ms", BigInteger, nullable=False, comment="when, as the device's clock tells it"),
    Column("zone_id", NAME, nullable=True),
    Column("in_store_proof", SEGMENT, nullable=False),
    Column("namespace", SEGMENT, nullable=True),
    Column("pseudonym", SEGMENT, nullable=True),
    Column("one_id", ID, nullable=True),
    Column("ineligible", SEGMENT, nullable=True, comment="why no link is decided, NULL where one is"),
    Column("code", Text, nullable=True),
    Column("gtin", String(14), nullable=True),
    Column("serial", Text, nullable=True),
    Column("receipt_id", NAME, nullable=True),
    Column("reverses_receipt_id", NAME, nullable=True),
    Column("total_minor", BigInteger, nullable=True),
    Column("currency", String(3), nullable=True),
    Column("lines", JSON, nullable=True),
    Column("at_ms", BigInteger, nullable=False, comment="when, as far as the device's clock was measured"),
    Index("ix_touches_time", "tenant", "store", "time_ms"),
    Index("ix_touches_zone", "tenant", "store", "zone_id", "at_ms", "touch_id"),
    Index("ix_touches_profile", "tenant", "one_id", "time_ms"),
    Index("ix_touches_identifier", "tenant", "pseudonym"),
    Index(
        "ix_touches_code",
        "tenant",
        "gtin",
        "serial",
        sqlite_where=text("length(serial) <= 20"),
        postgresql_where=text("length(serial) <= 20"),
    ),
    Index("ix_touches_receipt", "tenant", "store", "receipt_id"),
    Index("ix_touches_reverses", "tenant", "store", "reverses_receipt_id"),
)

profiles = Table(
    "profiles",
    metadata,
    tenant_column(primary_key=True),
    Column("one_id", ID, primary_key=True),
    Column("first_seen_ms", BigInteger, nullable=True, comment="NULL: known from records, never seen in a store"),
    Column("last_seen_ms", BigInteger, nullable=True),
    Index("ix_profiles_last_seen", "tenant", "last_seen_ms"),
)

profile_identifiers = Table(
    "profile_identifiers",
    metadata,
    tenant_column(primary_key=True),
    Column("one_id", ID, primary_key=True),
    Column("namespace", SEGMENT, primary_key=True),
    Column("pseudonym", SEGMENT, primary_key=True),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False, comment="since when it is the profile's"),
    Column("until_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # A profile's rows stand together, and its key is no second tree of random pages.
)

link_queue = Table(
    "link_queue",
    metadata,
    tenant_column(primary_key=True),
    Column("kind", SEGMENT, primary_key=True, comment="touch or visit: what changed"),
    Column("key", ID, primary_key=True),
)
