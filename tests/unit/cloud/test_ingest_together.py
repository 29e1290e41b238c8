"""Lines that are judged together are accepted and refused as each would be by itself."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.ingest.judge import MAX_MONEY_MINOR, check_time, judge_batch, judge_line
from cloud.ingest.quick import QuickBatch, read_quickly, read_together
from contracts.errors import EventRejectedError
from contracts.events import MAX_EVENT_BYTES
from contracts.payloads import PosSale
from tests.unit.cloud.test_ingest_quick import PAYLOADS, WRONG, line

NOW_MS = 1_772_442_000_000
LINES = [line(payload) for payload in PAYLOADS]
IDS = [str(index) for index in range(len(LINES))]
BAD_TEXTS = [
    "",
    "-x",
    "a b",
    "a\n",
    "a\nb",
    "\n",
    "é",
    "\u0660",
    "x" * 129,
    "\ud800",
    "018BCFE5-687b-7394-9be1-000000000001",
]
GOOD_TEXTS = ["x", "x" * 128, "A.b:c_-9", "018bcfe5-687b-7394-9be1-000000000009", "018bcfe5-687b-7394-9be1-00000000000"]


def assert_judged_alike(lines: list[bytes]) -> None:
    accepted, refused = [], []
    for number, raw in enumerate(lines, start=1):
        try:
            event = judge_line(raw, "acme")
            check_time(event, NOW_MS)
            accepted.append(event)
        except EventRejectedError as error:
            refused.append((number, error.reason, error.event_id))
    found, kept_out = judge_batch(lines, "acme", NOW_MS)
    assert found == accepted
    assert [(each.line, each.reason) for each in kept_out] == [(number, reason) for number, reason, _ in refused]


def with_texts(value: object, text: str) -> Iterator[object]:
    """Yield a JSON value as often as it has a text or nothing, each time with another of them replaced."""
    if isinstance(value, str) or value is None:
        yield text
    if isinstance(value, dict):
        yield from ({**value, key: other} for key in value for other in with_texts(value[key], text))
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in with_texts(each, text))


def test_good_lines_are_read_together_as_each_alone():
    batch = read_together(LINES)
    singly = [read_quickly(raw) for raw in LINES]
    assert batch is not None
    assert batch.event_ids == [each and each.event_id for each in singly]
    assert [batch.sources, batch.types] == [
        [each and each.source for each in singly],
        [each and each.type for each in singly],
    ]
    assert batch.times_ms == [each and each.time_ms for each in singly]
    assert batch.sequences == [each and each.sequence for each in singly]
    assert [msgspec.json.encode(data) for data in batch.data] == [
        msgspec.json.encode(each.data) for each in singly if each
    ]
    assert_judged_alike(LINES * 30)


@pytest.mark.parametrize("raw", LINES, ids=IDS)
def test_a_text_that_is_no_name_is_found_wherever_it_stands(raw: bytes):
    """Each text of each payload is put in turn to each bad one: nothing that was loosened is forgotten."""
    for text in (*BAD_TEXTS, *GOOD_TEXTS):
        for other in with_texts(msgspec.json.decode(raw), text):
            changed = json.dumps(other).encode()
            assert isinstance(read_together([changed, LINES[0]]), QuickBatch) is (read_quickly(changed) is not None)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_bad_line_does_not_take_its_neighbours_with_it(name: str, value: object):
    changed = json.dumps({**msgspec.json.decode(LINES[0]), name: value}).encode()
    assert_judged_alike([*LINES[:3], changed, LINES[3]])


@settings(max_examples=100, deadline=None)
@given(
    raw=st.sampled_from(LINES),
    at=st.integers(0, 400),
    length=st.integers(0, 3),
    put=st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"{", b"0", b"-", b",", b":", b"\\n"])),
)
def test_a_damaged_line_among_others_is_judged_alike(raw: bytes, at: int, length: int, put: bytes):
    assert_judged_alike([LINES[0], raw[:at] + put + raw[at + length :], LINES[2]])


@pytest.mark.parametrize("time", ["2019-12-31T23:59:59.999Z", "2020-01-01T00:00:00.000Z", "2027-06-01T00:00:00.000Z"])
def test_impossible_times_are_found_among_others(time: str):
    assert_judged_alike([LINES[0], json.dumps({**msgspec.json.decode(LINES[1]), "time": time}).encode()])


@pytest.mark.parametrize("money", [MAX_MONEY_MINOR, MAX_MONEY_MINOR + 1, -MAX_MONEY_MINOR - 1])
def test_money_that_no_column_holds_is_found_among_others(money: int):
    sale = next(payload for payload in PAYLOADS if isinstance(payload, PosSale))
    assert_judged_alike([LINES[0], line(msgspec.structs.replace(sale, total_minor=money))])


def test_another_tenants_line_and_one_too_large_are_found_among_others():
    assert_judged_alike([LINES[0], LINES[1].replace(b"/acme/", b"/other/"), LINES[2] + b" " * MAX_EVENT_BYTES])
    assert read_together([]) is None
