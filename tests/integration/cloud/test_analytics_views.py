"""Matrix, cohorts, funnels, zones and touchpoints over HTTP, on SQLite and PostgreSQL."""

from collections.abc import Iterator

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from cloud.analytics import bounds
from cloud.analytics.tables import member_cells
from cloud.app import create_app
from cloud.config import Settings
from tests.integration.cloud.support import MEMBERS, STORE, T0, Cloud, Shop, consent, serving
from tests.integration.cloud.test_analytics_http import Client, fill

DAY_S = 86_400
MARCH = {"from_": "2026-03-01", "to": "2026-04-01"}


@pytest.fixture
def client(cloud: Cloud, settings: Settings) -> Iterator[Client]:
    told = msgspec.structs.replace(settings, analytics_least_members=1)
    app = create_app(told, cloud.clock, cloud.token, runs_projections=False)
    with serving(app) as http:
        yield Client(http, cloud)


def history(cloud: Cloud, shop: Shop) -> None:
    """Let one member be new in March, one existing, one dormant that returns, and one dormant that does not."""
    cloud.now_ms = T0 + 28 * DAY_S * 1000
    new, existing, woken, asleep = MEMBERS
    cloud.take_in(
        shop.sale(-300 * DAY_S, "a1", 400, woken),
        shop.sale(-300 * DAY_S, "a2", 400, asleep),
        shop.sale(-20 * DAY_S, "a3", 400, existing),
        shop.scan(0, new),
        shop.sale(3 * DAY_S, "a4", 1000, new),
        shop.sale(3 * DAY_S + 60, "a5", 500, new),
        shop.scan(5 * DAY_S, new, proof="none"),
        shop.scan(4 * DAY_S, existing),
        shop.scan(5 * DAY_S, existing),
        shop.sale(6 * DAY_S, "a6", 900, existing),
        shop.sale(7 * DAY_S, "r6", 300, existing, kind="refund"),
        shop.sale(8 * DAY_S, "a7", 250, woken),
        shop.sale(9 * DAY_S, "a8", 9999, asleep),
        shop.sale(9 * DAY_S + 5, "v8", kind="void", reverses="a8"),
    )


def test_the_nine_indicators(client: Client, cloud: Cloud, shop: Shop):
    history(cloud, shop)
    matrix = client.ask("/v1/matrix", **MARCH).json()
    found = {
        group["group"]: (group["members"], group["traffic"], group["conversion"], group["order_value"])
        for group in matrix["groups"]
    }
    assert found == {
        "new": (1, 2, 0.5, 750.0),
        "existing": (1, 3, 1 / 3, 600.0),
        "dormant": (2, 1, 0.5, 250.0),
    }
    assert matrix["thresholds"]["dormant_days"] == 180
    assert matrix["currency"] == "EUR"
    sleepy = client.ask("/v1/matrix", dormant_days=365, **MARCH).json()
    assert [group["members"] for group in sleepy["groups"]] == [1, 2, 0]


def test_a_shop_takes_what_its_members_did_along_to_another_region(client: Client, cloud: Cloud, shop: Shop):
    history(cloud, shop)
    everywhere = client.ask("/v1/matrix", **MARCH).json()["groups"]
    cohorts = client.ask("/v1/cohorts", **MARCH).json()["cohorts"]
    for region in ("North", "South"):
        client.put_store(STORE, region=region)
        here = client.ask("/v1/matrix", region=region, **MARCH).json()
        assert (here["groups"], here["currency"]) == (everywhere, "EUR")
        assert client.ask("/v1/cohorts", region=region, **MARCH).json()["cohorts"] == cohorts
    assert client.ask("/v1/matrix", store=STORE, **MARCH).json()["groups"] == everywhere
    with cloud.database.read() as session:
        places = {row.place for row in session.rows(select(member_cells.c.place))}
    assert places == {"*", "region South", f"store {STORE}"}


def test_cells_of_few_members_are_not_told(cloud: Cloud, shop: Shop, settings: Settings):
    history(cloud, shop)
    with serving(create_app(settings, cloud.clock, cloud.token, runs_projections=False)) as http:
        client = Client(http, cloud)
        groups = client.ask("/v1/matrix", **MARCH).json()["groups"]
        assert all(group["is_suppressed"] for group in groups)
        assert {group["conversion"] for group in groups} | {group["order_value"] for group in groups} == {None}
        cohorts = client.ask("/v1/cohorts", **MARCH).json()["cohorts"]
        assert {flow["members"] for flow in client.ask("/v1/flows", **MARCH).json()["flows"]} == {None}
        assert [(cohort["size"], cohort["is_suppressed"]) for cohort in cohorts] == [(None, True)]


