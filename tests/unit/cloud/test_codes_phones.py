"""What a phone brings: a store token, an agent, a language; and how often it may ask."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.codes.limits import WINDOW_MS, RateLimits
from cloud.codes.store_token import SLOT_MS, InStore, make_token, read_token
from cloud.codes.visitors import is_person, language_of, wants

KEY = b"0123456789abcdef"
NOW_MS = 1_772_442_030_000
SHELF = InStore(store="store-1", terminal="till-1", zone_id="checkout")
STORES = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,30}", fullmatch=True)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148 Safari/604.1"


@settings(max_examples=60)
@given(store=STORES, terminal=NAMES, zone=NAMES, late_ms=st.integers(-SLOT_MS, 4 * SLOT_MS))
def test_a_token_stands_for_its_minute_and_one_more(store: str, terminal: str, zone: str, late_ms: int) -> None:
    place = InStore(store=store, terminal=terminal, zone_id=zone)
    token = make_token(KEY, "acme", place, NOW_MS)
    slots = (NOW_MS + late_ms) // SLOT_MS - NOW_MS // SLOT_MS
    assert read_token(KEY, "acme", token, NOW_MS + late_ms) == (place if slots in {0, 1} else None)


def test_no_changed_token_counts() -> None:
    token = make_token(KEY, "acme", SHELF, NOW_MS)
    assert read_token(KEY, "acme", token, NOW_MS) == SHELF
    assert read_token(KEY, "other", token, NOW_MS) is None
    assert read_token(b"another key of 16", "acme", token, NOW_MS) is None
    for place in range(len(token)):
        changed = token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]
        assert read_token(KEY, "acme", changed, NOW_MS) is None
    later = str(NOW_MS // SLOT_MS + 1)
    assert read_token(KEY, "acme", token.replace(str(NOW_MS // SLOT_MS), later), NOW_MS + SLOT_MS) is None
    for nonsense in ("", "~~~~", "a~b~c~1~é", "~" * 600, token + "~x", "a~b~c~" + "9" * 400 + "~m"):
        assert read_token(KEY, "acme", nonsense, NOW_MS) is None


def test_a_token_needs_a_long_key_and_names() -> None:
    with pytest.raises(ValueError, match="5 bytes, at least 16"):
        make_token(b"short", "acme", SHELF, NOW_MS)
    for wrong in ("", "a~b", "a b", "é", "Upper"):
        with pytest.raises(ValueError, match="names of the store's configuration"):
            make_token(KEY, "acme", InStore(store=wrong, terminal="t", zone_id="z"), NOW_MS)


def test_a_limit_holds_within_a_minute_and_is_forgotten_after() -> None:
    limits = RateLimits(KEY, 2)
    assert [limits.allow(at, "client", "192.0.2.1") for at in (0, 1, 2)] == [True, True, False]
    assert limits.allow(2, "client", "192.0.2.2")
    assert not limits.allow(WINDOW_MS - 1, "client", "192.0.2.1")
    assert limits.allow(WINDOW_MS, "client", "192.0.2.1")
    assert b"192.0.2" not in repr(limits._seen).encode()
    assert limits.allow(10 * WINDOW_MS, "x")
    assert len(limits._seen) == len(limits._order) == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"user-agent": PHONE}, True),
        ({"user-agent": "Mozilla/5.0 (Linux; Android 10; CUBOT X30) Chrome/120 Mobile"}, True),
        ({"user-agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0"}, True),
        ({"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}, False),
        ({"user-agent": "facebookexternalhit/1.1"}, False),
        ({"user-agent": "WhatsApp/2.23.20 A"}, False),
        ({"user-agent": "Mozilla/5.0 (compatible) SkypeUriPreview"}, False),
        ({"user-agent": "curl/8.0"}, False),
        ({"user-agent": PHONE, "purpose": "prefetch"}, False),
        ({"user-agent": PHONE, "sec-purpose": "prefetch;prerender"}, False),
        ({}, False),
    ],
)
def test_programs_that_look_ahead_are_told_from_people(headers: dict[str, str], expected: bool) -> None:
    assert is_person(headers) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,zh;q=0.5", "en"),
        ("fr,de", "en"),
        ("", "en"),
        ("zh;q=0", "en"),
        ("zh;q=x,en;q=0.1", "en"),
        ("fr,zh-Hant;q=0.3", "zh"),
    ],
)
def test_languages_follow_the_weights(header: str, expected: str) -> None:
    assert language_of(header) == expected


def test_machines_name_what_they_want_first() -> None:
    assert wants("application/linkset+json, text/html", "application/linkset+json")
    assert not wants("text/html,application/json;q=0.9", "application/json")
    assert not wants("*/*", "application/json")
    assert not wants("", "application/json")
