"""Restarts that an operator asked for, on their way to the devices."""

from collections.abc import Iterable

from contracts.device_restart import RESTART_NAME, RestartRequest, encode_restart
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.device_link import Order


class RestartRows:
    """Hands restarts to devices that are there, each once. Methods raise `DeviceStoreError`."""

    names: frozenset[str] = frozenset()

    def __init__(self, database: DeviceDatabase) -> None:
        self._database = database

    def ask(self, device: str, reason: str, now_ms: int) -> None:
        """Want a device to start again as soon as it is there."""
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO restart VALUES (?, ?, ?)", (device, reason, now_ms))

    def take(self, _device: str, _name: str, _body: bytes) -> Iterable[Order]:
        """See `StateWatch.take`: nothing is said."""
        return ()

    def orders(self, online: frozenset[str], _connection: int) -> Iterable[Order]:
        """See `StateWatch.orders`."""
        with self._database.reading() as db:
            waiting = [row for row in db.execute("SELECT device, reason FROM restart").fetchall() if row[0] in online]
        if not waiting:
            return []
        with self._database.transaction() as db:
            db.executemany("DELETE FROM restart WHERE device = ?", [(device,) for device, _ in waiting])
        return [Order(device, RESTART_NAME, encode_restart(RestartRequest(reason=why))) for device, why in waiting]