def test_cohorts_by_month_and_activity(client: Client, cloud: Cloud, shop: Shop):
    history(cloud, shop)
    months = {"from_": "2025-05-01", "to": "2026-04-01"}
    visits = client.ask("/v1/cohorts", **months).json()["cohorts"]
    sizes = {cohort["start"]: cohort["size"] for cohort in visits}
    assert {start: size for start, size in sizes.items() if size} == {"2025-05-01": 2, "2026-02-01": 1, "2026-03-01": 1}
    first = visits[0]["cells"]
    assert [(cell["offset"], cell["members"], cell["share"]) for cell in first if cell["members"]] == [
        (0, 2, 1.0),
        (10, 1, 0.5),
    ]
    days = client.ask("/v1/cohorts", grain="day", activity="purchase", **MARCH).json()["cohorts"]
    assert [(cohort["start"], cohort["size"]) for cohort in days if cohort["size"]] == [("2026-03-05", 1)]
    cloud.take_in(Shop(store="store-2").sale(-400 * DAY_S, "b1", 100, MEMBERS[2]))
    here = client.ask("/v1/cohorts", store=STORE, **months).json()["cohorts"]
    assert here[0]["size"] == 1, "one of the two was in another shop before"
    refused = client.ask("/v1/cohorts", grain="day", **months)
    assert "at most 60" in refused.json()["detail"]


BOUNDED: list[tuple[str, dict[str, object], str, str]] = [
    ("matrix", {"store": [STORE, "store-2"]}, "MATRIX", "members' days"),
    ("matrix", {"dormant_days": 30}, "MATRIX", "members' days"),
    ("matrix", {"dormant_days": 30}, "HISTORY", "members' days"),
    ("cohorts", {"grain": "day"}, "COHORTS", "members' days"),
    ("metrics/members_active", {"grain": "week"}, "MEMBERS", "members' days"),
    ("zones", {}, "ZONES", "hours of zones"),
    ("touchpoints", {}, "TERMINALS", "hours of terminals"),
]


