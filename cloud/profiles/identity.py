"""One ID: the name of a profile. Pure.

A profile is made of deterministic identifiers alone. As yet each identifier (namespace and pseudonym) belongs to one
profile of its own, so the One ID follows from it, and a rebuild gives the same. Nothing here ever joins two profiles.
"""

from hashlib import blake2b
from uuid import UUID

_VERSION_8_LAYOUT = 8


def one_id_of(tenant: str, namespace: str, pseudonym: str) -> str:
    """Return the One ID of the profile that an identifier belongs to, a UUID of version 8 (RFC 9562)."""
    digest = blake2b("\0".join((tenant, namespace, pseudonym)).encode(), digest_size=16, person=b"shopthread.oneid")
    value = int.from_bytes(digest.digest(), "big")
    value = value & ~(0xF << 76) | _VERSION_8_LAYOUT << 76
    value = value & ~(0b11 << 62) | 0b10 << 62
    return str(UUID(int=value))
