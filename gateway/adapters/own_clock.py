"""Learns from the cloud's answers, or else from the devices, how far the gateway's own clock is off."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx
from msgspec.structs import astuple

from gateway.adapters.device_database import DeviceDatabase
from gateway.core.devices.clock_offset import ClockEstimate
from gateway.core.devices.own_clock import (
    CloudTime,
    OwnOffset,
    clock_light,
    observe,
    offset_by_cloud,
    offset_by_devices,
)

logger = logging.getLogger(__name__)

_ASKED = "shopthread_asked_us"
_FRESH_MS = 600_000
_LEVELS = {"red": logging.ERROR, "yellow": logging.WARNING}


class CloudClock:
    """What the cloud's answers say of the time. Safe for several threads.

    Args:
        steady_us: A clock that is never set, microseconds.
    """

    def __init__(self, steady_us: Callable[[], int]) -> None:
        self._steady_us, self._lock = steady_us, threading.Lock()
        self._known: tuple[CloudTime, ...] = ()

    def watch(self, client: httpx.Client) -> None:
        """Listen to the answers that a client gets from now on."""
        hooks = client.event_hooks
        client.event_hooks = {
            "request": [*hooks["request"], self._asked],
            "response": [*hooks["response"], self._answered],
        }

    def known(self) -> tuple[CloudTime, ...]:
        """Return what the last answers said."""
        with self._lock:
            return self._known

    def _asked(self, request: httpx.Request) -> None:
        request.extensions[_ASKED] = self._steady_us()

    def _answered(self, answer: httpx.Response) -> None:
        answered_us, asked_us = self._steady_us(), answer.request.extensions[_ASKED]
        date_ms = _date_ms(answer.headers.get("date", ""))
        if not answer.is_success or date_ms is None:
            return
        with self._lock:
            self._known = observe(self._known, date_ms, asked_us / 1000, answered_us / 1000)


def _date_ms(text: str) -> int | None:
    try:
        found = parsedate_to_datetime(text)
        return round(found.replace(tzinfo=found.tzinfo or UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


class OwnClock:
    """How far the gateway's clock is off: by the cloud's time, and while the cloud has told none, by the devices'.

    Args:
        database: The devices' file, where other processes find the last offset.
        cloud: What the cloud's answers say.
        wall_us: The gateway's clock, Unix microseconds.
        steady_us: A clock that is never set, microseconds.
        devices: Returns the last measurement of each device's clock.
    """

    def __init__(
        self,
        database: DeviceDatabase,
        cloud: CloudClock,
        wall_us: Callable[[], int],
        steady_us: Callable[[], int],
        devices: Callable[[], Mapping[str, ClockEstimate]],
    ) -> None:
        self._database, self._cloud, self._wall_us, self._steady_us = database, cloud, wall_us, steady_us
        self._devices = devices
        self._told = "grey"

    def offset(self) -> OwnOffset | None:
        """Return the offset; None where nobody has told the time.

        Raises:
            DeviceStoreError: The devices' file cannot be read.
        """
        wall_ms = self._wall_us() / 1000
        found = offset_by_cloud(self._cloud.known(), wall_ms, self._steady_us() / 1000)
        if found is not None:
            return found
        fresh = (each for each in self._devices().values() if abs(wall_ms - each.at_ms) <= _FRESH_MS)
        return offset_by_devices(each.offset_ms for each in fresh)

    def save(self) -> OwnOffset | None:
        """Write the offset down, say in the log when its light has changed, and return it.

        Raises:
            DeviceStoreError: The file cannot be written.
        """
        found = self.offset()
        light, why = clock_light(found)
        if light != self._told:
            logger.log(_LEVELS.get(light, logging.INFO), "%s", why or "the gateway's clock is right")
            self._told = light
        with self._database.transaction() as db:
            db.execute("DELETE FROM own_clock")
            if found is not None:
                db.execute("INSERT INTO own_clock VALUES (?, ?, ?)", astuple(found))
        return found


def read_own_offset(database: DeviceDatabase) -> OwnOffset | None:
    """Return what a gateway wrote down last of its own clock.

    Raises:
        DeviceStoreError: The file cannot be read.
    """
    with database.reading() as db:
        row = db.execute("SELECT offset_s, error_s, source FROM own_clock").fetchone()
    return None if row is None else OwnOffset(offset_s=row[0], error_s=row[1], source=row[2])
