"""Rules judged on figures as events make them: what opens, what does not, and what ends."""

import pytest

from cloud.stores.repository import put_store
from contracts.payloads import ZoneCount, ZoneOccupancy
from tests.integration.cloud.alert_watch import HOUR_MS, MINUTE_MS, Watch
from tests.integration.cloud.client import Client
from tests.integration.cloud.support import STORE, T0, TENANT, Cloud, Shop

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
WEEK_S = 7 * 86_400


@pytest.fixture
def watch(client: Client) -> Watch:
    return Watch(client)


def a_morning(shop: Shop, week: int, visits: int, sales: int, observed_s: float = 3600) -> list[bytes]:
    """Return an hour from T0 on, some weeks ago, with a sale in the hour before by which the till is known to work."""
    back_s = -week * WEEK_S
    start_ms = T0 + back_s * 1000
    return [
        shop.coverage(start_ms, start_ms + HOUR_MS, observed_s),
        shop.sale(back_s - 60, f"early-{week}"),
        *(shop.visit(100 * week + each, 1, ("wine", back_s + each, back_s + each + 30)) for each in range(visits)),
        *(shop.sale(back_s + 60 + each, f"r-{week}-{each}") for each in range(sales)),
    ]


def test_a_conversion_that_fell_opens_once_and_ends(watch: Watch, shop: Shop):
    mornings = [a_morning(shop, week, visits=20, sales=(5, 6, 7)[week % 3]) for week in range(1, 7)]
    watch.cloud.take_in(*(raw for morning in mornings for raw in morning), *a_morning(shop, 0, visits=20, sales=0))
    falls = {"measure": "conversion_by_visit", "condition": "unusually_low", "grain": "hour", "limit": 2}
    rule = watch.rule(**falls, clear_s=0)
    watch.rule(**{**falls, "limit": 9})
    watch.rule(**{**falls, "condition": "unusually_high"})
    assert watch.judge(T0 + HOUR_MS + 4 * MINUTE_MS) == [], "what is late may still come"
    (alert,) = watch.judge(T0 + HOUR_MS + 10 * MINUTE_MS)
    assert (alert["rule_id"], alert["store"], alert["state"], alert["value"]) == (rule["id"], STORE, "open", 0)
    assert alert["usual"] == pytest.approx(0.3, abs=0.01)
    assert alert["z"] == pytest.approx(-0.3 / (0.3 * 0.7 / 20 * (1 + 1 / 6)) ** 0.5, rel=0.05)
    assert (alert["start"], alert["coverage"], alert["sample"]) == ("2026-03-02T09:00:00.000Z", 1, 20)
    for minutes in (12, 20):
        still = watch.judge(T0 + HOUR_MS + minutes * MINUTE_MS)
        assert [each["id"] for each in still] == [alert["id"]], "also where the rule rests between two judgements"
    watch.cloud.take_in(*(shop.sale(70 + each, f"late-{each}") for each in range(6)))
    assert watch.judge(T0 + HOUR_MS + 30 * MINUTE_MS) == [], "sales that come late take the alert back"
    ended = watch.client.get(f"/v1/alerts/{alert['id']}")
    assert (ended["state"], ended["resolution"]) == ("resolved", "cleared")
    assert [each["what"] for each in ended["log"]] == ["opened", "told", "resolved", "resolution_told"]


def test_what_was_hardly_observed_is_a_gap_and_no_fall(watch: Watch, shop: Shop):
    watch.cloud.take_in(*a_morning(shop, 0, visits=2, sales=0, observed_s=900))
    watch.rule(measure="heads", condition="below", grain="hour", limit=5)
    watch.rule(measure="conversion_by_visit", condition="below", grain="hour", limit=0.5)
    gap = watch.rule(measure="coverage", condition="below", grain="hour", limit=0.8, severity="critical")
    (alert,) = watch.judge(T0 + HOUR_MS + 6 * MINUTE_MS)
    assert (alert["rule_id"], alert["value"], alert["severity"], alert["unit"]) == (
        gap["id"],
        0.25,
        "critical",
        "share",
    )


def test_hours_without_figures_open_nothing(watch: Watch, shop: Shop):
    for measure in ("heads", "conversion_by_visit", "sales", "coverage"):
        watch.rule(measure=measure, condition="below", grain="hour", limit=1e9)
        watch.rule(measure=measure, condition="below", grain="day", limit=1e9, by="none")
    watch.rule(measure="people_now", condition="below", limit=1e9)
    watch.rule(measure="queue_wait_now", condition="below", limit=1e9)
    assert watch.judge(T0) == [], "there is no shop yet"
    watch.cloud.take_in(shop.crossing(T0 - 40 * 24 * HOUR_MS))
    assert watch.judge(T0 + 5 * HOUR_MS) == []


