"""MQTT clients as devices make them: version 5, signed in, over TLS where the store has a certificate authority."""

import ssl

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from contracts.events import Source
from edge.config import BrokerSettings


class DeviceClient(mqtt.Client):
    """Paho's, which leaves the sockets with which it wakes its thread open."""

    def loop_stop(self) -> MQTTErrorCode:
        """End the network's thread, and close its sockets. See paho."""
        code = super().loop_stop()
        self._reset_sockets()
        return code


def make_client(broker: BrokerSettings, source: Source, suffix: str = "") -> mqtt.Client:
    """Return a client that is not connected yet.

    Args:
        broker: Where the broker is, and who we are to it.
        source: The device.
        suffix: Tells a second connection of the device from its first.

    Raises:
        ConfigurationError: The password cannot be read.
    """
    client = DeviceClient(
        CallbackAPIVersion.VERSION2,
        client_id="-".join((source.tenant, source.store, source.device)) + suffix,
        protocol=mqtt.MQTTv5,
    )
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password())
    if broker.ca_file is not None:
        client.tls_set(ca_certs=str(broker.ca_file), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.reconnect_delay_set(1, 30)
    return client
