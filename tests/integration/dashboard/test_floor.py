"""The floor of a shop: where people stood, over the plan that somebody drew."""

from pathlib import Path

from tests.integration.dashboard.conftest import Visitor, cells, save, tile


def test_squares_are_drawn_over_the_plan(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/floor?store=west")
    assert page.locator("#heat .chart rect").count() == 2
    assert page.locator("#heat .heat-4").count() == 2, "the most stood-on square, and its step in the legend"
    assert page.locator("#heat .zone-name").all_text_contents() == ["door", "kiosk"]
    assert page.locator("#heat .tripwire.entrance").count() == 1
    assert "Only a part was observed" in page.inner_text("#heat")
    assert save(page, "heat", "csv", tmp_path).read_text(encoding="utf-8-sig").splitlines()[1:] == [
        "0.25,0.25,30",
        "1.75,1.25,90",
    ]
    zones = {row[0].split()[0]: row[1:] for row in cells(page, "#zones tbody tr")}
    assert zones["kiosk"][1] == "50%"
    assert zones["wine"] == ["0", "\u2013", "\u2013"]


def test_a_floor_that_nobody_saw_is_not_empty_but_unknown(visitor: Visitor):
    page = visitor.open("/floor?store=north")
    assert "Nothing was observed" in page.inner_text("#heat")
    assert tile(page, "Wait in line") == "\u2013"


def test_ways_of_visits_are_drawn_when_asked_for(visitor: Visitor):
    page = visitor.open("/floor?store=west")
    assert page.locator("#heat .trail").count() == 0
    page.click('[data-key="paths"]')
    page.wait_for_selector("#heat polyline.trail")
    assert "paths=1" in page.url
    assert page.locator("#heat polyline.trail").count() == 1
    assert "1 has a way" in page.inner_text("#heat")
    page.click('[data-key="paths"]')
    page.wait_for_selector("#heat polyline.trail", state="detached")
