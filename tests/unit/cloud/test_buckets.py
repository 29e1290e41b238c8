"""Hours and days of a store's own time zone, and how much of them was observed."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.footfall.buckets import (
    Bucket,
    Grain,
    Interval,
    Key,
    Observed,
    bucket_of_date,
    buckets,
    counts_by_bucket,
    day_of,
    observed_by_bucket,
    spread,
    without_gaps,
)
from contracts.timestamps import parse_time

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_MS = 3_600_000
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo"]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_has_the_hours_that_the_clocks_give_it(day: str, hours: int):
    whole = bucket_of_date(date.fromisoformat(day), BERLIN)
    assert whole.end_ms - whole.start_ms == hours * HOUR_MS
    parts = buckets(whole.start_ms, whole.end_ms, "hour", BERLIN)
    assert len(parts) == hours
    assert (parts[0].start_ms, parts[-1].end_ms) == (whole.start_ms, whole.end_ms)


def test_a_day_begins_at_local_midnight():
    day = day_of(parse_time("2026-06-01T22:30:00Z"), BERLIN)
    assert day.local_start(BERLIN) == "2026-06-02T00:00:00+02:00"


@settings(max_examples=200)
@given(
    st.integers(0, parse_time("2100-01-01T00:00:00Z")),
    st.integers(1, 3 * 24 * HOUR_MS),
    st.sampled_from(["hour", "day"]),
    st.sampled_from(ZONES),
)
def test_buckets_tile_the_span(start_ms: int, length_ms: int, grain: Grain, zone: str):
    parts = buckets(start_ms, start_ms + length_ms, grain, ZoneInfo(zone))
    assert parts[0].start_ms <= start_ms < parts[0].end_ms
    assert parts[-1].start_ms < start_ms + length_ms <= parts[-1].end_ms
    assert all(before.end_ms == after.start_ms for before, after in pairwise(parts))
    assert all(part.end_ms > part.start_ms for part in parts)


@given(st.sets(st.integers(0, 12)), st.lists(st.tuples(st.integers(-3, 40), st.integers(0, 20))))
def test_what_lasts_lies_in_every_bucket_that_it_touches_whatever_the_gaps(
    starts: set[int], lasting: list[tuple[int, int]]
):
    parts = [Bucket(3 * start, 3 * start + 3) for start in sorted(starts)]
    items = [(first, first + more, index) for index, (first, more) in enumerate(lasting)]
    touched = [
        [what for first, last, what in items if set(range(first, last + 1)) & {*range(*each)}]
        for each in map(_bounds, parts)
    ]
    assert spread(items, parts) == touched
    spans = without_gaps(parts)
    assert {ms for span in spans for ms in range(*_bounds(span))} == {
        ms for part in parts for ms in range(*_bounds(part))
    }
    assert all(before.end_ms < after.start_ms for before, after in pairwise(spans))


def _bounds(part: Bucket) -> tuple[int, int]:
    return part.start_ms, part.end_ms


PARTS = [Bucket(0, HOUR_MS), Bucket(HOUR_MS, 2 * HOUR_MS)]


def test_counts_go_to_the_bucket_that_holds_their_slot():
    key = Key("entrance", "in")
    slots = [(0, key, 1), (HOUR_MS - 1, key, 2), (HOUR_MS, key, 4), (2 * HOUR_MS, key, 8), (-1, key, 16)]
    assert counts_by_bucket(slots, PARTS) == {PARTS[0]: {key: 3}, PARTS[1]: {key: 4}}


def test_an_interval_counts_where_it_lies():
    half = Interval("cam", HOUR_MS // 2, HOUR_MS + HOUR_MS // 2, 1800.0)
    found = observed_by_bucket([half], PARTS, ["cam"], 2 * HOUR_MS)
    assert [one.observed_s for one in found.values()] == [900.0, 900.0]
    assert [one.coverage for one in found.values()] == [0.25, 0.25]


def test_a_silent_camera_lowers_coverage():
    whole = Interval("cam", 0, HOUR_MS, 3600.0)
    found = observed_by_bucket([whole], PARTS, ["cam", "silent"], 2 * HOUR_MS)
    assert [one.coverage for one in found.values()] == [0.5, 0.0]


def test_overlapping_reports_never_exceed_the_time_there_was():
    twice = [Interval("cam", 0, HOUR_MS, 3600.0)] * 2
    assert observed_by_bucket(twice, PARTS, [], 2 * HOUR_MS)[PARTS[0]] == Observed(3600.0, 3600.0)


def test_the_future_was_not_there_to_observe():
    found = observed_by_bucket([], PARTS, ["cam"], HOUR_MS // 2)
    assert found[PARTS[0]].expected_s == 1800.0
    assert found[PARTS[1]].coverage is None


def test_local_start_names_the_offset():
    start_ms = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
    assert Bucket(start_ms, start_ms + 1).local_start(BERLIN) == "2026-01-01T01:00:00+01:00"
