"""What an operator does about devices, also while the gateway runs: it follows within a second."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from contracts.device_configuration import MAX_DOCUMENT_CHARACTERS
from contracts.enrolment import DeviceKind
from contracts.topics import check_name
from gateway.access import gateway_hash, reload_mosquitto, write_passwords
from gateway.adapters.config_rows import ConfigRows
from gateway.adapters.credential_rows import CredentialRows
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.restart_rows import RestartRows
from gateway.adapters.rollout_rows import RolloutRows
from gateway.config import GatewayConfig, read_secret
from gateway.core.devices.enrolment_code import CODE_BYTES, code_of
from gateway.core.devices.rollout import RolloutRules
from gateway.device_operation import devices_path, page_key_path, read_page_key
from gateway.errors import ConfigurationError, DeviceStoreError
from models.registry import RegisteredModel


def now_ms() -> int:
    """Return the wall clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


@contextmanager
def devices_of(config: GatewayConfig) -> Iterator[DeviceDatabase]:
    """Open the devices' file while the block runs.

    Raises:
        DeviceStoreError: It cannot be opened.
    """
    database = DeviceDatabase(devices_path(config))
    try:
        yield database
    finally:
        database.close()


def register(config: GatewayConfig, device: str, kind: DeviceKind, valid_s: float) -> str:
    """Expect a device. Return its one-time code.

    Raises:
        TopicError: The name is none.
        ConfigurationError: It is the gateway's own name.
        DeviceStoreError: The devices' file cannot be written.
    """
    check_name("the device's name", device)
    if device == config.gateway.id:
        msg = f"{device!r} is the gateway's own name; give the device another"
        raise ConfigurationError(msg)
    code = code_of(secrets.token_bytes(CODE_BYTES))
    with devices_of(config) as database:
        CredentialRows(database).register(device, kind, code, now_ms(), now_ms() + round(valid_s * 1000))
    return code


def revoke(config: GatewayConfig, device: str) -> None:
    """Take a device's credentials and codes away.

    Raises:
        DeviceStoreError: It has no credentials, or the devices' file cannot be written.
    """
    with devices_of(config) as database:
        rows = CredentialRows(database)
        had_any = rows.revoke(device, now_ms())
        names = ", ".join(each.device for each in rows.registered() if not each.is_revoked)
        hashes = rows.hashes()
    if not had_any:
        msg = f"{device!r} has no credentials; those that have are {names or 'none'}. Codes that waited hold no more"
        raise DeviceStoreError(msg)
    if config.broker.mosquitto_dir is not None:
        write_passwords(config.broker.mosquitto_dir, hashes)
        reload_mosquitto(config.broker.mosquitto_dir)


def configure(config: GatewayConfig, device: str, document: str) -> int:
    """Want a configuration of a device. Return its version.

    Raises:
        TopicError: The name is none.
        ConfigurationError: The document is no TOML or too long.
        DeviceStoreError: The devices' file cannot be written.
    """
    check_name("the device's name", device)
    try:
        msgspec.toml.decode(document.encode())
    except msgspec.DecodeError as error:
        msg = f"this is no TOML: {error}"
        raise ConfigurationError(msg) from error
    if len(document) > MAX_DOCUMENT_CHARACTERS:
        msg = f"a configuration may have {MAX_DOCUMENT_CHARACTERS} characters, got {len(document)}"
        raise ConfigurationError(msg)
    with devices_of(config) as database:
        return ConfigRows(database).configure(device, document, now_ms())


def ask_restart(config: GatewayConfig, device: str, reason: str) -> None:
    """Want a device to start again as soon as it is there.

    Raises:
        TopicError: The name is none.
        DeviceStoreError: The devices' file cannot be written.
    """
    check_name("the device's name", device)
    with devices_of(config) as database:
        RestartRows(database).ask(device, reason, now_ms())


def roll_out(
    config: GatewayConfig, model: RegisteredModel, canaries: list[str], rest: list[str], rules: RolloutRules
) -> None:
    """Hand a model to devices, to some first.

    Raises:
        TopicError: A name is none.
        ConfigurationError: No canary is named, a device twice, or the model cannot be read.
        DeviceStoreError: The devices' file cannot be written.
    """
    for device in (*canaries, *rest):
        check_name("the device's name", device)
    with devices_of(config) as database:
        rows = RolloutRows(database)
        rows.begin(rows.files.put(model), model.manifest.name, canaries, rest, rules)


def page_address(config: GatewayConfig, *, is_new: bool = False) -> str:
    """Return the address of the manager's page with its key; a key is made where there is none.

    Raises:
        ConfigurationError: The gateway serves no pages.
        OSError: The key cannot be written.
    """
    if not config.http.port:
        msg = "the gateway serves no pages: set port under [http]"
        raise ConfigurationError(msg)
    key = None if is_new else read_page_key(config)
    if key is None:
        key, path = secrets.token_urlsafe(24), page_key_path(config)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(f"{key}\n", encoding="ascii")
        part.replace(path)
    scheme = "http" if config.tls is None else "https"
    host = "127.0.0.1" if config.http.host in ("0.0.0.0", "::") else config.http.host  # noqa: S104 - told, not used
    return f"{scheme}://{host}:{config.http.port}/?key={key}"


def write_mosquitto_passwords(config: GatewayConfig, folder: Path) -> Path:
    """Write the passwords of the gateway and of all enrolled devices for Mosquitto; other users' lines stay.

    Returns:
        The file that holds the gateway's own password; it is made where the configuration names none.

    Raises:
        GatewayError: A secret or the devices' file cannot be read, or a file cannot be written.
    """
    own = config.broker.password_file or folder / f"{config.gateway.id}.password"
    if not own.exists():
        own.touch(mode=0o600)
        own.write_text(f"{secrets.token_hex(32)}\n", encoding="ascii")
    with devices_of(config) as database:
        hashes = CredentialRows(database).hashes()
    hashes[config.broker.username or config.gateway.id] = gateway_hash(read_secret(own, "broker.password_file"))
    write_passwords(folder, hashes)
    return own
