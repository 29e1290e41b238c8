"""The API over HTTP: keys, ingest, figures, members, links, dead letters, the page."""

import gzip
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import zstandard

from cloud.app import create_app
from cloud.config import Settings
from cloud.migrate import upgrade
from contracts.delivery import INGEST_PATH, MAX_BATCH_BYTES, decode_receipt
from contracts.timestamps import format_time
from tests.integration.cloud.support import (
    MEMBERS,
    STORE,
    T0,
    TENANT,
    Cloud,
    Shop,
    consent,
    event_id_of,
    ms,
    serving,
    visit_id,
)


class Client:
    """The application, with a key of every scope."""

    def __init__(self, http: httpx.Client, cloud: Cloud) -> None:
        self.http = http
        self.cloud = cloud
        self.headers = self.key("ingest", "read", "members", "admin")

    def key(self, *scopes: str, tenant: str = TENANT) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.cloud.keys.create(tenant, scopes).secret}"}

    def get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON of any shape
        answer = self.http.get(path, params=query, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: dict[str, object]) -> Any:  # noqa: ANN401 - JSON of any shape
        answer = self.http.put(path, json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, *raws: bytes) -> None:
        answer = self.http.post(INGEST_PATH, content=b"\n".join(raws), headers=self.headers)
        assert answer.status_code == 200, answer.text
        self.cloud.projector.catch_up()

    def consent(self, member: int, *, granted: bool = True, at_ms: int = T0) -> Any:  # noqa: ANN401 - JSON of any shape
        pseudonym = MEMBERS[member]
        body = {"namespace": pseudonym.namespace, "pseudonym": pseudonym.pseudonym, "granted": granted}
        return self.put("/v1/consents", {**body, "at": format_time(at_ms)})


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[Client]:
    app = create_app(settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        yield Client(http, cloud)


def test_every_endpoint_but_health_needs_a_key(client: Client):
    paths = client.http.get("/openapi.json").json()["paths"]
    assert len(paths) > 15
    for path, methods in paths.items():
        for method in methods:
            filled = path.replace("{store}", "s").replace("{", "").replace("}", "")
            answer = client.http.request(method, filled)
            if path == "/healthz":
                assert answer.json() == {"status": "ok"}
            else:
                assert answer.status_code == 401, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
                assert "create-key" in answer.json()["detail"]


def test_wrong_key_wrong_scope_and_revoked_key(client: Client):
    wrong = client.http.get("/v1/stores", headers={"Authorization": "Bearer stk_nonsense"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:shopthread:problem:wrong-key")
    basic = client.http.get("/v1/stores", headers={"Authorization": "Basic x"})
    assert basic.status_code == 401
    narrow = client.http.get("/v1/profiles", headers=client.key("read"))
    assert narrow.status_code == 403
    assert "needs scope 'members', the key has read" in narrow.json()["detail"]
    made = client.http.post("/v1/keys", json={"scopes": ["read"]}, headers=client.headers).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert client.http.get("/v1/stores", headers=headers).status_code == 200
    assert client.http.delete(f"/v1/keys/{made['id']}", headers=client.headers).status_code == 204
    assert client.http.get("/v1/stores", headers=headers).status_code == 401
    assert client.http.delete(f"/v1/keys/{made['id']}", headers=client.headers).status_code == 404
    assert client.http.post("/v1/keys", json={"scopes": ["root"]}, headers=client.headers).status_code == 422


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
def test_ingest_answers_with_a_receipt(client: Client, shop: Shop, encoding: str):
    raw = shop.crossing(T0)
    body = b"\n".join([raw, b"", raw, b"{"])
    packed = {"identity": body, "gzip": gzip.compress(body), "zstd": zstandard.ZstdCompressor().compress(body)}
    headers = {**client.headers, "Content-Encoding": encoding}
    answer = client.http.post(INGEST_PATH, content=packed[encoding], headers=headers)
    receipt = decode_receipt(answer.content)
    assert (receipt.received, receipt.inserted, receipt.duplicate, receipt.rejected) == (3, 1, 1, 1)
    assert receipt.rejections[0].line == 3


def test_ingest_refuses_what_is_too_large_or_damaged(client: Client):
    def status(body: bytes, encoding: str = "identity") -> int:
        headers = {**client.headers, "Content-Encoding": encoding}
        answer: httpx.Response = client.http.post(INGEST_PATH, content=body, headers=headers)
        return answer.status_code

    assert status(b"x" * (MAX_BATCH_BYTES + 1)) == 413
    assert status(gzip.compress(bytes(MAX_BATCH_BYTES + 1)), "gzip") == 413
    assert status(b"x", "zstd") == 400
    assert status(b"x", "br") == 415
    assert status(b"") == 200


def test_footfall_stands_beside_its_coverage(client: Client, shop: Shop):
    client.send(
        shop.crossing(T0 + 1000),
        shop.crossing(T0 + 2000, "out"),
        shop.crossing(T0 + 3000, kind="passby"),
        shop.coverage(T0, T0 + 1_800_000),
        shop.occupancy(T0 + 1000, shelf=1),
        shop.occupancy(T0 + 2000, shelf=3),
    )
    client.put(f"/v1/stores/{STORE}", {"name": "West", "time_zone": "Asia/Tokyo"})
    assert client.get("/v1/stores")[0]["time_zone"] == "Asia/Tokyo"
    client.cloud.now_ms = T0 + 7_200_000
    found = client.get(f"/v1/stores/{STORE}/footfall")
    assert found["buckets"][0]["local_from"] == "2026-03-02T00:00:00+09:00"
    nine = next(one for one in found["buckets"] if one["from"] == format_time(T0))
    assert (nine["entrance"], nine["passby"]) == ({"in": 1, "out": 1}, {"in": 1, "out": 0})
    assert (nine["observed_s"], nine["expected_s"], nine["coverage"]) == (1800.0, 3600.0, 0.5)
    ten = next(one for one in found["buckets"] if one["from"] == format_time(T0 + 3_600_000))
    assert (ten["entrance"], ten["coverage"]) == ({"in": None, "out": None}, 0.0)
    other_day = client.get(f"/v1/stores/{STORE}/footfall", grain="day", day="2026-03-01")
    assert other_day["buckets"][0]["entrance"]["in"] is None
    occupancy = client.get(f"/v1/stores/{STORE}/occupancy")
    assert (occupancy["inside_by_tripwires"], occupancy["people_in_zones"]) == (0, 3)


def test_footfall_refuses_spans_that_make_no_sense(client: Client, shop: Shop):
    client.send(shop.crossing(T0))
    path = f"/v1/stores/{STORE}/footfall"
    for query in (
        {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"},
        {"from": "2020-01-01T00:00:00Z"},
        {"from": "soon"},
        {"grain": "week"},
        {"day": "1000-01-01"},
    ):
        answer = client.http.get(path, params=query, headers=client.headers)
        assert answer.status_code == 422, query
        assert answer.json()["detail"]
    assert client.http.get("/v1/stores/nowhere/footfall", headers=client.headers).status_code == 404
    bad_zone = client.http.put(f"/v1/stores/{STORE}", json={"name": "W", "time_zone": "Mars"}, headers=client.headers)
    assert bad_zone.status_code == 422


def test_a_store_without_any_event_is_unknown_not_empty(client: Client):
    client.put("/v1/stores/new", {"name": "New", "time_zone": "UTC"})
    occupancy = client.get("/v1/stores/new/occupancy")
    assert (occupancy["inside_by_tripwires"], occupancy["people_in_zones"], occupancy["zones"]) == (None, None, [])


def test_staff_is_left_out_of_customer_figures_and_stands_beside_them(client: Client, shop: Shop):
    path, hour = f"/v1/stores/{STORE}/visits", 3600
    client.send(
        shop.visit(1, 1, ("till", 10, 20)),
        shop.visit(2, 1, ("till", 20, 30), staff_score=0.97, role="staff"),
        shop.visit(3, 1, ("till", 30, 40), staff_score=0.6, role="customer"),
        shop.visit(4, 1, ("till", hour, hour + 9), staff_score=0.6),  # No gateway decided: the score does.
        shop.visit(5, 1, ("till", 50, 60), staff_score=0.4),
        shop.visit(9, 1, status="withdrawn", staff_score=0.97, role="staff"),
        shop.staff_card(55),
    )
    found = client.get(path)
    assert (found["total"], found["customer_visits"], found["staff_visits"]) == (5, 3, 2)
    assert {one["visit_id"] for one in found["items"] if one["is_staff"]} == {visit_id(2), visit_id(4)}
    for role, numbers in (("customer", (5, 3, 1)), ("staff", (4, 2))):
        asked = client.get(path, role=role)
        assert [one["visit_id"] for one in asked["items"]] == [visit_id(number) for number in numbers]
        assert (asked["total"], asked["customer_visits"], asked["staff_visits"]) == (len(numbers), 3, 2)
    detail = client.get(f"/v1/visits/{visit_id(2)}")
    assert (detail["role"], detail["staff_score"]) == ("staff", 0.97)
    assert detail["staff_evidence"] == [{"kind": "zone", "log_odds": 4.5}]
    assert client.get(f"/v1/visits/{visit_id(1)}")["staff_evidence"] == []
    span = {"from": format_time(T0), "to": format_time(T0 + 3 * hour * 1000)}
    buckets = client.get(f"/v1/stores/{STORE}/footfall", **span)["buckets"]
    assert [(each["customer_visits"], each["staff_visits"]) for each in buckets] == [(3, 1), (0, 1), (None, None)]
    assert buckets[0]["entrance"] == {"in": 0, "out": 0}
    assert client.get("/v1/dead-letters")["total"] == 0


def test_visits_page_by_page(client: Client, shop: Shop):
    client.send(
        *(shop.visit(number, 1, ("till", number * 10, number * 10 + 5)) for number in range(5)),
        shop.visit(9, 1, status="withdrawn"),
    )
    path = f"/v1/stores/{STORE}/visits"
    first = client.get(path, limit="3")
    assert (first["total"], len(first["items"])) == (5, 3)
    second = client.get(path, limit="3", before=first["next_before"])
    seen = [one["visit_id"] for one in first["items"] + second["items"]]
    assert seen == [visit_id(number) for number in (4, 3, 2, 1, 0)]
    assert second["next_before"] is None
    assert client.get(path, status="withdrawn")["total"] == 1
    span = {"from": format_time(ms(10)), "to": format_time(ms(30))}
    assert client.get(path, **span)["total"] == 2
    detail = client.get(f"/v1/visits/{visit_id(2)}")
    assert [(stay["zone_id"], stay["dwell_s"]) for stay in detail["zone_stays"]] == [("till", 5.0)]
    assert client.http.get(path, params={"before": "x"}, headers=client.headers).status_code == 422
    assert client.http.get("/v1/visits/none", headers=client.headers).status_code == 404


def test_a_profile_shows_its_timeline_and_why(client: Client, shop: Shop):
    scan, sale = shop.scan(15, MEMBERS[0]), shop.sale(35, "r1", 1250, MEMBERS[0])
    client.consent(0)
    client.send(
        shop.visit(1, 1, ("kiosk", 10, 20), ("till", 30, 40)),
        scan,
        sale,
        shop.sale(36, "r2", 99, MEMBERS[0]),
        shop.sale(37, "r2", 99, MEMBERS[0], "void", "r2"),
        shop.sale(90, "r3", 250, MEMBERS[0], "refund", "r1"),
    )
    profiles = client.get("/v1/profiles")
    assert profiles["total"] == 1
    one = profiles["items"][0]
    assert one["sales"] == [{"currency": "EUR", "sales": 1, "total_minor": 1000}]
    assert (one["linked_visits"], one["touches"], one["consent_to_visit_linking"]) == (1, 5, True)
    profile = client.get(f"/v1/profiles/{one['one_id']}")
    kinds = [(entry["kind"], entry["state"], entry["not_eligible"]) for entry in profile["timeline"]]
    assert kinds == [
        ("refund", "stands", "reversal"),
        ("void", "stands", "reversal"),
        ("sale", "voided", None),
        ("sale", "stands", None),
        ("scan", "stands", None),
        ("visit", "stands", None),
    ]
    visit = profile["timeline"][-1]
    assert {link["touch_id"] for link in visit["links"]} == {event_id_of(scan), event_id_of(sale)}
    assert visit["links"][0]["reason"] == "this visit made the touch with probability 1.000"
    client.send(shop.correction(scan, sale))
    assert client.get(f"/v1/profiles/{one['one_id']}")["linked_visits"] == 0
    assert client.http.get("/v1/profiles/none", headers=client.headers).status_code == 404


def test_links_say_what_was_compared(client: Client, shop: Shop):
    for member in (0, 1, 2):
        client.consent(member)
    client.send(
        shop.visit(1, 1, ("kiosk", 10, 20)),
        shop.visit(2, 1, ("till", 100, 140)),
        shop.visit(3, 1, ("till", 130, None), status="open"),
        shop.scan(15, MEMBERS[0]),
        shop.sale(135, "r1", member=MEMBERS[1]),
        shop.scan(900, MEMBERS[2]),
        shop.scan(16, MEMBERS[3]),
        shop.scan(16, None),
        shop.scan(17, MEMBERS[0], proof="none"),
        shop.scan(18, MEMBERS[0], zone=None),
    )
    found = client.get("/v1/links", store=STORE)
    assert found["counts"] == {"linked": 1, "party": 0, "ambiguous": 1, "null": 1, "vetoed": 1}
    assert found["not_eligible"] == {"no_member": 1, "no_in_store_proof": 1, "no_zone": 1}
    assert found["waiting"] == 0
    pages = [client.get("/v1/links", limit="1", offset=str(offset))["items"] for offset in range(5)]
    assert [one["id"] for page in pages for one in page] == [one["id"] for one in found["items"]]
    ambiguous = client.get("/v1/links", decision="ambiguous")["items"]
    assert [(one["stage"], one["touch"]["kind"]) for one in ambiguous] == [("provisional", "sale")]
    detail = client.get(f"/v1/links/{ambiguous[0]['id']}")
    assert {one["visit_id"] for one in detail["candidates"]} == {visit_id(2), visit_id(3)}
    assert [one["posterior"] for one in detail["candidates"]] == [pytest.approx(0.494, abs=0.01)] * 2
    assert all(one["log_ratios"].keys() == {"zone"} for one in detail["candidates"]), "no path, no place"
    linked = client.get("/v1/links", decision="linked")["items"][0]
    assert linked["visit_id"] == visit_id(1)
    assert client.consent(0, granted=False, at_ms=T0 + 1) == {"in_force": False, "retracted_links": 1}
    hidden = client.get(f"/v1/links/{linked['id']}")
    assert (hidden["visit_id"], hidden["candidates"], hidden["retracted_at"] is None) == (None, [], False)
    assert client.http.get("/v1/links/none", headers=client.headers).status_code == 404


def test_consents_are_a_history(client: Client):
    client.consent(0)
    client.consent(0)
    client.consent(0, granted=False, at_ms=T0 + 5)
    items = client.get("/v1/consents", namespace="member_number", pseudonym=MEMBERS[0].pseudonym)["items"]
    assert [one["granted"] for one in items] == [False, True]
    assert client.get("/v1/consents", offset="1")["items"] == items[1:]
    body = {"namespace": "phone", "pseudonym": MEMBERS[0].pseudonym, "granted": True, "at": "2999-01-01T00:00:00Z"}
    late = client.http.put("/v1/consents", json=body, headers=client.headers)
    assert (late.status_code, "not in the future" in late.json()["detail"]) == (422, True)


def test_reconciliation_is_exact_before_the_projections_run(client: Client, shop: Shop):
    client.send(shop.crossing(T0), shop.crossing(T0 + 1))
    client.http.post(INGEST_PATH, content=shop.crossing(T0 + 2) + b"\nbad", headers=client.headers)
    found = client.get(f"/v1/stores/{STORE}/reconciliation")
    crossing = "org.shopthread.footfall.crossing.v1"
    assert found["events"] == [{"device": "cam-1", "type": crossing, "events": 3, "highest_sequence": 3}]
    assert (found["total_events"], found["dead_letters"], found["lag_events"]) == (3, 1, 1)
    client.cloud.projector.catch_up()
    assert client.get(f"/v1/stores/{STORE}/reconciliation")["lag_events"] == 0


def test_devices_show_health_and_coverage(client: Client, shop: Shop):
    client.send(shop.health(T0 + 2000, 7), shop.health(T0 + 1000, 5), shop.coverage(T0, T0 + 60_000))
    device = client.get(f"/v1/stores/{STORE}/devices")[0]
    assert (device["device"], device["health"]["queue_depth"], device["events"]) == ("cam-1", 7, 3)
    assert device["observed_until"] == format_time(T0 + 60_000)
    client.send(Shop(store="store-2").health(T0))
    assert [each["store"] for each in client.get("/v1/devices")] == [STORE, "store-2"]
    assert client.get("/v1/devices")[0] == {"store": STORE, **device}


def test_dead_letters_are_shown_and_replayed(client: Client, shop: Shop):
    client.send(b"{", shop.crossing(T0))
    found = client.get("/v1/dead-letters")
    assert (found["total"], found["by_reason"], found["items"][0]["raw"]) == (1, {"not_json": 1}, "{")
    narrow = client.http.get("/v1/dead-letters", headers=client.key("read")).json()
    assert narrow["items"][0]["raw"] is None
    letter = found["items"][0]["id"]
    one = client.http.post(f"/v1/dead-letters/{letter}/replay", headers=client.headers).json()
    every = client.http.post("/v1/dead-letters/replay", headers=client.headers).json()
    assert one == every == {"replayed": 0, "still_rejected": 1, "not_replayable": 0}
    assert client.http.post("/v1/dead-letters/99/replay", headers=client.headers).status_code == 404
    assert client.http.post("/v1/dead-letters/replay", headers=client.key("read")).status_code == 403


def test_another_tenant_sees_nothing(client: Client, shop: Shop):
    client.send(shop.visit(1, 1, ("kiosk", 10, 20)), shop.scan(15, MEMBERS[0]))
    stranger = client.key("read", "members", tenant="other")
    for path in (f"/v1/stores/{STORE}/visits", f"/v1/visits/{visit_id(1)}", f"/v1/stores/{STORE}/reconciliation"):
        assert client.http.get(path, headers=stranger).status_code == 404
    for path in ("/v1/stores", "/v1/profiles", "/v1/links"):
        answer = client.http.get(path, headers=stranger).json()
        assert answer in ([], {"total": 0, "items": []}) or answer["items"] == []


def test_how_sure_links_are_is_told(client: Client, shop: Shop):
    client.send(shop.crossing(T0))
    unknown = client.get("/v1/links/precision")
    assert (unknown["estimated"], unknown["expected_precision"]) == (0, None)
    consent(client.cloud, 0)
    client.send(shop.visit(1, 1, ("kiosk", 10, 60)), shop.scan(30, MEMBERS[0]))
    link = client.get("/v1/links")["items"][0]
    (candidate,) = client.get(f"/v1/links/{link['id']}")["candidates"]
    found = client.get("/v1/links/precision", store=STORE)
    assert found == {"store": STORE, "estimated": 1, "expected_precision": candidate["posterior"]}
    assert client.http.get("/v1/links/precision?store=none", headers=client.headers).status_code == 404


def test_signing_in_opens_reading_alone(client: Client):
    http = client.http
    assert http.get("/", follow_redirects=False).headers["location"] == "/login"
    assert "API key" in http.get("/login").text
    refused = http.post("/login", content="key=stk_wrong")
    assert (refused.status_code, "No such key" in refused.text) == (401, True)
    assert "lacks the scope members" in http.post("/login", content=f"key={_secret(client.key('read'))}").text
    assert http.post("/login", content="key=" + "x" * 5000).status_code == 401
    secret = _secret(client.key("read", "members", "admin"))
    entered = http.post("/login", content=f"key={secret}", follow_redirects=False)
    cookie = entered.headers["set-cookie"]
    assert entered.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert secret not in cookie
    page = http.get("/")
    assert page.url.path == "/overview"
    assert "All shops" in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    script = http.get(re.findall(r'src="(/static/[^"]+/views/overview\.js)"', page.text)[0])
    assert script.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in script.headers["cache-control"], "its address changes with its content"
    assert http.get("/v1/stores").status_code == 200
    assert http.put("/v1/stores/x", json={"name": "x", "time_zone": "UTC"}).status_code == 401
    client.cloud.now_ms += 13 * 3_600_000
    assert http.get("/v1/stores").status_code == 401, "the session has expired"
    client.cloud.now_ms -= 13 * 3_600_000
    http.post("/logout")
    assert http.get("/v1/stores").status_code == 401


def test_signing_in_leads_to_the_page_that_was_asked_for(client: Client):
    http, secret = client.http, _secret(client.key("read", "members"))
    asked = http.get("/shop", params={"store": "west", "period": "7d"})
    assert asked.url.path == "/login"
    assert 'value="/shop?store=west&amp;period=7d"' in asked.text
    for wanted, reached in {
        "/shop?store=west": "/shop?store=west",
        "//evil.example": "/",
        "/\\evil.example": "/",
        "https://evil.example/": "/",
        "/v1/../login": "/",
    }.items():
        body = urlencode({"key": secret, "next": wanted})
        assert http.post("/login", content=body, follow_redirects=False).headers["location"] == reached


def test_the_page_speaks_and_looks_as_its_reader_likes(client: Client):
    http = client.http
    assert (
        '<html lang="zh" data-theme="auto">' in http.get("/login", headers={"Accept-Language": "zh-CN,en;q=0.5"}).text
    )
    chosen = http.get("/login", params={"lang": "zh", "theme": "dark", "next": "/codes"})
    assert '<html lang="zh" data-theme="dark">' in chosen.text
    assert "lang=en" in chosen.text
    assert '<html lang="zh" data-theme="dark">' in http.get("/login").text, "kept in a cookie"
    assert '<html lang="zh" data-theme="dark">' in http.get("/login", params={"lang": "xx", "theme": "pink"}).text


def _secret(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


def test_unknown_paths_answer_with_a_problem(client: Client):
    answer = client.http.get("/nowhere")
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
    assert client.http.delete("/v1/stores").status_code == 405


def test_openapi_reads_well(client: Client):
    document = client.http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            assert operation.get("description"), path
            assert operation["tags"], path
            if path != "/healthz":
                assert "401" in operation["responses"], path
            for parameter in operation.get("parameters", []):
                assert parameter.get("description"), (path, parameter["name"])
            for status, response in operation["responses"].items():
                assert response["description"] != "Validation Error", path
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (path, status)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/stores/store-1/visits?before=99999999999999999999.x"),
        ("GET", "/v1/stores/store-1/visits?before=1.%00"),
        ("GET", "/v1/stores/store-1/visits?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z"),
        ("GET", "/v1/visits/%00"),
        ("GET", "/v1/links/%00"),
        ("GET", "/v1/links?touch_id=%00"),
        ("GET", "/v1/profiles/%00"),
        ("GET", "/v1/dead-letters?after_id=9223372036854775808"),
        ("POST", "/v1/dead-letters/9223372036854775808/replay"),
        ("DELETE", "/v1/keys/%00"),
    ],
)
def test_what_no_column_holds_is_refused(client: Client, shop: Shop, method: str, path: str):
    client.send(shop.crossing(T0))
    answer = client.http.request(method, path, headers=client.headers)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_body_that_cannot_be_read_is_a_problem(client: Client):
    json_headers = {**client.headers, "Content-Type": "application/json"}
    damaged = client.http.post("/v1/keys", content=b"\xff\xff", headers=json_headers)
    assert (damaged.status_code, damaged.headers["content-type"]) == (400, "application/problem+json")
    form_headers = {**client.headers, "Content-Type": "application/x-www-form-urlencoded"}
    form = client.http.post("/v1/keys", content=b'{"scopes": ["read"]}', headers=form_headers)
    assert "Content-Type: application/json" in form.json()["detail"]
    nul = client.http.put("/v1/stores/s", json={"name": "a\0b", "time_zone": "UTC"}, headers=client.headers)
    assert nul.status_code == 422


def test_links_of_an_unknown_store_are_not_zero(client: Client, shop: Shop):
    assert client.http.get("/v1/links?store=nowhere", headers=client.headers).status_code == 404
    client.send(shop.crossing(T0))
    assert client.get("/v1/links", store=STORE)["counts"]["linked"] == 0


def test_naming_a_store_keeps_its_latest_event(client: Client, shop: Shop):
    client.send(shop.crossing(T0))
    named = client.put(f"/v1/stores/{STORE}", {"name": "West", "time_zone": "UTC"})
    assert named == client.get("/v1/stores")[0]
    assert named["last_event_at"] == format_time(T0)


def test_a_fault_is_a_problem_too(client: Client, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("cloud.stores.repository.list_stores", fail)
    answer = client.http.get("/v1/stores", headers=client.headers)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert answer.json()["detail"] == "GET /v1/stores met a fault of the service; its log tells which"


def test_a_busy_database_asks_to_try_again(tmp_path: Path, shop: Shop):
    busy = Cloud(Settings(data_dir=str(tmp_path / "busy"), busy_timeout_s=0.05))
    upgrade(busy.database)
    headers = {"Authorization": f"Bearer {busy.keys.create(TENANT, ['ingest']).secret}"}
    app = create_app(busy.settings, busy.clock, busy.token, runs_projections=False)
    with serving(app) as http, busy.database.write():
        answer = http.post(INGEST_PATH, content=shop.crossing(T0), headers=headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "database is locked; send the same request again" in answer.json()["detail"]
    busy.close()


def test_the_application_moves_its_projections_itself(tmp_path: Path, shop: Shop):
    own = Cloud(Settings(data_dir=str(tmp_path / "own")))
    upgrade(own.database)
    headers = {"Authorization": f"Bearer {own.keys.create(TENANT, ['ingest', 'read']).secret}"}
    with serving(create_app(own.settings, own.clock, own.token)) as http:
        http.post(INGEST_PATH, content=shop.crossing(T0), headers=headers)
        deadline = time.monotonic() + 10
        while not http.get("/v1/stores", headers=headers).json():
            assert time.monotonic() < deadline
        assert http.get(f"/v1/stores/{STORE}/reconciliation", headers=headers).json()["projection_failure"] is None
    own.close()
