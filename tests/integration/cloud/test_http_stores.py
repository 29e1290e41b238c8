"""Figures, visits and devices of a store over HTTP."""

from contracts.delivery import INGEST_PATH
from contracts.timestamps import format_time
from tests.integration.cloud.client import Client
from tests.integration.cloud.support import (
    STORE,
    T0,
    Shop,
    ms,
    visit_id,
)


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


def test_where_a_store_is(client: Client):
    settings: dict[str, object] = {"name": "W", "time_zone": "UTC"}
    client.put("/v1/stores/west", settings)
    found = client.get("/v1/stores")[0]
    assert (found["latitude_deg"], found["longitude_deg"]) == (None, None)
    client.put("/v1/stores/west/position", {"latitude_deg": 52.52, "longitude_deg": 13.405})
    told = client.put("/v1/stores/west", settings)
    assert (told["latitude_deg"], told["longitude_deg"]) == (52.52, 13.405), "other settings leave it as it is"
    assert client.get("/v1/stores") == [told]
    for wrong in ({"latitude_deg": 91, "longitude_deg": 0}, {"latitude_deg": 1}):
        answer = client.http.put("/v1/stores/west/position", json=wrong, headers=client.headers)
        assert answer.status_code == 422, wrong


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


def test_links_of_an_unknown_store_are_not_zero(client: Client, shop: Shop):
    assert client.http.get("/v1/links?store=nowhere", headers=client.headers).status_code == 404
    client.send(shop.crossing(T0))
    assert client.get("/v1/links", store=STORE)["counts"]["linked"] == 0


def test_naming_a_store_keeps_its_latest_event(client: Client, shop: Shop):
    client.send(shop.crossing(T0))
    named = client.put(f"/v1/stores/{STORE}", {"name": "West", "time_zone": "UTC"})
    assert named == client.get("/v1/stores")[0]
    assert named["last_event_at"] == format_time(T0)
