"""Composes what minds a store's devices, beside what carries their events."""

import time
from pathlib import Path

from contracts.payloads import DeviceClock
from gateway.adapters.clock_rows import ClockRows
from gateway.adapters.device_clocks import DeviceClocks
from gateway.adapters.device_database import DEVICES_FILE, DeviceDatabase
from gateway.adapters.device_link import DeviceLink
from gateway.config import GatewayConfig
from gateway.core.devices.clock_offset import ClockEstimate
from gateway.core.judging import Delivery


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
        password: The broker's password, where it asks for one.

    Raises:
        DeviceStoreError: The devices' file cannot be opened.
    """

    def __init__(self, config: GatewayConfig, password: str | None) -> None:
        self._database = DeviceDatabase(devices_path(config))
        self._clocks = DeviceClocks(ClockRows(self._database), wall_us, monotonic_us, config.devices.clock_interval_s)
        self._link = DeviceLink(config.gateway.source, config.broker, password, self._clocks, monotonic_us)

    def start(self) -> None:
        """Begin to ask devices."""
        self._link.start()

    def stop(self) -> None:
        """End, and close the file."""
        self._link.stop()
        self._database.close()

    def take(self, delivery: Delivery) -> Delivery:
        """Take note of a device's message, and return it with its event's time put right."""
        return self._clocks.correct(delivery)

    def clocks(self) -> tuple[DeviceClock, ...]:
        """Return how far each device's clock is ahead.

        Raises:
            DeviceStoreError: The file cannot be read.
        """
        return self._clocks.told()
