"""Audits over HTTP, and how late events came in."""

import msgspec
import pytest

from cloud.audits.endpoints import MAX_REPORT_BYTES
from tests.integration.cloud.audit_reports import a_report
from tests.integration.cloud.client import Client
from tests.integration.cloud.support import STORE, T0, TENANT, Cloud, Shop

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def test_an_audit_is_kept_once_and_shown_by_direction(client: Client):
    http, headers = client.http, client.headers
    first = http.post("/v1/audits", json=a_report(), headers=headers).json()
    client.cloud.now_ms += 1000
    again = http.post("/v1/audits", content=msgspec.json.encode(a_report()), headers=headers).json()
    assert again == first, "the same report is a no-op"
    other = http.post("/v1/audits", json=a_report("east", (10, 0, 5)), headers=headers).json()
    (west,) = client.get("/v1/audits", store="west")["items"]
    assert west == first
    assert (west["cameras"], west["recordings"], west["seconds"]) == (["west/cam-1"], 1, 1200)
    came = west["directions"]["in"]
    assert (came["labelled"], came["matched"], came["missed"]) == (42, 40, 2)
    assert came["accuracy"] == pytest.approx(40 / 42)
    assert came["low"] == pytest.approx(0.8421, abs=1e-4)
    assert came["high"] == pytest.approx(0.9868, abs=1e-4)
    assert {each["id"] for each in client.get("/v1/audits")["items"]} == {first["id"], other["id"]}
    whole = client.get(f"/v1/audits/{first['id']}")
    assert whole["report"] == a_report()
    assert http.delete(f"/v1/audits/{first['id']}", headers=headers).status_code == 204
    for method in ("get", "delete"):
        assert getattr(http, method)(f"/v1/audits/{first['id']}", headers=headers).status_code == 404


def test_an_audit_that_cannot_be_taken_is_named(client: Client):
    http, headers = client.http, client.headers
    for body, status, named in (
        (b"{}", 422, "report.json"),
        (msgspec.json.encode({**a_report(), "picture": "x"}), 422, "picture"),
        (b" " * (MAX_REPORT_BYTES + 1), 413, "not the page or a video"),
    ):
        answer = http.post("/v1/audits", content=body, headers=headers)
        assert (answer.status_code, named in answer.json()["detail"]) == (status, True), answer.text
    assert http.post("/v1/audits", json=a_report(), headers=client.key("read")).status_code == 403
    foreign = client.key("read", "admin", tenant="other")
    assert http.post("/v1/audits", json=a_report(), headers=foreign).status_code == 422
    assert http.get("/v1/audits", headers=foreign).json()["items"] == []


def test_late_events_are_counted_by_store_and_day(client: Client, shop: Shop):
    cloud = client.cloud
    client.put(f"/v1/stores/{STORE}", {"name": "x", "time_zone": "Asia/Tokyo"})
    cloud.now_ms = T0 + HOUR_MS
    cloud.take_in(shop.crossing(T0), shop.crossing(T0 + 1), shop.crossing(T0 + HOUR_MS + 5000))
    cloud.now_ms = T0 + HOUR_MS + 2
    cloud.take_in(shop.crossing(T0 + 1))
    assert _late(client) == [("2026-03-02", 4, 1, 0)]
    cloud.now_ms = T0 + DAY_MS + 1
    cloud.take_in(shop.crossing(T0), shop.crossing(T0 + 15 * HOUR_MS), shop.crossing(T0 + DAY_MS))
    assert _late(client) == [("2026-03-02", 5, 2, 1), ("2026-03-03", 2, 1, 0)]
    (first, second) = client.get("/v1/lateness", **_MARCH)["rows"]
    assert (first["share_late_1h"], first["share_late_24h"], second["share_late_1h"]) == (0.4, 0.2, 0.5)
    assert client.get("/v1/lateness", **{**_MARCH, "to": "2026-03-03"})["rows"] == [first]
    refused = client.http.get("/v1/lateness", params={"from": "1980-01-01", "to": "2090-01-01"}, headers=client.headers)
    assert (refused.status_code, "at most 20000 rows" in refused.json()["detail"]) == (422, True)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_day_is_each_stores_own(client: Client, shop: Shop):
    client.put(f"/v1/stores/{STORE}", {"name": "x", "time_zone": "Asia/Tokyo"})
    at_ms = T0 + 8 * HOUR_MS  # 17:00 in UTC, two in the night in Tokyo
    client.cloud.now_ms = at_ms
    client.cloud.take_in(shop.crossing(at_ms), Shop(store="utc").crossing(at_ms))
    rows = client.get("/v1/lateness", **{"from": "2026-03-03", "to": "2026-03-04"})["rows"]
    assert [(row["store"], row["day"], row["events"]) for row in rows] == [(STORE, "2026-03-03", 1)]


_MARCH = {"from": "2026-03-01", "to": "2026-04-01", "store": STORE}


def _late(client: Client) -> list[tuple[str, int, int, int]]:
    rows = client.get("/v1/lateness", **_MARCH)["rows"]
    return [(row["day"], row["events"], row["late_1h"], row["late_24h"]) for row in rows]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_late_events_are_counted_the_same_after_a_rebuild(cloud: Cloud, shop: Shop):
    for number in range(30):
        cloud.now_ms = T0 + number * HOUR_MS
        cloud.ingest([shop.crossing(T0 + number), Shop(tenant=TENANT, store="other").crossing(T0 + number * 7_000_000)])
    cloud.projector.catch_up()
    before = cloud.state()["event_delays"]
    assert sum(int(str(row[3])) for row in before) == 60
    cloud.now_ms += DAY_MS
    cloud.projector.rebuild()
    assert cloud.state()["event_delays"] == before
