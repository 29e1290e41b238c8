"""Listens to the store's broker and publishes again what it heard: what networks and impatient devices do."""

import random
from collections import deque
from contextlib import suppress

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from contracts.topics import store_filter

_KEPT, _MOST = 2000, 100


class Repeater:
    """Keeps the newest messages with events, and publishes some of them again.

    Args:
        port: The broker's.
        tenant: Whose events.
        store: Of which store.
    """

    def __init__(self, port: int, tenant: str, store: str) -> None:
        self._filter = store_filter(tenant, store, "event")
        self._heard: deque[mqtt.MQTTMessage] = deque(maxlen=_KEPT)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="chaos-repeater", protocol=mqtt.MQTTv5)
        self._client.reconnect_delay_set(1, 2)
        self._client.on_connect = self._on_connect
        self._client.on_message = lambda _client, _userdata, message: self._heard.append(message)
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def repeat(self, draw: int, *, shuffled: bool) -> int:
        """Publish some messages again: a run of them, or any of them in any order. Return how many."""
        chance, heard = random.Random(draw), list(self._heard)
        count = min(len(heard), _MOST)
        first = chance.randint(0, len(heard) - count)
        for each in chance.sample(heard, count) if shuffled else heard[first : first + count]:
            self._client.publish(each.topic, each.payload, qos=1, properties=each.properties)
        return count

    def close(self) -> None:
        """Disconnect."""
        with suppress(RuntimeError):
            self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if not reason.is_failure:
            client.subscribe(self._filter, qos=1)
