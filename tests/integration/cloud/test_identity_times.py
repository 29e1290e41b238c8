"""A phone number goes to a stranger, a card is given back: whose it is then, what was known before, what is erased."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import text

from cloud.app import create_app, make_eraser
from cloud.config import ConfigError, Settings, load_settings
from cloud.identity.statements import Identifier
from cloud.migrate import upgrade
from contracts.pseudonym import MemberPseudonym, pseudonymize
from contracts.timestamps import format_time
from tests.integration.cloud.support import KEY, MEMBERS, T0, TENANT, Cloud, Shop, serving

PHONE = pseudonymize("phone", "+15550100", KEY)
ANNA, BERTA = MEMBERS[:2]
DAY_MS = 86_400_000
GIVEN_BACK = T0 + 10 * DAY_MS
TAKEN_OVER = T0 + 200 * DAY_MS
LATER = T0 + 300 * DAY_MS


def identifier(member: MemberPseudonym, from_ms: int | None = None, until_ms: int | None = None) -> dict[str, str]:
    times = {"valid_from": from_ms, "valid_until": until_ms}
    body = {"namespace": member.namespace, "pseudonym": member.pseudonym}
    return body | {name: format_time(at_ms) for name, at_ms in times.items() if at_ms is not None}


def say(client: httpx.Client, statement_id: str, *identifiers: dict[str, str], at_ms: int = T0) -> httpx.Response:
    said = {"id": statement_id, "source": "crm", "at": format_time(at_ms), "identifiers": identifiers}
    return client.post("/v1/identity/statements", json={"statements": [said]})


def derived(cloud: Cloud) -> dict[str, list[tuple[object, ...]]]:
    records = {"identity_statements", "identity_mentions", "identity_ledger"}
    return {name: rows for name, rows in cloud.state().items() if name not in records}


def profile(client: httpx.Client, one_id: str, as_of_ms: int | None = None) -> dict[str, object]:
    asked = {} if as_of_ms is None else {"as_of": format_time(as_of_ms)}
    answer = client.get(f"/v1/profiles/{one_id}", params=asked)
    return answer.json() if answer.status_code == 200 else {"status": answer.status_code}


def holders(client: httpx.Client) -> list[dict[str, object]]:
    items = client.get(f"/v1/identity/identifiers/phone/{PHONE.pseudonym}").json()["items"]
    assert isinstance(items, list)
    return items


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[httpx.Client]:
    cloud.now_ms = LATER
    app = create_app(settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        http.headers["Authorization"] = f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"
        yield http


@pytest.fixture
def handed_on(cloud: Cloud, client: httpx.Client, shop: Shop) -> tuple[str, str]:
    """Return the One IDs of who had the number, and who has it now; each scanned once with it."""
    for days in (5, 100, 250):
        cloud.take_in(shop.scan(days * DAY_MS / 1000, PHONE))
    assert say(client, "anna", identifier(ANNA), identifier(PHONE, None, GIVEN_BACK)).status_code == 200
    cloud.now_ms += 1000
    assert say(client, "berta", identifier(BERTA), identifier(PHONE, TAKEN_OVER), at_ms=LATER).status_code == 200
    cloud.projector.catch_up()
    found = [str(each["one_id"]) for each in holders(client) if each["is_held"]]
    return found[0], found[1]


def test_scans_go_to_whoever_had_the_number_then(cloud: Cloud, client: httpx.Client, handed_on: tuple[str, str]):
    anna, berta = handed_on
    assert [(each["valid_from"], each["is_held"]) for each in holders(client)] == [
        (None, True),
        (format_time(GIVEN_BACK), False),
        (format_time(TAKEN_OVER), True),
    ]
    assert (profile(client, anna)["touches"], profile(client, berta)["touches"]) == (1, 1)
    owners = {row[10] for row in cloud.state()["touches"]}
    assert len(owners) == 3, "in between it was nobody's that is known"
    (held,) = profile(client, berta)["identity"]["periods"]  # type: ignore[index]
    assert (held["identifier"]["namespace"], held["valid_from"], held["valid_until"]) == (
        "phone",
        format_time(TAKEN_OVER),
        None,
    )


def test_taking_back_and_rebuilding_end_as_if_it_had_never_been_said(
    cloud: Cloud, client: httpx.Client, handed_on: tuple[str, str]
):
    both = derived(cloud)
    cloud.projector.rebuild()
    assert derived(cloud) == both
    assert client.delete("/v1/identity/statements/berta").status_code == 200
    cloud.projector.catch_up()
    assert profile(client, handed_on[1]) == {"status": 404}
    assert say(client, "berta-again", identifier(BERTA), identifier(PHONE, TAKEN_OVER), at_ms=LATER).status_code == 200
    cloud.projector.catch_up()
    assert {name: rows for name, rows in derived(cloud).items() if name not in {"identity_joins", "changes"}} == {
        name: rows for name, rows in both.items() if name not in {"identity_joins", "changes"}
    }


def test_the_past_shows_who_was_taken_for_the_holder_then(
    cloud: Cloud, client: httpx.Client, handed_on: tuple[str, str]
):
    anna, berta = handed_on
    before_berta, now = LATER, cloud.now_ms
    assert profile(client, anna, now)["touches"] == 1
    assert profile(client, berta, now)["touches"] == 1
    assert profile(client, berta, before_berta) == {"status": 404}
    cloud.now_ms += 1000
    known = cloud.now_ms
    cloud.now_ms += 1000
    assert client.delete("/v1/identity/statements/anna").status_code == 200
    cloud.projector.catch_up()
    assert profile(client, anna)["status"] == 404
    assert profile(client, anna, known)["touches"] == 1
    alone = str(holders(client)[0]["one_id"])
    assert profile(client, alone)["touches"] == 2, "nobody is known to have had it before"
    assert profile(client, alone, known)["one_id"] == anna


def test_a_name_by_an_old_beginning_still_finds_the_profile(client: httpx.Client):
    assert say(client, "late", identifier(PHONE, TAKEN_OVER)).status_code == 200
    old = str(holders(client)[-1]["one_id"])
    assert say(client, "early", identifier(PHONE, GIVEN_BACK)).status_code == 200
    new = str(holders(client)[-1]["one_id"])
    assert new != old
    assert profile(client, old)["one_id"] == new


def test_consent_counts_for_whoever_gave_it(client: httpx.Client, handed_on: tuple[str, str]):
    anna, berta = handed_on
    for at_ms, granted in ((T0, True), (TAKEN_OVER + DAY_MS, False)):
        said = {"namespace": "phone", "pseudonym": PHONE.pseudonym, "granted": granted, "at": format_time(at_ms)}
        assert client.put("/v1/consents", json=said).json()["in_force"] is granted
    assert profile(client, anna)["consent_to_visit_linking"] is True
    assert profile(client, berta)["consent_to_visit_linking"] is False
    attribute = {"namespace": "phone", "pseudonym": PHONE.pseudonym, "name": "tier", "value": "gold", "source": "crm"}
    statements = [attribute | {"at": format_time(T0), "rank": 1}]
    assert client.post("/v1/attributes", json={"statements": statements}).status_code == 200
    assert [len(profile(client, each)["attributes"]) for each in handed_on] == [1, 0]  # type: ignore[arg-type]


def test_erasing_one_holder_leaves_the_other(
    cloud: Cloud, client: httpx.Client, handed_on: tuple[str, str], shop: Shop
):
    anna, berta = handed_on
    erased = client.delete(f"/v1/members/phone/{PHONE.pseudonym}", params={"at": format_time(T0)}).json()
    assert (erased["identifiers"], erased["events"], erased["statements"]) == (2, 2, 1)
    cloud.projector.catch_up()
    assert profile(client, anna) == {"status": 404}
    assert profile(client, berta)["touches"] == 1
    cloud.take_in(shop.scan(6 * DAY_MS / 1000, PHONE), shop.scan(251 * DAY_MS / 1000, PHONE))
    say(client, "anna-2", identifier(ANNA), identifier(PHONE, None, GIVEN_BACK))
    assert profile(client, anna) == {"status": 404}, "what is from before the erasure stays forgotten"
    assert profile(client, berta)["touches"] == 2
    eraser = make_eraser(cloud.settings, cloud.database, cloud.clock, cloud.token)
    assert eraser.erase(TENANT, Identifier("phone", PHONE.pseudonym)).identifiers == 2
    cloud.projector.catch_up()
    assert profile(client, berta) == {"status": 404}


@pytest.mark.parametrize(
    ("identifiers", "words"),
    [
        ([identifier(PHONE, GIVEN_BACK, T0)], "valid_until"),
        ([identifier(PHONE, T0), identifier(PHONE, GIVEN_BACK)], "one time for each identifier"),
        ([identifier(PHONE) | {"valid_from": "May"}], "valid_from"),
    ],
)
def test_times_that_cannot_be_are_refused(client: httpx.Client, identifiers: list[dict[str, str]], words: str):
    answer = say(client, "a", *identifiers)
    assert (answer.status_code, words in answer.json()["detail"]) == (422, True), answer.text


def test_a_statement_with_other_times_is_another_statement(client: httpx.Client):
    assert say(client, "a", identifier(PHONE, T0)).status_code == 200
    assert say(client, "a", identifier(PHONE, T0)).json()["known"] == 1
    assert say(client, "a", identifier(PHONE)).status_code == 409


def test_how_long_a_number_rests_comes_from_the_settings():
    assert Settings(identity_quarantine_days="phone=45, card=0").quarantine_days_of_identity == {"phone": 45, "card": 0}
    assert Settings(identity_quarantine_days="").quarantine_days_of_identity == {}
    with pytest.raises(ConfigError, match=r"identity_quarantine_days: .*NAMESPACE=NUMBER"):
        load_settings({"SHOPTHREAD_CLOUD_IDENTITY_QUARANTINE_DAYS": "phone=soon"}, {})


def test_what_stood_before_there_were_times_stands_for_good(empty_settings: Settings):
    cloud = Cloud(empty_settings)
    upgrade(cloud.database, "0013")
    columns = "tenant, namespace, pseudonym, own_id, one_id"
    with cloud.database.write() as session:
        session.execute(text(f"INSERT INTO identity_map ({columns}) VALUES ('t', 'phone', 'p', 'o', 'o')"))
        session.execute(text("INSERT INTO erased_identifiers (tenant, digest, erased_ms) VALUES ('t', 'd', 7)"))
    upgrade(cloud.database)
    with cloud.database.engine.connect() as connection:
        row = connection.execute(text("SELECT from_ms, until_ms, is_held FROM identity_map")).one()
        assert (row.from_ms, row.until_ms, bool(row.is_held)) == (0, 1 << 62, True)
        erased = connection.execute(text("SELECT from_ms, erased_ms FROM erased_identifiers")).one()
        assert tuple(erased) == (0, 7)
    cloud.close()
