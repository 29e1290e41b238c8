"""The publisher against a broker that misbehaves, by hand."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from contracts.delivery import Presence
from contracts.events import Source, draft_event
from contracts.operations import DeviceHealth
from contracts.topics import ack_topic
from edge.adapters.outbox import Outbox, OutboxCounts
from edge.adapters.publisher import Publisher
from edge.config import BrokerSettings
from edge.core.sending import SendPolicy
from edge.errors import OutboxError
from tests.fakes.brokers import SilentBroker, publish_packet

SOURCE = Source("acme", "store-1", "cam-1")
POLICY = SendPolicy(window=5, first_resend_s=0.05, longest_resend_s=0.05)
PATIENT = SendPolicy(window=5, first_resend_s=600, longest_resend_s=600)
"""Sends nothing again, so what the broker does not confirm stays below what stops the publisher."""


def _ack_message(body: bytes) -> bytes:
    return publish_packet(ack_topic(SOURCE).encode(), body)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox.sqlite", SOURCE, lambda: "a1")
    _append(opened, range(1, 11))
    yield opened
    opened.close()


def _append(outbox: Outbox, times_ms: range) -> None:
    health = DeviceHealth(uptime_s=0.0, software_version="x", queue_depth=0)
    outbox.append([draft_event(SOURCE, health, time_ms) for time_ms in times_ms])


@pytest.fixture
def publishes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the topics of what the client is given to publish."""
    topics: list[str] = []
    publish: Callable[..., mqtt.MQTTMessageInfo] = mqtt.Client.publish

    def noting(client: mqtt.Client, topic: str, *args: object, **kwargs: object) -> mqtt.MQTTMessageInfo:
        topics.append(topic)
        return publish(client, topic, *args, **kwargs)

    monkeypatch.setattr(mqtt.Client, "publish", noting)
    return topics


def _run(
    outbox: Outbox,
    broker: SilentBroker,
    until: Callable[[], bool],
    least_s: float = 0.0,
    policy: SendPolicy = POLICY,
) -> bool:
    publisher = Publisher(
        outbox,
        SOURCE,
        BrokerSettings(port=broker.port),
        Presence(online=True, kind="camera", software_version="x"),
        policy,
    )
    publisher.start()
    started_s = time.monotonic()
    while time.monotonic() - started_s < least_s or (not until() and time.monotonic() - started_s < 60):
        time.sleep(0.01)
    reached = until()
    broker.stop()
    publisher.stop()
    return reached


def _events(publishes: list[str]) -> int:
    return sum("/event/" in topic for topic in publishes)


def test_a_broker_that_confirms_nothing_does_not_fill_the_memory(outbox: Outbox, publishes: list[str]):
    assert _run(outbox, SilentBroker(), lambda: _events(publishes) >= POLICY.window, least_s=1.0)
    assert _events(publishes) <= 3 * POLICY.window


def test_an_acknowledgement_beyond_what_was_made_does_not_silence_the_device(outbox: Outbox, publishes: list[str]):
    broker = SilentBroker(_ack_message(b'{"epoch":"a1","through":1000000}'))

    def later() -> bool:
        if outbox.counts().depth == 0 and outbox.counts().made == 10:
            publishes.clear()
            _append(outbox, range(11, 12))
        return outbox.counts().made == 11 and _events(publishes) > 0

    assert _run(outbox, broker, later, policy=PATIENT)


def test_an_acknowledgement_while_the_outbox_is_read_does_not_silence_the_device(
    outbox: Outbox, publishes: list[str], monkeypatch: pytest.MonkeyPatch
):
    broker, counts = SilentBroker(_ack_message(b'{"epoch":"a1","through":10}')), outbox.counts

    def overtaken() -> OutboxCounts:
        """Return what stood in the outbox before an acknowledgement that comes now."""
        found, until_s = counts(), time.monotonic() + 0.2
        while threading.current_thread().name == "publisher" and counts().depth and time.monotonic() < until_s:
            time.sleep(0.01)
        return found

    def later() -> bool:
        if counts().depth == 0 and counts().made == 10:
            publishes.clear()
            _append(outbox, range(11, 12))
        return counts().made == 11 and _events(publishes) > 0

    monkeypatch.setattr(outbox, "counts", overtaken)
    assert _run(outbox, broker, later, policy=PATIENT)


@pytest.mark.parametrize("body", [b"\xff", b"[" * 50, b'{"epoch":"a1","through":1%s}' % (b"0" * 30), b'{"epoch":"b"}'])
def test_a_message_that_is_no_acknowledgement_is_passed_over(outbox: Outbox, publishes: list[str], body: bytes):
    assert _run(outbox, SilentBroker(_ack_message(body)), lambda: _events(publishes) >= 2 * POLICY.window)
    assert outbox.counts().depth == 10


def test_an_outbox_that_cannot_be_read_for_a_moment_is_tried_again(
    outbox: Outbox, publishes: list[str], monkeypatch: pytest.MonkeyPatch
):
    counts, failures = outbox.counts, iter(range(3))

    def failing() -> OutboxCounts:
        if next(failures, None) is not None:
            msg = "disk I/O error"
            raise OutboxError(msg)
        return counts()

    monkeypatch.setattr(outbox, "counts", failing)
    assert _run(outbox, SilentBroker(), lambda: _events(publishes) > 0)
