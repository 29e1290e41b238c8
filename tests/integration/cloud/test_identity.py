"""One ID over HTTP and in the database: merged by statements, exact to undo, the same in any order."""

from collections.abc import Iterator
from random import Random

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cloud.app import create_app
from cloud.config import ConfigError, Settings, load_settings
from cloud.identity.names import one_id_of
from cloud.identity.service import add_statements, block, rebuild_identities, retract, unblock
from cloud.identity.statements import UNSAID, Identifier, Rules, Statement, Validity
from contracts.pseudonym import MemberPseudonym, pseudonymize
from tests.integration.cloud.support import KEY, MEMBERS, T0, TENANT, Cloud, NewCloud, Shop, serving
from tests.integration.cloud.test_properties import give_consent

RULES = Rules()
PHONES = [pseudonymize("phone", f"+1555010{number}", KEY) for number in range(6)]


def one_id(member: MemberPseudonym) -> str:
    return one_id_of(TENANT, member.namespace, member.pseudonym)


def named(*members: MemberPseudonym) -> tuple[Identifier, ...]:
    return tuple(Identifier(member.namespace, member.pseudonym) for member in members)


def stated(number: int, *members: MemberPseudonym, rank: int = 5, relation: str = "same_person") -> Statement:
    return Statement(
        statement_id=f"s{number}",
        rank=rank,
        at_ms=T0 + number,
        identifiers=named(*members),
        relation=relation,  # type: ignore[arg-type]  # a test's plain text
    )


def state(cloud: Cloud, *statements: Statement, rules: Rules = RULES) -> None:
    with cloud.database.write() as session:
        add_statements(session, TENANT, [("crm", each) for each in statements], rules, cloud.now_ms)
    cloud.projector.catch_up()


def take_back(cloud: Cloud, statement_id: str, rules: Rules = RULES) -> None:
    with cloud.database.write() as session:
        retract(session, TENANT, statement_id, rules, cloud.now_ms)
    cloud.projector.catch_up()


def derived(cloud: Cloud) -> dict[str, list[tuple[object, ...]]]:
    """Return the whole state but for the records of identity themselves."""
    records = {"identity_statements", "identity_mentions", "identity_ledger", "identity_blocks"}
    return {name: rows for name, rows in cloud.state().items() if name not in records}


def touch_owners(cloud: Cloud) -> set[object]:
    return {row[10] for row in cloud.state()["touches"]}


def test_statements_bring_touches_of_two_identifiers_into_one_profile(cloud: Cloud, shop: Shop):
    cloud.take_in(shop.scan(1, MEMBERS[0]), shop.scan(2, PHONES[0]))
    assert touch_owners(cloud) == {one_id(MEMBERS[0]), one_id(PHONES[0])}
    before = derived(cloud)
    state(cloud, stated(1, PHONES[0], MEMBERS[0]))
    assert touch_owners(cloud) == {one_id(MEMBERS[0])}, "the member number names the profile"
    cloud.take_in(shop.scan(3, PHONES[0]))
    assert touch_owners(cloud) == {one_id(MEMBERS[0])}, "what comes later goes there too"
    assert [row[1] for row in cloud.state()["profiles"]] == [one_id(MEMBERS[0])]
    take_back(cloud, "s1")
    assert touch_owners(cloud) == {one_id(MEMBERS[0]), one_id(PHONES[0])}
    assert len(derived(cloud)["profiles"]) == len(before["profiles"])


def test_a_visit_stays_linked_to_the_merged_profile(cloud: Cloud, shop: Shop):
    cloud.take_in(shop.scan(5, MEMBERS[0]), shop.visit(1, 1, ("kiosk", 1, 20)))
    give_consent(cloud, 0, granted=True, second=0)
    assert set(cloud.decisions().values()) == {"linked"}
    state(cloud, stated(1, MEMBERS[1], MEMBERS[0]))
    linked = [row for row in cloud.state()["decisions"] if "linked" in row]
    survivor = one_id(min((MEMBERS[0], MEMBERS[1]), key=lambda each: each.pseudonym))
    assert [survivor in row for row in linked] == [True]


