"""One ID: the name of a profile. Pure.

A profile is named after one of its identifiers, its anchor (`cloud.identity.resolve`). So every name that a profile had
is the name of an identifier, and a rebuild gives the same names.
"""

from hashlib import blake2b
from uuid import UUID

_VERSION_8_LAYOUT = 8


def one_id_of(tenant: str, namespace: str, pseudonym: str) -> str:
    """Return the One ID of a profile whose anchor is this identifier, a UUID of version 8 (RFC 9562)."""
    digest = blake2b("\0".join((tenant, namespace, pseudonym)).encode(), digest_size=16, person=b"shopthread.oneid")
    value = int.from_bytes(digest.digest(), "big")
    value = value & ~(0xF << 76) | _VERSION_8_LAYOUT << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return str(UUID(int=value))
