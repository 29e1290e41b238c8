"""Connections to brokers of other systems, or to the store's own for their sake."""

import ssl
from typing import NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from gateway.config import BrokerSettings, read_secret
from gateway.core.interop.rules import PeerBroker

KEEPALIVE_S = 30


class PeerLogin(NamedTuple):
    """A broker and the password there."""

    broker: BrokerSettings | PeerBroker
    password: str | None


def peer_login(peer: PeerBroker | None, own: tuple[BrokerSettings, str | None], key: str) -> PeerLogin:
    """Return where to connect.

    Args:
        peer: Another broker; None: the store's own.
        own: How the gateway signs in at the store's own.
        key: The configuration's table, for what cannot be read.

    Raises:
        ConfigurationError: The password cannot be read.
    """
    if peer is None:
        return PeerLogin(*own)
    password = None if peer.password_file is None else read_secret(peer.password_file, f"{key}.broker.password_file")
    return PeerLogin(peer, password)


def peer_client(client_id: str, login: PeerLogin) -> mqtt.Client:
    """Return a client that is ready to connect."""
    broker = login.broker
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
    if broker.username is not None:
        client.username_pw_set(broker.username, login.password)
    if broker.ca_file is not None:
        client.tls_set(ca_certs=str(broker.ca_file), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.reconnect_delay_set(1, 30)
    return client