def test_a_closed_shop_is_not_judged(watch: Watch, shop: Shop):
    _open_from(watch.cloud, "12:00")
    watch.cloud.take_in(*a_morning(shop, 0, visits=2, sales=0))
    watch.rule(measure="heads", condition="below", grain="hour", limit=5)
    assert watch.judge(T0 + HOUR_MS + 6 * MINUTE_MS) == []


def _open_from(cloud: Cloud, opens: str) -> None:
    hours = {"weekly": {"monday": [[opens, "24:00"]]}, "exceptions": {}}
    settings = {"name": "x", "time_zone": "UTC", "region": "North", "opening_hours": hours}
    with cloud.database.write() as session:
        put_store(session, TENANT, STORE, settings)
    cloud.projector.catch_up()


def test_days_of_a_region_and_of_all_shops_are_judged_together(watch: Watch, shop: Shop):
    _open_from(watch.cloud, "00:00")
    other = Shop(store="store-2")
    watch.cloud.take_in(*(each.crossing(T0 + number) for each in (shop, other) for number in range(3)))
    watch.cloud.take_in(shop.coverage(T0, T0 + HOUR_MS), other.coverage(T0, T0 + HOUR_MS))
    above = {"measure": "footfall_in", "condition": "above", "grain": "day", "limit": 1}
    watch.rule(**above, by="none", name="all")
    watch.rule(**above, by="region", region="North", name="north")
    watch.rule(**above, by="region", region="South", name="nowhere")
    found = watch.judge(T0 + 20 * HOUR_MS)
    assert found == [], "an hour of a day is too little to judge it"
    day_ms = T0 - 9 * HOUR_MS
    watch.cloud.take_in(*(each.coverage(day_ms, day_ms + 24 * HOUR_MS) for each in (shop, other)))
    found = watch.judge(T0 + 20 * HOUR_MS + 6 * MINUTE_MS)
    assert {(each["rule_name"], each["region"], each["store"], each["value"]) for each in found} == {
        ("all", None, None, 6),
        ("north", "North", None, 3),
    }


def test_money_of_several_currencies_is_not_judged_unless_one_is_named(watch: Watch, shop: Shop):
    watch.cloud.take_in(shop.sale(60, "r1", 5000), shop.sale(70, "r2", 7000).replace(b'"EUR"', b'"USD"'))
    above = {"measure": "sales", "condition": "above", "grain": "hour", "limit": 1}
    watch.rule(**above)
    named = watch.rule(**above, currency="USD")
    found = watch.judge(T0 + HOUR_MS + 6 * MINUTE_MS)
    assert [(each["rule_id"], each["value"]) for each in found] == [(named["id"], 7000)]


def queue(shop: Shop, time_ms: int, waiting: int | None, longest_wait_s: float | None) -> bytes:
    zone = ZoneCount(zone_id="line", zone_kind="queue", people=2, waiting=waiting, longest_wait_s=longest_wait_s)
    return shop.event("cam-1", ZoneOccupancy(zones=(zone,)), time_ms)


def test_a_long_wait_opens_after_it_has_held(watch: Watch, shop: Shop):
    watch.rule(measure="queue_wait_now", condition="above", limit=300, hold_s=60, clear_s=60)
    minute = T0 + MINUTE_MS
    watch.cloud.take_in(queue(shop, T0, 2, 400))
    assert watch.judge(T0) == []
    assert watch.judge(T0 + 59_000) == []
    (alert,) = watch.judge(minute)
    assert alert["value"] == 400
    watch.cloud.take_in(queue(shop, minute + 1, 0, None))
    assert len(watch.judge(minute + 1000)) == 1
    watch.cloud.take_in(queue(shop, minute + 2000, None, None))
    assert len(watch.judge(minute + 62_000)) == 1, "a camera that tells nothing of the queue ends nothing"
    watch.cloud.take_in(queue(shop, minute + 63_000, 1, 10))
    assert len(watch.judge(minute + 64_000)) == 1
    assert watch.judge(minute + 124_000) == []


def test_too_many_people_are_told_while_cameras_see(watch: Watch, shop: Shop):
    watch.rule(measure="people_now", condition="above", limit=3)
    day_ms = T0 - 9 * HOUR_MS
    watch.cloud.take_in(shop.coverage(day_ms, T0), *(shop.crossing(T0 - 1000 + each) for each in range(5)))
    (alert,) = watch.judge(T0 + MINUTE_MS)
    assert (alert["value"], alert["device"]) == (5, None)
    assert len(watch.judge(T0 + 30 * MINUTE_MS)) == 1, "nobody sees whether they left"
    watch.cloud.take_in(shop.coverage(T0, T0 + 30 * MINUTE_MS), *(shop.crossing(T0 + each, "out") for each in range(4)))
    assert len(watch.judge(T0 + 31 * MINUTE_MS)) == 1
    assert watch.judge(T0 + 37 * MINUTE_MS) == []


