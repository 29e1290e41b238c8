"""Tokens that prove that a phone is in a store: shown as a QR code that changes every minute. Pure.

A token is a message authentication code (HMAC-SHA-256, RFC 2104) over tenant, store, terminal, zone and the minute. It
stands for its own minute and one more, so that a code read at a minute's end still counts.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from msgspec import Struct

SLOT_MS = 60_000
GRACE_SLOTS = 1
MIN_KEY_BYTES = 16
_MAC_BYTES = 16
_SEPARATOR = "~"
_MAX_CHARACTERS = 512
_PARTS = 5
_STORE = re.compile(r"[a-z0-9-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class InStore(Struct, frozen=True, kw_only=True):
    """Where a token is shown. The names are those of the store's configuration and hold no `~`."""

    store: str
    terminal: str
    zone_id: str


def make_token(key: bytes, tenant: str, place: InStore, now_ms: int) -> str:
    """Return the token of a place for the current minute.

    Raises:
        ValueError: The key is too short, or a name is none that events may carry.
    """
    if len(key) < MIN_KEY_BYTES:
        msg = f"the key of store tokens has {len(key)} bytes, at least {MIN_KEY_BYTES} are needed"
        raise ValueError(msg)
    names = (place.store, place.terminal, place.zone_id)
    for name, allowed in zip(names, (_STORE, _NAME, _NAME), strict=True):
        if not allowed.fullmatch(name):
            msg = f"store, terminal and zone are names of the store's configuration, got {name!r}"
            raise ValueError(msg)
    slot = now_ms // SLOT_MS
    return _SEPARATOR.join((*names, str(slot), _mac(key, tenant, place, slot)))


def read_token(key: bytes, tenant: str, token: str, now_ms: int) -> InStore | None:
    """Return where a token was shown, None unless it is whole, of this tenant and fresh.

    The comparison takes the same time wherever the codes differ.
    """
    parts = token.split(_SEPARATOR)
    if len(token) > _MAX_CHARACTERS or len(parts) != _PARTS or not token.isascii():
        return None
    store, terminal, zone_id, slot_text, mac = parts
    place = InStore(store=store, terminal=terminal, zone_id=zone_id)
    age = now_ms // SLOT_MS - (int(slot_text) if slot_text.isdigit() else -1)
    if not 0 <= age <= GRACE_SLOTS:
        return None
    wanted = _mac(key, tenant, place, now_ms // SLOT_MS - age)
    return place if hmac.compare_digest(mac, wanted) else None


def _mac(key: bytes, tenant: str, place: InStore, slot: int) -> str:
    parts = ("shopthread.store-token.v1", tenant, place.store, place.terminal, place.zone_id, str(slot))
    digest = hmac.digest(key, "\0".join(parts).encode(), sha256)
    return urlsafe_b64encode(digest[:_MAC_BYTES]).rstrip(b"=").decode()
