"""Composes what sends events to the cloud: for the gateway that runs, and to drain its store by hand."""

import random
import threading
import time
from collections.abc import Callable

import httpx

from gateway.adapters.event_store import EventStore
from gateway.adapters.uplink import UploadError
from gateway.adapters.uploader import Uploader
from gateway.config import GatewayConfig, read_secret
from gateway.core.retry import RetryPolicy


def cloud_client(config: GatewayConfig) -> httpx.Client:
    """Return a client with the cloud's address and the API key.

    Raises:
        ConfigurationError: The API key cannot be read.
    """
    key = read_secret(config.cloud.api_key_file, "cloud.api_key_file")
    return httpx.Client(
        base_url=config.cloud.url, headers={"authorization": f"Bearer {key}"}, timeout=config.cloud.timeout_s
    )


def make_uploader(
    config: GatewayConfig, store: EventStore, client: httpx.Client, clock_ms: Callable[[], int]
) -> Uploader:
    """Return what drains a store into the configured cloud."""
    cloud = config.cloud
    policy = RetryPolicy(first_s=cloud.first_retry_s, longest_s=cloud.longest_retry_s)
    chance = random.SystemRandom().random
    return Uploader(store, client, cloud.batch_events, policy, clock_ms, chance, live_share=cloud.live_share)


def drain(
    store: EventStore, uploader: Uploader, stop: threading.Event, patience_s: float, tell: Callable[[int], None]
) -> int:
    """Send all that waits, and return how many events still do.

    Args:
        store: What waits. A gateway that runs may use it too.
        uploader: What sends it.
        stop: Ends it early.
        patience_s: Seconds without an answer of the cloud after which it is given up.
        tell: Called after each answer with how many events wait.

    Raises:
        UploadError: The cloud could not be reached for so long.
        EventStoreError: The store cannot be read or written.
    """
    answered_s = time.monotonic()
    while not stop.is_set():
        try:
            more = uploader.step()
        except UploadError as error:
            if time.monotonic() - answered_s >= patience_s:
                raise
            stop.wait(uploader.pause_s(error))
            continue
        answered_s = time.monotonic()
        tell(store.queue_depth())
        if not more:
            break
    return store.queue_depth()
