"""The file with the service's own key, under which secrets in the database are kept."""

import os
import tempfile
from pathlib import Path
from secrets import token_hex

from cloud.config import ConfigError

MIN_KEY_BYTES = 32


def read_service_key(path: Path) -> bytes:
    """Return the key that a file holds; where there is none, a new one is made for the owner's eyes alone.

    Raises:
        ConfigError: It can be neither read nor made, or it is too short.
    """
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes().strip()
    except OSError as error:
        remedy = "name a file that this service may read, or a folder where it may make one"
        msg = f"secret_key_file: {path} cannot be read or made ({error.strerror}); {remedy}"
        raise ConfigError(msg) from error
    if len(key) < MIN_KEY_BYTES:
        msg = f"secret_key_file: {path} holds {len(key)} bytes, at least {MIN_KEY_BYTES} are needed"
        raise ConfigError(msg)
    return key


def _make(path: Path) -> None:
    """Make a key file whole or not at all; of several processes that do so at once the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token_hex(MIN_KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return
    finally:
        Path(name).unlink()
