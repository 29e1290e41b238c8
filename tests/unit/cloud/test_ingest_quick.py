"""The quick reader takes what the thorough one takes, and reads the same from it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.ingest.judge import judge_line
from cloud.ingest.quick import read_payload, read_quickly
from contracts.errors import EventRejectedError
from contracts.events import MAX_EVENT_BYTES, Source, decode_event, draft_event, encode_event, require_uplink
from contracts.payloads import VisitRevised
from contracts.privacy import UplinkPayload
from tests.unit.contracts.samples import SAMPLES

PAYLOADS = [payload for payload in SAMPLES if isinstance(payload, UplinkPayload)]
VISIT = next(payload for payload in PAYLOADS if isinstance(payload, VisitRevised))
WRONG: list[tuple[str, object]] = [
    ("specversion", "1.1"),
    ("id", "018BCFE5-687b-7394-9be1-000000000001"),
    ("id", None),
    ("id", "018bcfe5-687b-7394-9be1-00000000000\u0660"),
    ("id", "018bcfe5-687b-7394-9be1-000000000001\n"),
    ("id", "018bcfe5-687b-7394-9be1000000000-001"),
    ("id", "018bcfe5-687b-7394-9be1-00000000000g"),
    ("source", "/acme/store-1"),
    ("source", "/acme/Store/cam-1"),
    ("time", "1969-12-31T23:59:59.999Z"),
    ("time", "2026-02-30T00:00:00.000Z"),
    ("time", "0000-01-01T00:00:00.000Z"),
    ("time", "2026-W09-7T09:00:00.000Z"),
    ("time", "2026-03-01T09:00:00,000Z"),
    ("time", "2026-03-01 09:00:00.000Z"),
    ("time", "2026-03-01T09:00:00+00:0"),
    ("time", "2026-03-01T24:00:00.000Z"),
    ("time", "2026-03-01T09:00:00.000Z\n"),
    ("sequence", "1"),
    ("sequence", "\u0660" * 16),
    ("sequence", "-000000000000001"),
    ("datacontenttype", "text/plain"),
    ("traceparent", "00"),
    ("type", "org.shopthread.nothing.v1"),
    ("type", "org.shopthread.appearance.signature.v1"),
    ("data", {}),
    ("data", []),
    ("later", 1),
    ("correctedtime", "2026-03-01T09:00:00.000Z"),
    ("correctedtime", "2026-02-30T00:00:00.000Z"),
    ("correctedtime", "soon"),
    ("clockoffset", "1"),
    ("clockoffset", 1),
    ("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + "-00"),
]


def line(data: UplinkPayload) -> bytes:
    source = Source("acme", "store-1", "cam-1")
    return encode_event(draft_event(source, data, 1_772_442_000_123, 1).numbered(source, 7))


def assert_same_as_thorough(raw: bytes) -> None:
    quick = read_quickly(raw)
    try:
        event = require_uplink(decode_event(raw))
    except EventRejectedError:
        assert quick is None
        return
    if quick is not None:
        assert (quick.event_id, quick.source, quick.type) == (event.id, event.origin, event.type)
        assert (quick.time_ms, quick.sequence, quick.data) == (event.time_ms, event.sequence_number, event.data)
    assert judge_line(raw, event.origin.tenant).time_ms == event.time_ms


@pytest.mark.parametrize("data", PAYLOADS, ids=lambda data: type(data).__name__)
def test_a_good_line_goes_the_quick_way(data: UplinkPayload):
    raw = line(data)
    assert read_quickly(raw) is not None
    assert_same_as_thorough(raw)


@pytest.mark.parametrize("data", PAYLOADS, ids=lambda data: type(data).__name__)
def test_the_payload_alone_reads_the_same(data: UplinkPayload):
    raw = line(data)
    assert read_payload(raw, data.TYPE) == decode_event(raw).data
    assert read_payload(raw, "org.shopthread.nothing.v1") == data, "the event says itself what it is"


def test_a_payload_that_is_none_is_told():
    with pytest.raises(EventRejectedError):
        read_payload(b"{}", VISIT.TYPE)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_line_with_another_field_is_judged_alike(name: str, value: object):
    fields = msgspec.json.decode(line(VISIT))
    assert_same_as_thorough(msgspec.json.encode({**fields, name: value}))
    assert_same_as_thorough(msgspec.json.encode({name: value, **{k: v for k, v in fields.items() if k != name}}))


@settings(max_examples=200, deadline=None)
@given(
    data=st.sampled_from(PAYLOADS),
    at=st.integers(0, 400),
    length=st.integers(0, 3),
    put=st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b"{", b"0", b"-", b",", b":"])),
)
def test_a_damaged_line_is_judged_alike(data: UplinkPayload, at: int, length: int, put: bytes):
    raw = line(data)
    assert_same_as_thorough(raw[:at] + put + raw[at + length :])


def test_what_is_too_large_goes_the_thorough_way():
    raw = line(VISIT)
    assert read_quickly(raw + b" " * MAX_EVENT_BYTES) is None
