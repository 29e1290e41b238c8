"""Who sends too much is held back alone; what cannot have happened when it says is refused."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import EventRejectedError, RejectReason
from contracts.events import draft_event, encode_event
from contracts.payloads import Coverage
from contracts.topics import event_topic
from gateway.core.admission import IntakeRules, RateLimit, check_delivery, check_time
from gateway.core.judging import judge
from tests.unit.contracts.samples import SAMPLES, SOURCE

RULES = IntakeRules(events_per_s=10, burst_events=5, max_ahead_s=60, not_before=date(2026, 1, 1))
NOW_MS = 1_772_442_000_000
COVERAGE = next(sample for sample in SAMPLES if isinstance(sample, Coverage))


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 300)), max_size=200))
def test_no_device_gets_more_than_its_burst_and_its_rate(messages: list[tuple[str, int]]):
    limit, now_ms, admitted = RateLimit(RULES), 0, {"a": 0, "b": 0}
    for device, passed_ms in messages:
        now_ms += passed_ms
        admitted[device] += limit.admits(device, now_ms)
        assert admitted[device] <= RULES.burst_events + RULES.events_per_s * now_ms / 1000


@settings(deadline=None)
@given(st.lists(st.integers(100, 10_000), min_size=1), st.integers(0, 500))
def test_a_device_within_its_rate_is_never_refused_whatever_others_do(gaps_ms: list[int], flood: int):
    limit, now_ms = RateLimit(RULES), 0
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        for _ in range(flood):
            limit.admits("flood", now_ms)
        assert limit.admits("quiet", now_ms)


def test_a_burst_is_allowed_and_comes_back_with_time():
    limit = RateLimit(RULES)
    assert [limit.admits("a", 0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [limit.admits("a", 100) for _ in range(2)] == [True, False]
    assert not limit.admits("a", -5000)
    assert sum(limit.admits("a", 60_000) for _ in range(9)) == 5


def test_names_that_nobody_uses_do_not_fill_the_memory():
    limit = RateLimit(RULES)
    for number in range(6000):
        limit.admits(f"device-{number}", 0)
    assert len(limit._buckets) <= 4096


@pytest.mark.parametrize(
    ("time_ms", "words"),
    [
        (RULES.earliest_ms - 1, "before 2026-01-01"),
        (0, "before 2026-01-01"),
        (NOW_MS + 60_001, "60 s in the future, more than 60"),
    ],
)
def test_an_impossible_time_is_refused(time_ms: int, words: str):
    event = draft_event(SOURCE, COVERAGE, time_ms).numbered(SOURCE, 1)
    with pytest.raises(EventRejectedError, match=words):
        check_time(event, RULES, NOW_MS)
    delivery = judge(event_topic(SOURCE, Coverage), encode_event(event), {"epoch": "a1", "sequence": "1"}, NOW_MS)
    refused = check_delivery(delivery, RULES)
    assert refused.event is None
    assert refused.refusal is not None
    assert refused.refusal.reason is RejectReason.IMPOSSIBLE_TIME
    assert (refused.body, refused.sequence) == (delivery.body, 1)


@pytest.mark.parametrize("time_ms", [RULES.earliest_ms, NOW_MS, NOW_MS + 60_000])
def test_a_possible_time_is_not(time_ms: int):
    event = draft_event(SOURCE, COVERAGE, time_ms).numbered(SOURCE, 1)
    check_time(event, RULES, NOW_MS)


def test_the_time_put_right_counts():
    event = draft_event(SOURCE, COVERAGE, 0).numbered(SOURCE, 1)
    body = b'{"correctedtime":"2026-03-02T09:00:00.000Z","clockoffset":-1,' + encode_event(event)[1:]
    delivery = judge(event_topic(SOURCE, Coverage), body, {}, NOW_MS)
    assert check_delivery(delivery, RULES) is delivery


def test_what_was_refused_already_stays_refused():
    delivery = judge("nowhere", b"{", {}, NOW_MS)
    assert check_delivery(delivery, RULES) is delivery
