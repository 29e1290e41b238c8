"""Who may sign in at the store's broker, and who may come to: in the devices' file, secrets as hashes alone."""

import sqlite3

from msgspec import Struct

from contracts.enrolment import DeviceKind
from gateway.adapters.device_database import DeviceDatabase
from gateway.core.devices.enrolment_code import code_hash, plain_code
from gateway.errors import EnrolmentError

_REMEMBER_MS = 24 * 3600 * 1000


class Registered(Struct, frozen=True):
    """A device that has, or had, credentials; `is_revoked` where they hold no more."""

    device: str
    kind: str
    is_revoked: bool
    since_ms: int


class CredentialRows:
    """Reads and writes codes and credentials. Methods raise `DeviceStoreError`."""

    def __init__(self, database: DeviceDatabase) -> None:
        self._database = database
        with database.reading() as db:
            (self._salt,) = db.execute("SELECT salt FROM enrolment_salt").fetchone()

    def register(self, device: str, kind: DeviceKind, code: str, now_ms: int, expires_ms: int) -> None:
        """Expect a device with a code; codes that it was given before hold no more."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM enrolment WHERE device = ? OR expires_ms < ?", (device, now_ms - _REMEMBER_MS))
            db.execute(
                "INSERT INTO enrolment VALUES (?, ?, ?, ?, NULL)",
                (code_hash(code, self._salt), device, kind, expires_ms),
            )

    def redeem(self, typed: str, password_hash: str, now_ms: int) -> tuple[str, DeviceKind]:
        """Give the device that shows a code its credentials, once.

        Returns:
            The device and what it is.

        Raises:
            EnrolmentError: The code is wrong, was used or has expired.
        """
        code = plain_code(typed)
        if code is None:
            msg = "this is no code: it has eight letters and digits, such as 7K3M-XQ2T"
            raise EnrolmentError(msg)
        hashed = code_hash(code, self._salt)
        with self._database.transaction() as db:
            device, kind = _valid(db, hashed, now_ms)
            db.execute("UPDATE enrolment SET used_ms = ? WHERE code_hash = ?", (now_ms, hashed))
            db.execute("INSERT OR REPLACE INTO credential VALUES (?, ?, ?, ?)", (device, kind, password_hash, now_ms))
        return device, kind

    def revoke(self, device: str, now_ms: int) -> bool:
        """Take a device's credentials and codes away. Return whether it had credentials."""
        with self._database.transaction() as db:
            db.execute("DELETE FROM enrolment WHERE device = ?", (device,))
            return bool(
                db.execute(
                    "UPDATE credential SET password_hash = NULL, since_ms = ?"
                    " WHERE device = ? AND password_hash IS NOT NULL",
                    (now_ms, device),
                ).rowcount
            )

    def hashes(self) -> dict[str, str | None]:
        """Return what is kept of each device's password; None where it was revoked."""
        with self._database.reading() as db:
            return dict(db.execute("SELECT device, password_hash FROM credential").fetchall())

    def registered(self) -> list[Registered]:
        """Return every device that has or had credentials."""
        with self._database.reading() as db:
            rows = db.execute("SELECT device, kind, password_hash, since_ms FROM credential ORDER BY device").fetchall()
        return [Registered(device, kind, kept is None, since_ms) for device, kind, kept, since_ms in rows]


def _valid(db: sqlite3.Connection, hashed: str, now_ms: int) -> tuple[str, DeviceKind]:
    row = db.execute(
        "SELECT device, kind, expires_ms, used_ms FROM enrolment WHERE code_hash = ?", (hashed,)
    ).fetchone()
    if row is None:
        msg = "no device is expected with this code; check it, or make another: shopthread gateway register"
        raise EnrolmentError(msg)
    device, kind, expires_ms, used_ms = row
    if used_ms is not None:
        msg = f"this code was used already; make another: shopthread gateway register {device}"
        raise EnrolmentError(msg)
    if now_ms >= expires_ms:
        msg = f"this code has expired; make another: shopthread gateway register {device}"
        raise EnrolmentError(msg)
    return device, kind
