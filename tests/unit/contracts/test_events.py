"""Events survive the wire unchanged; anything else is refused with its reason."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import EventRejectedError, RejectReason
from contracts.events import MAX_EVENT_BYTES, Source, decode_event, draft_event, encode_event, require_uplink
from contracts.operations import DeviceHealth, StorageUse
from contracts.payloads import STORE_LOCAL_PAYLOADS, UPLINK_PAYLOADS, FootfallCrossing
from contracts.privacy import Payload, PrivacyClass, StoreLocalPayload, UplinkPayload
from tests.unit.contracts.samples import SAMPLES, SOURCE, payloads, sample_event, times_ms


def test_there_is_a_sample_of_every_type():
    assert {type(sample) for sample in SAMPLES} == {*UPLINK_PAYLOADS, *STORE_LOCAL_PAYLOADS}


@given(payloads, times_ms, st.integers(min_value=1, max_value=10**15))
def test_decoding_undoes_encoding_byte_for_byte(payload: Payload, time_ms: int, sequence: int):
    event = sample_event(payload, time_ms, sequence)
    raw = encode_event(event)
    decoded = decode_event(raw)
    assert decoded == event
    assert encode_event(decoded) == raw
    assert decoded.time_ms == time_ms
    assert decoded.sequence_number == sequence
    assert decoded.origin == SOURCE


def test_a_gateway_s_storage_is_read_where_it_is_told_and_left_out_by_who_does_not_know_it():
    storage = StorageUse(state="thinning", used_bytes=9, max_bytes=10, disk_free_bytes=5, events_thinned=3)
    health = DeviceHealth(uptime_s=1.0, software_version="1", queue_depth=0, storage=storage)
    raw = encode_event(draft_event(SOURCE, health, 5).numbered(SOURCE, 1))
    assert decode_event(raw).data == health

    class OlderHealth(msgspec.Struct):
        uptime_s: float
        queue_depth: int

    older = msgspec.json.decode(msgspec.json.encode(health), type=OlderHealth)
    assert older.uptime_s == 1.0
    before = msgspec.json.encode({"uptime_s": 1.0, "software_version": "1", "queue_depth": 0})
    assert msgspec.json.decode(before, type=DeviceHealth).storage is None


def test_unknown_fields_are_tolerated_in_envelope_and_data():
    document = msgspec.json.decode(encode_event(sample_event(SAMPLES[0])))
    document["newextension"] = "x"
    document["data"]["added_later"] = 1
    assert decode_event(msgspec.json.encode(document)) == sample_event(SAMPLES[0])


def _altered(**changes: object) -> bytes:
    document = msgspec.json.decode(encode_event(sample_event(SAMPLES[0])))
    return msgspec.json.encode({**document, **changes})


@pytest.mark.parametrize(
    ("raw", "reason", "words"),
    [
        (b"{", RejectReason.NOT_JSON, "truncated"),
        (b"\xff\xfe", RejectReason.NOT_JSON, ""),
        (b"[]", RejectReason.INVALID_ENVELOPE, "object"),
        (b"{}", RejectReason.INVALID_ENVELOPE, "id"),
        (_altered(specversion="0.3"), RejectReason.INVALID_ENVELOPE, "specversion"),
        (_altered(time="2026-13-01T00:00:00.000Z"), RejectReason.INVALID_ENVELOPE, "month"),
        (_altered(time="yesterday"), RejectReason.INVALID_ENVELOPE, "time"),
        (_altered(time="1969-12-31T23:59:59.999Z"), RejectReason.INVALID_ENVELOPE, "time"),
        (_altered(time="2026-03-01T09:00:00.00\u0661Z"), RejectReason.INVALID_ENVELOPE, "time"),
        (_altered(sequence="0000000000000007\n"), RejectReason.INVALID_ENVELOPE, "sequence"),
        (_altered(source="/acme/store/camera\n"), RejectReason.INVALID_ENVELOPE, "source"),
        (_altered(sequence="7"), RejectReason.INVALID_ENVELOPE, "sequence"),
        (_altered(source="acme"), RejectReason.INVALID_ENVELOPE, "source"),
        (_altered(type="org.shopthread.future.v9"), RejectReason.UNKNOWN_TYPE, "future.v9"),
        (_altered(data={}), RejectReason.INVALID_DATA, "tripwire_id"),
        (b" " * (MAX_EVENT_BYTES + 1), RejectReason.TOO_LARGE, str(MAX_EVENT_BYTES)),
    ],
)
def test_bad_input_is_refused_with_its_reason(raw: bytes, reason: RejectReason, words: str):
    with pytest.raises(EventRejectedError) as refusal:
        decode_event(raw)
    assert refusal.value.reason is reason
    assert words in refusal.value.detail


def test_a_refusal_names_the_event_where_it_can():
    with pytest.raises(EventRejectedError) as refusal:
        decode_event(_altered(sequence="7"))
    assert refusal.value.event_id == sample_event(SAMPLES[0]).id


@given(st.binary(max_size=200))
def test_no_bytes_whatever_crash_the_decoder(raw: bytes):
    with pytest.raises(EventRejectedError):
        decode_event(raw)


@pytest.mark.parametrize("payload", SAMPLES, ids=lambda payload: type(payload).__name__)
def test_only_uplink_payloads_may_leave_the_store(payload: Payload):
    event = sample_event(payload)
    if isinstance(payload, StoreLocalPayload):
        assert payload.PRIVACY is PrivacyClass.STORE_LOCAL
        with pytest.raises(EventRejectedError, match="must not leave the store"):
            require_uplink(event)
    else:
        assert isinstance(payload, UplinkPayload)
        assert require_uplink(event) is event


def test_no_payload_is_both_uplink_and_store_local():
    for payload in (*UPLINK_PAYLOADS, *STORE_LOCAL_PAYLOADS):
        assert issubclass(payload, UplinkPayload) != issubclass(payload, StoreLocalPayload)
        assert issubclass(payload, StoreLocalPayload) == (payload.PRIVACY is PrivacyClass.STORE_LOCAL)


def test_values_are_frozen():
    with pytest.raises(AttributeError):
        SAMPLES[0].direction = "out"  # type: ignore[attr-defined]  # the point of the test
    assert isinstance(SAMPLES[0], FootfallCrossing)


@pytest.mark.parametrize("text", ["", "acme/store/cam", "/acme/store", "/acme/store/cam/x", "/acme//cam"])
def test_a_source_of_another_form_is_refused(text: str):
    with pytest.raises(ValueError, match="expected /tenant/store/device"):
        Source.parse(text)


_DEEP = b"[" * 100_000


def _with_data(data: bytes) -> bytes:
    raw = encode_event(sample_event(SAMPLES[0]))
    return raw.replace(msgspec.json.encode(SAMPLES[0]), data)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"x":' + _DEEP, RejectReason.NOT_JSON),
        (b'{"id":1,"x":' + _DEEP, RejectReason.INVALID_ENVELOPE),
        (_with_data(b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}"), RejectReason.NOT_JSON),
        (b'{"id":"\xff"}', RejectReason.NOT_JSON),
        (_with_data(b'{"tripwire_id":"\xff"}'), RejectReason.INVALID_DATA),
    ],
)
def test_deep_nesting_and_other_encodings_are_refused(raw: bytes, reason: RejectReason):
    with pytest.raises(EventRejectedError) as caught:
        decode_event(raw)
    assert caught.value.reason is reason


@pytest.mark.parametrize("payload", SAMPLES, ids=lambda payload: type(payload).__name__)
def test_no_time_in_a_payload_is_beyond_what_an_envelope_can_carry(payload: Payload):
    document = msgspec.to_builtins(payload)
    for key in (key for key, value in document.items() if key.endswith("_ms") and isinstance(value, int)):
        last = msgspec.convert({**document, key: 253_402_300_799_999}, type(payload))
        assert draft_event(SOURCE, last, getattr(last, key), "x").numbered(SOURCE, 1).time == "9999-12-31T23:59:59.999Z"
        with pytest.raises(msgspec.ValidationError, match=key):
            msgspec.convert({**document, key: 253_402_300_800_000}, type(payload))
