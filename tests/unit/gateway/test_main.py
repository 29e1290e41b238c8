"""The composed gateway outlives a store that cannot be written for a while."""

import threading
from pathlib import Path

import pytest

from contracts.events import EventDraft
from contracts.privacy import UplinkPayload
from gateway.adapters.event_store import EventStore
from gateway.config import BrokerSettings, CloudSettings, GatewayConfig, StoreSettings
from gateway.errors import EventStoreError
from gateway.main import run_gateway
from gateway.paths import event_store_path
from tests.servers import free_port, wait_until


def test_a_full_disk_does_not_end_the_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    key = tmp_path / "key"
    key.write_text("secret", encoding="utf-8")
    config = GatewayConfig(
        gateway=StoreSettings(tenant="acme", store="store-1", data_dir=tmp_path, health_interval_s=0.05),
        broker=BrokerSettings(port=free_port()),
        cloud=CloudSettings(url=f"http://127.0.0.1:{free_port()}", api_key_file=key),
    )
    append, failures = EventStore.append_own, iter(range(3))

    def failing(store: EventStore, draft: EventDraft[UplinkPayload], now_ms: int) -> None:
        if next(failures, None) is not None:
            msg = "database or disk is full"
            raise EventStoreError(msg)
        append(store, draft, now_ms)

    monkeypatch.setattr(EventStore, "append_own", failing)
    stop = threading.Event()
    gateway = threading.Thread(target=run_gateway, args=(config, stop))
    gateway.start()
    reader = EventStore(event_store_path(config), config.gateway.source)
    wait_until(lambda: reader.own_made() > 0 or not gateway.is_alive(), what="a health report")
    assert gateway.is_alive()
    stop.set()
    gateway.join(20)
    reader.close()
