"""The unified profile over HTTP and in the database: what it says, as known now and as known then."""

from collections.abc import Iterator
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cloud.app import create_app
from cloud.config import Settings
from cloud.errors import ProblemError
from cloud.profiles.lifecycle import LifecycleRules
from cloud.profiles.rfm import MEASURES
from cloud.profiles.schemas import Profile
from cloud.profiles.service import get_profile
from cloud.profiles.view import Asked
from cloud.tables import profiles
from contracts.payloads import SaleLine
from contracts.timestamps import format_time
from tests.integration.cloud.support import MEMBERS, T0, TENANT, Cloud, NewCloud, Shop, serving, visit_id
from tests.integration.cloud.test_identity import PHONES, one_id, state, stated, take_back
from tests.integration.cloud.test_properties import give_consent, worlds

GTIN = "09506000134352"
RULES = LifecycleRules()
HOUR_MS = 3_600_000


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[httpx.Client]:
    app = create_app(settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        http.headers["Authorization"] = f"Bearer {cloud.keys.create(TENANT, ['members']).secret}"
        yield http


def read(cloud: Cloud, who: str, as_of_ms: int | None = None) -> Profile:
    with cloud.database.read() as session:
        asked = Asked(tenant=TENANT, one_id=who, now_ms=cloud.now_ms, rules=RULES, as_of_ms=as_of_ms, limit=500)
        return get_profile(session, asked)


def known(profile: Profile) -> dict[str, Any]:
    """Return what past and present views have in common."""
    shown = profile.model_dump(exclude={"as_of", "identity"})
    for name in [f"{measure}_score" for measure in MEASURES] if shown["rfm"] else ():
        del shown["rfm"][name]
    return shown


def test_a_profile_says_everything(client: httpx.Client, cloud: Cloud, shop: Shop):
    give_consent(cloud, 0, granted=True, second=0)
    lines = (SaleLine(gtin=GTIN, quantity=2, unit_price_minor=500),)
    cloud.take_in(
        shop.visit(1, 1, ("kiosk", 10, 40), kind="shelf"),
        shop.scan(15, MEMBERS[0]),
        shop.sale(100, "r1", 1000, MEMBERS[0], lines=lines),
        shop.sale(200, "r2", 3000, MEMBERS[0]),
        shop.sale(300, "r3", 300, MEMBERS[1]),
        shop.sale(301, "r3", 300, kind="void", reverses="r3"),
        shop.sale(400, "r4", 500, MEMBERS[0], "refund", "r2"),
    )
    categories = {"items": [{"gtin": GTIN, "category": "tea"}]}
    assert client.put("/v1/product-categories", json=categories).json() == {"recorded": 1}
    said = {"namespace": "member_number", "pseudonym": MEMBERS[0].pseudonym, "name": "tier", "source": "crm"}
    words = [{**said, "value": "gold", "at": "2026-03-01T09:00:00Z", "rank": 1}]
    words.append({**words[0], "value": "silver", "source": "till", "rank": 5})
    for _ in range(2):
        assert client.post("/v1/attributes", json={"statements": words}).json() == {"recorded": 2}
    profile = client.get(f"/v1/profiles/{one_id(MEMBERS[0])}").json()
    (attribute,) = profile["attributes"]
    assert (attribute["value"], attribute["source"], attribute["passed_over"]) == ("gold", "crm", 1)
    (visit,) = profile["visits"]
    assert (visit["visit_id"], visit["decision"], len(visit["link_ids"])) == (visit_id(1), "linked", 1)
    assert visit["weight"] == profile["expected_visits"] > 0.95
    assert profile["scans"]["total"] == profile["scans"]["items"] == 1
    (bought,) = profile["purchases"]
    assert (bought["purchases"], bought["gross_minor"], bought["net_minor"]) == (2, 4000, 3500)
    assert (bought["average_minor"], bought["last_at"]) == (2000, format_time(T0 + 200_000))
    (store,) = profile["stores"]
    assert (store["purchases"], store["scans"], store["expected_visits"]) == (2, 1, visit["weight"])
    (category,) = profile["preferences"]["categories"]
    assert (category["name"], category["weight"], category["share"]) == ("tea", 4, 1)
    (zone,) = profile["preferences"]["zones"]
    assert (zone["name"], zone["weight"]) == ("kiosk", pytest.approx(30 * visit["weight"]))
    assert (profile["rfm"]["frequency"], profile["rfm"]["monetary_minor"]) == (2, 3500)
    assert profile["lifecycle"]["stage"] == "repurchase"
    assert [(each["purpose"], each["in_force"]) for each in profile["consents"]] == [("visit_linking", True)]
    other = client.get(f"/v1/profiles/{one_id(MEMBERS[1])}").json()
    assert (other["rfm"], other["lifecycle"]["stage"]) == (None, "no_purchase"), "the only sale was voided by the till"


def test_the_timeline_comes_in_pages(client: httpx.Client, cloud: Cloud, shop: Shop):
    give_consent(cloud, 0, granted=True, second=0)
    scans = [shop.scan(at_s, MEMBERS[0]) for at_s in (15, 20, 500, 600, 700)]
    cloud.take_in(shop.visit(1, 1, ("kiosk", 10, 40)), *scans)
    path = f"/v1/profiles/{one_id(MEMBERS[0])}"
    whole = client.get(path).json()
    assert (len(whole["timeline"]), whole["next_before"]) == (6, None)
    pages: list[object] = []
    before = None
    while before is not None or not pages:
        page = client.get(path, params={"limit": 2} | ({"before": before} if before else {})).json()
        pages += page["timeline"]
        before = page["next_before"]
    assert pages == whole["timeline"]
    for bad in ("x", "1.2.a", "1.1.", f"{'9' * 30}.0.a"):
        answer = client.get(path, params={"before": bad})
        assert (answer.status_code, "next_before" in answer.json()["detail"]) == (422, True)


def test_scores_compare_with_all_customers_of_the_tenant(client: httpx.Client, cloud: Cloud, shop: Shop):
    def frequency_score(member: int) -> object:
        return client.get(f"/v1/profiles/{one_id(MEMBERS[member])}").json()["rfm"]["frequency_score"]

    sales = [shop.sale(10 * n, f"r{n}", 100, MEMBERS[member]) for n, member in enumerate((0, 1, 1, 2, 2, 2))]
    cloud.take_in(*sales)
    assert [frequency_score(member) for member in range(3)] == [1, 2, 4]
    cloud.take_in(shop.correction(*sales[4:]))
    assert [frequency_score(member) for member in range(3)] == [1, 4, 1]


def test_attributes_that_cannot_be_are_refused(client: httpx.Client):
    good = {"namespace": "card", "pseudonym": "a" * 32, "name": "tier", "value": "x", "source": "crm"}
    for change, words in (
        ({"at": "2030-01-01T00:00:00Z"}, "future"),
        ({"at": "soon"}, "soon"),
        ({"name": "A"}, "name"),
    ):
        body = {"statements": [{**good, "at": "2026-03-01T09:00:00Z", **change}]}
        answer = client.post("/v1/attributes", json=body)
        assert (answer.status_code, words in answer.json()["detail"]) == (422, True), answer.text


def test_a_past_view_knows_what_was_known_then(client: httpx.Client, cloud: Cloud, shop: Shop):
    number, phone = one_id(MEMBERS[0]), one_id(PHONES[0])

    def then(who: str, at_ms: int) -> httpx.Response:
        return client.get(f"/v1/profiles/{who}", params={"as_of": format_time(at_ms)})

    start_ms = cloud.now_ms
    sale = shop.sale(100, "r1", 1000, MEMBERS[0])
    cloud.take_in(sale, shop.scan(110, PHONES[0]))
    cloud.now_ms += HOUR_MS
    state(cloud, stated(1, MEMBERS[0], PHONES[0]))
    cloud.now_ms += HOUR_MS
    cloud.take_in(shop.correction(sale), shop.sale(50, "late", 70, MEMBERS[0]))
    cloud.now_ms += HOUR_MS
    take_back(cloud, "s1")
    assert then(number, start_ms - 1).status_code == 404
    first = then(number, start_ms).json()
    assert ([each["namespace"] for each in first["identifiers"]], first["touches"]) == (["member_number"], 1)
    assert (first["rfm"]["monetary_minor"], first["rfm"]["monetary_score"], first["identity"]) == (1000, None, None)
    merged = then(phone, start_ms + HOUR_MS).json()
    assert (merged["one_id"], merged["touches"], len(merged["identifiers"])) == (number, 2, 2)
    later = then(number, start_ms + 2 * HOUR_MS).json()
    assert (later["rfm"]["monetary_minor"], later["touches"]) == (70, 2), "the correction and the late sale are known"
    assert then(phone, cloud.now_ms).json()["one_id"] == phone
    assert "future" in then(phone, cloud.now_ms + 1).json()["detail"]


def test_a_profile_of_a_statement_alone_is_remembered(cloud: Cloud):
    state(cloud, stated(1, MEMBERS[0]))
    made_ms = cloud.now_ms
    cloud.now_ms += 1
    take_back(cloud, "s1")
    with pytest.raises(ProblemError, match="no profile"):
        read(cloud, one_id(MEMBERS[0]))
    assert read(cloud, one_id(MEMBERS[0]), made_ms).identifiers[0].pseudonym == MEMBERS[0].pseudonym


def test_withdrawing_consent_reaches_the_past(cloud: Cloud, shop: Shop):
    give_consent(cloud, 0, granted=True, second=0)
    cloud.take_in(shop.visit(1, 1, ("kiosk", 10, 40)), shop.scan(15, MEMBERS[0]))
    linked_ms = cloud.now_ms
    cloud.now_ms += 1
    assert len(read(cloud, one_id(MEMBERS[0]), linked_ms).visits) == 1
    give_consent(cloud, 0, granted=False, second=1)
    assert read(cloud, one_id(MEMBERS[0]), linked_ms).visits == []


PIECES = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 3)), max_size=3)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    world=worlds(),
    consents=PIECES,
    joins=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1)), max_size=3),
    order=st.randoms(use_true_random=False),
)
def test_replayed_history_matches_the_snapshots_taken_along_the_way(
    new_cloud: NewCloud,
    world: list[bytes],
    consents: list[tuple[int, bool, int]],
    joins: list[tuple[int, int]],
    order: Random,
):
    cloud = new_cloud()
    steps: list[object] = [*world, *consents, *(stated(n, MEMBERS[m], PHONES[p]) for n, (m, p) in enumerate(joins))]
    order.shuffle(steps)
    steps += [f"s{n}" for n in range(len(joins)) if n % 2]
    steps += [(member, True, 50) for member in range(3)]  # Else visits of the past would be hidden now.
    snapshots: dict[int, dict[str, Profile]] = {}
    for step in steps:
        cloud.now_ms += 1000
        _take(cloud, step)
        snapshots[cloud.now_ms] = _all_profiles(cloud)
    for at_ms, seen in snapshots.items():
        for who, snapshot in seen.items():
            assert known(read(cloud, who, at_ms)) == known(snapshot)
    now = _all_profiles(cloud)
    for who, profile in now.items():
        assert known(read(cloud, who, cloud.now_ms)) == known(profile)
    for who in {one for seen in snapshots.values() for one in seen} - now.keys():
        assert _found(cloud, who, cloud.now_ms) == _found(cloud, who)


