"""Metrics over HTTP, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cloud.app import create_app
from cloud.config import Settings
from contracts.payloads import QueueWait, SaleLine
from tests.integration.cloud.support import MEMBERS, STORE, T0, TENANT, Cloud, Shop, consent, ms, serving, visit_id

HOUR = 3600


class Client:
    """The application, with a key that reads and one that sets stores."""

    def __init__(self, http: httpx.Client, cloud: Cloud) -> None:
        self.http = http
        self.cloud = cloud
        secret = cloud.keys.create(TENANT, ("read", "admin")).secret
        self.headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, path: str, **query: Any) -> httpx.Response:  # noqa: ANN401 - any query
        query = {name.rstrip("_"): value for name, value in query.items()}
        return self.http.get(path, params=query, headers=self.headers)

    def metric(self, name: str, **query: Any) -> dict[str, Any]:  # noqa: ANN401 - any query
        asked = {"from_": "2026-03-02", "to": "2026-03-03", **query}
        answer = self.ask(f"/v1/metrics/{name}", **asked)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def values(self, name: str, **query: Any) -> list[Any]:  # noqa: ANN401 - any query
        return [row["value"] for row in self.metric(name, **query)["rows"]]

    def put_store(self, store: str, **settings: Any) -> httpx.Response:  # noqa: ANN401 - any settings
        body = {"name": store, "time_zone": "UTC", **settings}
        answer = self.http.put(f"/v1/stores/{store}", json=body, headers=self.headers)
        if answer.status_code == 200:
            self.cloud.projector.catch_up()
        return answer


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[Client]:
    app = create_app(settings, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        yield Client(http, cloud)


def wait(shop: Shop, number: int, joined_s: float, left_s: float, outcome: str) -> bytes:
    data = QueueWait(
        zone_id="line",
        track_id=f"t{number}",
        segment_id=visit_id(number),
        joined_ms=ms(joined_s),
        left_ms=ms(left_s),
        outcome=outcome,  # type: ignore[arg-type]  # a test's plain text
        rule_version="1",
    )
    return shop.event("cam-1", data, ms(left_s), number)


def fill(cloud: Cloud, shop: Shop) -> None:
    cloud.now_ms = T0 + 24 * HOUR * 1000
    consent(cloud, 0)
    cloud.take_in(
        shop.coverage(T0, T0 + 2 * HOUR * 1000, observed_s=1.5 * HOUR),
        *(shop.crossing(ms(at), "in") for at in (1, 2, 3)),
        shop.crossing(ms(4), "out"),
        *(shop.crossing(ms(at), "in", "passby") for at in range(10, 16)),
        shop.visit(1, 1, ("kiosk", 0, 100), ("till", 200, 300)),
        shop.visit(2, 1, ("shelf", 400, 500)),
        shop.visit(3, 1, ("till", 10, 50), role="staff"),
        shop.scan(50, MEMBERS[0]),
        shop.sale(250, "r1", 1500, MEMBERS[0]),
        shop.sale(260, "r2", 500),
        shop.sale(270, "r3", 700),
        shop.sale(280, "v3", kind="void", reverses="r3"),
        wait(shop, 1, 190, 220, "served"),
        wait(shop, 2, 190, 200, "abandoned"),
    )


def test_each_metric_of_a_day(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    expected = {
        "footfall_in": 3,
        "footfall_out": 1,
        "passersby": 6,
        "capture_rate": 0.5,
        "heads": 2,
        "parties": 2,
        "party_size": 1.0,
        "staff_visits": 1,
        "staff_share": 1 / 3,
        "dwell": 200.0,
        "occupancy": 400 / 86400,
        "occupancy_peak": 1,
        "queue_wait": 30.0,
        "queue_abandonment": 0.5,
        "sales": 2000,
        "transactions": 2,
        "units": 0,
        "average_order_value": 1000.0,
        "units_per_transaction": 0.0,
        "sales_per_visit": 1000.0,
        "conversion_by_visit": 1.0,
        "conversion_by_party": 1.0,
        "scans": 1,
        "scan_to_visit_rate": 0.5,
        "member_transaction_share": 0.5,
        "members_active": 1,
        "members_new": 1,
        "members_returning": 0,
        "members_buying": 1,
    }
    found = {name: client.values(name)[0] for name in expected}
    assert found == expected
    catalogue = client.ask("/v1/metrics").json()
    assert {metric["name"] for metric in catalogue} == {*expected, "linked_visits", "linked_share", "linked_conversion"}
    linked = client.metric("linked_visits")["rows"][0]
    assert 0 < linked["low"] <= linked["value"] <= linked["high"] <= 2
    assert linked["sample"] == 2
    share = client.metric("linked_share")["rows"][0]
    assert share["value"] == linked["value"] / 2
    assert client.values("linked_conversion") == [pytest.approx(1, abs=0.2)]


def test_what_was_not_observed_is_null(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    rows = client.metric("footfall_in", grain="hour")["rows"]
    assert len(rows) == 24
    assert [row["value"] for row in rows[8:12]] == [None, 3, 0, None]
    assert [row["coverage"] for row in rows[8:12]] == [0, 0.75, 0.75, 0]
    assert client.values("sales", grain="hour")[8:11] == [0, 2000, 0]
    assert client.values("sales", from_="2026-03-01", to="2026-03-02") == [None]
    assert client.values("members_active", from_="2026-03-01") == [0, 1]
    assert client.metric("footfall_in")["rows"][0]["coverage"] == 0.0625
    assert client.metric("sales")["rows"][0]["coverage"] is None


def test_grains_and_partial_periods(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    week = client.metric("heads", grain="week", from_="2026-03-01", to="2026-03-10")["rows"]
    assert [(row["start"], row["value"], row["is_partial"]) for row in week] == [
        ("2026-02-23T00:00:00+00:00", None, True),
        ("2026-03-02T00:00:00+00:00", 2, True),
        ("2026-03-09T00:00:00+00:00", None, True),
    ]
    month = client.metric("heads", grain="month", from_="2026-02-01", to="2026-04-01")["rows"]
    assert [(row["end"], row["value"]) for row in month] == [
        ("2026-03-01T00:00:00+00:00", None),
        ("2026-04-01T00:00:00+00:00", 2),
    ]
    total = client.metric("heads", grain="total", from_="2026-01-01", to="2026-03-03")["rows"]
    assert [(row["value"], row["is_partial"]) for row in total] == [(2, False)]


def test_the_running_day_is_expected_up_to_now(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    cloud.now_ms = T0 + HOUR * 1000  # ten in the morning
    row = client.metric("footfall_in")["rows"][0]
    assert (row["coverage"], row["is_partial"]) == (0.15, True)
    assert client.metric("occupancy")["rows"][0]["value"] == 400 / 36000
    assert client.values("footfall_in", grain="hour")[9:11] == [3, None]


def test_days_follow_the_time_zone_of_each_store(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    cloud.take_in(Shop(store="store-2").crossing(T0))
    client.put_store("store-2", time_zone="Pacific/Auckland", region="South")
    rows = client.metric("footfall_in", from_="2026-03-02", to="2026-03-03")["rows"]
    assert [(row["store"], row["region"], row["start"], row["value"]) for row in rows] == [
        (STORE, None, "2026-03-02T00:00:00+00:00", 3),
        ("store-2", "South", "2026-03-02T00:00:00+13:00", 1),
    ]
    together = client.metric("footfall_in", by="none")["rows"]
    assert [(row["store"], row["start"], row["end"], row["value"]) for row in together] == [
        (None, "2026-03-02T00:00:00", "2026-03-03T00:00:00", 4)
    ]
    regions = client.metric("footfall_in", by="region")["rows"]
    assert [(row["region"], row["value"]) for row in regions] == [(None, 3), ("South", 1)]
    assert client.values("footfall_in", region="South") == [1]
    assert client.values("footfall_in", store=[STORE, "store-2"]) == [3, 1]
    assert client.values("members_active", by="region") == [1, 0]
    mixed = client.ask("/v1/metrics/heads", from_="2026-03-02", to="2026-03-03", grain="hour", by="none")
    assert (mixed.status_code, mixed.json()["type"]) == (422, "urn:shopthread:problem:mixed-time-zones")


@pytest.mark.parametrize(
    ("path", "query", "status", "told"),
    [
        ("/v1/metrics/footfal", {}, 404, "footfall_in"),
        ("/v1/metrics/heads", {"to": "2026-03-02"}, 422, "later than from, 2026-03-02"),
        ("/v1/metrics/heads", {"from": "1969-01-01"}, 422, "1970-01-02"),
        ("/v1/metrics/heads", {"to": "2036-03-02"}, 422, "at most 800"),
        ("/v1/metrics/heads", {"grain": "hour", "to": "2026-05-02"}, 422, "at most 800"),
        ("/v1/metrics/members_new", {"grain": "hour"}, 422, "day, week, month, total"),
        ("/v1/metrics/heads", {"region": "North"}, 422, "none: no store has one"),
        ("/v1/metrics/heads", {"store": "nowhere"}, 404, "GET /v1/stores"),
        ("/v1/metrics/heads", {"cursor": "x"}, 422, "next_cursor"),
        ("/v1/metrics/heads", {"from": "yesterday"}, 422, "from"),
    ],
)
def test_problems_say_what_is_allowed(
    client: Client, cloud: Cloud, shop: Shop, path: str, query: dict[str, str], status: int, told: str
):
    cloud.take_in(shop.crossing(T0))
    answer = client.ask(path, **{"from": "2026-03-02", "to": "2026-03-03", **query})
    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_money_of_several_currencies_does_not_add_up(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    euro = client.metric("sales")
    assert (euro["currency"], euro["rows"][0]["value"]) == ("EUR", 2000)
    other = Shop(store="store-2")
    raw = other.sale(1, "r1", 900).replace(b'"EUR"', b'"GBP"')
    cloud.take_in(raw)
    refused = client.ask("/v1/metrics/sales", from_="2026-03-02", to="2026-03-03")
    assert refused.status_code == 422
    assert "EUR, GBP" in refused.json()["detail"]
    assert client.values("sales", currency="GBP") == [0, 900]
    assert client.values("transactions", by="none") == [3]


def test_pages(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    first = client.metric("heads", grain="hour", limit=20)
    second = client.metric("heads", grain="hour", limit=20, cursor=first["next_cursor"])
    assert (len(first["rows"]), len(second["rows"]), second["next_cursor"]) == (20, 4, None)
    assert first["rows"] + second["rows"] == client.metric("heads", grain="hour")["rows"]


@pytest.mark.parametrize("name", ["footfall_in", "members_active"])
def test_pages_of_several_shops_are_the_whole(client: Client, cloud: Cloud, shop: Shop, name: str):
    fill(cloud, shop)
    for number in (2, 3):
        cloud.take_in(Shop(store=f"store-{number}").crossing(ms(5), "in"))
    asked = {"from_": "2026-03-01", "to": "2026-03-04", "compare": "week_before"}
    whole = client.metric(name, **asked)["rows"]
    assert len({row["store"] for row in whole}) == 3
    rows, cursor = [], "0"
    while cursor:
        page = client.metric(name, limit=4, cursor=cursor, **asked)
        rows += page["rows"]
        cursor = page["next_cursor"]
    assert rows == whole
    assert client.metric(name, cursor="9", **asked)["rows"] == []


def test_units_are_counted_from_lines(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    raw = shop.sale(300, "r9", 100)
    line = SaleLine(gtin=None, quantity=1.25, unit_price_minor=80)
    raw = raw.replace(b'"lines":[]', b'"lines":[{"gtin":null,"quantity":%g,"unit_price_minor":80}]' % line.quantity)
    cloud.take_in(raw)
    assert client.values("units") == [1.25]
    assert client.values("units_per_transaction") == [pytest.approx(1.25 / 3)]