def test_a_limit_keeps_profiles_apart_and_is_explained(client: httpx.Client):
    unionids = [{"namespace": "unionid", "pseudonym": member.pseudonym} for member in MEMBERS[:2]]
    phone = {"namespace": "phone", "pseudonym": PHONES[0].pseudonym}
    body = {"statements": [_body("a", unionids[0], phone), _body("b", unionids[1], phone)]}
    answer = client.post("/v1/identity/statements", json=body)
    assert answer.status_code == 200, answer.text
    (refusal,) = answer.json()["refusals"]
    assert (refusal["statement_id"], refusal["reason"], refusal["detail"]) == (
        "b",
        "limit",
        "a person may have 1 unionid",
    )
    kept_apart = one_id_of(TENANT, "unionid", unionids[1]["pseudonym"])
    profile = client.get(f"/v1/profiles/{kept_apart}").json()
    assert profile["first_seen_at"] is None
    assert [each["statement_id"] for each in profile["identity"]["refusals"]] == ["b"]


def test_a_merged_profile_is_found_by_either_name_and_tells_why(client: httpx.Client):
    number, phone = _identifier(MEMBERS[0]), _identifier(PHONES[0])
    dry = client.post("/v1/identity/statements?dry_run=true", json={"statements": [_body("a", number, phone)]}).json()
    assert (dry["added"], len(dry["moves"]), dry["dry_run"]) == (1, 1, True)
    assert client.get("/v1/identity/ledger").json()["items"] == []
    made = client.post("/v1/identity/statements", json={"statements": [_body("a", number, phone)]}).json()
    assert made["moves"] == dry["moves"]
    again = client.post("/v1/identity/statements", json={"statements": [_body("a", number, phone)]}).json()
    assert (again["added"], again["known"], again["moves"]) == (0, 1, [])
    profile = client.get(f"/v1/profiles/{one_id(PHONES[0])}").json()
    assert profile["one_id"] == one_id(MEMBERS[0])
    (join,) = profile["identity"]["joins"]
    assert (join["statement_id"], join["source"], join["left"], join["right"]) == ("a", "crm", number, phone)
    page = client.get("/v1/identity/ledger?limit=1").json()
    (entry,) = page["items"]
    assert (entry["cause"], entry["statement_id"], entry["to_one_id"]) == ("stated", "a", one_id(MEMBERS[0]))
    undone = client.delete("/v1/identity/statements/a").json()["moves"]
    (swapped,) = undone
    assert (swapped["from_one_id"], swapped["to_one_id"]) == (entry["to_one_id"], entry["from_one_id"])
    rest = client.get("/v1/identity/ledger", params={"after": page["next_after"]}).json()
    assert [each["cause"] for each in rest["items"]] == ["retracted"]
    assert client.delete("/v1/identity/statements/a").status_code == 404
    assert client.get(f"/v1/profiles/{one_id(PHONES[0])}").status_code == 404


def test_a_household_stays_several_people_who_know_of_each_other(client: httpx.Client):
    card = {"namespace": "card", "pseudonym": PHONES[5].pseudonym}
    numbers = [_identifier(member) for member in MEMBERS[:2]]
    body = {"statements": [_body("h", *numbers, relation="household"), _body("a", numbers[0], card)]}
    assert client.post("/v1/identity/statements", json=body).json()["refusals"] == []
    profile = client.get(f"/v1/profiles/{one_id(MEMBERS[0])}").json()
    assert profile["identity"]["household"] == [one_id(MEMBERS[1])]
    assert len(profile["identifiers"]) == 2


