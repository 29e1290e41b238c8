"""One ID: the name of a profile. Pure.

A profile is named after one of its identifiers, its anchor (`cloud.identity.resolve`), and where that had several
holders, after when this one began to have it. So every name that a profile had is the name of an identifier, and a
rebuild gives the same names.
"""

from hashlib import blake2b

_VERSION = 8


def one_id_of(tenant: str, namespace: str, pseudonym: str, from_ms: int = 0) -> str:
    """Return the One ID of a profile whose anchor is this identifier, a UUID of version 8 (RFC 9562).

    Args:
        tenant: Whose profile it is.
        namespace: Of the identifier.
        pseudonym: Of the identifier.
        from_ms: When its holder began to have it, Unix milliseconds; 0: ever.
    """
    held = (str(from_ms),) if from_ms else ()
    named = "\0".join((tenant, namespace, pseudonym, *held))
    digest = blake2b(named.encode(), digest_size=16, person=b"shopthread.oneid").hexdigest()
    variant = f"{int(digest[16], 16) & 0b11 | 0b1000:x}"
    return f"{digest[:8]}-{digest[8:12]}-{_VERSION}{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:]}"
