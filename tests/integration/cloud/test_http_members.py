"""Profiles, links and consents over HTTP."""

import pytest

from tests.integration.cloud.client import Client
from tests.integration.cloud.support import (
    MEMBERS,
    STORE,
    T0,
    Shop,
    consent,
    event_id_of,
    visit_id,
)


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
        ("refund", "stands", None),
        ("void", "stands", "reversal"),
        ("sale", "voided", None),
        ("sale", "stands", None),
        ("scan", "stands", None),
        ("visit", "stands", None),
    ]
    visit = profile["timeline"][-1]
    assert {link["touch_id"] for link in visit["links"]} == {event_id_of(scan), event_id_of(sale)}
    assert visit["links"][0]["reason"] == "this visit made the touch with probability 0.995"
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


def test_another_tenant_sees_nothing(client: Client, shop: Shop):
    client.send(shop.visit(1, 1, ("kiosk", 10, 20)), shop.scan(15, MEMBERS[0]))
    stranger = client.key("read", "members", tenant="other")
    for path in (f"/v1/stores/{STORE}/visits", f"/v1/visits/{visit_id(1)}", f"/v1/stores/{STORE}/reconciliation"):
        assert client.http.get(path, headers=stranger).status_code == 404
    for path in ("/v1/stores", "/v1/profiles", "/v1/links"):
        answer = client.http.get(path, headers=stranger).json()
        assert answer in ([], {"total": 0, "items": []}) or answer["items"] == []