def test_people_are_unknown_where_the_day_was_hardly_seen(watch: Watch, shop: Shop):
    watch.rule(measure="people_now", condition="above", limit=3)
    watch.cloud.take_in(shop.coverage(T0 - MINUTE_MS, T0), *(shop.crossing(T0 - 1000 + each) for each in range(5)))
    assert watch.judge(T0 + MINUTE_MS) == []


def test_a_silent_camera_is_told_by_its_name_in_opening_hours(watch: Watch, shop: Shop):
    _open_from(watch.cloud, "08:00")
    watch.rule(measure="camera_silence", condition="above", limit=1200, severity="critical")
    cameras = [shop.coverage(T0 - HOUR_MS, T0, device=name) for name in ("cam-1", "cam-2")]
    watch.cloud.take_in(*cameras)
    assert watch.judge(T0 + 15 * MINUTE_MS) == []
    watch.cloud.take_in(shop.coverage(T0, T0 + 25 * MINUTE_MS, device="cam-1"))
    (alert,) = watch.judge(T0 + 25 * MINUTE_MS)
    assert (alert["store"], alert["device"], alert["value"]) == (STORE, "cam-2", 1500)
    tuesday = T0 + 30 * HOUR_MS
    assert {each["device"] for each in watch.judge(tuesday)} == {"cam-1", "cam-2"}
    week_later = T0 + 8 * 24 * HOUR_MS
    assert watch.judge(week_later) == [], "a camera that was taken away is no longer expected"
    ended = watch.client.get(f"/v1/alerts/{alert['id']}")
    assert ended["resolution"] == "unwatched"


def test_a_night_does_not_make_a_camera_silent(watch: Watch, shop: Shop):
    _open_from(watch.cloud, "08:00")
    watch.rule(measure="camera_silence", condition="above", limit=1200)
    monday_ms = T0 - 9 * HOUR_MS
    watch.cloud.take_in(shop.coverage(T0, monday_ms + 24 * HOUR_MS - 5 * MINUTE_MS))
    assert watch.judge(monday_ms + 40 * HOUR_MS) == [], "Tuesday is closed"


def test_nothing_is_judged_while_figures_are_behind(watch: Watch, shop: Shop):
    watch.rule(measure="camera_silence", condition="above", limit=60)
    watch.cloud.take_in(shop.coverage(T0 - HOUR_MS, T0))
    watch.cloud.now_ms = T0 + 10 * MINUTE_MS
    watch.cloud.ingest([shop.coverage(T0, T0 + 12 * MINUTE_MS)])
    assert watch.judge(T0 + 13 * MINUTE_MS) == [], "the camera is not silent, its events are unread"
    watch.cloud.projector.catch_up()
    assert watch.judge(T0 + 12 * MINUTE_MS) == []
    assert len(watch.judge(T0 + 20 * MINUTE_MS)) == 1


def test_alerts_of_rules_that_are_changed_or_gone_end(watch: Watch, shop: Shop):
    watch.cloud.take_in(shop.coverage(T0 - HOUR_MS, T0))
    body = {"name": "r", "measure": "camera_silence", "condition": "above", "limit": 60}
    off, gone, changed = (watch.rule(**body) for _ in range(3))
    holding = watch.rule(**{**body, "hold_s": 86_400})
    assert len(watch.judge(T0 + HOUR_MS)) == 3
    headers = watch.client.headers
    watch.client.put(f"/v1/alert-rules/{off['id']}", {**body, "is_enabled": False})
    watch.client.put(f"/v1/alert-rules/{changed['id']}", {**body, "limit": 1e6, "clear_s": 0})
    for each in (gone, holding):
        assert watch.client.http.delete(f"/v1/alert-rules/{each['id']}", headers=headers).status_code == 204
    assert watch.judge(T0 + HOUR_MS + 1) == []
    ended = watch.client.get("/v1/alerts", state="resolved")["items"]
    resolutions = {each["rule_id"]: each["resolution"] for each in ended}
    assert resolutions == {off["id"]: "unwatched", gone["id"]: "unwatched", changed["id"]: "cleared"}


def test_an_alert_of_a_region_without_shops_ends(watch: Watch, shop: Shop):
    _open_from(watch.cloud, "00:00")
    watch.cloud.take_in(shop.coverage(T0 - HOUR_MS, T0))
    watch.rule(measure="camera_silence", condition="above", limit=60, region="North")
    assert len(watch.judge(T0 + HOUR_MS)) == 1
    watch.client.put(f"/v1/stores/{STORE}", {"name": "x", "time_zone": "UTC", "region": "South"})
    watch.cloud.projector.catch_up()
    assert watch.judge(T0 + HOUR_MS + 1) == []
    assert watch.client.get("/v1/alerts")["items"][0]["resolution"] == "unwatched"
