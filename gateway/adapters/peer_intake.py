"""Takes what another system tells of people into the event store as any device's: judged, numbered, once each."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

import paho.mqtt.client as mqtt

from contracts.delivery import EPOCH_PROPERTY, OLDEST_PROPERTY, SEQUENCE_PROPERTY
from contracts.errors import EventRejectedError
from contracts.events import Source, decode_event
from contracts.topics import event_topic
from gateway.adapters.connection import Connection, Login
from gateway.adapters.peer_rows import REMEMBER_MS, NumberedEvent, PeerRows
from gateway.core.admission import IntakeRules, check_delivery
from gateway.core.interop.tracks import Change
from gateway.core.judging import Delivery, judge
from gateway.errors import ClockError, GatewayError

logger = logging.getLogger(__name__)

NOT_KEPT = b"(not kept: it may name or show people)"
"""What a dead letter holds in place of another system's message."""

_QUEUE = 10_000
_AT_ONCE = 500
_POLL_S = 0.5
_RETRY_S = 1.0

Receive = Callable[[Sequence[Delivery]], object]
"""Commits messages; may raise `EventStoreError`."""

ReadingT = TypeVar("ReadingT")


class Peer(Protocol[ReadingT]):
    """Another system: how its messages are read, and what follows from them."""

    @property
    def name(self) -> str:
        """Return what the system is called."""
        ...

    @property
    def filters(self) -> Sequence[str]:
        """Return the subscription filters of what is read."""
        ...

    def read(self, topic: str, body: bytes) -> ReadingT | None:
        """Return what a message tells, None where nobody asked for it. Called on the network's thread.

        Raises:
            EventRejectedError: It is no such message.
        """
        ...

    def follow(self, readings: Sequence[ReadingT], now_ms: int) -> list[Change]:
        """Return what changes by what was told, in order, and by what was not told for long.

        Raises:
            DeviceStoreError: The devices' file cannot be read; it is called again with the same.
        """
        ...


class PeerIntake(Generic[ReadingT]):
    """Subscribes to what another system tells.

    Args:
        gateway: The gateway as its own events name it.
        peer: The other system.
        intake: What any device may send.
        login: Where it publishes.
        rows: What is known of it.
        receive: Commits judged messages.
        clock_ms: The wall clock, Unix milliseconds.
    """

    def __init__(
        self,
        gateway: Source,
        peer: Peer[ReadingT],
        intake: IntakeRules,
        login: Login,
        rows: PeerRows,
        receive: Receive,
        clock_ms: Callable[[], int],
    ) -> None:
        self._gateway, self._peer, self._intake = gateway, peer, intake
        self._rows, self._receive, self._clock_ms = rows, receive, clock_ms
        self._came: queue.Queue[ReadingT | Delivery] = queue.Queue(_QUEUE)
        self._readings: list[ReadingT] = []
        self._refused: list[Delivery] = []
        self._changes: list[Change] = []
        self._left_out = 0
        self._stop = threading.Event()
        name = peer.name.lower()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._connection = Connection(gateway, name, login, peer.name, self._subscribe, self._take_message)

    @property
    def is_alive(self) -> bool:
        """Return whether it works."""
        return self._thread.is_alive()

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

    def _subscribe(self, client: mqtt.Client) -> None:
        client.subscribe([(each, 0) for each in self._peer.filters])

    def _take_message(self, message: mqtt.MQTTMessage) -> None:
        try:
            self.take(message.topic, bytes(message.payload))
        except UnicodeDecodeError:
            return

    def take(self, topic: str, body: bytes) -> None:
        """Take a message in; it is left out where too many wait, which the log says."""
        try:
            came: ReadingT | Delivery | None = self._peer.read(topic, body)
        except EventRejectedError as error:
            came = Delivery(origin=topic, body=NOT_KEPT, received_ms=self._clock_ms(), refusal=error)
        if came is None:
            return
        try:
            self._came.put_nowait(came)
        except queue.Full:
            self._left_out += 1

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.step()
            except GatewayError as error:
                logger.error("%s; trying again", error)  # noqa: TRY400 - one line for operators
                self._stop.wait(_RETRY_S)

    def step(self) -> None:
        """Take in what has come, end who is silent, and hand events over; what fails is tried again next time.

        Raises:
            GatewayError: A file cannot be read or written, or the clock is not set.
        """
        why = self._intake.why_not_now(self._clock_ms())
        if why is not None:
            raise ClockError(why)
        self._hand_over()  # Nothing more is taken in while the event store takes nothing.
        if not (self._refused or self._readings or self._changes):
            self._sort(self._next())
        if self._refused:
            self._receive(self._refused)
            self._refused = []
        now_ms = self._clock_ms()
        if not self._changes:
            self._changes, self._readings = self._peer.follow(self._readings, now_ms), []
        if self._changes:
            self._rows.keep(self._changes, now_ms)
            self._changes = []
            self._rows.forget(now_ms - REMEMBER_MS)
        self._hand_over()

    def _next(self) -> list[ReadingT | Delivery]:
        left_out, self._left_out = self._left_out, 0
        if left_out:
            logger.warning("%s tells more than is taken in; %d messages were left out", self._peer.name, left_out)
        came = []
        try:
            came.append(self._came.get(timeout=_POLL_S))
            while len(came) < _AT_ONCE:
                came.append(self._came.get_nowait())
        except queue.Empty:
            pass
        return came

    def _sort(self, came: Sequence[ReadingT | Delivery]) -> None:
        for each in came:
            if isinstance(each, Delivery):
                self._refused.append(each)
            else:
                self._readings.append(each)

    def _hand_over(self) -> None:
        while events := self._rows.waiting(_AT_ONCE):
            now_ms = self._clock_ms()
            oldest: dict[str, int] = {}
            for each in events:
                oldest.setdefault(each.device, each.sequence)
            self._receive([self._delivery(each, oldest[each.device], now_ms) for each in events])
            self._rows.drop(events)

    def _delivery(self, event: NumberedEvent, oldest: int, now_ms: int) -> Delivery:
        source = Source(self._gateway.tenant, self._gateway.store, event.device)
        topic = event_topic(source, type(decode_event(event.body).data))
        properties = {
            EPOCH_PROPERTY: self._rows.epoch,
            SEQUENCE_PROPERTY: str(event.sequence),
            OLDEST_PROPERTY: str(oldest),
        }
        return check_delivery(judge(topic, event.body, properties, now_ms), self._intake)
