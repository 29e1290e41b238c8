"""Composes who may sign in at the store's broker: enrolment, credentials, the broker that checks them."""

import logging
import os
import secrets
import signal
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from contracts.enrolment import ENROL_PATH
from gateway.adapters.connection import Login
from gateway.adapters.credential_rows import CredentialRows
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.embedded_broker import EmbeddedBroker
from gateway.adapters.enrolment_desk import BrokerAddress, EnrolmentDesk
from gateway.adapters.guarded_broker import GuardedBroker
from gateway.adapters.http_server import Handlers
from gateway.adapters.try_limits import TryLimits
from gateway.config import GatewayConfig, TlsSettings, read_secret
from gateway.core.devices.passwords import SALT_BYTES, hash_password, matches, merged_passwords
from gateway.errors import ConfigurationError, GatewayError

logger = logging.getLogger(__name__)

PASSWORDS_FILE = "passwords"
PID_FILE = "mosquitto.pid"
_LOOK_S = 0.5
_LOCAL = ("127.0.0.1", "0.0.0.0", "localhost", "::")  # noqa: S104 - not to listen there, but to tell what is local


class Access:
    """Who may sign in, and the broker that asks.

    Args:
        config: The gateway's.
        database: The devices' file.
        clock_ms: The wall clock, Unix milliseconds.

    Raises:
        ConfigurationError: A secret or a certificate cannot be read.
    """

    def __init__(self, config: GatewayConfig, database: DeviceDatabase, clock_ms: Callable[[], int]) -> None:
        self._config, self._rows = config, CredentialRows(database)
        self._clock_ms, self._tls = clock_ms, _tls_context(config.tls)
        self._hashes = self._rows.hashes()
        self.broker = self._make_broker()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="credentials", daemon=True)

    @property
    def tls(self) -> ssl.SSLContext | None:
        """Return what the gateway's servers encrypt with; None: nothing."""
        return self._tls

    def _make_broker(self) -> EmbeddedBroker | GuardedBroker | None:
        broker = self._config.broker
        if not broker.embedded:
            return None
        if not broker.require_credentials:
            return EmbeddedBroker(broker.host, broker.port)
        limits = TryLimits(time.monotonic)
        source = self._config.gateway.source
        return GuardedBroker(broker.host, broker.port, source, self._is_password, limits, tls=self._tls)

    def own_login(self) -> Login:
        """Return how the gateway itself signs in.

        Raises:
            ConfigurationError: The password cannot be read.
        """
        broker = self._config.broker
        if isinstance(self.broker, GuardedBroker):
            own = replace(broker, host=_LOCAL[0], port=self.broker.inner_port, username=self.broker.username)
            return Login(replace(own, ca_file=None), self.broker.password)
        password = None
        if broker.password_file is not None:
            password = read_secret(broker.password_file, "broker.password_file")
        return Login(broker, password)

    def handlers(self) -> Handlers:
        """Return what answers devices that want to be enrolled."""
        broker, ca_pem = self._config.broker, None
        ca_file = broker.ca_file if self._config.tls is None else self._config.tls.ca_file
        if ca_file is not None:
            ca_pem = read_secret(ca_file, "ca_file") + "\n"
        address = BrokerAddress(broker.port, None if broker.host in _LOCAL else broker.host, ca_pem)
        desk = EnrolmentDesk(
            self._config.gateway.source,
            self._rows,
            address,
            TryLimits(time.monotonic),
            self._clock_ms,
            secrets.token_bytes,
        )
        return {("POST", ENROL_PATH): desk.enrol}

    def start(self) -> None:
        """Begin to follow who is enrolled and who is revoked.

        Raises:
            GatewayError: Mosquitto's passwords cannot be written.
        """
        self._write_passwords()
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _is_password(self, user: str, password: bytes) -> bool:
        kept = self._rows.hashes().get(user)
        return kept is not None and matches(password, kept)

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            try:
                self._look()
            except GatewayError as error:
                logger.error("%s; trying again", error)  # noqa: TRY400 - one line for operators

    def _look(self) -> None:
        hashes = self._rows.hashes()
        if hashes == self._hashes:
            return
        changed = sorted(name for name in hashes if hashes[name] != self._hashes.get(name))
        self._write_passwords()
        self._hashes = hashes
        if isinstance(self.broker, GuardedBroker):
            for device in changed:
                self.broker.drop(device)

    def _write_passwords(self) -> None:
        folder = self._config.broker.mosquitto_dir
        if folder is not None:
            write_passwords(folder, self._rows.hashes())
            reload_mosquitto(folder)


def write_passwords(folder: Path, hashes: dict[str, str | None]) -> None:
    """Write Mosquitto's passwords; lines of users that are not ours stay.

    Args:
        folder: That `shopthread gateway mosquitto` made.
        hashes: By user what is kept of the password; None: the user must not get in any more.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    path = folder / PASSWORDS_FILE
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        after = merged_passwords(before, hashes)
        if after == before and path.exists():
            return
        part = path.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(after, encoding="utf-8")
        if path.exists():
            kept = path.stat()
            part.chmod(kept.st_mode & 0o777)
            os.chown(part, kept.st_uid, kept.st_gid)
        part.replace(path)
    except OSError as error:
        msg = f"broker.mosquitto_dir: cannot write {path}: {error.strerror}"
        raise ConfigurationError(msg) from error


def reload_mosquitto(folder: Path) -> bool:
    """Make a Mosquitto that runs read its passwords again. Return whether one was asked."""
    try:
        os.kill(int((folder / PID_FILE).read_text(encoding="ascii")), signal.SIGHUP)
    except (OSError, ValueError) as error:
        logger.info("no Mosquitto was asked to read %s again: %s", folder / PASSWORDS_FILE, error)
        return False
    return True


def gateway_hash(password: str) -> str:
    """Return what is kept of the gateway's own password."""
    return hash_password(password, secrets.token_bytes(SALT_BYTES))


def _tls_context(settings: TlsSettings | None) -> ssl.SSLContext | None:
    """Return what servers encrypt with.

    Raises:
        ConfigurationError: Certificate or key cannot be used.
    """
    if settings is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        msg = f"tls: cannot use {settings.certificate_file} with {settings.key_file}: {error}"
        raise ConfigurationError(msg) from error
    return context
