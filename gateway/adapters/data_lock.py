"""One gateway at a time for a folder of data: a lock that the system takes back whatever ends the process."""

import fcntl
from pathlib import Path

from gateway.errors import GatewayError

_LOCK_FILE = "gateway.lock"


class DataLock:
    """Holds a folder.

    Args:
        folder: Made where it does not exist.

    Raises:
        GatewayError: Another process holds it, or it cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / _LOCK_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="ascii")
        except OSError as error:
            msg = f"cannot write {path}: {error.strerror}"
            raise GatewayError(msg) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            msg = f"a gateway runs with the data in {folder}; end it first"
            raise GatewayError(msg) from error

    def release(self) -> None:
        """Let others have it."""
        self._file.close()
