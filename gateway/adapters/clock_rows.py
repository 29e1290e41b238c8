"""Devices' clocks in the devices' file."""

from gateway.adapters.device_database import DeviceDatabase
from gateway.core.devices.clock_history import ClockSpan
from gateway.core.devices.clock_offset import ClockEstimate


class ClockRows:
    """Reads and writes what was measured of each device's clock. Methods raise `DeviceStoreError`."""

    def __init__(self, database: DeviceDatabase) -> None:
        self._database = database

    def keep(self, device: str, found: ClockEstimate, spans: tuple[ClockSpan, ...]) -> None:
        """Keep the last measurement of a device, and the spans in which its offsets hold."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO clock VALUES (?, ?, ?, ?, ?, ?)",
                (device, found.at_ms, found.offset_ms, found.error_ms, found.drift_ppm, found.steps),
            )
            if not spans:
                return
            last = spans[-1]
            db.execute(
                "INSERT OR REPLACE INTO clock_span VALUES (?, ?, ?, ?, ?, ?)",
                (device, last.first_ms, last.last_ms, last.offset_ms, last.error_ms, last.drift_ppm),
            )
            db.execute("DELETE FROM clock_span WHERE device = ? AND first_ms < ?", (device, spans[0].first_ms))

    def spans(self) -> dict[str, tuple[ClockSpan, ...]]:
        """Return the spans of each device, oldest first."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT device, first_ms, last_ms, offset_ms, error_ms, drift_ppm FROM clock_span"
                " ORDER BY device, first_ms"
            ).fetchall()
        found: dict[str, tuple[ClockSpan, ...]] = {}
        for device, *values in rows:
            found[device] = (*found.get(device, ()), ClockSpan(*values))
        return found

    def estimates(self) -> dict[str, ClockEstimate]:
        """Return the last measurement of each device."""
        with self._database.reading() as db:
            rows = db.execute("SELECT device, at_ms, offset_ms, error_ms, drift_ppm, steps FROM clock").fetchall()
        return {device: ClockEstimate(*values) for device, *values in rows}
