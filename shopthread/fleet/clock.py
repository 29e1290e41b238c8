"""The machine's time."""

import time

from shopthread.fleet.fleet import Clocks


def wall_ms() -> int:
    """Return Unix milliseconds UTC."""
    return time.time_ns() // 1_000_000


CLOCKS = Clocks(monotonic_s=time.monotonic, wall_ms=wall_ms)
