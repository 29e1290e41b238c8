"""The consumer against what a broker may deliver but should not."""

from pathlib import Path

from gateway.adapters.consumer import Consumer
from gateway.adapters.event_store import EventStore
from gateway.config import BrokerSettings, StoreSettings
from tests.fakes.brokers import SilentBroker, publish_packet
from tests.servers import wait_until


def test_a_topic_that_is_not_utf_8_is_kept_as_a_dead_letter(tmp_path: Path):
    broker = SilentBroker(publish_packet(b"shopthread/v1/acme/store-1/\xff/event/x", b"?"))
    settings = StoreSettings(tenant="acme", store="store-1", data_dir=tmp_path)
    store = EventStore(tmp_path / "gateway.sqlite", settings.source)
    consumer = Consumer(store, settings, BrokerSettings(port=broker.port), None, lambda: 5, lambda: None)
    consumer.start()
    wait_until(lambda: store.dead_letter_count() > 0, what="a dead letter")
    assert consumer.is_alive
    broker.stop()
    consumer.stop()
    store.close()