def test_a_blocked_identifier_lets_go_of_everyone(client: httpx.Client):
    phone, numbers = _identifier(PHONES[0]), [_identifier(member) for member in MEMBERS[:2]]
    body = {"statements": [_body(f"s{i}", phone, number) for i, number in enumerate(numbers)]}
    client.post("/v1/identity/statements", json=body)
    blocked = client.put("/v1/identity/blocks", json={"identifier": phone, "reason": "the shop's own phone"}).json()
    assert {move["to_one_id"] for move in blocked["moves"]} <= {one_id(each) for each in (PHONES[0], *MEMBERS[:2])}
    assert client.get("/v1/profiles").json()["total"] == 3
    path = f"/v1/identity/blocks/phone/{PHONES[0].pseudonym}"
    assert client.delete(path).status_code == 200
    assert client.get("/v1/profiles").json()["total"] == 1
    assert client.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"at": "yesterday"}, 422, "yesterday"),
        ({"identifiers": []}, 422, "identifiers"),
        ({"identifiers": [{"namespace": "phone", "pseudonym": "+15550100"}]}, 422, "pseudonym"),
        ({"rank": 10}, 422, "rank"),
        ({"id": "a b"}, 422, "id"),
        ({"rank": 1}, 409, "'a' says something else already"),
    ],
)
def test_bad_statements_are_refused_as_a_whole(
    client: httpx.Client, change: dict[str, object], status: int, words: str
):
    good = _body("a", _identifier(MEMBERS[0]))
    assert client.post("/v1/identity/statements", json={"statements": [good]}).status_code == 200
    fresh = _body("b", _identifier(MEMBERS[1]))
    answer = client.post("/v1/identity/statements", json={"statements": [fresh, good | change]})
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text
    assert client.get(f"/v1/profiles/{one_id(MEMBERS[1])}").status_code == 404


def test_an_identifier_that_stands_with_too_many_lets_go_of_all_and_joins_them_again(cloud: Cloud):
    kiosk, rules = PHONES[0], Rules(hub_neighbours=3)
    state(cloud, *(stated(i, kiosk, each) for i, each in enumerate(MEMBERS[:3])), rules=rules)
    assert len(cloud.state()["profiles"]) == 1
    state(cloud, stated(3, kiosk, MEMBERS[3]), rules=rules)
    assert len(cloud.state()["profiles"]) == 5
    take_back(cloud, "s3", rules)
    assert len(cloud.state()["profiles"]) == 1


def test_a_kiosk_that_stands_in_very_many_statements_is_told_of_as_if_all_were_read(cloud: Cloud):
    """Of what is named so often only some is read; a rebuild, which reads every statement, must agree at each step."""
    rules = Rules(hub_neighbours=2)
    kiosk, other = PHONES[0], PHONES[1]
    often = [stated(i, kiosk, MEMBERS[i % 2]) for i in range(9)]  # Nine statements, and two neighbours: no hub yet.
    crowd = [stated(10, kiosk, MEMBERS[2]), stated(11, kiosk, MEMBERS[3]), stated(12, other, *MEMBERS[1:])]
    between = [stated(20, kiosk, other), stated(21, other, MEMBERS[0], MEMBERS[2])]
    people = []
    for each in ([*often], crowd[:1], crowd[1:], between):
        state(cloud, *each, rules=rules)
        people.append(_agreed(cloud, rules))
    with cloud.database.write() as session:
        block(session, TENANT, named(kiosk)[0], "a kiosk", rules, cloud.now_ms)
    _agreed(cloud, rules)
    with cloud.database.write() as session:
        unblock(session, TENANT, named(kiosk)[0], rules, cloud.now_ms)
    for statement_id in ("s20", "s21", "s11", "s12", "s10"):
        take_back(cloud, statement_id, rules)
        people.append(_agreed(cloud, rules))
    assert (people[0], people[1], people[-1]) == (1, 4, 1)


