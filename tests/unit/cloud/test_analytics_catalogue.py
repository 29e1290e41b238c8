"""The catalogue: complete, consistent, and the page that is made from it."""

from itertools import chain
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cloud.analytics.catalogue import METRICS
from cloud.analytics.documentation import metrics_page
from cloud.analytics.metric import FROM_DAY, Metric
from cloud.analytics.parts import CALENDAR, MONEY, PEAKS, SUMS
from shopthread.cloud_commands import app

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_what_the_command_writes(tmp_path: Path):
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert page == metrics_page(), "run: shopthread cloud metrics --out docs/metrics.md"
    runner = CliRunner()
    assert runner.invoke(app, ["metrics"]).stdout == page
    assert runner.invoke(app, ["metrics", "--out", str(tmp_path / "page.md")]).exit_code == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_each_metric_is_made_from_parts_that_there_are(metric: Metric):
    known = {*SUMS, *PEAKS, *CALENDAR, *MONEY}
    if metric.kind == "members":
        assert (metric.numerator, metric.grains) == ((metric.name,), FROM_DAY)
    else:
        assert {*metric.told_parts, *chain(*metric.sources)} <= known
    assert bool(metric.denominator) == (metric.kind == "ratio")
    assert bool(set(metric.numerator) & set(MONEY)) == metric.has_currency
    assert metric.title_zh
    assert metric.needs


def test_bands_follow_from_the_variance_of_links():
    share, visits = METRICS["linked_share"], METRICS["linked_visits"]
    parts = {"linked_ppm": 3_000_000, "linked_variance_ppm": 250_000, "visits": 6}
    assert visits.value_of(parts) == 3
    assert visits.band_of(parts) == pytest.approx((3 - 0.98, 3 + 0.98))
    assert share.band_of(parts) == pytest.approx(((3 - 0.98) / 6, (3 + 0.98) / 6))
    few = {"linked_ppm": 300_000, "linked_variance_ppm": 210_000, "visits": 1}
    assert visits.band_of(few) == pytest.approx((0, 1))
    assert share.band_of({**few, "visits": 0}) is None
    assert METRICS["heads"].band_of(parts) is None


def test_a_sample_is_what_the_value_rests_on():
    assert METRICS["staff_share"].sample_of({"staff_visits": 2, "visits": 5}) == 7
    assert METRICS["linked_conversion"].sample_of({"linked_ppm": 1_500_000}) == 1.5
    assert METRICS["sales"].sample_of({"money_transactions": 4}) == 4
