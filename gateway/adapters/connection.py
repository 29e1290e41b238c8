"""The gateway's connections to brokers: the store's own, and those of other systems."""

import logging
import ssl
from collections.abc import Callable
from typing import NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from contracts.events import Source
from gateway.config import read_secret
from gateway.core.broker import Broker

logger = logging.getLogger(__name__)

KEEPALIVE_S = 30
_FIRST_RETRY_S, _LONGEST_RETRY_S = 1, 30


class Login(NamedTuple):
    """A broker and the gateway's password there, None where it asks for none."""

    broker: Broker
    password: str | None


def peer_login(peer: Broker | None, own: Login, key: str) -> Login:
    """Return where to connect.

    Args:
        peer: Another system's broker; None: the store's own.
        own: How the gateway signs in at the store's own.
        key: The configuration's table, for what cannot be read.

    Raises:
        ConfigurationError: The password cannot be read.
    """
    if peer is None:
        return own
    password = None if peer.password_file is None else read_secret(peer.password_file, f"{key}.broker.password_file")
    return Login(peer, password)


def client_id(gateway: Source, *parts: str) -> str:
    """Return the name of a session of the gateway; `parts` tell its sessions from each other."""
    return "-".join((gateway.tenant, gateway.store, gateway.device, *parts))


def sign_in(client: mqtt.Client, login: Login) -> None:
    """Tell a client who it is, over TLS where the broker has a certificate authority, and how soon it comes back."""
    broker, password = login
    if broker.username is not None:
        client.username_pw_set(broker.username, password)
    if broker.ca_file is not None:
        client.tls_set(ca_certs=str(broker.ca_file), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.reconnect_delay_set(_FIRST_RETRY_S, _LONGEST_RETRY_S)


class Connection:
    """A connection that is made in the background and comes back by itself.

    Args:
        gateway: The gateway as its own events name it.
        name: Tells the connection from the gateway's others.
        login: Where it goes.
        purpose: What it is for, for the log.
        on_connected: Called after each sign-in, on the network's thread as `on_message`; it subscribes.
        on_message: Takes a message.

    Attributes:
        client: What publishes.
    """

    def __init__(
        self,
        gateway: Source,
        name: str,
        login: Login,
        purpose: str,
        on_connected: Callable[[mqtt.Client], None],
        on_message: Callable[[mqtt.MQTTMessage], None],
    ) -> None:
        self._broker, self._purpose = login.broker, purpose
        self._on_connected, self._on_message = on_connected, on_message
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id(gateway, name), protocol=mqtt.MQTTv5)
        sign_in(self.client, login)
        self.client.on_connect, self.client.on_message = self._take_answer, self._take_message

    @property
    def is_connected(self) -> bool:
        """Return whether the broker is there."""
        return self.client.is_connected()

    def start(self) -> None:
        """Connect in the background; a broker that is down is waited for."""
        self.client.connect_async(self._broker.host, self._broker.port, keepalive=KEEPALIVE_S)
        self.client.loop_start()

    def stop(self) -> None:
        """Disconnect."""
        self.client.disconnect()
        self.client.loop_stop()
        self.client.on_connect = self.client.on_message = None

    def _take_answer(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.error("the broker %s refuses the connection for %s: %s", self._broker.address, self._purpose, reason)
        else:
            self._on_connected(client)

    def _take_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self._on_message(message)
