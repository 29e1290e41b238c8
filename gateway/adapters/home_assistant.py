"""Tells Home Assistant of the store, over MQTT, and takes back what is not true any more."""

import logging
import queue
import threading
from collections.abc import Callable
from importlib.metadata import version

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode

from contracts.events import Source
from gateway.adapters.peer_client import KEEPALIVE_S, PeerLogin, peer_client
from gateway.adapters.store_pages import StoreNow
from gateway.core.interop.home_assistant import OFFLINE, Home, HomeBoard, HomeFacts, changes, queue_counts
from gateway.core.interop.rules import HomeAssistantRules
from gateway.errors import GatewayError

logger = logging.getLogger(__name__)

_GOODBYE_S = 2.0


class HomeAssistant:
    """Keeps what Home Assistant's broker retains of the store as the store is.

    Args:
        gateway: The gateway as its own events name it.
        rules: What to tell; not enabled: nothing, and what was told is taken back.
        login: Where.
        now: Returns the store as it is; may raise `GatewayError`.
    """

    def __init__(
        self, gateway: Source, rules: HomeAssistantRules, login: PeerLogin, now: Callable[[], StoreNow]
    ) -> None:
        self._home = Home(gateway=gateway, prefix=rules.prefix, software_version=version("shopthread"))
        self._rules, self._login, self._now = rules, login, now
        self._board = HomeBoard(self._home)
        self._found: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._there: dict[str, bytes | None] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)
        self._client = self._make_client()

    def _make_client(self) -> mqtt.Client:
        gateway = self._home.gateway
        client = peer_client("-".join((gateway.tenant, gateway.store, gateway.device, "home")), self._login)
        if self._rules.enabled:
            client.will_set(self._home.availability, OFFLINE, qos=1, retain=True)
        client.on_connect, client.on_message = self._on_connect, self._on_message
        return client

    @property
    def is_alive(self) -> bool:
        """Return whether it works."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Connect in the background; a broker that is down is waited for."""
        self._client.connect_async(self._login.broker.host, self._login.broker.port, keepalive=KEEPALIVE_S)
        self._client.loop_start()
        self._thread.start()

    def stop(self) -> None:
        """Say that the gateway is away, and disconnect."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._rules.enabled and self._client.is_connected():
            self._client.publish(self._home.availability, OFFLINE, qos=1, retain=True).wait_for_publish(_GOODBYE_S)
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_message = None

    def _run(self) -> None:
        while not self._stop.is_set():
            self._take_found()
            if self._client.is_connected():
                try:
                    self._tell()
                except GatewayError as error:
                    logger.error("%s; trying again", error)  # noqa: TRY400 - one line for operators
            self._stop.wait(self._rules.interval_s)

    def _take_found(self) -> None:
        """Take note of what the broker held when this connection began; whatever was held before may be gone."""
        while not self._found.empty():
            topic = self._found.get()
            if topic is None:
                self._there.clear()
            else:
                self._there.setdefault(topic, None)
                self._board.adopt(topic)

    def _tell(self) -> None:
        wanted = self._board.messages(_facts(self._now())) if self._rules.enabled else {}
        for topic, body in changes(self._there, wanted):
            self._client.publish(topic, body, qos=1, retain=True)
        self._there = dict(wanted)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.error(
                "the broker %s refuses the connection for Home Assistant: %s", self._login.broker.address, reason
            )
            return
        self._found.put(None)
        client.subscribe([(each, 1) for each in self._home.filters])

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.retain and message.payload:
            try:
                self._found.put(message.topic)
            except UnicodeDecodeError:
                return


def _facts(now: StoreNow) -> HomeFacts:
    return HomeFacts(
        people=now.people,
        queues=queue_counts((each.device, each.zone, each.kind, each.people) for each in now.zones),
        told=frozenset(each.device for each in now.zones),
        devices=tuple(now.devices),
    )
