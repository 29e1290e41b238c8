"""The chain and one shop: true figures, nothing unknown shown as zero, files to take away, addresses to share."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree as ET

from playwright.sync_api import Route, expect

from contracts.payloads import ZoneCount, ZoneOccupancy
from tests.integration.cloud.support import Cloud, Shop
from tests.integration.dashboard.conftest import Visitor, cells, save, tile
from tests.integration.dashboard.shops import ENTERED, ENTERED_IN_PART, LEFT, NOW_MS, PLACES, WEEK_BEFORE, WEST

UNKNOWN = "\u2013"
ROW = "#footfall .as-table tbody tr"


def test_shops_are_ranked_and_what_nobody_saw_is_no_zero(visitor: Visitor):
    page = visitor.open("/overview")
    west, east, north = cells(page, "#ranking tbody tr")
    assert (west[0], west[1]) == ("west", str(ENTERED))
    assert west[2].endswith(f"+{round((ENTERED / WEEK_BEFORE - 1) * 100)}%")
    assert (east[1], north[1]) == (str(ENTERED_IN_PART), "not observed")
    assert east[2] == UNKNOWN, "an hour seen in part is compared with nothing"
    assert "silent" in north[5]
    assert tile(page, "Entered") == str(ENTERED + ENTERED_IN_PART)
    assert page.locator("#ranking tbody tr").nth(1).locator(".line:not(.partial), .point:not(.partial)").count() == 0


def test_shops_lie_on_a_map_as_large_as_their_footfall(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/overview?period=today")
    links = page.locator("#map .map a")
    change = round((ENTERED / WEEK_BEFORE - 1) * 100)
    assert [link.get_attribute("aria-label") for link in links.all()] == [
        f"west: {ENTERED} entered, +{change}% week on week, 16% observed",
        f"east: {ENTERED_IN_PART} entered, no change to tell, 3% observed",
    ]
    circles = [link.locator("circle") for link in links.all()]
    assert [circle.get_attribute("class") for circle in circles] == ["change-4", "change-unknown"]
    west, east = ({name: float(one.get_attribute(name) or "") for name in ("cx", "cy", "r")} for one in circles)
    assert west["r"] > east["r"]
    assert west["cx"] < east["cx"], "east is to the right"
    assert west["cy"] > east["cy"], "north is above"
    assert page.locator("#map .land").count() == 1, "more than three degrees lie between them"
    assert "1 shop is not shown" in page.inner_text("#map .note")
    rows = list(csv.reader(save(page, "map", "csv", tmp_path).read_text(encoding="utf-8-sig").splitlines()))
    assert rows[1][:4] == ["west", *map(str, PLACES[WEST]), str(ENTERED)]
    assert "circle" in save(page, "map", "svg", tmp_path).read_text()
    links.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/shop?*store=west*")


def test_where_nobody_told_where_shops_are_the_ranking_is_left(visitor: Visitor):
    def nowhere(route: Route) -> None:
        told = [{**store, "latitude_deg": None, "longitude_deg": None} for store in route.fetch().json()]
        route.fulfill(json=told)

    visitor.page.route("**/v1/stores", nowhere)
    page = visitor.open("/overview")
    assert "/position" in page.inner_text("#map")
    assert page.locator("#map svg.map").count() == 0
    assert cells(page, "#ranking tbody tr")[0][0] == "west"


def test_shops_are_ranked_by_any_figure(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/overview?rank=footfall_in")
    ranked = cells(page, "#ranks tbody tr")
    assert [(row[0], row[1]) for row in ranked] == [
        ("west", str(ENTERED)),
        ("east", str(ENTERED_IN_PART)),
        ("north", "not observed"),
    ]
    assert {row[2] for row in ranked} == {UNKNOWN}, "the day is not over: it is compared with nothing"
    rows = list(csv.reader(save(page, "ranks", "csv", tmp_path).read_text(encoding="utf-8-sig").splitlines()))
    assert (rows[0], rows[1][:3]) == (
        ["store", "name", "value", "before", "change", "coverage"],
        ["west", "west", str(ENTERED)],
    )
    page.select_option('[data-key="rank"]', "conversion_by_visit")
    page.wait_for_url("**rank=conversion_by_visit*")
    expect(page.locator("#ranks tbody tr").nth(1)).to_contain_text("nothing to count")
    expect(page.locator("#ranks tbody tr").nth(2)).to_contain_text("not observed")
    page.select_option('[data-key="rank"]', "sales")
    page.wait_for_url("**rank=sales*")
    expect(page.locator("#ranks tbody tr").first).to_contain_text("19.99")


def test_a_ranking_that_is_refused_leaves_the_rest(visitor: Visitor):
    page = visitor.open("/overview?rank=nonsense&period=7d")
    visitor.forgive("404")
    assert "no metric 'nonsense'" in page.inner_text("#ranks")
    assert cells(page, "#ranking tbody tr")[0][0] == "west"
    page.click("#ranks a")
    page.locator("#ranks tbody tr").first.wait_for()
    assert "period=7d" in page.url


def test_a_shop_shows_its_day_beside_the_week_before(visitor: Visitor):
    page = visitor.open("/shop?store=west")
    assert (tile(page, "Entered"), tile(page, "Inside now"), tile(page, "Passers-by")) == (
        str(ENTERED),
        str(ENTERED - LEFT),
        UNKNOWN,
    )
    assert "is a line drawn for them?" in page.inner_text("#tiles")
    page.click("#footfall .as-table > summary")
    hours = {row[0][-5:]: row[1:] for row in cells(page, ROW)}
    assert hours["08:00"] == [str(ENTERED), str(LEFT), str(WEEK_BEFORE), "100%"]
    assert hours["07:00"][:2] == ["not observed", "not observed"]
    assert page.locator("#footfall .chart .unobserved").count() == 8, "the hours before eight, and none to come"
    assert page.locator("#zones-body li").count() == 2


def test_a_shop_seen_in_part_says_so(visitor: Visitor):
    page = visitor.open("/shop?store=east")
    assert page.locator("#footfall .chart .in.partial").count() == 1
    assert page.locator(".figure.warn", has_text="Observed").count() == 1
    visitor.open("/shop?store=north")
    assert (tile(page, "Entered"), tile(page, "Inside now"), tile(page, "Visits")) == (UNKNOWN,) * 3


def test_links_say_why_and_visits_unfold(visitor: Visitor):
    page = visitor.open("/shop?store=west")
    assert page.locator("#links .badge.linked").count() == 3
    page.get_by_role("button", name="no consent 1").click()
    expect(page.locator("#links tbody tr")).to_have_count(1)
    assert "consent" in page.inner_text("#links tbody .why")
    page.locator("#visits tbody button").last.click()
    page.wait_for_selector("#visits .path polyline")
    assert page.locator("#visits .stays li").count() == 2
    assert "visit=" in page.url
    visitor.open("/shop" + page.url.partition("/shop")[2])
    page.wait_for_selector("#visits .path polyline")


def test_a_chart_is_saved_as_csv_svg_and_png(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/shop?store=west")
    saved = {kind: save(page, "footfall", kind, tmp_path) for kind in ("csv", "svg", "png")}
    assert saved["csv"].name == "shopthread-west-footfall-2026-03-02-2026-03-02.csv"
    rows = list(csv.reader(saved["csv"].read_text(encoding="utf-8-sig").splitlines()))
    assert rows[0] == ["Hour", "In", "Out", "In, the week before", "Observed"]
    assert rows[9][1:4] == [str(ENTERED), str(LEFT), str(WEEK_BEFORE)]
    assert rows[8][1] == "", "what was not observed is empty, not 0"
    text = saved["svg"].read_text(encoding="utf-8")
    assert ET.fromstring(text).tag.endswith("svg")
    assert "class=" not in text.replace('class=""', "")
    assert re.search(r'fill="rgb\(\d+, \d+, \d+\)"', text)
    assert saved["png"].read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert len(saved["png"].read_bytes()) > 5000


def test_what_is_chosen_stands_in_the_address(visitor: Visitor):
    page = visitor.open("/shop?store=west")
    page.select_option("#period", "yesterday")
    page.wait_for_url("**period=yesterday*")
    page.wait_for_selector("#zones[hidden]", state="attached")
    assert "period=yesterday" in str(page.get_attribute('nav a[href^="/overview"]', "href"))
    page.select_option("#store", "east")
    page.wait_for_url("**store=east*")
    visitor.open("/shop?store=west&from=2026-02-23&to=2026-03-02")
    page.click("#footfall .as-table > summary")
    days = [row[1] for row in cells(page, ROW)]
    assert (days[0], days[-1], set(days[1:-1])) == (str(WEEK_BEFORE), str(ENTERED), {"not observed"})


def test_a_shop_that_is_not_there_is_said(visitor: Visitor):
    page = visitor.open("/shop?store=nowhere")
    assert "There is no shop nowhere" in page.inner_text("main")


def test_what_the_cloud_refuses_is_said(visitor: Visitor):
    page = visitor.page
    page.route("**/v1/stores/west/footfall*", lambda route: route.abort())
    page.goto(visitor.address + "/shop?store=west")
    page.wait_for_selector("#pulse.lost")
    assert "does not answer" in page.inner_text("#fault")
    visitor.forgive("ERR_FAILED")


def test_who_waits_in_line_is_told_as_it_changes(visitor: Visitor, chain: Cloud):
    """The last test of this file: the shop has a queue from here on."""
    page = visitor.open("/shop?store=west")
    expect(page.locator("#zones-body .queue")).to_have_count(0)
    address = page.url
    line = ZoneCount(zone_id="line", zone_kind="queue", people=3, waiting=2, longest_wait_s=90.0)
    chain.take_in(Shop(store="west").event("cam-9", ZoneOccupancy(zones=(line,)), NOW_MS - 1000))
    expect(page.locator("#zones-body .queue")).to_have_text("line 2 wait, the longest for 1.5 min", timeout=30_000)
    assert page.locator("#zones-body li").count() == 3
    assert page.url == address
