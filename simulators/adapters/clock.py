"""The time of the machine that a simulation runs on."""

import time
from threading import Event
from typing import Protocol


class Clock(Protocol):
    """Tells the present and waits."""

    def now_ms(self) -> int:
        """Return Unix milliseconds UTC."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait, shorter if asked to stop. Return whether to stop."""
        ...


class SystemClock:
    """The machine's clock.

    Args:
        stop: Set from elsewhere to end what waits.
    """

    def __init__(self, stop: Event) -> None:
        self._stop = stop

    def now_ms(self) -> int:
        """Return Unix milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def wait(self, seconds: float) -> bool:
        """Wait, shorter if the event is set. Return whether it is."""
        return self._stop.wait(seconds) if seconds > 0 else self._stop.is_set()
