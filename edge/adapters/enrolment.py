"""Gets a device's credentials from the store's gateway, for a one-time code, and keeps them."""

import ssl
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import tomlkit
from msgspec import Struct
from tomlkit.exceptions import TOMLKitError

from contracts.enrolment import ENROL_PATH, Enrolment, EnrolmentRequest, decode_enrolment, encode_enrolment
from contracts.errors import ContractError
from edge.errors import EdgeError

DEFAULT_PORT = 8081
CA_FILE = "store-ca.pem"
_TIMEOUT_S = 20.0
_MOST_BYTES = 65_536


class EnrolmentError(EdgeError):
    """The gateway does not enrol this device, or what it said cannot be kept."""


class Gateway(Struct, frozen=True):
    """Where the gateway is, and whether the connection is encrypted: with `ca_file`, by whom it must be vouched for."""

    host: str
    port: int
    is_plain: bool
    ca_file: Path | None


def parse_gateway(text: str, *, is_plain: bool = False, ca_file: Path | None = None) -> Gateway:
    """Return the gateway that `HOST` or `HOST:PORT` names.

    Raises:
        EnrolmentError: The port is no number.
    """
    host, colon, port = text.rpartition(":")
    if not colon or host.endswith(":") or text.endswith("]"):
        return Gateway(text.strip("[]"), DEFAULT_PORT, is_plain, ca_file)
    if not port.isdecimal():
        msg = f"--gateway must be HOST or HOST:PORT, got {text!r}"
        raise EnrolmentError(msg)
    return Gateway(host.strip("[]"), int(port), is_plain, ca_file)


def fetch_enrolment(gateway: Gateway, code: str) -> Enrolment:
    """Return what the gateway gives for a code.

    Raises:
        EnrolmentError: It cannot be reached, cannot be trusted, or does not take the code.
    """
    try:
        connection = _connection(gateway)
        try:
            connection.request("POST", ENROL_PATH, encode_enrolment(EnrolmentRequest(code=code)))
            response = connection.getresponse()
            body = response.read(_MOST_BYTES)
        finally:
            connection.close()
    except ssl.SSLError as error:
        msg = f"cannot trust {gateway.host}:{gateway.port}: {error}; give the store's authority with --ca-file"
        raise EnrolmentError(msg) from error
    except (OSError, HTTPException) as error:
        place = f"{gateway.host}:{gateway.port}"
        msg = f"no gateway answers at {place}: {error}; is http.port set there, and TLS as here (--plain)?"
        raise EnrolmentError(msg) from error
    if response.status != HTTPStatus.OK:
        msg = f"the gateway answers {response.status}: {body[:500].decode(errors='replace').strip()}"
        raise EnrolmentError(msg)
    try:
        return decode_enrolment(body)
    except ContractError as error:
        raise EnrolmentError(str(error)) from error


def keep_enrolment(found: Enrolment, gateway: Gateway, folder: Path, config: Path | None) -> list[Path]:
    """Write a device's password, readable by its owner alone, and whom to trust; set the configuration that uses them.

    Args:
        found: What the gateway gave.
        gateway: Who gave it.
        folder: Where the secrets go.
        config: The device's configuration; None: none is changed.

    Returns:
        The files that were written.

    Raises:
        EnrolmentError: A file cannot be written, or the configuration is no TOML.
    """
    folder = folder.resolve()
    password = folder / f"{found.device}.password"
    written = [password]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_secret(password, f"{found.password}\n")
        if found.ca_pem is not None:
            (folder / CA_FILE).write_text(found.ca_pem, encoding="ascii")
            written.append(folder / CA_FILE)
        if config is not None:
            _set_config(config, found, gateway, folder)
            written.append(config)
    except (OSError, TOMLKitError) as error:
        msg = f"{found.device} is enrolled, but a file cannot be written: {error}; make another code and enrol it again"
        raise EnrolmentError(msg) from error
    return written


def enrolled_tables(found: Enrolment, gateway: Gateway, folder: Path) -> str:
    """Return the tables of the device's configuration that follow from its enrolment, as TOML."""
    return tomlkit.dumps(_tables(found, gateway, folder))


def _tables(found: Enrolment, gateway: Gateway, folder: Path) -> dict[str, dict[str, str | int]]:
    settings: dict[str, str | int] = {
        "host": found.broker_host or gateway.host,
        "port": found.broker_port,
        "username": found.device,
        "password_file": str(folder.resolve() / f"{found.device}.password"),
    }
    if found.ca_pem is not None:
        settings["ca_file"] = str(folder.resolve() / CA_FILE)
    return {"device": {"tenant": found.tenant, "store": found.store, "id": found.device}, "broker": settings}


def _set_config(config: Path, found: Enrolment, gateway: Gateway, folder: Path) -> None:
    document = tomlkit.parse(config.read_text(encoding="utf-8"))
    for name, settings in _tables(found, gateway, folder).items():
        table = document.setdefault(name, tomlkit.table())
        for key, value in settings.items():
            table[key] = value
    config.write_text(tomlkit.dumps(document), encoding="utf-8")


def _write_secret(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(text, encoding="ascii")
    part.replace(path)


def _connection(gateway: Gateway) -> HTTPConnection:
    if gateway.is_plain:
        return HTTPConnection(gateway.host, gateway.port, timeout=_TIMEOUT_S)
    cafile = None if gateway.ca_file is None else str(gateway.ca_file)
    context = ssl.create_default_context(cafile=cafile)
    return HTTPSConnection(gateway.host, gateway.port, timeout=_TIMEOUT_S, context=context)
