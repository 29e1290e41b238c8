"""Signs what is sent, as the Standard Webhooks specification 1.0 describes (HMAC with SHA-256). Pure."""

import base64
import binascii
import hmac
from hashlib import sha256

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
MIN_SECRET_BYTES, MAX_SECRET_BYTES = 24, 64


def write_secret(key: bytes) -> str:
    """Return a key as both sides keep it."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def read_secret(secret: str) -> bytes:
    """Return the key that a secret holds.

    Raises:
        ValueError: It does not begin with `whsec_`, is no Base64, or not of 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(SECRET_PREFIX) or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        msg = f"{SECRET_PREFIX} and the Base64 of {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} random bytes"
        raise ValueError(msg)
    return key


def headers_for(secret: str, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent a message, when, and which one it is."""
    signed = b".".join((message_id.encode(), str(timestamp_s).encode(), body))
    digest = hmac.new(read_secret(secret), signed, sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