def _found(cloud: Cloud, who: str, at_ms: int | None = None) -> object:
    """Return a profile, or that of whom it went into; None where there is none."""
    try:
        return known(read(cloud, who, at_ms))
    except ProblemError:
        return None


def _take(cloud: Cloud, step: object) -> None:
    if isinstance(step, bytes):
        cloud.take_in(step)
    elif isinstance(step, tuple):
        member, granted, second = step
        give_consent(cloud, member, granted=granted, second=second)
    elif isinstance(step, str):
        take_back(cloud, step)
    else:
        state(cloud, step)  # type: ignore[arg-type]  # the only kind that is left
    cloud.projector.catch_up()


def _all_profiles(cloud: Cloud) -> dict[str, Profile]:
    with cloud.database.read() as session:
        names = [row.one_id for row in session.rows(select(profiles.c.one_id))]
    return {name: read(cloud, name) for name in names}


WEEK_S = 7 * 86_400


@st.composite
def corrected_worlds(draw: st.DrawFn) -> list[bytes]:
    """Return a world whose events are voided, revised and corrected, with late ones a week on and some twice."""
    shop = Shop(sequences={"pos-1": 100, "term-1": 100, "gateway": 100})
    events = draw(worlds())
    late = [shop.sale(WEEK_S + n, f"late{n}", 100 * n, MEMBERS[draw(st.integers(0, 2))]) for n in range(2)]
    voided = shop.sale(WEEK_S + 90, "void-late", kind="void", reverses=draw(st.sampled_from(["late0", "r0"])))
    refund = shop.sale(WEEK_S + 95, "back", 30, MEMBERS[0], "refund", "late1")
    revised = shop.visit(0, 9, ("kiosk", 0, draw(st.integers(1, 40))), kind="shelf")
    wrong = draw(st.lists(st.sampled_from([*late, refund, revised]), max_size=2, unique=True))
    events += [*late, voided, refund, revised, *([shop.correction(*wrong)] if wrong else [])]
    return events + draw(st.lists(st.sampled_from(events), max_size=4))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=corrected_worlds(), order=st.randoms(use_true_random=False), size=st.integers(1, 7))
