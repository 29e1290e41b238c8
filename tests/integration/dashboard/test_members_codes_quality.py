"""Members, item codes and the quality of data: what happened, why it was judged so, and how far to trust it."""

import csv
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import select

from cloud.duplicates.tables import duplicate_decisions
from tests.integration.cloud.support import Cloud
from tests.integration.cloud.test_duplicates import code, offer
from tests.integration.dashboard.conftest import Visitor, cells, save, tile
from tests.integration.dashboard.shops import GTIN, MEMBER, SERIAL


def test_a_member_is_found_and_every_link_explained(visitor: Visitor):
    page = visitor.open("/profiles")
    rows = page.locator("#profiles tbody tr")
    expect(rows).to_have_count(3)
    page.fill(".finder input", MEMBER)
    page.get_by_role("button", name="Open", exact=True).click()
    page.wait_for_url(f"**/profile?id={MEMBER}")
    page.wait_for_selector("#pulse.live")
    assert tile(page, "Bought") == "\u20ac19.99"
    assert page.locator(".timeline .visit").count() == 1
    why = page.locator(".timeline .sale .why-details")
    why.locator("summary").click()
    expect(why.locator("tbody tr")).to_have_count(1)
    assert "chosen" in why.locator("tbody tr").inner_text()
    assert MEMBER in page.inner_text("#facts")


def test_a_member_that_is_not_there_is_said(visitor: Visitor):
    page = visitor.open("/profile")
    assert "No member chosen" in page.inner_text("#view")
    page = visitor.open("/profile?id=nobody")
    assert "There is no such member" in page.inner_text("#view")
    visitor.forgive("404")


def test_codes_with_which_something_is_wrong_come_first(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/codes")
    assert tile(page, "Something is wrong") == "2"
    assert (tile(page, "never issued"), tile(page, "scanned again"), tile(page, "cloned")) == ("1", "1", "0")
    assert [row[0] for row in cells(page, "#alerts tbody tr")] == [f"{GTIN} / FORGED1", f"{GTIN} / {SERIAL}"]
    page.get_by_role("button", name=SERIAL).first.click()
    page.wait_for_selector("#code")
    assert [row[3] for row in cells(page, "#code tbody tr")] == ["first claim", "again by somebody else"]
    assert [row[0] for row in cells(page, "#code tbody tr")] == ["09:01:00", "09:02:00"], "in the shop's zone"
    assert cells(page, "#issued tbody tr")[0][4] == "2 Mar 2026 UTC", "the day of a claim, wherever it was made"
    assert f"code={GTIN}" in page.url
    (row,) = csv.DictReader(save(page, "issued", "csv", tmp_path).read_text(encoding="utf-8-sig").splitlines())
    assert (row["serial"], row["alert"], row["lot"]) == (SERIAL, "repeat", "")
    visitor.open("/codes?code=1/2")
    assert "There is no such code" in page.inner_text("#code")
    visitor.forgive("422", "404")


def test_quality_tells_what_was_observed_refused_and_how_sure_links_are(visitor: Visitor):
    page = visitor.open("/quality?store=west")
    assert tile(page, "Refused events") == "1"
    assert tile(page, "Links expected to be right").endswith("%")
    today = page.locator("#coverage .chart rect")
    assert page.locator("#coverage .chart .share-3").count() == 3, "two hours of today and one of the week before"
    assert today.count() == 28 * 24
    assert "not JSON" in page.inner_text("#letters")
    assert "none" in page.inner_text("#devices tbody tr >> nth=0")
    assert tile(page, "Events that came late") == "48%"
    late = {row[0]: row[1:] for row in cells(page, "#lateness tbody tr")}
    assert late["Mon 2 Mar"] == ["25", "48%", "0%"]
    assert late["Mon 23 Feb"][1:] == ["100%", "100%"], "the week before was told when it was over"
    visitor.open("/quality?store=north")
    assert tile(page, "Observed") == "\u2013"
    assert tile(page, "Links expected to be right") == "\u2013"
    assert "silent" in page.inner_text("#devices")


def test_audits_tell_accuracy_by_direction_with_its_interval(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/audits")
    assert (tile(page, "Reports"), tile(page, "Cameras audited"), tile(page, "Certified")) == ("2", "1", "1")
    (latest, old) = cells(page, "#audits-list tbody tr")
    assert latest[1:3] == ["west/cam-1", "52"]
    assert "95.2%" in latest[4]
    assert "84.2% to 98.7%" in latest[4]
    assert "100%" in latest[5]
    assert (latest[6], old[6]) == ("\u2265 85%", "\u2265 95%")
    rows = list(csv.DictReader(save(page, "audits-list", "csv", tmp_path).read_text(encoding="utf-8-sig").splitlines()))
    assert (rows[0]["in_missed"], rows[0]["in_matched"], rows[0]["total_labelled"]) == ("2", "40", "52")
    visitor.open("/audits?store=east")
    assert "No audit yet" in page.inner_text("#audits-list")


def test_who_may_stand_twice_is_decided_by_name(visitor: Visitor, chain: Cloud):
    code(chain, 0, 1, 2)
    offer(chain, (0, 1), (1, 2))
    visitor.page.set_viewport_size({"width": 390, "height": 800})
    page = visitor.open("/profiles")
    expect(page.locator("#duplicates > .scroll > table > tbody > tr")).to_have_count(2)
    page.locator("#duplicates summary").first.click()
    assert cells(page, "#duplicates details[open] tbody tr") == [
        ["Two members at random", "", "\u221212.5", "\u221212.5"],
        ["Family name", "one slip apart", "+6.5", "\u22126"],
    ]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for theme in ("light", "dark"):
        page.locator("html").evaluate("(root, theme) => { root.dataset.theme = theme; }", theme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.get_by_role("button", name="are two persons").first.click()
    assert page.evaluate("document.activeElement.dataset.key") == "duplicates-name", "nobody decides without a name"
    page.fill("#duplicates [data-key=duplicates-name]", "Ana Ruiz")
    page.fill("#duplicates [data-key=duplicates-reason]", "she told us")
    page.get_by_role("button", name="are two persons").first.click()
    expect(page.locator("#duplicates > .scroll > table > tbody > tr")).to_have_count(1)
    page.get_by_role("button", name="are one person").press("Enter")
    expect(page.locator("#duplicates")).to_contain_text("Nobody is proposed")
    with chain.database.read() as session:
        decided = session.rows(select(duplicate_decisions).order_by(duplicate_decisions.c.position))
    assert [(row.decision, row.decided_by, row.reason) for row in decided] == [
        ("declined", "Ana Ruiz", "she told us"),
        ("accepted", "Ana Ruiz", None),
    ]
