"""What is told of profiles and links, and how webhooks are signed, tried again and kept inside their bounds."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.changes.differences import Published, difference, digest_of
from cloud.linking.telling import link_changes
from cloud.profiles.facts import ConsentSaid, Facts, KnownLink, Named
from cloud.webhooks.addresses import RefusedAddressError, check_url, checked_address, is_public
from cloud.webhooks.retry import FIRST_DELAY_MS, LONGEST_DELAY_MS, Answer, delay_ms, outcome
from cloud.webhooks.signature import headers_for, read_secret, write_secret

STANDINGS = (
    st.none()
    | st.builds(Published, digest=st.sampled_from("ab"))
    | st.builds(Published, digest=st.none(), merged_into=st.sampled_from("xy"))
)


@given(history=st.lists(STANDINGS, max_size=8))
def test_who_follows_what_is_told_knows_how_a_profile_stands(history: list[Published | None]):
    told: Published | None = None
    followed: str | None = None  # What a follower believes: there, gone (None), or the name of what it went into.
    for now in history:
        changed = difference(told, now)
        match changed:
            case ("profile.created" | "profile.unmerged" | "profile.changed", _):
                assert (changed[0] == "profile.created") == (followed is None)
                followed = "there"
            case ("profile.merged", data):
                followed = data["into"]
            case ("profile.removed", _):
                followed = None
            case _:
                assert told == now or followed is None
        if now is None or now.merged_into is None or told is not None:
            told = now
        expected = None if told is None else (told.merged_into or "there")
        assert followed == expected
    assert difference(told, told) is None


def test_the_digest_knows_what_is_said_and_not_how_often_it_was_decided():
    def facts(link_id: str, order: int, decision: str = "linked") -> Facts:
        link = KnownLink(link_id=link_id, touch_id="t", decision=decision, stage="final", reason="")
        said = ConsentSaid(identifier=Named("card", "a"), purpose="p", granted=True, at_ms=1, order=order)
        return Facts(one_id="x", identifiers=(), links=(link,), consents=(said,))

    assert digest_of(facts("a", 1)) == digest_of(facts("b", 2)) != digest_of(facts("a", 1, "null"))


def held(decision: str, visit: str | None, stage: str = "final", one_id: str = "m") -> SimpleNamespace:
    return SimpleNamespace(decision=decision, visit_id=visit, stage=stage, one_id=one_id)


def row(decision: str, visit: str | None, stage: str = "final", one_id: str = "m") -> dict[str, object]:
    return {
        "touch_id": "t",
        "store": "s",
        "decision": decision,
        "visit_id": visit,
        "stage": stage,
        "one_id": one_id,
    }


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (None, row("linked", "v"), ["link.asserted"]),
        (None, row("ambiguous", None), []),
        (held("linked", "v", "provisional"), row("linked", "v"), ["link.final"]),
        (held("linked", "v"), row("linked", "v", "provisional"), ["link.asserted"]),
        (held("linked", "v"), row("linked", "v"), []),
        (held("linked", "v"), row("linked", "w"), ["link.retracted", "link.asserted"]),
        (held("linked", "v"), row("linked", "v", one_id="n"), ["link.retracted", "link.asserted"]),
        (held("party", "v"), row("vetoed", None), ["link.retracted"]),
        (held("null", None), row("party", "v"), ["link.asserted"]),
        (held("linked", "v"), None, ["link.retracted"]),
    ],
)
def test_links_are_told_as_they_come_and_go(
    before: SimpleNamespace | None, now: dict[str, object] | None, kinds: list[str]
):
    told = link_changes({"t": before} if before else {}, {"t": now} if now else {})
    assert [each.kind for each in told] == kinds
    assert all("visit_id" not in each.data for each in told if each.kind == "link.retracted")


def test_a_signature_is_that_of_the_specification():
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = headers_for(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert write_secret(read_secret(secret)) == secret
    for bad in ("whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"):
        with pytest.raises(ValueError, match="24 to 64"):
            read_secret(bad)


@given(attempts=st.integers(1, 40), message=st.text(max_size=5))
def test_waits_grow_to_a_day_and_are_spread(attempts: int, message: str):
    wait = delay_ms(attempts, message)
    whole = min(FIRST_DELAY_MS * 5 ** (attempts - 1), LONGEST_DELAY_MS)
    assert 0.8 * whole - 1 <= wait <= whole
    assert wait == delay_ms(attempts, message)


@pytest.mark.parametrize(
    ("answer", "attempts", "became"),
    [
        (Answer(status=204), 1, "delivered"),
        (Answer(status=302), 1, "pending"),
        (Answer(status=500), 2, "pending"),
        (Answer(fault="refused"), 3, "dead"),
        (Answer(status=410), 1, "gone"),
    ],
)
def test_a_delivery_is_tried_until_it_is_taken_or_dead(answer: Answer, attempts: int, became: str):
    assert outcome(answer, attempts, 3) == became


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::1",
    "2001:0:808:808::f5ff:fffe",
]


@pytest.mark.parametrize("address", INSIDE)
def test_no_webhook_reaches_what_stands_inside(address: str):
    assert not is_public(address)
    parts = check_url("https://crm.example/x", allow_private=False)
    with pytest.raises(RefusedAddressError, match="no public address"):
        checked_address(parts, lambda _host, _port: ["93.184.216.34", address], allow_private=False)
    assert checked_address(parts, lambda _host, _port: [address], allow_private=True) == (address, 443)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_public_addresses_are_reached(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example",
        "ftp://crm.example",
        "https://",
        "https://a:b@crm.example",
        "https://x:99999",
        "https://é.x",
        "https://[x",
    ],
)
def test_urls_that_nothing_is_sent_to(url: str):
    with pytest.raises(RefusedAddressError, match="https://"):
        check_url(url, allow_private=False)
    assert check_url("http://localhost:80/a?b=c", allow_private=True).port == 80


def test_what_is_told_can_be_written_as_json():
    (told,) = link_changes({}, {"t": row("linked", "v")})
    assert json.loads(json.dumps(dict(told.data)))["visit_id"] == "v"
