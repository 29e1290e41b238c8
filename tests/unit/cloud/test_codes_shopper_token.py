"""Tokens of a brand's login: whose hold, and every way in which one does not."""

import base64
import hmac
import json
from collections.abc import Mapping
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from cloud.codes.recording import device_at
from cloud.codes.shopper_token import (
    MAX_CHARACTERS,
    MEMBER_CLAIM,
    Login,
    Said,
    Shopper,
    ShopperTokenError,
    read_keys,
    read_shopper,
)
from cloud.codes.store_token import InStore
from cloud.identity.statements import Identifier
from contracts.pseudonym import pseudonymize

NOW_MS = 1_772_442_030_000
NOW_S = NOW_MS // 1000
MEMBER = pseudonymize("member_number", "m1", b"0123456789abcdef")
NAMED = f"{MEMBER.namespace}:{MEMBER.pseudonym}"


Key = ECKey | RSAKey


@cache
def login_key(kid: str = "a") -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


@cache
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa"})


LOGIN_KEYS = KeySet([login_key(), rsa_key()])
LOGIN = Login(issuer="https://login.example", audience="shopthread:acme", keys=LOGIN_KEYS)


def make_token(claims_changed: Mapping[str, object], key: Key | None = None, algorithm: str = "ES256") -> str:
    claims = {"iss": LOGIN.issuer, "aud": LOGIN.audience, "exp": NOW_S + 600, "iat": NOW_S, MEMBER_CLAIM: NAMED}
    claims = {name: value for name, value in {**claims, **claims_changed}.items() if value is not None}
    signing = key or login_key()
    return jwt.encode({"alg": algorithm, "kid": signing.kid or ""}, claims, signing, algorithms=[algorithm])


@pytest.mark.parametrize(("key", "algorithm"), [(login_key(), "ES256"), (rsa_key(), "RS256")])
def test_a_token_names_a_member_and_what_the_member_said(key: Key, algorithm: str):
    said = {
        "visit_linking_consent": False,
        "visit_linking_consent_at": NOW_S - 60,
        "nonce": "n",
        "aud": ["x", "shopthread:acme"],
    }
    assert read_shopper(LOGIN, make_token(said, key, algorithm), NOW_MS) == Shopper(
        member=Identifier(MEMBER.namespace, MEMBER.pseudonym),
        expires_ms=NOW_MS + 600_000,
        consent=Said(granted=False, at_ms=NOW_MS - 60_000),
        nonce="n",
    )
    assert read_shopper(LOGIN, make_token({}, key, algorithm), NOW_MS).consent is None


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "shopthread:other"},
        {"aud": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": NOW_S + 3600},
        {"iat": NOW_S + 3600},
        {MEMBER_CLAIM: None},
        {MEMBER_CLAIM: "+44 20 7946 0000"},
        {MEMBER_CLAIM: ["x"]},
        {"visit_linking_consent": "yes"},
        {"visit_linking_consent": True},
        {"visit_linking_consent": True, "visit_linking_consent_at": NOW_S + 3600},
        {"visit_linking_consent": True, "visit_linking_consent_at": -1},
        {"padding": "x" * MAX_CHARACTERS},
    ],
)
def test_a_token_that_is_anything_else_is_refused(changed: dict[str, object]):
    with pytest.raises(ShopperTokenError) as caught:
        read_shopper(LOGIN, make_token(changed), NOW_MS)
    assert caught.value.refusal == "refused"


def test_an_expired_token_is_told_apart():
    with pytest.raises(ShopperTokenError) as caught:
        read_shopper(LOGIN, make_token({}), NOW_MS + 3_600_000)
    assert caught.value.refusal == "expired"


def _unsigned(header: dict[str, str]) -> str:
    parts = (header, {"iss": LOGIN.issuer, "aud": LOGIN.audience, "exp": NOW_S + 600, MEMBER_CLAIM: NAMED})
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts) + "."


def _under_the_public_key() -> str:
    """Return a token whose secret is the public key: a reader that trusts the header's algorithm takes it."""
    text = _unsigned({"alg": "HS256", "kid": "rsa"}).rstrip(".")
    mac = hmac.digest(rsa_key().as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def test_forged_tokens_are_refused():
    stranger = ECKey.generate_key("P-256", {"kid": "a"})
    head, body, mac = make_token({}).split(".")
    forged = [
        make_token({}, stranger),
        make_token({}, ECKey.generate_key("P-256", {"kid": "unknown"})),
        _under_the_public_key(),
        _unsigned({"alg": "none"}),
        _unsigned({"alg": "ES256", "kid": "a"}),
        f"{head}.{make_token({'exp': NOW_S + 9000}).split('.')[1]}.{mac}",
        f"{head}.{body}",
        "",
        "a.b.c",
        "\N{SNOWMAN}",
    ]
    for token in forged:
        with pytest.raises(ShopperTokenError):
            read_shopper(LOGIN, token, NOW_MS)


@settings(max_examples=60)
@given(position=st.integers(0, 10_000), letter=st.sampled_from("AaZz09_-."))
def test_no_changed_token_holds(position: int, letter: str):
    token = make_token({})
    at = position % len(token)
    changed = f"{token[:at]}{letter}{token[at + 1 :]}"
    try:
        assert read_shopper(LOGIN, changed, NOW_MS) == read_shopper(LOGIN, token, NOW_MS)
    except ShopperTokenError:
        assert changed != token
    else:
        # The last letter of each part holds bits that are not looked at.
        assert changed == token or at == len(token) - 1


def test_keys_are_read_from_a_set_and_from_pem():
    as_set = json.dumps(LOGIN_KEYS.as_dict(private=False)).encode()
    assert len(read_keys(as_set).keys) == 2
    for key, algorithm in ((login_key(), "ES256"), (rsa_key(), "RS256")):
        login = Login(issuer=LOGIN.issuer, audience=LOGIN.audience, keys=read_keys(key.as_pem(private=False)))
        assert read_shopper(login, make_token({}, key, algorithm), NOW_MS).member.pseudonym == MEMBER.pseudonym


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZg"}]}', b"-----BEGIN X-----"],
)
def test_what_holds_no_public_key_is_said(text: bytes):
    with pytest.raises(ValueError, match="key"):
        read_keys(text)


def test_each_place_of_a_store_has_a_device_of_its_own():
    places = [
        InStore(store="store-1", terminal=terminal, zone_id=zone)
        for zone, terminal in [
            ("a", "b-c"),
            ("a-b", "c"),
            ("a-", "b"),
            ("a", "b"),
            ("a", "-b"),
            ("Z", "b"),
            ("z", "b"),
            ("a", "b" * 60),
        ]
    ]
    devices = [device_at(place) for place in places]
    assert len(set(devices)) == len(places)
    assert all(len(device) <= 64 for device in devices)
    assert device_at(None) == "resolver"
