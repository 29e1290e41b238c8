"""Takes the store's events from the broker: commit first, then acknowledge to the broker and to the device."""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable

import paho.mqtt.client as mqtt
from msgspec import Struct, field
from msgspec.structs import replace
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contracts.delivery import Acknowledgement, Presence, decode_presence, encode_message
from contracts.errors import ContractError
from contracts.events import Source
from contracts.signature_keys import STORE_LOCAL_QOS
from contracts.topics import PRESENCE_NAME, Channel, Topic, ack_topic, store_filter
from gateway.adapters.connection import KEEPALIVE_S, Login, client_id, sign_in
from gateway.adapters.event_rows import Held
from gateway.adapters.event_store import EventStore
from gateway.adapters.mqtt_client import BatchClient
from gateway.adapters.signatures import SignatureDesk
from gateway.config import StoreSettings
from gateway.core.admission import IntakeRules, RateLimit, check_delivery
from gateway.core.judging import Delivery, judge, parsed
from gateway.core.publish_packet import Published
from gateway.errors import EventStoreError

logger = logging.getLogger(__name__)

_SESSION_EXPIRY_S = 7 * 24 * 3600
_RECEIVE_MAXIMUM = 4000
_BATCH_MESSAGES = 2000
_POLL_S = 0.2
_ACK_INTERVAL_S = 0.02
UNKNOWN_DEVICE = "(no device)"
_STORE_RETRY_S = 1.0


class _Batch(Struct, frozen=True):
    """Messages that came together on one connection."""

    connection: int
    messages: list[Published]
    received_ms: int


