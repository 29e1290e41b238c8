"""Time-ordered, deterministic event ids.

The layout is that of a UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then the version, then
74 bits. Those 74 bits are a hash of what happened instead of random bits, so the same input always gives the same id:
a replayed recording gives the same events, and a retry is a duplicate instead of a new fact.
"""

from hashlib import blake2b
from uuid import UUID

_TIME_BITS = 48
_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62
_VERSION = 7
_VARIANT = 0b10


def deterministic_id(time_ms: int, *parts: str | int) -> str:
    """Return the id of what happened at `time_ms`, told apart by `parts`.

    Args:
        time_ms: When it happened, Unix milliseconds, 0 to 2**48 - 1.
        *parts: What tells it from everything else at that time: source, track, kind, ordinal.

    Returns:
        A UUID in its canonical form. Ids of later milliseconds sort after ids of earlier ones.

    Raises:
        ValueError: `time_ms` is out of range or there are no parts.
    """
    if not 0 <= time_ms < 1 << _TIME_BITS:
        msg = f"time_ms must be 0 to 2**48 - 1 Unix milliseconds, got {time_ms}"
        raise ValueError(msg)
    if not parts:
        msg = "an id needs at least one part that tells it from others of the same time"
        raise ValueError(msg)
    digest = blake2b(digest_size=10)
    for part in parts:
        encoded = str(part).encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    free = int.from_bytes(digest.digest(), "big")
    random_a = free & ((1 << _RANDOM_A_BITS) - 1)
    random_b = (free >> _RANDOM_A_BITS) & ((1 << _RANDOM_B_BITS) - 1)
    value = (time_ms << 80) | (_VERSION << 76) | (random_a << 64) | (_VARIANT << 62) | random_b
    return str(UUID(int=value))


def time_ms_of(event_id: str) -> int:
    """Return the Unix milliseconds that an id made by `deterministic_id` carries.

    Raises:
        ValueError: `event_id` is no UUID of version 7.
    """
    uuid = UUID(event_id)
    if uuid.version != _VERSION:
        msg = f"expected a time-ordered UUID (version 7), got {event_id}"
        raise ValueError(msg)
    return uuid.int >> 80
