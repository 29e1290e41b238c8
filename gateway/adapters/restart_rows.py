"""Restarts that an operator asked for, on their way to the devices, until these have started after them."""

from collections.abc import Iterable

from msgspec import Struct

from contracts.device_restart import (
    RESTART_NAME,
    RESTARTED_NAME,
    RestartRequest,
    decode_restarted,
    encode_restart,
)
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.device_link import Order
from gateway.core.devices.overview import RestartState


class RestartRow(Struct, frozen=True):
    """The last restart that was asked of a device.

    Attributes:
        state: `waiting` for the device, `sent` to it, `done` once it has started.
        started_ms: When it did, by its own clock; None: not yet.
    """

    state: RestartState
    started_ms: int | None


class RestartRows:
    """Hands restarts to devices that are there, until they say that they started. Methods raise `DeviceStoreError`."""

    names = frozenset({RESTARTED_NAME})

    def __init__(self, database: DeviceDatabase) -> None:
        self._database = database

    def ask(self, device: str, reason: str, now_ms: int) -> None:
        """Want a device to start again as soon as it is there."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO restart_wanted VALUES (?, lower(hex(randomblob(8))), ?, ?, 0, NULL)",
                (device, reason, now_ms),
            )

    def rows(self) -> dict[str, RestartRow]:
        """Return the last restart that was asked of each device."""
        with self._database.reading() as db:
            found = db.execute("SELECT device, is_sent, started_ms FROM restart_wanted").fetchall()
        return {
            device: RestartRow("done" if started_ms is not None else "sent" if is_sent else "waiting", started_ms)
            for device, is_sent, started_ms in found
        }

    def take(self, device: str, _name: str, body: bytes) -> Iterable[Order]:
        """See `StateWatch.take`: a device that started without having got the request gets it again."""
        said = decode_restarted(body)
        with self._database.transaction() as db:
            db.execute(
                "UPDATE restart_wanted SET started_ms = ? WHERE device = ? AND request_id = ? AND started_ms IS NULL",
                (said.started_ms, device, said.request_id),
            )
            db.execute("UPDATE restart_wanted SET is_sent = 0 WHERE device = ? AND started_ms IS NULL", (device,))
        return ()

    def orders(self, online: frozenset[str], _connection: int) -> Iterable[Order]:
        """See `StateWatch.orders`."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT device, request_id, reason FROM restart_wanted WHERE is_sent = 0 AND started_ms IS NULL"
            ).fetchall()
        waiting = [row for row in rows if row[0] in online]
        if not waiting:
            return []
        with self._database.transaction() as db:
            db.executemany(
                "UPDATE restart_wanted SET is_sent = 1 WHERE device = ? AND request_id = ?",
                [(device, request_id) for device, request_id, _ in waiting],
            )
        return [
            Order(device, RESTART_NAME, encode_restart(RestartRequest(reason=reason, request_id=request_id)))
            for device, request_id, reason in waiting
        ]