def test_profiles_are_the_same_whatever_the_order_of_corrections(
    any_cloud: NewCloud, world: list[bytes], order: Random, size: int
):
    straight, other = any_cloud(), any_cloud()
    for member in range(3):
        give_consent(straight, member, granted=True, second=0)
    straight.now_ms += WEEK_S * 1000
    straight.take_in(*world)
    shuffled = list(world)
    order.shuffle(shuffled)
    for start in range(0, len(shuffled), size):
        other.now_ms = straight.now_ms - (WEEK_S * 1000 if start == 0 else 0)
        other.take_in(*shuffled[start : start + size])
        give_consent(other, start % 3, granted=True, second=0)
    for member in range(3):
        give_consent(other, member, granted=True, second=0)
    expected = _shown(straight)
    assert _shown(other) == expected
    other.projector.rebuild()
    assert _shown(other) == expected
    assert _timeless(other) == _timeless(straight)


def _timeless(cloud: Cloud) -> dict[str, list[tuple[object, ...]]]:
    """Return what the projections hold, without how late events came: that does depend on when."""
    return {name: rows for name, rows in cloud.state().items() if name != "event_delays"}


def _shown(cloud: Cloud) -> dict[str, object]:
    """Return every profile, scores too, without the ids of decisions: those tell how often each was taken."""
    shown = {who: profile.model_dump() for who, profile in _all_profiles(cloud).items()}
    for profile in shown.values():
        for visit in profile["visits"]:
            visit["link_ids"] = len(visit["link_ids"])
        for entry in profile["timeline"]:
            entry["links"] = sorted(tuple({**link, "link_id": ""}.items()) for link in entry["links"])
    return shown  # type: ignore[return-value]  # of any shape
