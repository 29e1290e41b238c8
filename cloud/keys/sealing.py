"""Keeps short secrets so that the database alone does not give them away. Pure: no clock, randomness or I/O.

AES-GCM-SIV (RFC 8452), with what a secret belongs to as its additional data, under a key that HKDF (RFC 5869) derives
from the service's own.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION: Final = "s1."
NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class SealError(Exception):
    """What is kept cannot be opened: it was kept under another key, for something else, or is damaged."""


def is_sealed(text: str) -> bool:
    """Return whether a text is what `seal` returns."""
    return text.startswith(_VERSION)


def seal(key: bytes, plain: bytes, owner: str, nonce: bytes) -> str:
    """Return a secret as it is kept.

    Args:
        key: The service's.
        plain: The secret.
        owner: What it belongs to; it opens for nothing else.
        nonce: 12 bytes that were never used before.

    Raises:
        ValueError: The nonce has another length.
    """
    return _VERSION + urlsafe_b64encode(nonce + _cipher(key).encrypt(nonce, plain, owner.encode())).decode()


def unseal(key: bytes, sealed: str, owner: str) -> bytes:
    """Return the secret that `seal` kept.

    Raises:
        SealError: It cannot be opened.
    """
    try:
        raw = urlsafe_b64decode(sealed.removeprefix(_VERSION))
        return _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], owner.encode())
    except (InvalidTag, ValueError) as error:
        msg = f"the secret of {owner} cannot be opened: the service's key is another one, or it is damaged"
        raise SealError(msg) from error


def _cipher(key: bytes) -> AESGCMSIV:
    derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"shopthread secrets").derive(key)
    return AESGCMSIV(derived)
