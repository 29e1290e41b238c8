"""An MQTT 5 broker inside the process tree, for stores and demos without Mosquitto. It is iotcore (rumqttd)."""

import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from iotcore import Broker

from gateway.errors import BrokerError

# One listener, MQTT 5, on one address. Nothing is kept over a restart: devices publish again what was not acknowledged.
_CONFIGURATION = """
id = 0
[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "store"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 200
dynamic_filters = true
"""
_LOGIN = """
[v5.1.connections.auth]
{user} = "{password}"
"""


def free_local_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class EmbeddedBroker:
    """Runs the broker as a child process that ends with this one.

    Args:
        host: IP address to listen on.
        port: TCP port.
        login: The only user name and password that are accepted; None: everybody is let in.
    """

    def __init__(self, host: str, port: int, login: tuple[str, str] | None = None) -> None:
        self._host, self._port, self._login = host, port, login
        self._folder: TemporaryDirectory[str] | None = None
        self._broker: Broker | None = None

    def start(self) -> None:
        """Start, and return when it listens.

        Raises:
            BrokerError: The address cannot be used, for example because its port is in use.
        """
        try:
            with socket.create_server((self._host, self._port)):
                pass
            self._broker = Broker(config_path=str(self._write_configuration()))
            self._broker.start()
        except (OSError, RuntimeError, ValueError) as error:
            msg = f"cannot run a broker on {self._host}:{self._port}: {error}; choose a free broker.port"
            raise BrokerError(msg) from error

    def _write_configuration(self) -> Path:
        """Write the broker's configuration into a folder that nobody else can read."""
        self._folder = TemporaryDirectory(prefix="shopthread-broker-")
        path = Path(self._folder.name) / "broker.toml"
        text = _CONFIGURATION.format(host=self._host, port=self._port)
        if self._login is not None:
            user, password = self._login
            text += _LOGIN.format(user=user, password=password)
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def is_running(self) -> bool:
        """Return whether the broker's process lives."""
        return self._broker is not None and bool(self._broker.is_running)

    def stop(self) -> None:
        """Stop and release the port."""
        if self._broker is not None:
            self._broker.stop()
        if self._folder is not None:
            self._folder.cleanup()
