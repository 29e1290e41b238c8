"""Settings that every device has: who it is, where its broker is, where it keeps its data."""

from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from contracts.configuration import InvalidConfigurationError, decode_toml
from contracts.errors import TopicError
from contracts.events import Source
from contracts.fields import Name
from contracts.pseudonym import MIN_KEY_BYTES
from contracts.topics import check_name
from edge.errors import ConfigurationError

Port = Annotated[int, Meta(ge=1, le=65535)]


class DeviceSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who the device is.

    Attributes:
        tenant: The brand or retailer.
        store: The store.
        id: The device, unique in its store.
        data_dir: Folder of the outbox. A relative one is taken from the configuration file's folder.
        health_interval_s: Seconds between health reports.
    """

    tenant: str
    store: str
    id: str
    data_dir: Path
    health_interval_s: Annotated[float, Meta(gt=0)] = 30.0

    @property
    def source(self) -> Source:
        """Return the device as events name it."""
        return Source(self.tenant, self.store, self.id)


class BrokerSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the store's MQTT broker is, and who we are to it.

    Attributes:
        host: Name or address.
        port: TCP port.
        username: User name, where the broker asks for one.
        password_file: File that holds the password alone.
        ca_file: Certificate authority for TLS; without it the connection is plain.
    """

    host: str = "127.0.0.1"
    port: Port = 1883
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None

    @property
    def address(self) -> str:
        """Return `host:port`."""
        return f"{self.host}:{self.port}"

    def password(self) -> str | None:
        """Return the password that `password_file` holds.

        Raises:
            ConfigurationError: The file cannot be read.
        """
        if self.password_file is None:
            return None
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            msg = f"broker.password_file: cannot read {self.password_file}: {error.strerror}"
            raise ConfigurationError(msg) from error


class TerminalSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scan-code terminal.

    Attributes:
        input: `-` (keyboard wedge on standard input), `file:PATH`, `follow:PATH`, `serial:DEVICE[@BAUD]`
            or `tcp:HOST:PORT`.
        zone_id: The zone in which a person stands who uses the terminal.
        member_prefixes: What a scanned member code begins with, and the namespace of the rest.
        member_hold_s: How long a shown member code counts for the item scans after it.
        staff_prefixes: What a scanned staff card begins with. Nothing of the card is sent or kept.
    """

    input: str = "-"
    zone_id: Name | None = None
    member_prefixes: dict[str, str] = msgspec.field(default_factory=lambda: {"MEMBER:": "member_number"})
    member_hold_s: Annotated[float, Meta(ge=0)] = 30.0
    staff_prefixes: tuple[str, ...] = ()


class PosSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tap on a till.

    Attributes:
        input: Where receipts come from as JSON lines: `-`, `file:PATH`, `follow:PATH`, `serial:DEVICE[@BAUD]`
            or `tcp:HOST:PORT` (listens there).
        zone_id: The zone in which a person stands who pays.
    """

    input: str = "-"
    zone_id: Name | None = None


class PseudonymSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the tenant's pseudonym key lies."""

    key_file: Path

    def key(self) -> bytes:
        """Return the key that `key_file` holds.

        Raises:
            ConfigurationError: The file cannot be read, or the key is too short.
        """
        try:
            key = self.key_file.read_bytes().strip()
        except OSError as error:
            msg = f"pseudonyms.key_file: cannot read {self.key_file}: {error.strerror}"
            raise ConfigurationError(msg) from error
        if len(key) < MIN_KEY_BYTES:
            msg = f"pseudonyms.key_file: {self.key_file} holds {len(key)} bytes, at least {MIN_KEY_BYTES} are needed"
            raise ConfigurationError(msg)
        return key


class ScanTerminalConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration of a scan-code terminal."""

    device: DeviceSettings
    pseudonyms: PseudonymSettings
    terminal: TerminalSettings = TerminalSettings()
    broker: BrokerSettings = BrokerSettings()


class PosConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration of a POS tap."""

    device: DeviceSettings
    pseudonyms: PseudonymSettings
    pos: PosSettings = PosSettings()
    broker: BrokerSettings = BrokerSettings()


ConfigT = TypeVar("ConfigT")


def load_toml(path: Path, config_type: type[ConfigT]) -> ConfigT:
    """Return the configuration that a TOML file holds, every key checked.

    Raises:
        ConfigurationError: The file cannot be read, is no TOML, or a key is unknown, missing or has a value that is
            not allowed; the message names the key and the value.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        msg = f"cannot read the configuration {path}: {error.strerror}"
        raise ConfigurationError(msg) from error
    return parse_toml(raw, config_type, path)


def parse_toml(raw: bytes, config_type: type[ConfigT], path: Path) -> ConfigT:
    """Return the configuration that the bytes of a TOML file hold, as `load_toml` does.

    Raises:
        ConfigurationError: As in `load_toml`.
    """
    try:
        return decode_toml(raw, config_type, path)
    except InvalidConfigurationError as error:
        raise ConfigurationError(str(error)) from error


def check_device(device: DeviceSettings) -> DeviceSettings:
    """Return the settings, known to name a device that topics can carry.

    Raises:
        ConfigurationError: Tenant, store or id has characters that topics do not allow.
    """
    try:
        for key, value in (("tenant", device.tenant), ("store", device.store), ("id", device.id)):
            check_name(f"device.{key}", value)
    except TopicError as error:
        raise ConfigurationError(str(error)) from error
    return device
