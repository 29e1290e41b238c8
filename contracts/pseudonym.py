"""Pseudonyms of members: what a terminal sends instead of a phone or card number."""

import hmac
from base64 import b32encode
from hashlib import sha256
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from contracts.patterns import END

Namespace = Literal["member_number", "phone", "openid", "unionid", "card", "device"]
NAMESPACES: tuple[Namespace, ...] = get_args(Namespace)


class MemberPseudonym(Struct, frozen=True, kw_only=True):
    """A member as a terminal reports one: the namespace in clear, the value under the tenant's key.

    The identifier itself is never sent.
    """

    namespace: Namespace
    pseudonym: Annotated[str, Meta(pattern=r"^[a-z2-7]{32}" + END)]


MIN_KEY_BYTES = 16
_PSEUDONYM_BYTES = 20


def pseudonymize(namespace: Namespace, value: str, key: bytes) -> MemberPseudonym:
    """Return a member's identifier under the tenant's key: HMAC-SHA-256 (RFC 2104), cut to 160 bits, base32.

    The same identifier gives the same pseudonym under the same key; without the key nobody can test a guess.

    Args:
        namespace: What kind of identifier it is. Equal values of two namespaces get different pseudonyms.
        value: The identifier. Surrounding white space does not matter.
        key: The tenant's secret, at least 16 bytes.

    Raises:
        ValueError: The key is too short or the value is empty.
    """
    if len(key) < MIN_KEY_BYTES:
        msg = f"the pseudonym key needs at least {MIN_KEY_BYTES} bytes, got {len(key)}"
        raise ValueError(msg)
    normal = value.strip()
    if not normal:
        msg = f"an identifier of namespace {namespace} cannot be empty"
        raise ValueError(msg)
    digest = hmac.new(key, f"{namespace}\0{normal}".encode(), sha256).digest()
    return MemberPseudonym(namespace=namespace, pseudonym=b32encode(digest[:_PSEUDONYM_BYTES]).decode().lower())
