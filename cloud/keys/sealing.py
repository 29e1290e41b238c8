"""Keeps short secrets so that the database alone does not give them away. Pure: no clock, randomness or I/O.

Encrypt-then-MAC (Bellare and Namprempre 2000) with keys of one use, expanded by HMAC with SHA-256 (RFC 5869) from the
service's key, what the secret belongs to, and a nonce. Secrets here have a few dozen bytes, so the expanded key is as
long as the secret, and no cipher is needed.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

_VERSION = "s1."
_NONCE_BYTES = _TAG_BYTES = 32
MOST_BYTES = 255 * 32 - 32
"""What one expansion yields, less the key of the tag."""


class SealError(Exception):
    """What is kept cannot be opened: it was kept under another key, for something else, or is damaged."""


def is_sealed(text: str) -> bool:
    """Return whether a text is what `seal` returns."""
    return text.startswith(_VERSION)


def seal(key: bytes, plain: bytes, owner: str, nonce: bytes) -> str:
    """Return a secret as it is kept.

    Args:
        key: The service's.
        plain: The secret, at most `MOST_BYTES`.
        owner: What it belongs to; it opens for nothing else.
        nonce: 32 bytes that were never used before.

    Raises:
        ValueError: The secret is too long or the nonce has another length.
    """
    if len(plain) > MOST_BYTES or len(nonce) != _NONCE_BYTES:
        msg = f"expected at most {MOST_BYTES} bytes and a nonce of {_NONCE_BYTES}, got {len(plain)} and {len(nonce)}"
        raise ValueError(msg)
    pad, tag_key = _expanded(key, owner, nonce, len(plain))
    hidden = _xor(plain, pad)
    return _VERSION + urlsafe_b64encode(nonce + _tag(tag_key, hidden) + hidden).decode()


def unseal(key: bytes, sealed: str, owner: str) -> bytes:
    """Return the secret that `seal` kept.

    Raises:
        SealError: It cannot be opened.
    """
    try:
        raw = urlsafe_b64decode(sealed.removeprefix(_VERSION))
    except ValueError:
        raw = b""
    nonce, tag, hidden = raw[:_NONCE_BYTES], raw[_NONCE_BYTES : _NONCE_BYTES + _TAG_BYTES], raw[64:]
    pad, tag_key = _expanded(key, owner, nonce, len(hidden))
    if not is_sealed(sealed) or not hmac.compare_digest(tag, _tag(tag_key, hidden)):
        msg = f"the secret of {owner} cannot be opened: the service's key is another one, or it is damaged"
        raise SealError(msg)
    return _xor(hidden, pad)


def _expanded(key: bytes, owner: str, nonce: bytes, size: int) -> tuple[bytes, bytes]:
    """Return a pad of some bytes and a key for the tag (HKDF: the nonce is the salt, the owner the info)."""
    extracted = hmac.digest(nonce, key, "sha256")
    expanded, block = b"", b""
    while len(expanded) < size + _TAG_BYTES:
        counter = len(expanded) // sha256().digest_size + 1
        block = hmac.digest(extracted, block + owner.encode() + bytes([counter]), "sha256")
        expanded += block
    return expanded[_TAG_BYTES : _TAG_BYTES + size], expanded[:_TAG_BYTES]


def _tag(key: bytes, hidden: bytes) -> bytes:
    return hmac.digest(key, hidden, "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
