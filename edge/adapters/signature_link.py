"""A connection of its own for what must lie on no disk: signatures to the gateway, the day's key from it."""

import logging
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from contracts.signature_keys import STORE_LOCAL_QOS
from edge.adapters.mqtt_client import make_client
from edge.adapters.signature_lane import SignatureLane
from edge.config import BrokerSettings

logger = logging.getLogger(__name__)

_KEEPALIVE_S = 30
_PUMP_S = 0.2


class SignatureLink:
    """Empties a lane into the broker while there is one. Nothing is repeated: what does not arrive is lost.

    Args:
        lane: What waits, and where the key goes.
        broker: Where the broker is.

    Raises:
        ConfigurationError: The password cannot be read.
    """

    def __init__(self, lane: SignatureLane, broker: BrokerSettings) -> None:
        self._lane, self._broker = lane, broker
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signatures", daemon=True)
        self._client = make_client(broker, lane.source, "-local")
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connect in the background; a broker that is down is waited for."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEPALIVE_S)
        self._client.loop_start()
        self._thread.start()

    def stop(self) -> None:
        """Send what waits, if there is a connection, and forget the rest."""
        self._stop.set()
        self._thread.join()
        if self._client.is_connected():
            self._lane.pump(self._publish)
        self._client.disconnect()
        self._client.loop_stop()
        counts = self._lane.counts()
        logger.info(
            "%s: %d signatures sent, %d lost on their way, %d without a key",
            self._lane.source,
            counts.sent,
            counts.dropped,
            counts.without_key,
        )

    def _run(self) -> None:
        while not self._stop.wait(_PUMP_S):
            if self._client.is_connected():
                self._lane.pump(self._publish)

    def _publish(self, topic: str, body: bytes) -> None:
        self._client.publish(topic, body, qos=STORE_LOCAL_QOS)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.error("%s: the broker refuses the connection for signatures: %s", self._lane.source, reason)
            return
        client.subscribe(self._lane.topic, qos=STORE_LOCAL_QOS)
        self._lane.connected()

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self._lane.received(bytes(message.payload))
