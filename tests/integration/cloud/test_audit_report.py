"""A report of an audit is taken as the store's devices write it, and refused where it says anything else."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest  # type: ignore[import-untyped]

from cloud.audits.report import ReportError, read_report, wilson
from tests.integration.cloud.audit_reports import a_report, scores


def test_a_report_is_taken_with_its_cameras_and_its_time():
    report = read_report(msgspec.json.encode(a_report()), "acme")
    assert [str(source) for source in report.sources] == ["/acme/west/cam-1"]
    assert report.started_ms == 1_772_442_000_000


def _set(report: dict[str, Any], path: str, value: object) -> None:
    *above, last = path.split(".")
    for part in above:
        report = report[int(part)] if part.isdecimal() else report[part]  # type: ignore[index]  # a list then
    report[last] = value


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda report: _set(report, "picture", "/9j/4AAQ"), "picture"),
        (lambda report: _set(report, "recordings.0.reason", "x" * 400), r"recordings\[0\]\.reason"),
        (lambda report: _set(report, "version", 2), "version"),
        (lambda report: _set(report, "recordings.0.device", "cam-1"), "/tenant/store/device"),
        (lambda report: _set(report, "recordings.0.device", "/other/west/cam-1"), "key is of tenant 'acme'"),
        (lambda report: _set(report, "recordings.0.start", "yesterday"), "yesterday"),
        (lambda report: _set(report, "scores.labelled", 12), "scores: labelled and counted"),
        (lambda report: _set(report, "scores.accuracy.value", 0.99), "scores: accuracy must be"),
        (lambda report: _set(report, "slices.1.scores.recall.low", 1.0), "slice direction out: recall"),
        (lambda report: _set(report, "recordings.0.scores.precision.trials", 5), "recording door: precision"),
        (lambda report: _set(report, "recordings", []), "recordings"),
    ],
)
def test_a_report_that_says_more_or_less_is_refused(change: Callable[[dict[str, Any]], None], named: str):
    report = a_report()
    change(report)
    with pytest.raises(ReportError, match=named):
        read_report(msgspec.json.encode(report), "acme")


def test_what_is_no_json_is_refused():
    with pytest.raises(ReportError, match=r"report\.json"):
        read_report(b"<html>", "acme")


@given(st.integers(1, 3000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_is_wilsons(hits_of: tuple[int, int]):
    hits, trials = hits_of
    expected = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    assert wilson(hits, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_a_part_without_crossings_has_no_shares():
    report = a_report()
    report["slices"].append({"by": "hour (UTC)", "value": "2026-03-02 10:00", "scores": scores(0, 0, 0)})
    read_report(msgspec.json.encode(report), "acme")
