"""A device's second connection to the broker: what the gateway asks of it, answered at once.

It is apart from the events' connection, so that a backlog of events delays no answer about the time.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping

import paho.mqtt.client as mqtt
from msgspec import Struct
from paho.mqtt.reasoncodes import ReasonCode

from contracts.clock import CLOCK_QOS, CLOCK_REQUEST_NAME, ClockAnswer, clock_answer_topic, decode_clock_request
from contracts.clock import encode_clock as encode
from contracts.errors import ContractError
from contracts.events import Source
from contracts.topics import build_topic, parse_topic
from edge.adapters.mqtt_client import make_client
from edge.config import BrokerSettings

logger = logging.getLogger(__name__)

_KEEPALIVE_S = 30
_END_S = 5.0


class Answer(Struct, frozen=True):
    """What a device says in answer: the name of a topic on its channel `state`, and whether the broker keeps it."""

    name: str
    body: bytes
    retain: bool = False


Say = Callable[[Answer], None]
Command = Callable[[bytes, Say], None]
"""Does what a message asks for; for one thread. Raises `ContractError` for a message that is none."""


class DeviceLink:
    """Answers what the gateway asks: the time by itself, other things by the commands that it is given.

    Args:
        source: The device.
        broker: Where the broker is.
        clock_us: The device's wall clock, Unix microseconds.
        events_ahead_ms: How far the times of its events are ahead of that clock; None: they are other times.
        commands: By the name of the topic on channel `cmd`.
        greeting: Returns what to say after each new connection.

    Raises:
        ConfigurationError: The password cannot be read.
    """

    def __init__(
        self,
        source: Source,
        broker: BrokerSettings,
        clock_us: Callable[[], int],
        events_ahead_ms: Callable[[], float | None],
        commands: Mapping[str, Command],
        greeting: Callable[[], Iterable[Answer]] = tuple,
    ) -> None:
        self._source, self._broker, self._clock_us = source, broker, clock_us
        self._events_ahead_ms, self._commands, self._greeting = events_ahead_ms, dict(commands), greeting
        self._asked: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="commands", daemon=True)
        self._client = make_client(broker, source, "-cmd")
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connect in the background; a broker that is down is waited for."""
        self._client.connect_async(self._broker.host, self._broker.port, keepalive=_KEEPALIVE_S)
        self._client.loop_start()
        self._thread.start()

    def stop(self) -> None:
        """Disconnect; a command that is at work is waited for, a few seconds."""
        self._asked.put(None)
        self._thread.join(_END_S)
        self._client.disconnect()
        self._client.loop_stop()

    def greet(self) -> None:
        """Say now what is said after each new connection, where there is one."""
        if self._client.is_connected():
            for each in self._greeting():
                self.say(each)

    def say(self, answer: Answer) -> None:
        """Tell the gateway something."""
        topic = build_topic(self._source, "state", answer.name)
        self._client.publish(topic, answer.body, qos=1, retain=answer.retain)

    def _on_connect(
        self, client: mqtt.Client, _userdata: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            logger.error("%s: the broker refuses the connection for commands: %s", self._source, reason)
            return
        filters = [(build_topic(self._source, "cmd", CLOCK_REQUEST_NAME), CLOCK_QOS)]
        client.subscribe(filters + [(build_topic(self._source, "cmd", name), 1) for name in self._commands])
        self.greet()

    def _on_message(self, client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        received_us = self._clock_us()
        name, body = parse_topic(message.topic).name, bytes(message.payload)
        if name != CLOCK_REQUEST_NAME:
            self._asked.put((name, body))
            return
        try:
            request = decode_clock_request(body)
        except ContractError as error:
            logger.warning("%s: ignored a message on %s: %s", self._source, message.topic, error)
            return
        ahead_ms = self._events_ahead_ms()
        answer = ClockAnswer(
            asked_us=request.asked_us, received_us=received_us, sent_us=self._clock_us(), events_ahead_ms=ahead_ms
        )
        client.publish(clock_answer_topic(self._source), encode(answer), qos=CLOCK_QOS)

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            name, body = asked
            try:
                self._commands[name](body, self.say)
            except ContractError as error:
                logger.warning("%s: ignored what came on %s: %s", self._source, name, error)
            except Exception:  # one command that fails must not end those after it
                logger.exception("%s: the command %s failed", self._source, name)
