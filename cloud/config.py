"""Settings of the cloud tier, from `SHOPTHREAD_CLOUD_*` and the command line. Validated once, here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from cloud.alerts.mail import MailServer
from cloud.profiles.lifecycle import LifecycleRules
from cloud.retention.policy import Policy, parse_policy

ENV_PREFIX = "SHOPTHREAD_CLOUD_"
NAMESPACES = ("member_number", "phone", "openid", "unionid", "card", "device")
DATABASE_FILE = "cloud.sqlite"
SECRET_KEY_FILE = "secret.key"  # noqa: S105 - its name

Positive = Annotated[float, Meta(gt=0)]


class ConfigError(Exception):
    """A setting is not usable. The message names the key, the value and what is allowed."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that an operator may set."""

    data_dir: str = "data"
    """Where the SQLite file lies when no database URL is given."""
    secret_key_file: str | None = None
    """The service's own key, under which secrets of webhooks are kept. None: `secret.key`, made beside the
    SQLite file, or in `data_dir`."""
    database_url: str | None = None
    """`sqlite:///file` or `postgresql://user@host/name`. None: a SQLite file in `data_dir`."""
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    projection_interval_s: Positive = 0.5
    """How long the projections rest when the log holds nothing new."""
    busy_timeout_s: Positive = 15.0
    """How long a write waits for another writer before it gives up."""
    sqlite_cache_mib: Annotated[int, Meta(ge=2, le=4096)] = 16
    """How much of a SQLite file each connection holds in memory at most, MiB."""
    metrics: bool = False
    """Whether `/metrics` answers, without a key, with figures for Prometheus about the whole service."""
    session_lifetime_s: Positive = 12 * 3600.0
    """How long a browser stays signed in."""
    linker: Literal["joint", "rule"] = "joint"
    """`joint` weighs all visits near a terminal together; `rule` links the only visit in the terminal's zone."""
    link_least_posterior: Annotated[float, Meta(gt=0, le=0.99)] = 0.95
    """A visit that made a touch with less probability is not linked. No visit is more probable than 0.995."""
    link_clock_error_s: Annotated[float, Meta(ge=0, le=300)] = 30.0
    """How wrong a terminal's clock may go."""
    link_tolerance_s: Annotated[float, Meta(ge=0)] = 2.0
    """How far outside a stay a touch may lie and still be compared with it."""
    link_max_stay_s: Positive = 4 * 3600.0
    """A stay counts for at most this long from its beginning, also while nobody reported its end."""
    staff_score_threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Visits of which no gateway has decided who made them belong to staff with at least this staff score."""

    live_interval_s: Positive = 2.0
    """How often a live stream looks whether anything changed."""
    live_lifetime_s: Positive = 300.0
    """After how long a live stream ends; a browser then opens a new one by itself."""
    analytics_least_members: Annotated[int, Meta(ge=1)] = 5
    """What fewer members did (conversion, order value, retention) is not told to whoever may read figures."""

    archive_dir: str | None = None
    """A folder with an archive of each tenant, named as the tenant, that cohorts of years are asked of. None: none."""

    retention: str = ""
    """For how many days events stay in the log, and alerts that ended and deliveries beside it:
    `visit.segment=90,zone.occupancy=400,alert=400,delivery=30`. Everything else stays for ever."""

    identity_limits: str = "member_number=4,unionid=1,openid=6,phone=5,card=6,device=10"
    """The most identifiers of each namespace that one person may have; the first namespace names profiles."""
    identity_quarantine_days: str = "phone=90"
    """For how many days an identifier of a namespace names nobody after it was given back."""
    identity_hub_neighbours: Annotated[int, Meta(ge=1, le=1000)] = 30
    """An identifier that stands together with more others than this joins nobody."""

    lifecycle_potential_interest: Positive = 1.0
    """So many recent scans and expected visits, together, make who bought nothing a potential customer."""
    lifecycle_potential_days: Annotated[int, Meta(ge=1)] = 180
    """How far back these count."""
    lifecycle_repurchase_purchases: Annotated[int, Meta(ge=2)] = 2
    """From so many purchases on a customer has come back to buy."""
    lifecycle_loyal_purchases: Annotated[int, Meta(ge=2)] = 4
    """From so many recent purchases on a customer is loyal; at least as many as above."""
    lifecycle_loyal_days: Annotated[int, Meta(ge=1)] = 365
    """How far back these count."""

    change_feed_days: Annotated[int, Meta(ge=1)] = 90
    """For how long changes, and what became of telling webhooks of them, are kept."""
    webhook_allow_private: bool = False
    """Send webhooks to private addresses too, and without TLS. For receivers of one's own network alone."""
    webhook_timeout_s: Positive = 10.0
    """How long a webhook's receiver may take to answer."""
    webhook_attempts: Annotated[int, Meta(ge=1, le=30)] = 9
    """After so many failed attempts a delivery is dead."""
    webhook_interval_s: Positive = 1.0
    """How long the sender of webhooks rests when nothing is due."""

    alert_interval_s: Positive = 30.0
    """How often the rules of alerts are judged."""
    smtp_host: str | None = None
    """The server for e-mails of alerts. None: none are sent."""
    smtp_port: Annotated[int, Meta(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection to it is encrypted; `none` is for a server on the same machine alone."""
    smtp_from: str | None = None
    """The address that e-mails come from."""
    smtp_user: str | None = None
    smtp_password_file: str | None = None
    """A file with the password of that user."""
    smtp_ca_file: str | None = None
    """Certificates to trust besides the system's, in PEM."""
    smtp_timeout_s: Positive = 20.0

    code_max_speed_m_s: Positive = 250.0
    """How fast an item travels at most between two scans, where the positions of both stores are known."""
    code_other_store_s: Annotated[float, Meta(ge=0)] = 600.0
    """How soon an item can be in another store, where a position is unknown."""
    code_clock_tolerance_s: Annotated[float, Meta(ge=0)] = 60.0
    """How far the clocks of two terminals may lie apart."""
    code_clone_persons: Annotated[int, Meta(ge=2)] = 3
    """A code by which so many different profiles claimed an item is held to be on several items."""

    resolver_tenant: Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$")] | None = None
    """Whose item codes this host answers shoppers' phones for. None: it answers none."""
    resolver_url: str | None = None
    """What the resolver's addresses begin with, such as https://id.example. None: as each request has it."""
    resolver_store: Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$")] = "web"
    """What stands as the store of scans of which nothing proves where they were made."""
    resolver_requests_per_minute: Annotated[int, Meta(ge=1)] = 60
    """How often a minute one client may ask, and how many scans of one code are recorded."""
    store_token_key_file: str | None = None
    """A file with the key of store tokens. None: no phone proves that it is in a store."""
    resolver_login_issuer: str | None = None
    """Whose tokens say which member a phone belongs to (`iss`). None: no shopper signs in."""
    resolver_login_audience: str | None = None
    """For whom such tokens are made (`aud`): a name of this tenant's resolver alone."""
    resolver_login_keys_file: str | None = None
    """A file with the issuer's public keys: a JWK set, or one key in PEM."""
    resolver_login_url: str | None = None
    """The brand's login page, where the resolver's pages send shoppers. None: only apps bring tokens."""

    @property
    def mail_server(self) -> MailServer | None:
        """Return the server for e-mails, None where none is set.

        Raises:
            ValueError: There is a host without an address to send from, a user without a password file, or a password
                that would travel unencrypted.
        """
        if self.smtp_host is None:
            return None
        if self.smtp_from is None:
            msg = f"smtp_from must be the address that e-mails come from where smtp_host is set, {self.smtp_host!r}"
            raise ValueError(msg)
        if (self.smtp_user is None) != (self.smtp_password_file is None):
            msg = (
                f"smtp_user and smtp_password_file go together, got {self.smtp_user!r} and {self.smtp_password_file!r}"
            )
            raise ValueError(msg)
        if self.smtp_user is not None and self.smtp_security == "none":
            msg = f"smtp_security must be starttls or tls with a user, {self.smtp_user!r}: the password would be seen"
            raise ValueError(msg)
        return MailServer(
            host=self.smtp_host,
            port=self.smtp_port,
            security=self.smtp_security,
            sender=self.smtp_from,
            user=self.smtp_user,
            password_file=self.smtp_password_file,
            ca_file=self.smtp_ca_file,
            timeout_s=self.smtp_timeout_s,
        )

    @property
    def lifecycle(self) -> LifecycleRules:
        """Return the thresholds between the stages of a member's life.

        Raises:
            ValueError: A customer would be loyal before having come back.
        """
        return LifecycleRules(
            potential_interest=self.lifecycle_potential_interest,
            potential_days=self.lifecycle_potential_days,
            repurchase_purchases=self.lifecycle_repurchase_purchases,
            loyal_purchases=self.lifecycle_loyal_purchases,
            loyal_days=self.lifecycle_loyal_days,
        )

    @property
    def retention_policy(self) -> Policy:
        """Return how long events of each type are kept.

        Raises:
            ValueError: A part is not TYPE=DAYS, names a type that is kept for ever, or too few days.
        """
        return parse_policy(self.retention)

    @property
    def limits_of_identity(self) -> dict[str, int]:
        """Return the limits by namespace.

        Raises:
            ValueError: A part is not NAMESPACE=NUMBER.
        """
        return _numbers_by_namespace(self.identity_limits, least=1)

    @property
    def quarantine_days_of_identity(self) -> dict[str, int]:
        """Return for how many days an identifier rests, by namespace; empty: none does.

        Raises:
            ValueError: A part is not NAMESPACE=NUMBER.
        """
        return _numbers_by_namespace(self.identity_quarantine_days, least=0) if self.identity_quarantine_days else {}

    @property
    def resolved_database_url(self) -> str:
        """Return the database URL with the driver that this package uses."""
        url = self.database_url or f"sqlite:///{Path(self.data_dir) / DATABASE_FILE}"
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        return url

    @property
    def secret_key_path(self) -> Path:
        """Return where the service's own key is: beside a SQLite file, else in the data directory."""
        folder = Path(self.data_dir) if self.sqlite_path is None else self.sqlite_path.parent
        return Path(self.secret_key_file or folder / SECRET_KEY_FILE)

    @property
    def sqlite_path(self) -> Path | None:
        """Return the SQLite file, or None where the database is none."""
        url = self.resolved_database_url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _numbers_by_namespace(text: str, least: int) -> dict[str, int]:
    found = {}
    for part in text.split(","):
        namespace, _, number = part.strip().partition("=")
        if namespace not in NAMESPACES or not number.isascii() or not number.isdigit() or int(number) < least:
            known = ", ".join(NAMESPACES)
            msg = f"{part.strip()!r} is not NAMESPACE=NUMBER with a namespace of {known} and a number from {least}"
            raise ValueError(msg)
        found[namespace] = int(number)
    return found


def load_settings(environ: Mapping[str, str], overrides: Mapping[str, str | int | float | None]) -> Settings:
    """Return the settings; what the command line gives goes before the environment.

    Args:
        environ: The process environment.
        overrides: By field name; None means not given.

    Raises:
        ConfigError: A key is unknown or a value is not allowed.
    """
    known = Settings.__struct_fields__
    values: dict[str, str | int | float] = {}
    for key, value in environ.items():
        if key.startswith(ENV_PREFIX):
            name = key.removeprefix(ENV_PREFIX).lower()
            if name not in known:
                allowed = ", ".join(ENV_PREFIX + field.upper() for field in known)
                msg = f"unknown setting {key}; allowed: {allowed}"
                raise ConfigError(msg)
            values[name] = value
    values |= {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("`$.")[2].rstrip("`")
        fault = str(error).partition(" - at ")[0]
        msg = f"{name}: {fault}, got {values.get(name)!r}; settings come from {ENV_PREFIX}* and the command line"
        raise ConfigError(msg) from error
    try:
        _ = settings.retention_policy
    except ValueError as error:
        msg = f"retention: {error}"
        raise ConfigError(msg) from error
    for key in ("limits", "quarantine_days"):
        try:
            getattr(settings, f"{key}_of_identity")
        except ValueError as error:
            msg = f"identity_{key}: {error}"
            raise ConfigError(msg) from error
    try:
        _ = settings.lifecycle, settings.mail_server
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if not settings.resolved_database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        # The rest of a URL may hold a password.
        scheme = settings.resolved_database_url.partition("//")[0]
        msg = f"database_url must start with sqlite:/// or postgresql://, got {scheme!r}"
        raise ConfigError(msg)
    return settings
