"""How gateways learn whom the cloud has forgotten.

The cloud keeps no erased identifier, only its hash under a key of the tenant. A gateway asks for hashes that are new
since its cursor, gets the key with them, and recognizes by it what its own file still says of the person. Whoever holds
the answer alone learns nobody's identifier.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.patterns import END

ERASURES_PATH = "/v1/erasures"
MOST_ERASURES = 5000
"""So many an answer, at most."""

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]


class ErasedIdentifier(Struct, frozen=True, kw_only=True):
    """An identifier, known by its hash, of which a time is forgotten: both instants belong to it, Unix milliseconds."""

    digest: Digest
    from_ms: int
    until_ms: int


class Erasures(Struct, frozen=True, kw_only=True):
    """What was erased since a cursor.

    Attributes:
        secret: Keys the hashes; None: nobody of the tenant was ever erased.
        items: In the order in which they were erased. One that was erased again comes again.
        next_after: The cursor to ask with from now on.
        has_more: Whether more waits already.
    """

    secret: str | None
    items: tuple[ErasedIdentifier, ...]
    next_after: Annotated[int, Meta(ge=0)]
    has_more: bool


def erasure_digest(secret: str, namespace: str, pseudonym: str) -> str:
    """Return the hash by which an erased identifier is known: HMAC-SHA-256 (RFC 2104), hexadecimal."""
    return hmac.new(secret.encode(), f"{namespace}\0{pseudonym}".encode(), sha256).hexdigest()


def is_forgotten(spans: Iterable[ErasedIdentifier], at_ms: int) -> bool:
    """Return whether what happened or was said at a time is forgotten; before 1970 counts as 1970."""
    return any(each.from_ms <= max(at_ms, 0) <= each.until_ms for each in spans)


def decode_erasures(raw: bytes) -> Erasures:
    """Return the erasures that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, Erasures, "erasures", is_quoted=False)
