"""Device to gateway over real brokers: each event once in effect, whatever is killed, nothing acknowledged early."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from contracts.delivery import Presence
from contracts.events import Source, draft_event
from contracts.payloads import Coverage
from contracts.topics import event_topic
from edge.adapters.outbox import Outbox
from edge.adapters.publisher import Publisher
from edge.config import BrokerSettings
from edge.core.sending import SendPolicy
from gateway.adapters.connection import Login
from gateway.adapters.consumer import Consumer
from gateway.adapters.event_store import EventStore
from gateway.config import BrokerSettings as GatewayBrokerSettings
from gateway.config import StoreSettings
from tests.servers import free_port, running_broker, wait_until

DEVICE = Source("acme", "store-1", "cam-1")
POLICY = SendPolicy(window=100, first_resend_s=0.5, longest_resend_s=1.0)
PRESENCE = Presence(online=True, kind="camera", software_version="test")

BROKERS = [pytest.param("embedded"), pytest.param("mosquitto", marks=pytest.mark.mosquitto)]


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


def _coverage(number: int) -> Coverage:
    return Coverage(
        interval_start_ms=number,
        interval_end_ms=number + 1,
        observed_s=0.001,
        frames_processed=1,
        frames_dropped=0,
    )


def _append(outbox: Outbox, numbers: range) -> None:
    outbox.append([draft_event(DEVICE, _coverage(number), number, number) for number in numbers])


def _outbox(folder: Path) -> Outbox:
    return Outbox(folder / "outbox.sqlite", DEVICE, lambda: "epoch-1")


@contextmanager
def _publishing(outbox: Outbox, port: int) -> Iterator[Publisher]:
    publisher = Publisher(outbox, DEVICE, BrokerSettings(port=port), PRESENCE, POLICY)
    publisher.start()
    try:
        yield publisher
    finally:
        publisher.stop()


@contextmanager
def _gateway(folder: Path, port: int) -> Iterator[EventStore]:
    settings = StoreSettings(tenant="acme", store="store-1", data_dir=folder)
    store = EventStore(folder / "gateway.sqlite", settings.source)
    consumer = Consumer(store, settings, Login(GatewayBrokerSettings(port=port), None), _clock_ms, lambda: None)
    consumer.start()
    try:
        yield store
    finally:
        consumer.stop()
        store.close()


def _received(folder: Path) -> int:
    with sqlite3.connect(folder / "gateway.sqlite") as db:
        (count,) = db.execute("SELECT count(DISTINCT event_id) FROM event WHERE source = ?", (str(DEVICE),)).fetchone()
    db.close()
    return int(count)


@pytest.mark.parametrize("kind", BROKERS)
def test_every_event_arrives_once_and_leaves_the_outbox(kind: str, tmp_path: Path):
    port, outbox = free_port(), _outbox(tmp_path)
    _append(outbox, range(1, 1001))
    with (
        running_broker(kind, tmp_path, port),
        _gateway(tmp_path, port) as store,
        _publishing(outbox, port) as publisher,
    ):
        assert publisher.drain(20)
        assert _received(tmp_path) == 1000
        assert store.missing() == {}
        wait_until(lambda: [d.online for d in store.devices()] == [True], what="the device's presence")
    outbox.close()


@pytest.mark.parametrize("kind", BROKERS)
def test_nothing_leaves_the_outbox_before_the_gateway_committed(kind: str, tmp_path: Path):
    port, outbox = free_port(), _outbox(tmp_path)
    _append(outbox, range(1, 51))
    with running_broker(kind, tmp_path, port), _publishing(outbox, port) as publisher:
        assert not publisher.drain(1.5), "the broker alone must not count"
        assert outbox.counts().depth == 50
        with _gateway(tmp_path, port):
            assert publisher.drain(20)
    assert _received(tmp_path) == 50
    outbox.close()


@pytest.mark.parametrize("kind", BROKERS)
def test_a_broker_that_is_killed_and_forgets_everything_costs_nothing(kind: str, tmp_path: Path):
    port, outbox = free_port(), _outbox(tmp_path)
    with _gateway(tmp_path, port), _publishing(outbox, port) as publisher:
        for first in (1, 301, 601):
            with running_broker(kind, tmp_path, port):
                _append(outbox, range(first, first + 300))
                publisher.wake()
                wait_until(lambda before=first: _received(tmp_path) >= before, what="some events")
        with running_broker(kind, tmp_path, port):
            wait_until(lambda: publisher.drain(0.1), 40, "the outbox to drain after the broker's restarts")
    assert _received(tmp_path) == 900
    outbox.close()


@pytest.mark.parametrize("kind", BROKERS)
def test_restarts_of_device_and_gateway_in_the_middle_keep_totals_equal(kind: str, tmp_path: Path):
    port = free_port()
    with running_broker(kind, tmp_path, port):
        for round_number in range(3):
            outbox = _outbox(tmp_path)
            first = 1 + 200 * round_number
            with _publishing(outbox, port), _gateway(tmp_path, port):
                _append(outbox, range(first, first + 200))
                wait_until(lambda: _received(tmp_path) > 0, what="some events")
            outbox.close()
        outbox = _outbox(tmp_path)
        with _gateway(tmp_path, port) as store, _publishing(outbox, port) as publisher:
            assert publisher.drain(20)
            assert store.missing() == {}
        assert (outbox.counts().made, _received(tmp_path)) == (600, 600)
        outbox.close()


@pytest.mark.parametrize("kind", BROKERS)
def test_a_gateway_with_an_empty_disk_takes_up_where_the_old_one_was(kind: str, tmp_path: Path):
    port, outbox = free_port(), _outbox(tmp_path)
    old, new = tmp_path / "old", tmp_path / "new"
    with running_broker(kind, tmp_path, port), _publishing(outbox, port) as publisher:
        _append(outbox, range(1, 11))
        with _gateway(old, port):
            assert publisher.drain(20)
        _append(outbox, range(11, 21))
        with _gateway(new, port) as store:
            assert publisher.drain(20), "numbers that the old gateway acknowledged must not be waited for"
            assert store.missing() == {}
    assert _received(new) == 10
    outbox.close()


@pytest.mark.parametrize("kind", BROKERS)
def test_bad_messages_are_kept_with_reason_and_bytes_and_block_nothing(kind: str, tmp_path: Path):
    port, outbox = free_port(), _outbox(tmp_path)
    with running_broker(kind, tmp_path, port), _gateway(tmp_path, port) as store:
        wait_until(lambda: _publish_raw(port, b"\x00 not an event"), what="the broker")
        wait_until(lambda: len(store.dead_letters()) == 1, what="the dead letter")
        (letter,) = store.dead_letters()
        assert (letter.reason, letter.body) == ("not_json", b"\x00 not an event")
        with _publishing(outbox, port) as publisher:
            _append(outbox, range(1, 6))
            assert publisher.drain(20)
        assert store.replay_dead_letters(_clock_ms()) == (0, 1)
    outbox.close()


def _publish_raw(port: int, body: bytes) -> bool:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    done = connected.wait(30)
    time.sleep(0.3)  # the gateway's subscription may come a moment after its connection
    message = client.publish(event_topic(DEVICE, Coverage), body, qos=1)
    message.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()
    return done
