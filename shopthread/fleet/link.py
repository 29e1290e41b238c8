"""One connection to the broker, shared by some devices: MQTT 5, QoS 1, driven from outside without threads."""

import logging
import selectors
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contracts.delivery import Presence, decode_acknowledgement, encode_message
from contracts.errors import ContractError
from edge.adapters.outbox import OutboxRow
from edge.config import BrokerSettings
from shopthread.fleet.lanes import Lane
from shopthread.fleet.packed import PackedProperties
from shopthread.fleet.tally import Tally, Trust

logger = logging.getLogger(__name__)

_KEEPALIVE_S = 30
_CONNECT_TIMEOUT_S = 5.0
_MOST_UNCONFIRMED = 200
_TOPICS_A_SUBSCRIPTION = 100


class Link:
    """Publishes the presence and the events of its devices, and hears the gateway's acknowledgements.

    Every try to connect begins with a fresh client and a clean session: what was on its way is published again.

    Args:
        broker: Where the broker is.
        client_id: Under which name to connect.
        lanes: The devices. The first one's presence is the connection's last will.
        tally: Counted into.
        selector: What to wait with; the socket is registered there while the connection lives.

    Attributes:
        lanes: The devices.
        ready: Those that have something to publish, in the order of their turns.
        is_up: The broker has taken the connection.
        refusal: Why the broker refused the connection, once it did.
    """

    def __init__(
        self,
        broker: BrokerSettings,
        client_id: str,
        lanes: Sequence[Lane],
        tally: Tally,
        selector: selectors.BaseSelector,
    ) -> None:
        self.lanes, self.ready = lanes, deque[Lane]()
        self.is_up, self.refusal = False, ""
        self._broker, self._client_id, self._tally, self._selector = broker, client_id, tally, selector
        self._by_topic = {lane.ack_topic: lane for lane in lanes}
        self._unconfirmed: dict[int, tuple[Lane, int] | None] = {}
        self._most_unconfirmed = _MOST_UNCONFIRMED
        self._presences: deque[tuple[Lane, bool]] = deque()
        self._confirmed: set[Lane] = set()
        self._now_s = 0.0
        self._client: mqtt.Client | None = None

    @property
    def room(self) -> int:
        """Return how many more messages the broker takes before it has confirmed earlier ones."""
        if not self.is_up or self._client is None or self._client.want_write():
            return 0
        return self._most_unconfirmed - len(self._unconfirmed)

    @property
    def is_open(self) -> bool:
        """Return whether there is a connection, or a try for one."""
        return self._client is not None

    @property
    def is_idle(self) -> bool:
        """Return whether the broker has confirmed everything that was published."""
        return not self._unconfirmed and not self._presences

    def open(self, now_s: float) -> None:
        """Begin to connect.

        Raises:
            OSError: Nobody answers.
        """
        self._now_s = now_s
        client = self._make_client()
        client.connect(self._broker.host, self._broker.port, keepalive=_KEEPALIVE_S, clean_start=True)
        self._client = client

    def _make_client(self) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self._client_id, protocol=mqtt.MQTTv5)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password())
        first = self.lanes[0]
        client.will_set(first.presence_topic, _presence(first, online=False), qos=1, retain=True)
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(0)
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        return client

    def listen(self, now_s: float) -> None:
        """Take what the broker says, and write on what it did not take before."""
        self._now_s = now_s
        if self._client is None:
            return
        self._client.loop_read()
        self._write()
        self.settle_confirmed(now_s)

    def settle_confirmed(self, now_s: float) -> None:
        """Drop what the broker has confirmed, where its word counts; forget about it where the gateway's does."""
        self._now_s = now_s
        if self._tally.trust is Trust.OPEN:
            return
        for lane in self._confirmed:
            if self._tally.trust is Trust.BROKER:
                self.settle(lane, lane.drop_confirmed)
            else:
                lane.forget_confirmed()
        self._confirmed.clear()

    def tend(self, now_s: float) -> None:
        """Keep the connection alive; to be called every second or so."""
        self._now_s = now_s
        if self._client is not None:
            self._client.loop_misc()
            self._write()

    def say_presence(self, now_s: float) -> int:
        """Publish presences that are still to be told, as far as there is room. Return how many."""
        self._now_s = now_s
        said = 0
        while self._presences and self.room > 0:
            lane, online = self._presences.popleft()
            self._give(lane.presence_topic, _presence(lane, online=online), None, None)
            said += 1
        return said

    def say_farewell(self) -> None:
        """Say of every device that it is offline."""
        if self.is_up:
            self._presences.extend((lane, False) for lane in self.lanes)

    def publish(self, lane: Lane, row: OutboxRow) -> None:
        """Publish one row."""
        outbox = lane.outbox
        properties = PackedProperties(outbox.epoch, row.sequence, outbox.acknowledged + 1)
        self._tally.published += 1
        self._give(row.topic, row.body, properties, (lane, row.sequence))

    def publish_turn(self, most: int, now_s: float, send: "Send") -> int:
        """Let the next device publish some of its events. Return how many.

        Args:
            most: How many events at most.
            now_s: A monotonic clock's seconds.
            send: What carries a row to the broker; told whether it was published before.
        """
        self._now_s = now_s
        lane = self.ready.popleft()
        lane.is_queued = False
        before = lane.in_flight
        rows, again = lane.take(min(most, self.room), now_s)
        self._tally.in_flight += lane.in_flight - before
        self._tally.again += again
        self._tally.begun += len(rows) - again
        for index, row in enumerate(rows):
            send(self, lane, row, again=index < again)
        self.queue(lane)
        return len(rows)

    def settle(self, lane: Lane, change: Callable[[float], bool]) -> None:
        """Let a device drop what is acknowledged, and give it its turn if it can publish more now."""
        before, dropped = lane.in_flight, lane.outbox.acknowledged
        if change(self._now_s):
            self._tally.in_flight += lane.in_flight - before
            self._tally.acknowledged += lane.outbox.acknowledged - dropped
            self.queue(lane)

    def queue(self, lane: Lane) -> None:
        """Give a device its turn, if it has anything to publish."""
        if self.is_up and not lane.is_queued and lane.can_publish():
            lane.is_queued = True
            self.ready.append(lane)

    def expire(self, now_s: float) -> None:
        """Give every device another turn whose events were not acknowledged in time."""
        self._now_s = now_s
        for lane in self.lanes:
            before = lane.in_flight
            if lane.expire(now_s):
                self._tally.in_flight += lane.in_flight - before
                self.queue(lane)

    def close(self) -> None:
        """Disconnect."""
        client = self._client
        self.is_up = False  # what goes down from here on is no loss
        if client is not None:
            client.disconnect()
            socket = client.socket()
            if socket is not None:  # the broker does not even take our farewell
                client.on_socket_close = None
                self._selector.unregister(socket)
                socket.close()
        self._reset()

    def _give(
        self, topic: str, body: bytes, properties: PackedProperties | None, event: tuple[Lane, int] | None
    ) -> None:
        if self._client is None:  # lost in this moment
            return
        message = self._client.publish(topic, body, qos=1, retain=event is None, properties=properties)
        if message.rc == MQTTErrorCode.MQTT_ERR_SUCCESS and self.is_up:
            self._unconfirmed[message.mid] = event

    def _write(self) -> None:
        client = self._client
        if client is None:
            return
        if client.want_write():
            client.loop_write()
        socket = client.socket()
        if socket is not None:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
            if self._selector.get_key(socket).events != wanted:
                self._selector.modify(socket, wanted, self)

    def _reset(self) -> None:
        """Forget the connection: nothing is known to be on its way."""
        self.is_up, self._client = False, None
        self._unconfirmed.clear()
        self._presences.clear()
        self.ready.clear()
        for lane in self.lanes:
            self._tally.in_flight -= lane.in_flight
            lane.restart()
            lane.is_queued = False

    def _on_socket_open(self, _client: mqtt.Client, _userdata: object, socket: "mqtt.SocketLike") -> None:
        self._selector.register(socket, selectors.EVENT_READ, self)

    def _on_socket_close(self, _client: mqtt.Client, _userdata: object, socket: "mqtt.SocketLike") -> None:
        self._selector.unregister(socket)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, properties: object
    ) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
            return
        self._most_unconfirmed = min(_MOST_UNCONFIRMED, getattr(properties, "ReceiveMaximum", _MOST_UNCONFIRMED))
        if self._tally.trust is not Trust.BROKER:
            topics = list(self._by_topic)
            for first in range(0, len(topics), _TOPICS_A_SUBSCRIPTION):
                some = topics[first : first + _TOPICS_A_SUBSCRIPTION]
                client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in some])
        self._tally.connects += 1
        self.is_up, self.refusal = True, ""
        self._presences.extend((lane, True) for lane in self.lanes)
        for lane in self.lanes:
            self.queue(lane)

    def _on_disconnect(
        self, _client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if self.is_up:
            self._tally.losses += 1
            logger.debug("%s: lost the broker %s (%s)", self._client_id, self._broker.address, reason)
        self._reset()

    def _on_message(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        lane = self._by_topic.get(message.topic)
        if lane is None:
            return
        try:
            acknowledgement = decode_acknowledgement(bytes(message.payload))
        except ContractError as error:
            logger.warning("ignored a message on %s: %s", message.topic, error)
            return
        self.settle(lane, lambda now_s: lane.hear(acknowledgement, now_s))

    def _on_publish(
        self, _client: mqtt.Client, _userdata: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        event = self._unconfirmed.pop(mid, None)
        if event is None:
            self._tally.presences += 1
            return
        if reason.is_failure:
            self._tally.refusal = str(reason)
            return
        self._tally.confirmed += 1
        if self._tally.trust is not Trust.GATEWAY:
            lane, sequence = event
            lane.confirm(sequence)
            self._confirmed.add(lane)


def _presence(lane: Lane, *, online: bool) -> bytes:
    said = lane.outbox.presence
    return encode_message(Presence(online=online, kind=said.kind, software_version=said.software_version))


class Send(Protocol):
    """Carries a row to the broker."""

    def __call__(self, link: Link, lane: Lane, row: OutboxRow, *, again: bool) -> None:
        """Carry it: now, later or twice."""
        ...
