"""The gateway's configuration file."""

from datetime import UTC, time, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct

from contracts.configuration import InvalidConfigurationError, decode_toml
from contracts.errors import TopicError
from contracts.events import Source
from contracts.patterns import END
from contracts.topics import check_name
from gateway.core.admission import IntakeRules
from gateway.core.broker import Broker
from gateway.core.devices.rules import DeviceRules
from gateway.core.interop.rules import FrigateRules, HomeAssistantRules, SceneScapeRules
from gateway.core.occupancy import Hours, OccupancyRules
from gateway.core.staff import StaffRules
from gateway.core.stitching import StitchRules
from gateway.core.thinning import StorageRules
from gateway.errors import ConfigurationError

FreePort = Annotated[int, Meta(ge=0, le=65535)]


class StoreSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which store the gateway serves.

    Attributes:
        tenant: The brand or retailer.
        store: The store.
        id: The gateway's own name among the store's devices.
        data_dir: Folder of the event store.
        keep_days: How long an event that the cloud has confirmed is kept.
        health_interval_s: Seconds between the gateway's own health reports.
    """

    tenant: str
    store: str
    data_dir: Path
    id: str = "gateway"
    keep_days: Annotated[float, Meta(ge=0)] = 7.0
    health_interval_s: Annotated[float, Meta(gt=0)] = 30.0

    @property
    def source(self) -> Source:
        """Return the gateway as its own events name it."""
        return Source(self.tenant, self.store, self.id)


class BrokerSettings(Broker, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the store's own broker is.

    Attributes:
        host: Name or address.
        embedded: The gateway runs one itself, there.
        require_credentials: Of the embedded one: each device signs in with what it was given when it was enrolled.
        mosquitto_dir: Folder that `shopthread gateway mosquitto` made: its passwords follow who is enrolled.
    """

    host: str = "127.0.0.1"
    embedded: bool = False
    require_credentials: bool = False
    mosquitto_dir: Path | None = None


class HttpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the gateway serves in the store's network. Without `port` it serves nothing.

    Attributes:
        port: TCP port, 0: any free one.
        host: IP address to listen on.
    """

    port: FreePort | None = None
    host: str = "127.0.0.1"


class TlsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With what the gateway's own servers, the embedded broker and HTTP, encrypt.

    Attributes:
        certificate_file: Their certificate, PEM, with what vouches for it.
        key_file: Its key.
        ca_file: The authority that devices must trust; they get it when they are enrolled.
    """

    certificate_file: Path
    key_file: Path
    ca_file: Path | None = None


class CloudSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events go.

    Attributes:
        url: The cloud's address, without a path.
        api_key_file: File that holds an API key with the scope `ingest`, alone.
        batch_events: Events a request, at most; how many there are follows from how quick the answers are.
        live_share: The share of the newest events in a request while older ones wait, 0 to 1.
        timeout_s: Seconds to wait for an answer.
        first_retry_s: Wait after the first failure; it doubles, with jitter, up to `longest_retry_s`.
        longest_retry_s: Longest wait between tries.
        erasures_interval_s: Seconds between two questions whom the cloud has forgotten.
    """

    url: Annotated[str, Meta(pattern=r"^https?://[^/]+/?" + END)]
    api_key_file: Path
    batch_events: Annotated[int, Meta(ge=1, le=10_000)] = 5000
    live_share: Annotated[float, Meta(ge=0, le=1)] = 0.5
    timeout_s: Annotated[float, Meta(gt=0)] = 30.0
    first_retry_s: Annotated[float, Meta(gt=0)] = 0.5
    longest_retry_s: Annotated[float, Meta(gt=0)] = 60.0
    erasures_interval_s: Annotated[float, Meta(gt=0, le=86_400)] = 900.0


class StoreHours(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When the store's day ends: what holds for a day begins anew then.

    Attributes:
        closes: The closing hour as the store's clocks show it, `HH:MM`.
        time_zone: Its name in the IANA database, such as `Asia/Shanghai`.
    """

    closes: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]" + END)] = "00:00"
    time_zone: str = "UTC"

    @property
    def closing_time(self) -> time:
        """Return the closing hour."""
        return time.fromisoformat(self.closes)

    @property
    def zone(self) -> tzinfo:
        """Return the time zone.

        Raises:
            ConfigurationError: There is no such time zone, or the system carries no database of them.
        """
        if self.time_zone == "UTC":
            return UTC
        try:
            return ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            msg = (
                f"store_hours.time_zone: no time zone {self.time_zone!r} here; give a name such as Asia/Shanghai, "
                "and install tzdata where the system has none"
            )
            raise ConfigurationError(msg) from error


class GatewayConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file, a table for each field."""

    gateway: StoreSettings
    cloud: CloudSettings
    broker: BrokerSettings = BrokerSettings()
    stitching: StitchRules = StitchRules()
    store_hours: StoreHours = StoreHours()
    staff: StaffRules = StaffRules()
    occupancy: OccupancyRules = OccupancyRules()
    devices: DeviceRules = DeviceRules()
    storage: StorageRules = StorageRules()
    intake: IntakeRules = IntakeRules()
    http: HttpSettings = HttpSettings()
    tls: TlsSettings | None = None
    home_assistant: HomeAssistantRules | None = None
    frigate: FrigateRules | None = None
    scenescape: SceneScapeRules | None = None

    @property
    def hours(self) -> Hours:
        """Return when the store closes.

        Raises:
            ConfigurationError: There is no such time zone.
        """
        return Hours(self.store_hours.closing_time, self.store_hours.zone)


def load_config(path: Path) -> GatewayConfig:
    """Return the configuration that a TOML file holds, every key checked.

    Raises:
        ConfigurationError: The file cannot be read, or a key is unknown, missing or not allowed.
    """
    try:
        config = decode_toml(path.read_bytes(), GatewayConfig, path)
        _ = config.store_hours.zone
        for key in ("tenant", "store", "id"):
            check_name(f"gateway.{key}", getattr(config.gateway, key))
    except OSError as error:
        msg = f"cannot read the configuration {path}: {error.strerror}"
        raise ConfigurationError(msg) from error
    except InvalidConfigurationError as error:
        raise ConfigurationError(str(error)) from error
    except TopicError as error:
        msg = f"{path}: {error}"
        raise ConfigurationError(msg) from error
    return config


def read_secret(path: Path, key: str) -> str:
    """Return the secret that a file holds.

    Raises:
        ConfigurationError: The file cannot be read or is empty.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        msg = f"{key}: cannot read {path}: {error.strerror}"
        raise ConfigurationError(msg) from error
    if not secret:
        msg = f"{key}: {path} is empty"
        raise ConfigurationError(msg)
    return secret
