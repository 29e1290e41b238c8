"""Tokens by which a brand's own login says which member a phone belongs to (JSON Web Tokens, RFC 7519). Pure.

A token names the member as a terminal would: by namespace and pseudonym, never by a phone or card number. The login has
the tenant's pseudonym key; the cloud has none, and learns none.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, Literal

from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey
from msgspec import Struct

from cloud.identity.statements import Identifier, parse_identifier

ALGORITHMS = ("RS256", "ES256")
MEMBER_CLAIM = "shopthread_member"
CONSENT_CLAIM = "visit_linking_consent"
CONSENT_TIME_CLAIM = "visit_linking_consent_at"
MAX_CHARACTERS = 3000
"""A browser keeps cookies of 4,096 bytes at most (RFC 6265, section 6.1)."""
_LEEWAY_S = 30
_MS = 1000
_MIN_RSA_BITS = 2048

Refusal = Literal["expired", "refused"]


class ShopperTokenError(Exception):
    """A token proves nothing.

    Attributes:
        refusal: What to tell the shopper.
    """

    def __init__(self, message: str, *, refusal: Refusal = "refused") -> None:
        super().__init__(message)
        self.refusal: Refusal = refusal


class Said(Struct, frozen=True):
    """What the member answered when the login asked whether visits may be linked, and when, Unix milliseconds."""

    granted: bool
    at_ms: int


class Shopper(Struct, frozen=True, kw_only=True):
    """Whom a token names.

    Attributes:
        member: The member's identifier.
        expires_ms: Until when the token stands, Unix milliseconds.
        consent: What the member said of linking visits. None: nothing, through this token.
        nonce: For which start of a sign-in the token was made. None: for none.
    """

    member: Identifier
    expires_ms: int
    consent: Said | None = None
    nonce: str | None = None


class Login(Struct, frozen=True, kw_only=True):
    """Whose tokens hold.

    Attributes:
        issuer: Who makes them (`iss`).
        audience: For whom they are made (`aud`): this tenant's resolver, and nobody else's.
        keys: The issuer's public keys.
    """

    issuer: str
    audience: str
    keys: KeySet


def read_keys(text: bytes) -> KeySet:
    """Return the public keys that a JWK set (RFC 7517) or one PEM file holds.

    Raises:
        ValueError: It holds none for RS256 or ES256.
    """
    try:
        is_set = text.lstrip().startswith(b"{")
        keys = KeySet.import_key_set(json.loads(text)).keys if is_set else [_pem_key(text)]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        msg = f"neither a JWK set nor a public key in PEM ({error})"
        raise ValueError(msg) from error
    usable = [key for key in keys if _is_usable(key)]
    if not usable:
        msg = f"no RSA key of {_MIN_RSA_BITS} bits or more and no P-256 key among its {len(keys)} keys"
        raise ValueError(msg)
    return KeySet(usable)


def _pem_key(text: bytes) -> RSAKey | ECKey:
    try:
        return RSAKey.import_key(text)
    except (JoseError, ValueError):
        return ECKey.import_key(text)


def _is_usable(key: object) -> bool:
    if isinstance(key, RSAKey):
        return key.public_key.key_size >= _MIN_RSA_BITS
    return isinstance(key, ECKey) and key.curve_name == "P-256"


def read_shopper(login: Login, token: str, now_ms: int) -> Shopper:
    """Return whom a token names.

    Raises:
        ShopperTokenError: It has expired; or it is forged, another issuer's, for somebody else, not yet valid, or names
            no member.
    """
    if len(token) > MAX_CHARACTERS:
        msg = f"a token has at most {MAX_CHARACTERS} characters, got {len(token)}"
        raise ShopperTokenError(msg)
    wanted = jwt.JWTClaimsRegistry(
        now=now_ms // _MS,
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": login.issuer},
        aud={"essential": True, "value": login.audience},
        exp={"essential": True},
        shopthread_member={"essential": True},
    )
    # The only key needs no name: one in PEM has none.
    keys = login.keys if len(login.keys.keys) > 1 else login.keys.keys[0]
    try:
        claims = jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
        wanted.validate(claims)
        return _shopper(claims, now_ms)
    except ExpiredTokenError as error:
        raise ShopperTokenError(str(error), refusal="expired") from error
    except (JoseError, ValueError, TypeError) as error:
        raise ShopperTokenError(str(error)) from error


def _shopper(claims: Mapping[str, Any], now_ms: int) -> Shopper:
    nonce = claims.get("nonce")
    return Shopper(
        member=parse_identifier(str(claims[MEMBER_CLAIM])),
        expires_ms=_instant_ms("exp", claims["exp"]),
        consent=_consent(claims, now_ms),
        nonce=None if nonce is None else str(nonce),
    )


def _consent(claims: Mapping[str, Any], now_ms: int) -> Said | None:
    """Return what the member said; without the time a later withdrawal could not be told from an earlier one."""
    granted = claims.get(CONSENT_CLAIM)
    if granted is None:
        return None
    if not isinstance(granted, bool):
        msg = f"{CONSENT_CLAIM} must be true or false, got {granted!r}"
        raise ValueError(msg)  # noqa: TRY004 - every fault of a token is of one kind
    at_ms = _instant_ms(CONSENT_TIME_CLAIM, claims.get(CONSENT_TIME_CLAIM))
    if at_ms > now_ms + _LEEWAY_S * _MS:
        msg = f"{CONSENT_TIME_CLAIM} must not lie in the future, got {at_ms // _MS}"
        raise ValueError(msg)
    return Said(granted, at_ms)


def _instant_ms(name: str, value: object) -> int:
    """Return a NumericDate (seconds since 1970) in milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        msg = f"{name} must be seconds since 1970, got {value!r}"
        raise ValueError(msg)
    return int(value * _MS)