def test_what_is_looked_at_one_by_one_is_bounded(
    client: Client, cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    fill(cloud, shop)
    cloud.take_in(*(Shop(store=name).scan(60, MEMBERS[0]) for name in ("store-2", "store-3")))
    days = {"from_": "2026-03-02", "to": "2026-03-03"}
    for path, asked, bound, noun in BOUNDED:
        assert client.ask(f"/v1/{path}", **asked, **days).is_success
        with monkeypatch.context() as patched:
            patched.setattr(f"cloud.analytics.bounds.{bound}", replace(getattr(bounds, bound), most=0))
            refused = client.ask(f"/v1/{path}", **asked, **days)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:shopthread:problem:too-much")
        assert f"have more than 0 {noun}" in refused.json()["detail"]


def test_shops_by_name_that_are_all_of_a_region_are_told_from_its_sums(
    client: Client, cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    history(cloud, shop)
    cloud.take_in(*(Shop(store=name).scan(60, MEMBERS[0]) for name in ("store-2", "store-3")))
    for name in (STORE, "store-2"):
        client.put_store(name, region="North")
    one_by_one = client.ask("/v1/matrix", store=[STORE, "store-2"], dormant_days=180, **MARCH).json()
    monkeypatch.setattr("cloud.analytics.bounds.MATRIX", replace(bounds.MATRIX, most=0))
    assert client.ask("/v1/matrix", store=[STORE, "store-3"], **MARCH).status_code == 422
    for asked in ({"store": [STORE, "store-2"]}, {"region": "North"}):
        assert client.ask("/v1/matrix", **asked, **MARCH).json() == one_by_one
    everywhere = client.ask("/v1/matrix", store=[STORE, "store-2", "store-3"], **MARCH)
    assert everywhere.json() == client.ask("/v1/matrix", **MARCH).json()


def test_flows_between_stages(client: Client, cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    history(cloud, shop)
    flows = client.ask("/v1/flows", **MARCH).json()
    assert {(flow["before"], flow["after"]): flow["members"] for flow in flows["flows"]} == {
        ("unknown", "repurchase"): 1,
        ("ordinary", "ordinary"): 1,
        ("ordinary", "repurchase"): 2,
    }
    assert flows["rule_version"].startswith("lifecycle-1")
    monkeypatch.setattr("cloud.analytics.bounds.HISTORY", replace(bounds.HISTORY, most=3))
    refused = client.ask("/v1/flows", **MARCH)
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "all shops have more than 3 members' days to 2026-04-01: more than are looked at one by one; "
        "ask for fewer shops: days before the period count too"
    )


def test_funnel_of_linked_visits(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    asked = {"from_": "2026-03-02", "to": "2026-03-03"}
    funnel = client.ask("/v1/funnels", step=["entry", "checkout", "scan", "purchase"], **asked).json()
    assert (funnel["visits"], funnel["coverage"]) == (2, 0.0625)
    values = [step["value"] for step in funnel["steps"]]
    assert values[:2] == [2.0, 2.0]
    assert 0.9 < values[3] <= values[2] <= 1
    assert funnel["steps"][3]["low"] <= values[3] <= funnel["steps"][3]["high"]
    assert funnel["steps"][1]["share_of_first"] == 1.0
    backwards = client.ask("/v1/funnels", step=["purchase", "scan"], order="strict", **asked).json()["steps"]
    assert backwards[1]["value"] == 0
    either = client.ask("/v1/funnels", step=["purchase", "scan"], order="any", **asked).json()["steps"]
    assert either[1]["value"] > 0.9
    soon = client.ask("/v1/funnels", step=["scan", "purchase"], window_s=10, **asked).json()["steps"]
    assert soon[1]["value"] == 0
    assert client.ask("/v1/funnels", step=["scan", "scan"], **asked).status_code == 422


def test_too_many_visits_for_a_funnel(client: Client, cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    fill(cloud, shop)
    monkeypatch.setattr("cloud.analytics.bounds.JOURNEYS", replace(bounds.JOURNEYS, most=1))
    asked = {"from_": "2026-03-02", "to": "2026-03-03"}
    assert client.ask("/v1/funnels", **asked).is_success, "this one is summed already"
    refused = client.ask("/v1/funnels", window_s=60, **asked)
    assert (refused.status_code, "more than 1 visits" in refused.json()["detail"]) == (422, True)


def test_zones_and_touchpoints(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    asked = {"from_": "2026-03-02", "to": "2026-03-03"}
    zones = client.ask("/v1/zones", **asked).json()["zones"]
    assert [(zone["zone_id"], zone["visits"], zone["reach"], zone["dwell_s"]) for zone in zones] == [
        ("kiosk", 1, 0.5, 100.0),
        ("shelf", 1, 0.5, 100.0),
        ("till", 1, 0.5, 100.0),
    ]
    touchpoints = client.ask("/v1/touchpoints", **asked).json()["touchpoints"]
    assert [(t["device"], t["scans"], t["receipts"], t["member_touches"], t["linked_share"]) for t in touchpoints] == [
        ("pos-1", 0, 4, 1, 1.0),
        ("term-1", 1, 0, 1, 1.0),
    ]


def test_money_of_members_in_several_currencies(client: Client, cloud: Cloud, shop: Shop):
    history(cloud, shop)
    cloud.take_in(shop.sale(1, "gb", 700, MEMBERS[0]).replace(b'"EUR"', b'"GBP"'))
    assert "EUR, GBP" in client.ask("/v1/matrix", **MARCH).json()["detail"]
    pounds = client.ask("/v1/matrix", currency="GBP", **MARCH).json()["groups"]
    assert [group["order_value"] for group in pounds] == [700.0, None, None]


def test_without_any_shop_views_are_empty(client: Client):
    empty = {"from_": "2026-03-02", "to": "2026-03-03"}
    assert client.ask("/v1/cohorts", **empty).json()["cohorts"] == []
    assert client.ask("/v1/funnels", **empty).json()["coverage"] is None
    assert client.ask("/v1/matrix", **empty).json()["currency"] is None
    assert client.ask("/v1/zones", store=STORE, **empty).status_code == 404
    assert client.ask("/v1/metrics/heads", **empty).json()["rows"] == []


def test_withdrawn_consent_and_corrections_leave_no_trace(client: Client, cloud: Cloud, shop: Shop):
    fill(cloud, shop)
    assert client.values("linked_visits")[0] > 0.9
    consent(cloud, 0, granted=False, at_ms=T0 + 1)
    cloud.projector.catch_up()
    assert client.values("linked_visits") == [0]
    crossing = shop.crossing(T0 + 7)
    cloud.take_in(crossing)
    assert client.values("footfall_in") == [4]
    cloud.take_in(shop.correction(crossing))
    assert client.values("footfall_in") == [3]
