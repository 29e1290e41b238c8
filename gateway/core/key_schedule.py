"""The day's secret for appearance signatures: when it changes and dies. Pure; randomness and time are passed in.

A key holds until the store closes, a day at most, and is nowhere but in memory. Whatever was made under it then matches
nothing any more: the rotation that follows from the next key is another one. (Cancelable biometrics: Ratha, Connell and
Bolle, IBM Systems Journal 40 (2001).)
"""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, tzinfo

from contracts.signature_keys import SECRET_BYTES, SignatureKey

MOST_MS = 24 * 3600 * 1000
"""No key holds longer, not even over a day of 25 hours."""
_ID_BYTES = 6
_DAYS = 3

Draw = Callable[[int], bytes]
"""Returns so many random bytes that nobody can guess."""


def next_closing_ms(closes: time, zone: tzinfo, now_ms: int) -> int:
    """Return when the store closes next, Unix milliseconds.

    Where clocks change, an hour that comes twice closes at its first, one that is left out when it would have been.

    Args:
        closes: The closing hour, as the store's clocks show it.
        zone: The store's time zone.
        now_ms: Now, Unix milliseconds.
    """
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone).date()
    closings = (
        round(datetime.combine(today + timedelta(days=days), closes, zone).timestamp() * 1000) for days in range(_DAYS)
    )
    return min(closing for closing in closings if closing > now_ms)


def current_key(key: SignatureKey | None, closes: time, zone: tzinfo, now_ms: int, draw: Draw) -> SignatureKey:
    """Return the key that holds now: the one there is, or a new one where there is none or it has died.

    A key also dies where the clock was set back before it began: nobody could say how long it would hold.

    Args:
        key: The key of before.
        closes: The closing hour, as the store's clocks show it.
        zone: The store's time zone.
        now_ms: Now, Unix milliseconds.
        draw: Randomness.
    """
    if key is not None and key.valid_from_ms <= now_ms and key.is_valid(now_ms):
        return key
    return SignatureKey(
        key_id=draw(_ID_BYTES).hex(),
        secret=draw(SECRET_BYTES),
        valid_from_ms=now_ms,
        valid_until_ms=min(next_closing_ms(closes, zone, now_ms), now_ms + MOST_MS),
    )
