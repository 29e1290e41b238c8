"""The consumer against what a broker may deliver but should not, and a store that is full."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from contracts.delivery import decode_acknowledgement
from contracts.events import Source, draft_event, encode_event
from contracts.payloads import Coverage
from contracts.topics import event_topic
from gateway.adapters import consumer as consumer_module
from gateway.adapters.connection import Login
from gateway.adapters.consumer import Consumer
from gateway.adapters.event_rows import Held
from gateway.adapters.event_store import EventStore
from gateway.config import BrokerSettings, StoreSettings
from gateway.core.admission import IntakeRules
from gateway.core.judging import Delivery
from gateway.core.publish_packet import Published
from gateway.errors import StorageFullError
from tests.fakes.brokers import SilentBroker, publish_packet
from tests.servers import wait_until


def test_a_topic_that_is_not_utf_8_is_kept_as_a_dead_letter(tmp_path: Path):
    broker = SilentBroker(publish_packet(b"shopthread/v1/acme/store-1/\xff/event/x", b"?"))
    settings = StoreSettings(tenant="acme", store="store-1", data_dir=tmp_path)
    store = EventStore(tmp_path / "gateway.sqlite", settings.source)
    consumer = Consumer(store, settings, Login(BrokerSettings(port=broker.port), None), lambda: 5, lambda: None)
    consumer.start()
    wait_until(lambda: store.dead_letter_count() > 0, what="a dead letter")
    assert consumer.is_alive
    broker.stop()
    consumer.stop()
    store.close()


class Acknowledgements:
    """What a consumer tells the broker and the devices, in place of its connection."""

    def __init__(self) -> None:
        self.packets: list[int] = []
        self.through: dict[str, int] = {}

    def ack_all(self, _connection: int, messages: Iterable[Published]) -> None:
        self.packets += [each.packet_id for each in messages]

    def publish(self, topic: str, body: bytes, **_: object) -> None:
        self.through[topic] = decode_acknowledgement(body).through

    def disconnect(self) -> None:
        pass

    loop_stop = disconnect


NOW_MS = 1_772_442_000_000


def _coverage(device: str, number: int) -> Published:
    source = Source("acme", "store-1", device)
    data = Coverage(interval_start_ms=0, interval_end_ms=1, observed_s=0.0, frames_processed=0, frames_dropped=0)
    body = encode_event(draft_event(source, data, NOW_MS, number).numbered(source, number))
    properties = {"epoch": "a1", "sequence": str(number)}
    return Published(event_topic(source, Coverage), number, properties, body)


@pytest.fixture
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A consumer without a connection, its store and what it acknowledges."""
    monkeypatch.setattr(consumer_module, "_STORE_RETRY_S", 0.01)
    settings = StoreSettings(tenant="acme", store="store-1", data_dir=tmp_path)
    store = EventStore(tmp_path / "gateway.sqlite", settings.source)
    consumer = Consumer(store, settings, Login(BrokerSettings(), None), lambda: NOW_MS, lambda: None)
    told = Acknowledgements()
    monkeypatch.setattr(consumer, "_client", told)
    yield consumer, store, told
    store.close()


def test_nothing_is_acknowledged_while_the_store_is_full_and_all_of_it_afterwards(
    working: tuple[Consumer, EventStore, Acknowledgements], monkeypatch: pytest.MonkeyPatch
):
    consumer, store, told = working
    receive, tries = store.receive, list[Any]()

    def full_at_first(deliveries: list[Delivery], limited: dict[str, int]) -> list[Held]:
        tries.append((list(told.packets), dict(told.through)))
        if len(tries) < 3:
            message = "the event store is full"
            raise StorageFullError(message)
        return receive(deliveries, limited)

    monkeypatch.setattr(store, "receive", full_at_first)
    consumer._take(0, [_coverage("cam-1", 1), _coverage("cam-1", 2)])
    consumer._writer.start()
    wait_until(lambda: told.through, what="an acknowledgement")
    consumer.stop()
    assert tries == [([], {})] * 3
    assert told.packets == [1, 2]
    assert list(told.through.values()) == [2]


def test_who_sends_too_much_is_not_acknowledged_and_harms_nobody(
    working: tuple[Consumer, EventStore, Acknowledgements],
):
    consumer, store, told = working
    consumer.restrict(IntakeRules(events_per_s=1, burst_events=3))
    flood = [_coverage("cam-1", number) for number in range(1, 11)]
    consumer._take(0, [*flood, _coverage("cam-2", 1), Published("nowhere", 99, {}, b"?")])
    consumer._writer.start()
    wait_until(lambda: len(told.through) == 2, what="acknowledgements")
    consumer.stop()
    assert sorted(told.through.values()) == [1, 3]
    assert len(told.packets) == 12, "the broker gets its acknowledgements, or it would hold everybody's messages back"
    counts = {tally.source: (tally.received, tally.limited) for tally in store.tallies()}
    assert counts == {"/acme/store-1/cam-1": (3, 7), "/acme/store-1/cam-2": (1, 0)}
    assert store.dead_letter_count() == 1


class WallClock:
    """A wall clock that the test sets."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def booted_in_1970(working: tuple[Consumer, EventStore, Acknowledgements], monkeypatch: pytest.MonkeyPatch):
    """The same on a machine whose clock has not been set since it started."""
    consumer, store, told = working
    clock = WallClock(60_000)
    monkeypatch.setattr(consumer, "_clock_ms", clock)
    consumer.restrict(IntakeRules())
    return consumer, store, told, clock


def test_a_gateway_that_wakes_in_1970_loses_and_refuses_nothing(
    booted_in_1970: tuple[Consumer, EventStore, Acknowledgements, WallClock], caplog: pytest.LogCaptureFixture
):
    consumer, store, told, clock = booted_in_1970
    unnumbered = Published("nowhere", 0, {}, b"a message that the broker does not keep")
    consumer._take(0, [_coverage("cam-1", 1), unnumbered, _coverage("cam-1", 2)])
    consumer._writer.start()
    wait_until(lambda: "is before 2020-01-01" in caplog.text, what="the error")
    assert (store.queue_depth(), told.packets, told.through) == (0, [], {})
    clock.now_ms = NOW_MS
    wait_until(lambda: told.through, what="an acknowledgement")
    clock.now_ms = 60_000
    consumer._take(0, [_coverage("cam-1", 3)])
    wait_until(lambda: caplog.text.count("is before 2020-01-01") == 2, what="the second error")
    clock.now_ms = NOW_MS + 5
    wait_until(lambda: store.queue_depth() == 3, what="the third event")
    consumer.stop()
    assert told.packets == [1, 2, 3]
    assert store.dead_letter_count() == 0
    assert store.oldest_waiting_ms() == NOW_MS


def test_a_gateway_that_ends_before_its_clock_is_set_acknowledges_nothing(
    booted_in_1970: tuple[Consumer, EventStore, Acknowledgements, WallClock],
):
    consumer, store, told, _ = booted_in_1970
    consumer._take(0, [_coverage("cam-1", 1)])
    consumer._writer.start()
    consumer.stop()
    assert (store.queue_depth(), told.packets, told.through) == (0, [], {})
