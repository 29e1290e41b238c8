"""Customers: what is told of members, how far visits come, and any metric over time."""

import csv
from pathlib import Path

from tests.integration.dashboard.conftest import Visitor, cells, save
from tests.integration.dashboard.shops import ENTERED, WEEK_BEFORE


def test_few_members_are_counted_and_what_they_did_is_not_told(visitor: Visitor):
    page = visitor.open("/customers?store=west")
    new, existing, dormant = cells(page, "#matrix tbody tr")
    assert new[1].startswith("3")
    assert new[2].startswith("\u2013")
    assert "fewer than 5 members" in new[2]
    assert existing[1].startswith("0")
    assert "180 days" in dormant[1]


def test_a_funnel_shows_how_far_visits_came(visitor: Visitor):
    page = visitor.open("/customers?store=west")
    page.click("#funnel .as-table > summary")
    steps = {row[0]: row[1:] for row in cells(page, "#funnel .as-table tbody tr")}
    assert steps["came in"] == ["2", "2", "2", "100%"]
    assert float(steps["scanned"][0]) <= float(steps["came in"][0])


def test_a_metric_over_time_has_gaps_where_nothing_was_observed(visitor: Visitor):
    page = visitor.open("/customers?store=west&metric=footfall_in")
    page.click("#course .as-table > summary")
    days = {row[0]: row[1] for row in cells(page, "#course .as-table tbody tr")}
    assert (days["2026-03-02"], days["2026-02-23"]) == (str(ENTERED), str(WEEK_BEFORE))
    assert days["2026-02-27"] == "not observed"
    assert page.locator("#course .point").count() == 2
    assert page.locator("#course .line").count() == 0
    page.select_option('[data-key="metric"]', "capture_rate")
    page.wait_for_url("**metric=capture_rate*")


def test_customers_are_told_by_scores_where_they_are_many_enough(visitor: Visitor, tmp_path: Path):
    page = visitor.open("/customers")
    assert "1 customer of all shops who bought in EUR" in page.inner_text("#scores .note")
    told = [text for row in cells(page, "#scores tbody tr") for text in row[1:]]
    assert (len(told), told.count("0"), told.count("\u2013")) == (25, 24, 1)
    rows = list(csv.reader(save(page, "scores", "csv", tmp_path).read_text(encoding="utf-8-sig").splitlines()))
    assert (rows[0][:3], len(rows)) == (["recency", "frequency", "customers"], 26)
    assert visitor.open("/customers?store=west").locator("#scores").count() == 0, "scores are of all shops"
