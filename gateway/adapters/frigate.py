"""Takes what Frigate tells of people into the event store, as any device's events: judged, numbered, once each."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence

import paho.mqtt.client as mqtt

from contracts.delivery import EPOCH_PROPERTY, OLDEST_PROPERTY, SEQUENCE_PROPERTY
from contracts.errors import EventRejectedError
from contracts.events import Source
from contracts.payloads import VisitSegment
from contracts.topics import event_topic
from gateway.adapters.connection import Connection, Login
from gateway.adapters.peer_rows import Change, PeerRows
from gateway.core.admission import IntakeRules, check_delivery
from gateway.core.interop.frigate import NOT_KEPT, RULE_VERSION, read_frigate
from gateway.core.interop.rules import FrigateRules
from gateway.core.interop.tracks import PeerTrack, give_up, is_told, observe, segment
from gateway.core.judging import Delivery, judge
from gateway.errors import ConfigurationError, GatewayError

logger = logging.getLogger(__name__)

_QUEUE = 10_000
_AT_ONCE = 500
_POLL_S = 0.5
_RETRY_S = 1.0
_REMEMBER_MS = 24 * 3600 * 1000

Receive = Callable[[Sequence[Delivery]], object]
"""Commits messages; may raise `EventStoreError`."""


class Frigate:
    """Subscribes to Frigate's events.

    Args:
        gateway: The gateway as its own events name it.
        rules: What is taken.
        intake: What any device may send.
        login: Where Frigate publishes.
        rows: What Frigate told.
        receive: Commits judged messages.
        clock_ms: The wall clock, Unix milliseconds.

    Raises:
        ConfigurationError: A camera is to report under the gateway's own name.
    """

    def __init__(
        self,
        gateway: Source,
        rules: FrigateRules,
        intake: IntakeRules,
        login: Login,
        rows: PeerRows,
        receive: Receive,
        clock_ms: Callable[[], int],
    ) -> None:
        if gateway.device in rules.cameras.values():
            msg = f"frigate.cameras: {gateway.device!r} is the gateway's own name; give the camera another"
            raise ConfigurationError(msg)
        self._gateway, self._rules, self._intake = gateway, rules, intake
        self._rows, self._receive, self._clock_ms = rows, receive, clock_ms
        self._came: queue.Queue[bytes] = queue.Queue(_QUEUE)
        self._bodies: list[bytes] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="frigate", daemon=True)
        self._connection = Connection(gateway, "frigate", login, "Frigate", self._subscribe, self._take_message)

    @property
    def topic(self) -> str:
        """Return where Frigate tells of people."""
        return f"{self._rules.prefix}/events"

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
            GatewayError: A file cannot be read or written.
        """
        self._hand_over(self._clock_ms())  # Nothing more is taken in while the event store takes nothing.
        if not self._bodies:
            self._bodies = self._next()
        now_ms = self._clock_ms()
        refused, changes = self._translate(now_ms)
        if refused:
            self._receive(refused)
        changes += [self._change(each, give_up(each)) for each in self._silent(changes, now_ms)]
        if changes:
            self._rows.keep(changes, now_ms)
            self._rows.forget(now_ms - _REMEMBER_MS)
        self._bodies = []
        self._hand_over(now_ms)

    def _next(self) -> list[bytes]:
        bodies: list[bytes] = []
        try:
            bodies.append(self._came.get(timeout=_POLL_S))
            while len(bodies) < _AT_ONCE:
                bodies.append(self._came.get_nowait())
        except queue.Empty:
            pass
        return bodies

    def _translate(self, now_ms: int) -> tuple[list[Delivery], list[Change]]:
        refused: list[Delivery] = []
        changes: list[Change] = []
        latest: dict[tuple[str, str], PeerTrack] = {}
        for body in self._bodies:
            try:
                seen = read_frigate(body, self._rules)
            except EventRejectedError as error:
                refused.append(Delivery(origin=self.topic, body=NOT_KEPT, received_ms=now_ms, refusal=error))
                continue
            if seen is None:
                continue
            key = (seen.device, seen.track)
            before = latest.get(key) or self._rows.track(*key)
            after = observe(before, seen)
            if after is not None:
                latest[key] = after
                changes.append(self._change(before, after))
        return refused, changes

    def _change(self, before: PeerTrack | None, after: PeerTrack) -> Change:
        return Change(after, segment(self._gateway, after, RULE_VERSION) if is_told(before, after) else None)

    def _silent(self, changes: Sequence[Change], now_ms: int) -> list[PeerTrack]:
        heard = {(each.track.device, each.track.track) for each in changes}
        silent = self._rows.silent(now_ms - round(self._rules.silent_after_s * 1000))
        return [each for each in silent if (each.device, each.track) not in heard]

    def _hand_over(self, now_ms: int) -> None:
        while events := self._rows.waiting(_AT_ONCE):
            deliveries = []
            for each in events:
                oldest = min(it.sequence for it in events if it.device == each.device)
                properties = {
                    EPOCH_PROPERTY: self._rows.epoch,
                    SEQUENCE_PROPERTY: str(each.sequence),
                    OLDEST_PROPERTY: str(oldest),
                }
                source = Source(self._gateway.tenant, self._gateway.store, each.device)
                judged = judge(event_topic(source, VisitSegment), each.body, properties, now_ms)
                deliveries.append(check_delivery(judged, self._intake))
            self._receive(deliveries)
            self._rows.drop(events)

    def _subscribe(self, client: mqtt.Client) -> None:
        client.subscribe(self.topic, 0)

    def _take_message(self, message: mqtt.MQTTMessage) -> None:
        try:
            self._came.put_nowait(bytes(message.payload))
        except queue.Full:
            logger.warning("Frigate tells more than is taken in; a message was left out")