def _agreed(cloud: Cloud, rules: Rules) -> int:
    """Return how many profiles there are, by what was derived step by step and alike by all statements anew."""
    cloud.projector.catch_up()
    step_by_step = derived(cloud)
    with cloud.database.write() as session:
        rebuild_identities(session, rules, cloud.now_ms)
    cloud.projector.catch_up()
    assert derived(cloud) == step_by_step
    return len(step_by_step["profiles"])


def test_more_profiles_than_one_step_recounts_merge_at_once(cloud: Cloud):
    """Of 600 phones each goes to another profile; the names of both lie far apart in the order of recounting."""
    phones = [pseudonymize("phone", f"+1555{number:06}", KEY) for number in range(600)]
    state(cloud, *(stated(i, each) for i, each in enumerate(phones)))
    numbers = [pseudonymize("member_number", f"n{number}", KEY) for number in range(600)]
    state(cloud, *(stated(1000 + i, *pair) for i, pair in enumerate(zip(phones, numbers, strict=True))))
    assert [len(cloud.state()[name]) for name in ("profiles", "profile_identifiers")] == [600, 1200]


PEOPLE = st.lists(st.sampled_from([*MEMBERS[:3], *PHONES[:3]]), min_size=1, max_size=3, unique=True)
TIMES = st.sampled_from([Validity(), Validity(None, T0 + 2000), Validity(T0 + 1000, None), Validity(T0, T0 + 1500)])
WORLDS = st.lists(st.tuples(PEOPLE, TIMES), min_size=1, max_size=6).map(
    lambda said: [
        replace(stated(i, *members, rank=i % 2), validity={named(members[-1])[0]: times} if times != UNSAID else {})
        for i, (members, times) in enumerate(said)
    ]
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=WORLDS, order=st.randoms(use_true_random=False), gone=st.integers(0, 5))
def test_any_order_and_any_detour_end_in_the_same_state(
    new_cloud: NewCloud, world: list[Statement], order: Random, gone: int
):
    shop = Shop()
    touches = [shop.scan(i, each) for i, each in enumerate((MEMBERS[0], PHONES[0], MEMBERS[1], PHONES[1]))]
    straight, other = new_cloud(), new_cloud()
    straight.take_in(*touches)
    state(straight, *world)
    shuffled = list(world)
    order.shuffle(shuffled)
    extra = stated(100, MEMBERS[gone % 3], PHONES[gone % 2], rank=0)
    for number, each in enumerate(shuffled):
        if number == gone % len(shuffled):
            state(other, extra)
            with other.database.write() as session:
                block(session, TENANT, named(PHONES[0])[0], "a mistake", RULES, other.now_ms)
        state(other, each)
    other.take_in(*touches)
    take_back(other, "s100")
    with other.database.write() as session:
        unblock(session, TENANT, named(PHONES[0])[0], RULES, other.now_ms)
    other.projector.catch_up()
    assert derived(other) == derived(straight)
    rebuilt = derived(straight)
    straight.projector.rebuild()
    assert derived(straight) == rebuilt


def test_limits_come_from_the_settings():
    assert Settings(identity_limits="phone=2, card=3").limits_of_identity == {"phone": 2, "card": 3}
    for bad in ("phone", "phone=0", "phone=x", "face=1"):
        with pytest.raises(ConfigError, match=r"identity_limits: .*NAMESPACE=NUMBER"):
            load_settings({"SHOPTHREAD_CLOUD_IDENTITY_LIMITS": bad}, {})


def _identifier(member: MemberPseudonym) -> dict[str, str]:
    return {"namespace": member.namespace, "pseudonym": member.pseudonym}


def _body(statement_id: str, *identifiers: dict[str, str], relation: str = "same_person") -> dict[str, object]:
    return {
        "id": statement_id,
        "source": "crm",
        "relation": relation,
        "at": "2026-03-01T09:00:00Z",
        "identifiers": list(identifiers),
    }


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[httpx.Client]:
    app = create_app(settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        http.headers["Authorization"] = f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"
        yield http
