"""Composes what minds a store's devices, beside what carries their events."""

import time
from pathlib import Path

from contracts.payloads import DeviceClock
from gateway.access import Access
from gateway.adapters.clock_rows import ClockRows
from gateway.adapters.config_rows import ConfigRows
from gateway.adapters.device_clocks import DeviceClocks
from gateway.adapters.device_database import DEVICES_FILE, DeviceDatabase
from gateway.adapters.device_link import DeviceLink
from gateway.adapters.http_server import HttpServer
from gateway.adapters.restart_rows import RestartRows
from gateway.adapters.sightings import Sightings
from gateway.config import GatewayConfig
from gateway.core.devices.clock_offset import ClockEstimate
from gateway.core.judging import Delivery
from gateway.errors import GatewayError


def devices_path(config: GatewayConfig) -> Path:
    """Return where the gateway keeps what it knows of its devices."""
    return config.gateway.data_dir / DEVICES_FILE


def monotonic_us() -> int:
    """Return a clock that is never set, microseconds."""
    return time.monotonic_ns() // 1000


def wall_us() -> int:
    """Return the wall clock, Unix microseconds."""
    return time.time_ns() // 1000


def read_clocks(config: GatewayConfig) -> dict[str, ClockEstimate]:
    """Return the last measurement of each device's clock, also while the gateway runs.

    Raises:
        DeviceStoreError: The devices' file cannot be read.
    """
    database = DeviceDatabase(devices_path(config))
    try:
        return ClockRows(database).estimates()
    finally:
        database.close()


class DeviceOperation:
    """Minds the devices while the gateway runs.

    Args:
        config: The gateway's.

    Attributes:
        access: Who may sign in at the broker.

    Raises:
        ConfigurationError: A secret or a certificate cannot be read.
        DeviceStoreError: The devices' file cannot be opened.
        GatewayError: The port for HTTP is taken.
    """

    def __init__(self, config: GatewayConfig) -> None:
        self._database = DeviceDatabase(devices_path(config))
        try:
            self._compose(config)
        except GatewayError:
            self._database.close()
            raise

    def _compose(self, config: GatewayConfig) -> None:
        self.access = Access(config, self._database, lambda: wall_us() // 1000)
        broker, password = self.access.own_login()
        self._http = _http_server(config, self.access)
        self._clocks = DeviceClocks(ClockRows(self._database), wall_us, monotonic_us, config.devices.clock_interval_s)
        self._sightings = Sightings(self._database)
        watches = (ConfigRows(self._database, time.monotonic), RestartRows(self._database))
        self._link = DeviceLink(config.gateway.source, broker, password, self._clocks, monotonic_us, watches)

    def start(self) -> None:
        """Begin to serve devices and to ask them; the broker should be there by now.

        Raises:
            GatewayError: Mosquitto's passwords cannot be written.
        """
        self.access.start()
        self._link.start()
        if self._http is not None:
            self._http.start()

    def stop(self) -> None:
        """End, and close the file."""
        if self._http is not None:
            self._http.stop()
        self._link.stop()
        self.access.stop()
        self._database.close()

    def take(self, delivery: Delivery) -> Delivery:
        """Take note of a device's message, and return it with its event's time put right."""
        self._sightings.note(delivery)
        return self._clocks.correct(delivery)

    def save(self) -> None:
        """Write down what was heard of devices.

        Raises:
            DeviceStoreError: The file cannot be written.
        """
        self._sightings.save()

    def clocks(self) -> tuple[DeviceClock, ...]:
        """Return how far each device's clock is ahead.

        Raises:
            DeviceStoreError: The file cannot be read.
        """
        return self._clocks.told()


def _http_server(config: GatewayConfig, access: Access) -> HttpServer | None:
    if config.http.port is None:
        return None
    return HttpServer(config.http.host, config.http.port, access.handlers(), access.tls)
