"""Devices' passwords as Mosquitto keeps them: PBKDF2 with SHA-512 and a salt, never in clear. Pure.

Mosquitto's form `$7$iterations$salt$hash` serves both brokers. A device's password is 256 random bits, so few
iterations are enough: nobody can try so many, and a store full of devices signs in again within a second.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

SALT_BYTES = 12
_ITERATIONS = 101
_KEY_BYTES = 64
_SCHEME = "7"


def hash_password(password: str, salt: bytes) -> str:
    """Return what is kept of a password."""
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, _KEY_BYTES)
    return f"${_SCHEME}${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def matches(password: bytes, kept: str) -> bool:
    """Return whether a password is the one of which `kept` was made, as long for a wrong one as for the right."""
    _, _, iterations, salt, key = kept.split("$")
    wanted = base64.b64decode(key)
    return hmac.compare_digest(
        wanted, hashlib.pbkdf2_hmac("sha512", password, base64.b64decode(salt), int(iterations), len(wanted))
    )


def merged_passwords(text: str, hashes: Mapping[str, str | None]) -> str:
    """Return Mosquitto's password file with our users' lines as they should be, and all others as they are.

    Args:
        text: The file as it is.
        hashes: By user what to keep; None: the user must not get in any more.
    """
    others = [line for line in text.splitlines() if line.strip() and line.partition(":")[0] not in hashes]
    ours = [f"{user}:{kept}" for user, kept in sorted(hashes.items()) if kept is not None]
    return "".join(f"{line}\n" for line in (*others, *ours))
