"""Every table: records (append-only, or set by people), then projections, which `rebuild` makes anew from the log."""

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
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_NAME = String(128)
_SEGMENT = String(64)
_ID = String(36)
_COUNTER = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself in columns of type INTEGER only."""


def _tenant(*, primary_key: bool = False) -> Column[str]:
    return Column("tenant", _SEGMENT, primary_key=primary_key, nullable=False)


def _store(*, primary_key: bool = False) -> Column[str]:
    return Column("store", _SEGMENT, primary_key=primary_key, nullable=False)


def _device(*, primary_key: bool = False) -> Column[str]:
    return Column("device", _SEGMENT, primary_key=primary_key, nullable=False)


def _event_id(*, primary_key: bool = False) -> Column[str]:
    return Column("event_id", _ID, primary_key=primary_key, nullable=False)


# --- Records ---------------------------------------------------------------------------------------------------------

event_log = Table(
    "event_log",
    metadata,
    Column("position", _COUNTER, primary_key=True, autoincrement=True),
    _event_id(),
    _tenant(),
    _store(),
    _device(),
    Column("type", _NAME, nullable=False),
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
    Column("id", _COUNTER, primary_key=True, autoincrement=True),
    _tenant(),
    Column("digest", String(64), nullable=False, comment="SHA-256 of the refused line: the same line is kept once"),
    Column("key_id", _ID, nullable=False),
    Column("reason", _SEGMENT, nullable=False),
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
    Column("id", _ID, primary_key=True),
    _tenant(),
    Column("digest", String(64), nullable=False, unique=True, comment="SHA-256 of the key, which is shown once"),
    Column("scopes", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger, nullable=True),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("key_id", _ID, ForeignKey("api_keys.id"), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)

stores = Table(
    "stores",
    metadata,
    _tenant(primary_key=True),
    _store(primary_key=True),
    Column("name", _NAME, nullable=True),
    Column("time_zone", _SEGMENT, nullable=True),
)

consents = Table(
    "consents",
    metadata,
    Column("id", _COUNTER, primary_key=True, autoincrement=True),
    _tenant(),
    Column("namespace", _SEGMENT, nullable=False),
    Column("pseudonym", _SEGMENT, nullable=False),
    Column("purpose", _SEGMENT, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False, comment="when the member said so"),
    Column("recorded_ms", BigInteger, nullable=False, comment="when we knew"),
    UniqueConstraint("tenant", "namespace", "pseudonym", "purpose", "at_ms", "granted"),
    sqlite_autoincrement=True,
)

link_decisions = Table(
    "link_decisions",
    metadata,
    Column("id", _ID, primary_key=True),
    _tenant(),
    _store(),
    Column("touch_id", _ID, nullable=False),
    Column("one_id", _ID, nullable=False),
    Column("decision", _SEGMENT, nullable=False),
    Column("stage", _SEGMENT, nullable=False),
    Column("visit_id", _ID, nullable=True),
    Column("reason", Text, nullable=False),
    Column("model_version", _NAME, nullable=False),
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
    Column("decision_id", _ID, ForeignKey("link_decisions.id"), primary_key=True),
    Column("visit_id", _ID, primary_key=True),
    Column("features", JSON, nullable=False),
    Column("posterior", Float, nullable=True, comment="NULL: decided by rule, nobody estimated a probability"),
    Index("ix_link_hypotheses_visit_id", "visit_id"),
)

# --- Projections -----------------------------------------------------------------------------------------------------

projection_cursors = Table(
    "projection_cursors",
    metadata,
    Column("name", _SEGMENT, primary_key=True),
    Column("position", BigInteger, nullable=False),
)

corrected_events = Table(
    "corrected_events",
    metadata,
    _tenant(primary_key=True),
    _event_id(primary_key=True),
    Column("correction_id", _ID, primary_key=True),
    Column("reason", _SEGMENT, nullable=False),
)

event_counts = Table(
    "event_counts",
    metadata,
    _tenant(primary_key=True),
    _store(primary_key=True),
    _device(primary_key=True),
    Column("type", _NAME, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("highest_sequence", BigInteger, nullable=False),
    Column("last_time_ms", BigInteger, nullable=False),
)

device_health = Table(
    "device_health",
    metadata,
    _tenant(primary_key=True),
    _store(primary_key=True),
    _device(primary_key=True),
    _event_id(),
    Column("time_ms", BigInteger, nullable=False),
    Column("health", JSON, nullable=False),
)

crossings = Table(
    "crossings",
    metadata,
    _tenant(primary_key=True),
    _event_id(primary_key=True),
    _store(),
    _device(),
    Column("time_ms", BigInteger, nullable=False),
    Column("tripwire_id", _NAME, nullable=False),
    Column("tripwire_kind", _SEGMENT, nullable=False),
    Column("direction", String(8), nullable=False),
    Index("ix_crossings_time", "tenant", "store", "time_ms"),
)

coverage_intervals = Table(
    "coverage_intervals",
    metadata,
    _tenant(primary_key=True),
    _event_id(primary_key=True),
    _store(),
    _device(),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("observed_s", Float, nullable=False),
    Index("ix_coverage_intervals_end", "tenant", "store", "end_ms"),
)

occupancy_samples = Table(
    "occupancy_samples",
    metadata,
    _tenant(primary_key=True),
    _event_id(primary_key=True),
    _store(),
    _device(),
    Column("time_ms", BigInteger, nullable=False),
    Column("zones", JSON, nullable=False),
    Index("ix_occupancy_samples_time", "tenant", "store", "device", "time_ms"),
)

visit_revisions = Table(
    "visit_revisions",
    metadata,
    _tenant(primary_key=True),
    _event_id(primary_key=True),
    _store(),
    Column("visit_id", _ID, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Index("ix_visit_revisions_visit", "tenant", "visit_id", "revision"),
)

visits = Table(
    "visits",
    metadata,
    _tenant(primary_key=True),
    Column("visit_id", _ID, primary_key=True),
    _event_id(),
    _store(),
    Column("revision", BigInteger, nullable=False),
    Column("status", _SEGMENT, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("closed_ms", BigInteger, nullable=True),
    Column("staff_score", Float, nullable=True),
    Column("party_id", _NAME, nullable=True),
    Column("merged_into", _ID, nullable=True),
    Column("path", JSON, nullable=False),
    Column("path_error_m", Float, nullable=True),
    Column("rule_version", _NAME, nullable=False),
    Index("ix_visits_opened", "tenant", "store", "opened_ms"),
)

visit_stays = Table(
    "visit_stays",
    metadata,
    _tenant(primary_key=True),
    Column("visit_id", _ID, primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    _store(),
    Column("zone_id", _NAME, nullable=False),
    Column("zone_kind", _SEGMENT, nullable=False),
    Column("entered_ms", BigInteger, nullable=False),
    Column("left_ms", BigInteger, nullable=True),
    Index("ix_visit_stays_zone", "tenant", "store", "zone_id", "entered_ms", "left_ms", "visit_id"),
)

touches = Table(
    "touches",
    metadata,
    _tenant(primary_key=True),
    Column("touch_id", _ID, primary_key=True, comment="the id of the event that reported it"),
    _store(),
    _device(),
    Column("kind", _SEGMENT, nullable=False, comment="scan, sale, void or refund"),
    Column("time_ms", BigInteger, nullable=False),
    Column("zone_id", _NAME, nullable=True),
    Column("in_store_proof", _SEGMENT, nullable=False),
    Column("namespace", _SEGMENT, nullable=True),
    Column("pseudonym", _SEGMENT, nullable=True),
    Column("one_id", _ID, nullable=True),
    Column("ineligible", _SEGMENT, nullable=True, comment="why no link is decided, NULL where one is"),
    Column("code", Text, nullable=True),
    Column("gtin", String(14), nullable=True),
    Column("serial", Text, nullable=True),
    Column("receipt_id", _NAME, nullable=True),
    Column("reverses_receipt_id", _NAME, nullable=True),
    Column("total_minor", BigInteger, nullable=True),
    Column("currency", String(3), nullable=True),
    Column("lines", JSON, nullable=True),
    Index("ix_touches_zone", "tenant", "store", "zone_id", "time_ms", "touch_id"),
    Index("ix_touches_profile", "tenant", "one_id", "time_ms"),
    Index("ix_touches_receipt", "tenant", "store", "receipt_id"),
    Index("ix_touches_reverses", "tenant", "store", "reverses_receipt_id"),
)

profiles = Table(
    "profiles",
    metadata,
    _tenant(primary_key=True),
    Column("one_id", _ID, primary_key=True),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Index("ix_profiles_last_seen", "tenant", "last_seen_ms"),
)

profile_identifiers = Table(
    "profile_identifiers",
    metadata,
    _tenant(primary_key=True),
    Column("namespace", _SEGMENT, primary_key=True),
    Column("pseudonym", _SEGMENT, primary_key=True),
    Column("one_id", _ID, nullable=False),
    Index("ix_profile_identifiers_one_id", "tenant", "one_id"),
)

link_queue = Table(
    "link_queue",
    metadata,
    _tenant(primary_key=True),
    Column("kind", _SEGMENT, primary_key=True, comment="touch or visit: what changed"),
    Column("key", _ID, primary_key=True),
)
