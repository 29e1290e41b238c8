"""Devices' desired and reported configurations in the devices' file, and their exchange with the devices."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from contracts.device_configuration import (
    CONFIG_DESIRED_NAME,
    CONFIG_REPORTED_NAME,
    DesiredConfiguration,
    decode_reported,
    encode_configuration,
)
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.device_link import Order

_AGAIN_S = 60.0


class ConfigRow(Struct, frozen=True):
    """What is wanted of a device and what it says; None where nothing was wanted or said yet.

    Attributes:
        device: Its id.
        desired: The version that is wanted.
        reported: The version that it has in force.
        refused: The version that it could not use.
        error: Why.
        restart_needed: What comes into force only when it starts again, its keys with commas between.
    """

    device: str
    desired: int | None
    reported: int | None
    refused: int | None
    error: str | None
    restart_needed: str


class ConfigRows:
    """Reads and writes configurations, and exchanges them with devices. Methods raise `DeviceStoreError`.

    Args:
        database: The devices' file.
        monotonic_s: A steady clock, by which a device that refused is told again: its camera may have come back.
    """

    names = frozenset({CONFIG_REPORTED_NAME})

    def __init__(self, database: DeviceDatabase, monotonic_s: Callable[[], float] = lambda: 0.0) -> None:
        self._database, self._monotonic_s = database, monotonic_s
        self._again_s = 0.0
        self._told: dict[str, int] = {}
        self._connection = 0

    def configure(self, device: str, document: str, now_ms: int) -> int:
        """Want a document of a device. Return its version; the same document again gets none of its own."""
        with self._database.transaction() as db:
            row = db.execute("SELECT version, document FROM config_desired WHERE device = ?", (device,)).fetchone()
            if row is not None and row[1] == document:
                return int(row[0])
            version = 1 if row is None else int(row[0]) + 1
            db.execute("INSERT OR REPLACE INTO config_desired VALUES (?, ?, ?, ?)", (device, version, document, now_ms))
        return version

    def document(self, device: str) -> str | None:
        """Return what is wanted of a device; None: nothing."""
        with self._database.reading() as db:
            row = db.execute("SELECT document FROM config_desired WHERE device = ?", (device,)).fetchone()
        return None if row is None else str(row[0])

    def rows(self) -> dict[str, ConfigRow]:
        """Return what is wanted of each device and what it says."""
        with self._database.reading() as db:
            found = db.execute(
                "SELECT device, d.version, r.version, r.refused, r.error, coalesce(r.restart_needed, '')"
                " FROM (SELECT device FROM config_desired UNION SELECT device FROM config_reported)"
                " LEFT JOIN config_desired d USING (device) LEFT JOIN config_reported r USING (device) ORDER BY device"
            ).fetchall()
        return {row[0]: ConfigRow(*row) for row in found}

    def take(self, device: str, _name: str, body: bytes) -> Iterable[Order]:
        """See `StateWatch.take`."""
        said = decode_reported(body)
        with self._database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO config_reported VALUES (?, ?, ?, ?, ?)",
                (device, said.version, said.refused, said.error, ", ".join(said.restart_needed)),
            )
        return ()

    def orders(self, _online: frozenset[str], connection: int) -> Iterable[Order]:
        """See `StateWatch.orders`: each version once for each connection; the broker keeps it for who is away."""
        if connection != self._connection:
            self._connection = connection
            self._told.clear()
        now_s = self._monotonic_s()
        with self._database.reading() as db:
            versions = dict(db.execute("SELECT device, version FROM config_desired").fetchall())
            if now_s >= self._again_s:
                self._again_s = now_s + _AGAIN_S
                for (device,) in db.execute("SELECT device FROM config_reported WHERE refused IS NOT NULL").fetchall():
                    self._told.pop(device, None)
        for device, version in sorted(versions.items()):
            if self._told.get(device) != version:
                desired = DesiredConfiguration(version=version, document=self.document(device) or "")
                self._told[device] = version
                yield Order(device, CONFIG_DESIRED_NAME, encode_configuration(desired), retain=True)
