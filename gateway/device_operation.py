"""Composes what minds a store's devices, beside what carries their events."""

import time
from collections.abc import Callable
from pathlib import Path

from contracts.operations import DeviceClock
from gateway.access import Access
from gateway.adapters.clock_rows import ClockRows
from gateway.adapters.config_rows import ConfigRows
from gateway.adapters.device_clocks import DeviceClocks
from gateway.adapters.device_database import DEVICES_FILE, DeviceDatabase
from gateway.adapters.device_link import DeviceLink
from gateway.adapters.event_store import EventStore
from gateway.adapters.http_server import Handlers, HttpServer
from gateway.adapters.live_zones import LiveZones
from gateway.adapters.own_clock import CloudClock, OwnClock, read_own_offset
from gateway.adapters.restart_rows import RestartRows
from gateway.adapters.rollout_rows import RolloutRows
from gateway.adapters.sightings import Sightings
from gateway.adapters.store_pages import StoreFacts, operation_handlers, page_handlers
from gateway.config import GatewayConfig
from gateway.core.devices.clock_offset import ClockEstimate
from gateway.core.devices.own_clock import OwnOffset
from gateway.core.judging import Delivery
from gateway.errors import GatewayError
from gateway.peers import AnyPeer, make_peers
from gateway.store_facts import Shown

PAGE_KEY_FILE = "page.key"


def devices_path(config: GatewayConfig) -> Path:
    """Return where the gateway keeps what it knows of its devices."""
    return config.gateway.data_dir / DEVICES_FILE


def page_key_path(config: GatewayConfig) -> Path:
    """Return where the key of the manager's page lies."""
    return config.gateway.data_dir / PAGE_KEY_FILE


def read_page_key(config: GatewayConfig) -> str | None:
    """Return the key of the manager's page; None: nobody made one."""
    try:
        return page_key_path(config).read_text(encoding="ascii").strip() or None
    except OSError:
        return None


def monotonic_us() -> int:
    """Return a clock that is never set, microseconds."""
    return time.monotonic_ns() // 1000


def wall_us() -> int:
    """Return the wall clock, Unix microseconds."""
    return time.time_ns() // 1000


def read_clocks(config: GatewayConfig) -> tuple[dict[str, ClockEstimate], OwnOffset | None]:
    """Return the last measurement of each device's clock, and of the gateway's own, also while the gateway runs.

    Raises:
        DeviceStoreError: The devices' file cannot be read.
    """
    database = DeviceDatabase(devices_path(config))
    try:
        return ClockRows(database).estimates(), read_own_offset(database)
    finally:
        database.close()


class DeviceOperation:
    """Minds the devices while the gateway runs.

    Args:
        config: The gateway's.
        cloud_clock: What the cloud's answers say of the time.

    Attributes:
        access: Who may sign in at the broker.

    Raises:
        ConfigurationError: A secret or a certificate cannot be read.
        DeviceStoreError: The devices' file cannot be opened.
        GatewayError: The port for HTTP is taken.
    """

    def __init__(self, config: GatewayConfig, cloud_clock: CloudClock) -> None:
        self._database = DeviceDatabase(devices_path(config))
        try:
            self._compose(config, cloud_clock)
        except GatewayError:
            self._database.close()
            raise

    def _compose(self, config: GatewayConfig, cloud_clock: CloudClock) -> None:
        self.access = Access(config, self._database, lambda: wall_us() // 1000)
        self._http: HttpServer | None = None
        self._peers: list[AnyPeer] = []
        interval_s, earliest_ms = config.devices.clock_interval_s, config.intake.earliest_ms
        self._clocks = DeviceClocks(ClockRows(self._database), wall_us, monotonic_us, interval_s, earliest_ms)
        self._own_clock = OwnClock(self._database, cloud_clock, wall_us, monotonic_us, self._clocks.estimates)
        self._config, self._sightings, self._zones = config, Sightings(self._database), LiveZones()
        watches = (
            ConfigRows(self._database, time.monotonic),
            RestartRows(self._database),
            RolloutRows(self._database, self._sightings.now, lambda: wall_us() // 1000),
        )
        self._link = DeviceLink(config.gateway.source, self.access.own_login(), self._clocks, monotonic_us, watches)

    def start(self, store: EventStore, is_working: Callable[[], bool]) -> None:
        """Begin to serve devices and to ask them; the broker should be there by now.

        Args:
            store: The events, for the figures that are shown.
            is_working: Whether the other parts of the gateway work.

        Raises:
            GatewayError: Mosquitto's passwords cannot be written, a password cannot be read, two devices have one name,
                or the port for HTTP is taken.
        """
        self.access.start()
        self._link.start()
        shown = self._shown(store, lambda: is_working() and self.is_alive)
        own = self.access.own_login()
        self._peers += make_peers(self._config, own, self._database, store, shown.now, lambda: wall_us() // 1000)
        for each in self._peers:
            each.start()
        http = self._config.http
        if http.port is not None:
            handlers = {**self.access.handlers(), **self._pages(shown.facts())}
            self._http = HttpServer(http.host, http.port, handlers, self.access.tls)
            self._http.start()

    def _pages(self, facts: StoreFacts) -> Handlers:
        return {**operation_handlers(facts), **page_handlers(facts, lambda: read_page_key(self._config))}

    def _shown(self, store: EventStore, is_alive: Callable[[], bool]) -> Shown:
        return Shown(
            self._config.gateway.source,
            self._database,
            store,
            self._sightings,
            self._zones,
            lambda: self._link.is_connected,
            is_alive,
            lambda: wall_us() // 1000,
            self._config.intake,
            self._own_clock,
        )

    @property
    def is_alive(self) -> bool:
        """Return whether devices are asked, and the embedded broker and other systems' parts run, if any."""
        broker = self.access.broker
        is_joined = all(each.is_alive for each in self._peers)
        return self._link.is_alive and is_joined and (broker is None or broker.is_running)

    def stop(self) -> None:
        """End, and close the file."""
        if self._http is not None:
            self._http.stop()
        while self._peers:
            self._peers.pop().stop()
        self._link.stop()
        self.access.stop()
        self._database.close()

    def take(self, delivery: Delivery) -> Delivery:
        """Take note of a device's message, and return it with its event's time put right."""
        self._sightings.note(delivery)
        self._zones.note(delivery)
        return self._clocks.correct(delivery)

    def save(self) -> OwnOffset | None:
        """Write down what was heard of devices, and how far the gateway's own clock is off, which is returned.

        Raises:
            DeviceStoreError: The file cannot be written.
        """
        self._sightings.save()
        return self._own_clock.save()

    def clocks(self) -> tuple[DeviceClock, ...]:
        """Return how far each device's clock is ahead.

        Raises:
            DeviceStoreError: The file cannot be read.
        """
        return self._clocks.told()
