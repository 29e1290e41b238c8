"""Alerts: seen, acknowledged, looked up, and the rules that find them."""

import csv
from pathlib import Path

from playwright.sync_api import expect

from tests.integration.cloud.support import TENANT, Cloud
from tests.integration.dashboard.conftest import Visitor, cells, save, tile


def test_an_alert_is_acknowledged_by_name(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/overview")
    assert tile(page, "Open alerts") == "2"
    page = visitor.open("/alerts")
    assert (tile(page, "Open"), tile(page, "Acknowledged"), tile(page, "Rules")) == ("2", "0", "2")
    found = {row[2]: (row[0], row[1], row[3]) for row in cells(page, "#active tbody tr")}
    assert found == {
        "Camera silent": ("east, cam-1", "critical", "30 min 00 s, above 10 min 00 s"),
        "Observed too little": ("east", "warning", "25%, below 80%, of the last hour"),
    }
    page.fill("#active [data-key=name]", "Ana Ruiz")
    page.get_by_role("button", name="Acknowledge Camera silent").press("Enter")
    expect(page.locator("#active tbody tr", has_text="Camera silent")).to_contain_text("Ana Ruiz")
    assert (tile(page, "Open"), tile(page, "Acknowledged")) == ("1", "1")
    rows = list(csv.DictReader(save(page, "log", "csv", tmp_path).read_text(encoding="utf-8-sig").splitlines()))
    by_rule = {row["rule_name"]: row for row in rows}
    assert (by_rule["Camera silent"]["acknowledged_by"], by_rule["Camera silent"]["value"]) == ("Ana Ruiz", "1800")
    assert by_rule["Observed too little"]["state"] == "open"
    page.select_option("#store", "west")
    expect(page.locator("#active")).to_contain_text("No alert is open")


def test_a_rule_is_made_changed_switched_off_and_removed(visitor: Visitor):
    page = visitor.open("/alerts")
    page.fill("#rule-form [name=name]", "Conversion fell")
    page.select_option("#rule-form [name=measure]", "conversion_by_visit")
    page.select_option("#rule-form [name=condition]", "below")
    page.fill("#rule-form [name=limit]", "12.5")
    page.select_option("#rule-form [name=grain]", "day")
    page.select_option("#rule-form [name=by]", "none")
    page.fill("#rule-form [name=start]", "22:00")
    page.fill("#rule-form [name=end]", "07:00")
    page.check("#rule-form [name=channel]")
    page.get_by_role("button", name="Add the rule").click()
    row = page.locator("#rules tbody tr", has_text="Conversion fell")
    expect(row).to_contain_text("Conversion by visit below 12.5%, of the last day")
    assert page.input_value("#rule-form [name=name]") == "", "the form is empty again"
    page.get_by_role("button", name="Change Conversion fell").click()
    expect(page.locator("#rule-form [name=limit]")).to_have_value("12.5")
    assert page.input_value("#rule-form [name=start]") == "22:00"
    assert page.is_checked("#rule-form [name=channel]")
    page.select_option("#rule-form [name=measure]", "queue_wait_now")
    assert page.is_disabled("#rule-form [name=by]"), "a wait is each shop's own"
    page.fill("#rule-form [name=limit]", "4")
    page.get_by_role("button", name="Save the rule").click()
    expect(row).to_contain_text("Longest wait in line now below 4 min 00 s")
    page.get_by_role("button", name="Switch off Conversion fell").click()
    expect(row).to_contain_text("Switch on")
    page.get_by_role("button", name="Remove Conversion fell").click()
    expect(row).to_have_count(0)


def test_what_the_cloud_does_not_take_is_said_beside_the_button(visitor: Visitor):
    page = visitor.open("/alerts")
    page.locator("#channels summary").click()
    page.fill("#channel-form [name=name]", "Ana")
    page.fill("#channel-form [name=target]", "ana@example.com")
    page.locator("#channel-form button").click()
    expect(page.locator("#channel-form [role=alert]")).to_contain_text("SHOPTHREAD_CLOUD_SMTP_HOST")
    page.select_option("#channel-form [name=kind]", "webhook")
    page.fill("#channel-form [name=target]", "https://ana.example/hook")
    page.locator("#channel-form button").click()
    expect(page.locator("#channels [role=status]")).to_contain_text("whsec_")
    page.get_by_role("button", name="Remove Ana").click()
    expect(page.locator("#channels tbody tr")).to_have_count(1)
    visitor.forgive("409")


def test_who_may_only_read_changes_nothing(visitor: Visitor, chain: Cloud, address: str):
    secret = chain.keys.create(TENANT, ["read", "members"]).secret
    context = visitor.page.context.browser.new_context()  # type: ignore[union-attr]  # it was launched
    page = context.new_page()
    page.goto(f"{address}/login?next=/alerts#key={secret}")
    page.wait_for_selector("#rules")
    assert page.locator("#rules button, #active tbody button, #rule-form, #channel-form").count() == 0
    context.close()
