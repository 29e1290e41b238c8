"""Batches, acknowledgements and receipts; what is store-local has no way into a batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.delivery import (
    Acknowledgement,
    IngestReceipt,
    Rejection,
    check_epoch,
    decode_acknowledgement,
    decode_presence,
    decode_receipt,
    encode_message,
    join_batch,
    split_batch,
)
from contracts.errors import ContractError, EventRejectedError, PrivacyError, RejectReason, TopicError
from contracts.events import check_uplink, encode_event
from contracts.payloads import AppearanceSignature
from tests.unit.contracts.samples import SAMPLES, sample_event

UPLINKABLE = [encode_event(sample_event(p)) for p in SAMPLES if not isinstance(p, AppearanceSignature)]


@given(st.lists(st.sampled_from(UPLINKABLE)))
def test_splitting_undoes_joining(events: list[bytes]):
    assert split_batch(join_batch(events)) == events


@pytest.mark.parametrize(
    "intruder",
    [encode_event(sample_event(p)) for p in SAMPLES if isinstance(p, AppearanceSignature)] + [b"{}"],
)
def test_a_store_local_or_unreadable_event_stops_the_whole_batch(intruder: bytes):
    with pytest.raises(PrivacyError, match="refused to put an event into the uplink"):
        join_batch([*UPLINKABLE, intruder])


def test_messages_survive_the_wire():
    acknowledgement = Acknowledgement(epoch="a1", through=7)
    assert decode_acknowledgement(encode_message(acknowledgement)) == acknowledgement
    rejection = Rejection(line=3, reason=RejectReason.NOT_JSON, detail="truncated")
    receipt = IngestReceipt(received=3, inserted=1, duplicate=1, rejected=1, rejections=(rejection,))
    assert decode_receipt(encode_message(receipt)) == receipt


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b'{"epoch":"a1","through":-1}',
        b'{"epoch":"a1","through":1%s}' % (b"0" * 30),
        b'{"epoch":"\xff","through":1}',
        b'{"x":' + b"[" * 100_000,
    ],
)
def test_what_is_no_acknowledgement_is_refused(raw: bytes):
    with pytest.raises(ContractError, match="expected an acknowledgement"):
        decode_acknowledgement(raw)


def test_what_is_no_receipt_is_refused():
    with pytest.raises(ContractError, match="expected an ingest receipt"):
        decode_receipt(b"<html>")


def test_what_is_no_presence_is_refused():
    with pytest.raises(ContractError, match="expected a device's presence"):
        decode_presence(b"{}")


def test_epochs():
    assert check_epoch("a1") == "a1"
    with pytest.raises(TopicError, match="epoch must be"):
        check_epoch("A B")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", RejectReason.NOT_JSON),
        (b'{"id":"a"}', RejectReason.INVALID_ENVELOPE),
        (b'{"type":"org.shopthread.appearance.signature.v1"}', RejectReason.STORE_LOCAL),
        (b'{"type":"org.shopthread.unheard.of.v1"}', RejectReason.UNKNOWN_TYPE),
    ],
)
def test_what_may_not_go_up_is_refused_with_its_reason(raw: bytes, reason: RejectReason):
    with pytest.raises(EventRejectedError) as raised:
        check_uplink(raw)
    assert raised.value.reason is reason
