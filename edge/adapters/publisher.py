"""Publishes a device's outbox over MQTT 5, QoS 1, until the gateway has acknowledged every row."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from contracts.delivery import (
    EPOCH_PROPERTY,
    EVENT_MEDIA_TYPE,
    OLDEST_PROPERTY,
    SEQUENCE_PROPERTY,
    Presence,
    decode_acknowledgement,
    encode_message,
)
from contracts.errors import ContractError
from contracts.events import Source
from contracts.topics import ack_topic, presence_topic
from edge.adapters.mqtt_client import make_client
from edge.adapters.outbox import Outbox, OutboxRow
from edge.config import BrokerSettings
from edge.core.sending import SendPolicy, SendState, acknowledge, begin, next_rows
from edge.errors import OutboxError

logger = logging.getLogger(__name__)

_IDLE_S = 0.05
_KEEPALIVE_S = 30
_SESSION_EXPIRY_S = 3600
_DRAIN_POLL_S = 0.02
_OUTBOX_RETRY_S = 1.0
_UNCONFIRMED_WINDOWS = 2


class Publisher:
    """Keeps one connection to the broker and drains the outbox through it.

    Args:
        outbox: The rows to publish.
        source: The device.
        broker: Where the broker is.
        presence: What to say of the device while it is connected; the will says the same, offline.
        policy: How eagerly to publish.
        monotonic_s: A monotonic clock.
    """

    def __init__(
        self,
        outbox: Outbox,
        source: Source,
        broker: BrokerSettings,
        presence: Presence,
        policy: SendPolicy | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox, self._source, self._broker, self._presence = outbox, source, broker, presence
        self._policy, self._monotonic_s = policy or SendPolicy(), monotonic_s
        self._is_connected, self._unconfirmed = False, 0
        self._state: SendState | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._pump = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._client = self._make_client()

    def _make_client(self) -> mqtt.Client:
        client = make_client(self._broker, self._source)
        offline = Presence(online=False, kind=self._presence.kind, software_version=self._presence.software_version)
        client.will_set(presence_topic(self._source), encode_message(offline), qos=1, retain=True)
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(self._policy.window)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_connect_fail = self._on_connect_fail
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def start(self) -> None:
        """Connect in the background and begin to publish; a broker that is down is waited for."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        self._client.connect_async(
            self._broker.host, self._broker.port, keepalive=_KEEPALIVE_S, clean_start=True, properties=properties
        )
        self._client.loop_start()
        self._pump.start()

    def wake(self) -> None:
        """Say that new rows are in the outbox."""
        self._wake.set()

    def drain(self, timeout_s: float) -> bool:
        """Wait until the gateway holds every row, at most `timeout_s`. Returns whether it does.

        Without a connection to the broker it waits a fifth of that.
        """
        started_s = self._monotonic_s()
        while self._outbox.counts().depth and not self._stop.is_set():
            waited_s = self._monotonic_s() - started_s
            if waited_s >= (timeout_s if self._client.is_connected() else timeout_s / 5):
                break
            self._wake.set()
            self._stop.wait(_DRAIN_POLL_S)
        return self._outbox.counts().depth == 0

    def stop(self) -> None:
        """Say goodbye and disconnect. Rows that were not acknowledged stay in the outbox."""
        self._stop.set()
        self._wake.set()
        if self._pump.is_alive():
            self._pump.join()
        if self._client.is_connected():
            offline = Presence(online=False, kind=self._presence.kind, software_version=self._presence.software_version)
            farewell = self._client.publish(presence_topic(self._source), encode_message(offline), qos=1, retain=True)
            with suppress(RuntimeError):  # the connection went in this moment; the will says the same
                farewell.wait_for_publish(1.0)
            self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                rows = self._take()
                oldest = str(self._outbox.counts().acknowledged + 1)
            except OutboxError as error:
                logger.error("%s: %s; trying again", self._source, error)  # noqa: TRY400 - one line for operators
                self._stop.wait(_OUTBOX_RETRY_S)
                continue
            for row in rows:
                self._publish(row, oldest)
            self._wake.wait(_IDLE_S)

    def _take(self) -> list[OutboxRow]:
        """Return the rows to publish now: none while the broker has not taken what it was given before.

        The client keeps what the broker did not take over every reconnect, and gives it again by itself.
        """
        with self._lock:
            counts = self._outbox.counts()  # under the lock, so that an acknowledgement is in it or follows it
            if not self._is_connected or self._unconfirmed >= _UNCONFIRMED_WINDOWS * self._policy.window:
                return []
            state = self._state or begin(counts.acknowledged)
            self._state, wanted = next_rows(state, counts.made, self._monotonic_s(), self._policy)
            if self._state.tries and wanted:
                logger.warning(
                    "%s: no acknowledgement from the gateway; publishing %d events again (try %d)",
                    self._source,
                    len(wanted),
                    self._state.tries,
                )
        return self._outbox.rows(wanted) if wanted else []

    def _publish(self, row: OutboxRow, oldest: str) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.ContentType = EVENT_MEDIA_TYPE
        properties.UserProperty = [
            (EPOCH_PROPERTY, self._outbox.epoch),
            (SEQUENCE_PROPERTY, str(row.sequence)),
            (OLDEST_PROPERTY, oldest),
        ]
        self._count_unconfirmed(1)
        self._client.publish(row.topic, row.body, qos=1, properties=properties)

    def _count_unconfirmed(self, change: int) -> None:
        with self._lock:
            self._unconfirmed += change

    def _on_publish(
        self, _client: mqtt.Client, _userdata: object, _mid: int, _reason: ReasonCode, _properties: object
    ) -> None:
        self._count_unconfirmed(-1)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.error(
                "%s: the broker %s refuses the connection: %s; check username, password_file and the broker's ACL",
                self._source,
                self._broker.address,
                reason,
            )
            return
        client.subscribe(ack_topic(self._source), qos=1)
        self._count_unconfirmed(1)
        client.publish(presence_topic(self._source), encode_message(self._presence), qos=1, retain=True)
        with self._lock:
            self._is_connected, self._state = True, None
        self._wake.set()

    def _on_disconnect(
        self, _client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        with self._lock:
            self._is_connected = False
        if not self._stop.is_set():
            logger.warning("%s: lost the broker %s (%s); reconnecting", self._source, self._broker.address, reason)

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: object) -> None:
        logger.warning(
            "%s: no broker answers at %s; events wait in the outbox, trying again", self._source, self._broker.address
        )

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        try:
            acknowledgement = decode_acknowledgement(bytes(message.payload))
        except ContractError as error:
            logger.warning("%s: ignored a message on %s: %s", self._source, message.topic, error)
            return
        try:
            through = self._outbox.acknowledge(acknowledgement.epoch, acknowledgement.through)
        except OutboxError as error:  # the gateway says it again when the rows come again
            logger.error("%s: %s", self._source, error)  # noqa: TRY400 - one line for operators
            return
        if through is None:
            return
        with self._lock:
            if self._state is not None:
                now_s = self._monotonic_s()
                self._state = acknowledge(self._state, through, now_s, self._policy)
        self._wake.set()
