"""What holds of every view: usable by keyboard and screen reader, in both languages and in light and dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.integration.dashboard.conftest import VIEWS, Visitor

CHINESE = "\u4e00", "\u9fff"


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_violation(visitor: Visitor, view: str):
    page = visitor.open(f"/{view}")
    for summary in page.locator(".as-table > summary").all():
        summary.click()
    for theme in ("light", "dark"):
        page.locator("html").evaluate("(root, theme) => { root.dataset.theme = theme; }", theme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_speaks_chinese(visitor: Visitor, view: str):
    page = visitor.open(f"/{view}{'&' if '?' in view else '?'}lang=zh")
    assert page.locator("html").get_attribute("lang") == "zh"
    for text in (*page.locator("h1, h2, nav a span, .name").all_inner_texts(), page.inner_text("#pulse-text")):
        assert any(CHINESE[0] <= letter <= CHINESE[1] for letter in text), text
    assert "lang=" not in page.url, "an address to share is without the language of who shares it"
    assert visitor.open(f"/{view}").locator("html").get_attribute("lang") == "zh", "the browser keeps the choice"


def test_reasons_of_links_are_in_the_language_of_the_page(visitor: Visitor):
    page = visitor.open("/shop?store=west&lang=zh")
    assert "\u6982\u7387" in page.inner_text("#links-body"), "probability"
    assert page.locator("#links-body [lang=en]").count() == 0


def test_the_keyboard_alone_leads_to_the_figures(visitor: Visitor):
    page = visitor.open("/overview")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "view"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.pathname") == "/alerts"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#map .menu").get_attribute("open") is not None


def test_a_narrow_screen_needs_no_sideways_scrolling(visitor: Visitor):
    visitor.page.set_viewport_size({"width": 390, "height": 800})
    for view in VIEWS:
        page = visitor.open(f"/{view}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
