"""The clocks of simulated devices: each tells its own time, a little beside the true one."""

from simulators.core.layout import Camera, Kiosk, TerminalClock, Till
from simulators.core.scenario import Scenario

_MS_PER_S = 1000
_PARTS_PER_MILLION = 1_000_000


class DeviceClock:
    """A clock that is ahead by an offset at the start of a run and then drifts at a constant rate.

    Args:
        clock: How it goes wrong.
        start_ms: True time at which the run begins, Unix milliseconds.
    """

    def __init__(self, clock: TerminalClock, start_ms: int) -> None:
        self._offset_ms = clock.offset_s * _MS_PER_S
        self._drift = clock.drift_ppm / _PARTS_PER_MILLION
        self._start_ms = start_ms

    @property
    def is_right(self) -> bool:
        """Whether it always shows the true time."""
        return not (self._offset_ms or self._drift)

    def tell(self, true_ms: int) -> int:
        """Return what the clock shows at a true time, Unix milliseconds; a later time is never shown as an earlier."""
        return true_ms + round(self._offset_ms + self._drift * (true_ms - self._start_ms))


def device_clocks(scenario: Scenario, start_ms: int) -> dict[str, DeviceClock]:
    """Return the clock of each camera, scan terminal and till, by device id.

    Args:
        scenario: Which devices there are, and how their clocks go wrong.
        start_ms: True time at which the run begins, Unix milliseconds.
    """
    devices: tuple[Camera | Kiosk | Till, ...] = (*scenario.cameras, *scenario.kiosks, *scenario.tills)
    return {device.id: DeviceClock(device.clock, start_ms) for device in devices}
