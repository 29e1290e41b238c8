"""Tells Home Assistant of the store, over MQTT, and takes back what is not true any more."""

import logging
import queue
import threading
from collections.abc import Callable
from importlib.metadata import version

import paho.mqtt.client as mqtt

from contracts.events import Source
from gateway.adapters.connection import Connection, Login
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

    def __init__(self, gateway: Source, rules: HomeAssistantRules, login: Login, now: Callable[[], StoreNow]) -> None:
        self._home = Home(gateway=gateway, prefix=rules.prefix, software_version=version("shopthread"))
        self._rules, self._now = rules, now
        self._board = HomeBoard(self._home)
        self._found: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._there: dict[str, bytes | None] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)
        self._connection = Connection(gateway, "home", login, "Home Assistant", self._subscribe, self._take_message)
        self._client = self._connection.client
        if rules.enabled:
            self._client.will_set(self._home.availability, OFFLINE, qos=1, retain=True)

    @property
    def is_alive(self) -> bool:
        """Return whether it works."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Connect in the background; a broker that is down is waited for."""
        self._connection.start()
        self._thread.start()

    def stop(self) -> None:
        """Say that the gateway is away, and disconnect."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._rules.enabled and self._connection.is_connected:
            self._client.publish(self._home.availability, OFFLINE, qos=1, retain=True).wait_for_publish(_GOODBYE_S)
        self._connection.stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._take_found()
            if self._connection.is_connected:
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

    def _subscribe(self, client: mqtt.Client) -> None:
        self._found.put(None)
        client.subscribe([(each, 1) for each in self._home.filters])

    def _take_message(self, message: mqtt.MQTTMessage) -> None:
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