class _Arrived(Struct):
    """What came, sorted: presences, judged messages, and how many more of each device were refused."""

    presences: list[tuple[Source, Presence, int]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    limited: Counter[str] = field(default_factory=Counter)


class Consumer:
    """Subscribes to the store's events and writes them into the event store.

    Args:
        store: Where events go.
        settings: Which store's.
        login: Where the broker is.
        clock_ms: The wall clock, Unix milliseconds.
        on_committed: Called after each commit.
        desk: Takes what must not leave the store, and is never written; None: nothing of it is asked for.

    Attributes:
        note: Takes note of each event's message before it is written, and returns what to write in its place.
    """

    def __init__(
        self,
        store: EventStore,
        settings: StoreSettings,
        login: Login,
        clock_ms: Callable[[], int],
        on_committed: Callable[[], None],
        desk: SignatureDesk | None = None,
    ) -> None:
        self._rules: IntakeRules | None = None
        self._limit: RateLimit | None = None
        self._desk = desk
        self.note: Callable[[Delivery], Delivery] = lambda delivery: delivery
        self._store, self._settings, self._broker = store, settings, login.broker
        self._clock_ms, self._on_committed = clock_ms, on_committed
        self._queue: queue.SimpleQueue[_Batch] = queue.SimpleQueue()
        self._owed: dict[tuple[str, str], Held] = {}
        self._acknowledged_s = float("-inf")
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write, name="writer", daemon=True)
        self._client = self._make_client(login)

    def _make_client(self, login: Login) -> BatchClient:
        client = BatchClient(client_id(self._settings.source), self._take)
        sign_in(client, login)
        client.max_queued_messages_set(0)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_connect_fail = self._on_connect_fail
        return client

    def restrict(self, rules: IntakeRules) -> None:
        """Take in no more than this of a device; without it, whatever is well formed. To be called before `start`."""
        self._rules, self._limit = rules, RateLimit(rules)

    def start(self) -> None:
        """Connect in the background; a broker that is down is waited for."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        properties.ReceiveMaximum = _RECEIVE_MAXIMUM
        self._client.connect_async(
            self._broker.host, self._broker.port, keepalive=KEEPALIVE_S, clean_start=False, properties=properties
        )
        self._client.loop_start()
        self._writer.start()

    @property
    def is_alive(self) -> bool:
        """Return whether the writer still works."""
        return self._writer.is_alive()

    def stop(self) -> None:
        """Write what has come, then disconnect. What was not acknowledged will be delivered again."""
        self._stop.set()
        self._writer.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _write(self) -> None:
        while not (self._stop.is_set() and self._queue.empty()):
            batches = self._next_batches()
            if batches:
                self._commit(batches)
            else:
                self._settle()
            self._acknowledge()
            if self._desk is not None:
                self._desk.key(self._clock_ms())  # It ends at its time, whether or not anybody sends.
        self._acknowledge(after_s=0)
        self._settle()

    def _why_not_at(self, clock_ms: int) -> str | None:
        return None if self._rules is None else self._rules.why_not_now(clock_ms)

    def _settle(self) -> None:
        """Write what visits have become; try again later where that cannot be written."""
        if self._why_not_at(self._clock_ms()) is not None:
            return
        try:
            if self._store.settle(self._clock_ms()):
                self._on_committed()
        except EventStoreError as error:
            logger.error("%s; trying again", error)  # noqa: TRY400 - one line for operators

    def _next_batches(self) -> list[_Batch]:
        """Return what waits, in order, up to so many messages; wait a moment where nothing does."""
        batches: list[_Batch] = []
        count = 0
        try:
            batches.append(self._queue.get(timeout=_ACK_INTERVAL_S if self._owed else _POLL_S))
            count = len(batches[0].messages)
            while count < _BATCH_MESSAGES:
                batches.append(self._queue.get_nowait())
                count += len(batches[-1].messages)
        except queue.Empty:
            pass
        return batches

    def _commit(self, batches: list[_Batch]) -> None:
        """Write messages, then acknowledge them to the broker and the devices; try again where that cannot be done."""
        if not self._awaits_clock():
            return  # Nothing was acknowledged.
        arrived = self._sort(batches)
        while True:
            try:
                held = self._keep(arrived)
                break
            except EventStoreError as error:
                logger.error("%s; nothing was acknowledged, trying again", error)  # noqa: TRY400 - one line for operators
                self._acknowledge(after_s=0)  # What was committed before.
                if self._stop.wait(_STORE_RETRY_S):
                    return
        for batch in batches:
            self._client.ack_all(batch.connection, batch.messages)
        self._owed.update(((str(stream.source), stream.epoch), stream) for stream in held)
        self._on_committed()

    def _awaits_clock(self) -> bool:
        """Wait while the clock cannot be right: by it every event would come from the future. Return whether it is."""
        why = self._why_not_at(self._clock_ms())
        if why is not None:
            logger.error(why)
        while why is not None:
            if self._stop.wait(_POLL_S):
                return False
            why = self._why_not_at(self._clock_ms())
        return True

    def _sort(self, batches: list[_Batch]) -> _Arrived:
        """Judge messages; those that stay in the store, and those of devices that send too many, end here."""
        arrived = _Arrived()
        for batch in map(self._dated, batches):
            for each in batch.messages:
                topic = parsed(each.topic)
                if topic is not None and topic.channel == "local":
                    self._take_local(topic, each.body, batch.received_ms)
                elif topic is not None and topic.channel == "status" and topic.name == PRESENCE_NAME:
                    arrived.presences += _presence(topic, each.body, batch.received_ms)
                elif not self._admits(topic, batch.received_ms):
                    arrived.limited[_name(topic)] += 1
                else:
                    judged = self.note(judge(each.topic, each.body, each.properties, batch.received_ms))
                    arrived.deliveries.append(judged if self._rules is None else check_delivery(judged, self._rules))
        return arrived

    def _dated(self, batch: _Batch) -> _Batch:
        """Return messages that came before the clock was set as if they came now."""
        is_dated = self._why_not_at(batch.received_ms) is None
        return batch if is_dated else replace(batch, received_ms=self._clock_ms())

    def _admits(self, topic: Topic | None, now_ms: int) -> bool:
        return self._limit is None or self._limit.admits(_name(topic), now_ms)

    def _keep(self, arrived: _Arrived) -> list[Held]:
        for source, presence, received_ms in arrived.presences:
            self._store.keep_presence(source, presence, received_ms)
        return self._store.receive(arrived.deliveries, arrived.limited)

    def _acknowledge(self, after_s: float = _ACK_INTERVAL_S) -> None:
        """Tell devices how far their events are held; of what came in quick succession, once."""
        if self._owed and time.monotonic() - self._acknowledged_s >= after_s:
            for stream in self._owed.values():
                acknowledgement = Acknowledgement(epoch=stream.epoch, through=stream.through)
                self._client.publish(ack_topic(stream.source), encode_message(acknowledgement), qos=1)
            self._owed.clear()
            self._acknowledged_s = time.monotonic()

    def _take_local(self, topic: Topic, body: bytes, received_ms: int) -> None:
        """Take in what stays in the store, in memory alone, and answer at once."""
        if self._desk is None:
            return
        for answer_topic, answer in self._desk.handle(topic, body, received_ms):
            self._client.publish(answer_topic, answer, qos=STORE_LOCAL_QOS)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.error(
                "the broker %s refuses the connection: %s; check username, password_file and the broker's ACL",
                self._broker.address,
                reason,
            )
            return
        tenant, store = self._settings.tenant, self._settings.store
        channels: tuple[Channel, ...] = ("event", "status")
        filters = [(store_filter(tenant, store, channel), SubscribeOptions(qos=1)) for channel in channels]
        if self._desk is not None:
            filters.append((store_filter(tenant, store, "local"), SubscribeOptions(qos=STORE_LOCAL_QOS)))
        client.subscribe(filters)
        logger.info("connected to the broker %s", self._broker.address)

    def _on_disconnect(
        self, _client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if not self._stop.is_set():
            logger.warning("lost the broker %s (%s); reconnecting", self._broker.address, reason)

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: object) -> None:
        logger.warning("no broker answers at %s; trying again", self._broker.address)

    def _take(self, connection: int, messages: list[Published]) -> None:
        now_ms = self._clock_ms()
        if self._why_not_at(now_ms) is not None:
            messages = [each for each in messages if each.wants_ack]  # The broker sends any number of the others.
        self._queue.put(_Batch(connection, messages, now_ms))


def _presence(topic: Topic, body: bytes, received_ms: int) -> list[tuple[Source, Presence, int]]:
    """Return what a message says of a device's presence; nothing where it says nothing."""
    try:
        return [(topic.source, decode_presence(body), received_ms)]
    except ContractError as error:
        logger.warning("ignored a message on %s: %s", topic, error)
        return []


def _name(topic: Topic | None) -> str:
    """Return the device that a topic names; those that name none are one."""
    return UNKNOWN_DEVICE if topic is None else str(topic.source)
