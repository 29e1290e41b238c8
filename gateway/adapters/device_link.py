"""The gateway's second connection to the broker: what it asks of devices, and what they answer on channel `state`."""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import paho.mqtt.client as mqtt
from msgspec import Struct

from contracts.clock import CLOCK_ANSWER_NAME, CLOCK_QOS, clock_request_topic
from contracts.delivery import decode_presence
from contracts.errors import ContractError
from contracts.events import Source
from contracts.topics import PRESENCE_NAME, Topic, build_topic, parse_topic, store_filter
from gateway.adapters.connection import Connection, Login
from gateway.adapters.device_clocks import DeviceClocks
from gateway.errors import DeviceStoreError

logger = logging.getLogger(__name__)

_LOOK_S = 0.25


class Order(Struct, frozen=True):
    """What the gateway asks of a device: the name of a topic on channel `cmd`, and whether the broker keeps it."""

    device: str
    name: str
    body: bytes
    retain: bool = False


class StateWatch(Protocol):
    """Something that takes answers of devices in, and has orders for them. Its methods may raise `DeviceStoreError`."""

    @property
    def names(self) -> frozenset[str]:
        """Return the names of the topics on channel `state` that it takes."""
        ...

    def take(self, device: str, name: str, body: bytes) -> Iterable[Order]:
        """Take an answer in, and return what to ask in turn.

        Raises:
            ContractError: It is no answer.
        """
        ...

    def orders(self, online: frozenset[str], connection: int) -> Iterable[Order]:
        """Return what to ask of devices now.

        Args:
            online: The devices that are there.
            connection: Another number after each new connection: the broker may have forgotten what it kept.
        """
        ...


class DeviceLink:
    """Asks devices for the time and whatever else its watches want of them.

    Args:
        gateway: The gateway as its own events name it.
        login: Where the broker is.
        clocks: Measures clocks.
        monotonic_us: The clock that `clocks` was given, microseconds.
        watches: What else is asked and answered.
    """

    def __init__(
        self,
        gateway: Source,
        login: Login,
        clocks: DeviceClocks,
        monotonic_us: Callable[[], int],
        watches: Iterable[StateWatch] = (),
    ) -> None:
        self._gateway, self._clocks, self._monotonic_us = gateway, clocks, monotonic_us
        self._watches = tuple(watches)
        self._by_name: Mapping[str, StateWatch] = {name: watch for watch in self._watches for name in watch.names}
        self._online: set[str] = set()
        self._connections = 0
        self._answers: queue.SimpleQueue[tuple[Topic, bytes, int]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devices", daemon=True)
        self._connection = Connection(gateway, "devices", login, "devices", self._subscribe, self._take_message)

    @property
    def online(self) -> frozenset[str]:
        """Return the devices that are there, as far as the broker says."""
        return frozenset(self._online.copy())

    @property
    def is_alive(self) -> bool:
        """Return whether devices are asked."""
        return self._thread.is_alive()

    @property
    def is_connected(self) -> bool:
        """Return whether the broker is there."""
        return self._connection.is_connected

    def start(self) -> None:
        """Connect in the background; a broker that is down is waited for."""
        self._connection.start()
        self._thread.start()

    def stop(self) -> None:
        """Disconnect."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._connection.stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._take_answer()
                if self.is_connected and self._answers.empty():
                    self._ask()
            except DeviceStoreError as error:
                logger.error("%s; trying again", error)  # noqa: TRY400 - one line for operators
                self._stop.wait(1.0)

    def _take_answer(self) -> None:
        try:
            topic, body, returned_us = self._answers.get(timeout=_LOOK_S)
        except queue.Empty:
            return
        device, watch = topic.source.device, self._by_name.get(topic.name)
        try:
            if topic.channel == "status":
                self._note_presence(device, body)
            elif topic.name == CLOCK_ANSWER_NAME:
                self._clocks.answered(device, body, returned_us)
            elif watch is not None and body:
                self._send(watch.take(device, topic.name, body))
        except ContractError as error:
            logger.warning("ignored a message on %s: %s", topic, error)

    def _note_presence(self, device: str, body: bytes) -> None:
        if decode_presence(body).online:
            self._online.add(device)
        else:
            self._online.discard(device)

    def _ask(self) -> None:
        for device in sorted(self.online):
            request = self._clocks.ask(device)
            if request is not None:
                self._connection.client.publish(clock_request_topic(self._source(device)), request, qos=CLOCK_QOS)
        for watch in self._watches:
            self._send(watch.orders(self.online, self._connections))

    def _send(self, orders: Iterable[Order]) -> None:
        for order in orders:
            topic = build_topic(self._source(order.device), "cmd", order.name)
            self._connection.client.publish(topic, order.body, qos=1, retain=order.retain)

    def _source(self, device: str) -> Source:
        return Source(self._gateway.tenant, self._gateway.store, device)

    def _subscribe(self, client: mqtt.Client) -> None:
        tenant, store = self._gateway.tenant, self._gateway.store
        client.subscribe([(store_filter(tenant, store, "status"), 1), (store_filter(tenant, store, "state"), 1)])
        self._connections += 1

    def _take_message(self, message: mqtt.MQTTMessage) -> None:
        returned_us = self._monotonic_us()
        try:
            topic = parse_topic(message.topic)
        except (ContractError, UnicodeDecodeError):
            return  # the consumer keeps such a message as a dead letter, where it is subscribed to it
        if topic.channel == "state" or topic.name == PRESENCE_NAME:
            self._answers.put((topic, bytes(message.payload), returned_us))
