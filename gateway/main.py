"""Composes the gateway: the only place of this tier that constructs adapters and reads the clock."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version

from contracts.events import Source, draft_event
from contracts.operations import DeviceHealth
from gateway.adapters.consumer import Consumer
from gateway.adapters.data_lock import DataLock
from gateway.adapters.erased_rows import ErasedRows
from gateway.adapters.event_store import EventStore
from gateway.adapters.forgetting import Forgetting
from gateway.adapters.own_clock import CloudClock
from gateway.adapters.signatures import SignatureDesk
from gateway.adapters.store_count import StoreCount
from gateway.adapters.uploader import Uploader
from gateway.config import GatewayConfig
from gateway.device_operation import DeviceOperation, monotonic_us
from gateway.errors import DeviceStoreError, EventStoreError, GatewayError
from gateway.paths import event_store_path
from gateway.uplinking import cloud_client, make_uploader

logger = logging.getLogger(__name__)

_PRUNE_INTERVAL_S = 3600.0
_DRAIN_S = 5.0
_LOOK_S = 5.0
_DAY_MS = 24 * 3600 * 1000


def clock_ms() -> int:
    """Return the wall clock, Unix milliseconds."""
    return time.time_ns() // 1_000_000


def open_event_store(config: GatewayConfig) -> EventStore:
    """Return the gateway's events, with what counts the people in the store where the configuration asks for it.

    Raises:
        EventStoreError: The file cannot be opened.
    """
    gateway, count = config.gateway.source, None
    if config.occupancy.enabled:
        count = StoreCount(gateway, config.occupancy, config.hours)
    return EventStore(
        event_store_path(config),
        gateway,
        rules=config.stitching,
        staff=config.staff,
        occupancy=count,
        storage=config.storage,
        intake=config.intake,
        hours=config.hours,
    )


def run_gateway(config: GatewayConfig, stop: threading.Event, on_alive: Callable[[], None] = lambda: None) -> None:
    """Run until `stop` is set.

    Args:
        config: The gateway's.
        stop: Ends it.
        on_alive: Called every few seconds while every part works, the first time once all have started.

    Raises:
        ConfigurationError: A secret cannot be read.
        EventStoreError: The event store cannot be opened.
        BrokerError: The embedded broker cannot run.
    """
    with ExitStack() as held:
        client = cloud_client(config)
        held.callback(client.close)
        cloud_clock = CloudClock(monotonic_us)
        cloud_clock.watch(client)
        held.callback(DataLock(config.gateway.data_dir).release)
        store = open_event_store(config)
        held.callback(store.close)
        rows = ErasedRows(event_store_path(config))
        held.callback(rows.close)
        forgetting = Forgetting(rows, client, config.cloud.erasures_interval_s)
        uploader = make_uploader(config, store, client, clock_ms)
        _run(config, cloud_clock, store, uploader, forgetting, stop, on_alive)


def _run(
    config: GatewayConfig,
    cloud_clock: CloudClock,
    store: EventStore,
    uploader: Uploader,
    forgetting: Forgetting,
    stop: threading.Event,
    on_alive: Callable[[], None],
) -> None:
    devices = DeviceOperation(config, cloud_clock)
    broker = devices.access.broker
    desk = _signature_desk(config, store) if config.stitching.enabled is not False else None
    consumer = Consumer(store, config.gateway, devices.access.own_login(), clock_ms, uploader.wake, desk)
    consumer.restrict(config.intake)
    consumer.note = devices.take
    try:
        if broker is not None:
            broker.start()

        def is_working() -> bool:
            return consumer.is_alive and uploader.is_alive and forgetting.is_alive

        devices.start(store, is_working)
        consumer.start()
        uploader.start()
        forgetting.start()
        on_alive()
        _housekeeping(config, store, stop, lambda: is_working() and devices.is_alive, devices, on_alive)
        consumer.stop()
        uploader.stop(_DRAIN_S)
    finally:
        forgetting.stop()
        devices.stop()
        if broker is not None:
            broker.stop()


def _signature_desk(config: GatewayConfig, store: EventStore) -> SignatureDesk:
    """Return what hands out the day's key: only where cameras may be joined; nobody else needs signatures."""
    hours = config.store_hours
    return SignatureDesk(
        hours.closing_time, hours.zone, secrets.token_bytes, store.take_signature, store.forget_signatures
    )


def _housekeeping(
    config: GatewayConfig,
    store: EventStore,
    stop: threading.Event,
    is_working: Callable[[], bool],
    devices: DeviceOperation,
    on_alive: Callable[[], None],
) -> None:
    """Report health and delete what the cloud confirmed long ago, until told to stop.

    Raises:
        GatewayError: A part of the gateway has died; a service manager should start the gateway again.
    """
    started_s, pruned_s = time.monotonic(), float("-inf")
    due_s = started_s + config.gateway.health_interval_s
    # After a restart visits, and the people in the store, are made again from what is kept.
    keep_ms = max(round(config.gateway.keep_days * _DAY_MS), round(config.stitching.keep_s * 1000))
    if config.occupancy.enabled:
        keep_ms = max(keep_ms, config.occupancy.keep_ms)
    while not stop.wait(min(config.gateway.health_interval_s, _LOOK_S)):
        if not is_working():
            msg = "a part of the gateway has died; see the log above, and start the gateway again"
            raise GatewayError(msg)
        on_alive()
        now_s, now_ms = time.monotonic(), clock_ms()
        if now_s < due_s:
            continue
        due_s = now_s + config.gateway.health_interval_s
        if config.intake.why_not_now(now_ms) is not None:
            continue  # Nothing could be said of when.
        try:
            if now_s - pruned_s >= _PRUNE_INTERVAL_S:
                store.prune(now_ms - keep_ms)
                store.tell_thinned(now_ms)
                pruned_s = now_s
            _report(config.gateway.source, store, now_s - started_s, now_ms, devices)
        except (EventStoreError, DeviceStoreError) as error:
            logger.error("%s; trying again", error)  # noqa: TRY400 - one line for operators


def _report(gateway: Source, store: EventStore, uptime_s: float, now_ms: int, devices: DeviceOperation) -> None:
    """Put the gateway's health into its own store, and the gaps in devices' numbering into the log.

    Raises:
        EventStoreError: The store cannot be read or written.
        DeviceStoreError: The devices' file cannot.
    """
    own = devices.save()
    health = DeviceHealth(
        uptime_s=uptime_s,
        software_version=version("shopthread"),
        queue_depth=store.queue_depth(),
        dead_letters=store.dead_letter_count(),
        clocks=devices.clocks(),
        clock_offset_s=None if own is None else own.offset_s,
        storage=store.storage(),
        joins_cameras=store.joining(now_ms).joins,
    )
    store.append_own(draft_event(gateway, health, now_ms), now_ms)
    for source, count in store.missing().items():
        logger.warning("%s: %d numbers are missing in its sequence; waiting for them", source, count)
