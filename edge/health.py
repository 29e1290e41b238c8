"""Reports a device's health at intervals."""

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from contracts.events import Source, draft_event
from contracts.fields import PictureState
from contracts.operations import DeviceHealth
from edge.adapters.outbox import Outbox
from edge.errors import OutboxError

logger = logging.getLogger(__name__)


class Vitals(Struct, frozen=True, kw_only=True):
    """What only the agent itself knows of its health. None where it does not apply."""

    fps: float | None = None
    model_name: str | None = None
    model_version: str | None = None
    clock_offset_ms: float | None = None
    picture: PictureState | None = None
    bad_pictures: int = 0
    match_threshold: float | None = None
    false_match_rate: float | None = None


class Temperature(Protocol):
    """Reads the device's temperature."""

    def __call__(self) -> float | None:
        """Return degrees Celsius, None where the device does not tell."""
        ...


class HealthReporter:
    """Puts a `device.health` event into the outbox at intervals, from a thread of its own."""

    def __init__(
        self,
        source: Source,
        outbox: Outbox,
        software_version: str,
        interval_s: float,
        clock_ms: Callable[[], int],
        vitals: Callable[[], Vitals],
        temperature: Temperature,
    ) -> None:
        self._source, self._outbox, self._software_version = source, outbox, software_version
        self._interval_s, self._clock_ms, self._vitals, self._temperature = interval_s, clock_ms, vitals, temperature
        self._started_ms = clock_ms()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def stop(self) -> None:
        """Report once more and end."""
        self._stop.set()
        self._thread.join()
        self.report()

    def report(self, *parts: str) -> None:
        """Report now; `parts` tell this report from another one of the same millisecond."""
        now_ms, vitals = self._clock_ms(), self._vitals()
        try:
            counts = self._outbox.counts()
            health = DeviceHealth(
                uptime_s=max(0.0, (now_ms - self._started_ms) / 1000),
                software_version=self._software_version,
                queue_depth=counts.depth,
                fps=vitals.fps,
                temperature_c=self._temperature(),
                model_name=vitals.model_name,
                model_version=vitals.model_version,
                clock_offset_ms=vitals.clock_offset_ms,
                picture=vitals.picture,
                match_threshold=vitals.match_threshold,
                false_match_rate=vitals.false_match_rate,
                input_errors=counts.bad_inputs + vitals.bad_pictures,
            )
            self._outbox.append([draft_event(self._source, health, now_ms, *parts)])
        except OutboxError as error:
            logger.warning("%s: could not report health: %s", self._source, error)

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.report()
