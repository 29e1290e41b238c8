"""Every message becomes an event or a dead letter with its reason; none raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import RejectReason
from contracts.events import Source, encode_event
from contracts.payloads import AppearanceSignature, Coverage, FootfallCrossing
from contracts.topics import event_topic
from gateway.core.judging import judge
from tests.unit.contracts.samples import SAMPLES, SOURCE, sample_event

CROSSING = next(sample for sample in SAMPLES if isinstance(sample, FootfallCrossing))
SIGNATURE = next(sample for sample in SAMPLES if isinstance(sample, AppearanceSignature))
TOPIC = event_topic(SOURCE, FootfallCrossing)
BODY = encode_event(sample_event(CROSSING))

LOCAL = (encode_event(sample_event(SIGNATURE)), encode_event(sample_event(SIGNATURE)).replace(b'"key_id"', b'"key"'))
"""A signature where none belongs, well formed and not: neither may be kept."""


def test_a_good_message_is_taken_with_its_numbering():
    delivery = judge(TOPIC, BODY, {"epoch": "a1", "sequence": "7", "oldest": "3"}, 99)
    assert delivery.event == sample_event(CROSSING)
    assert delivery.refusal is None
    assert (delivery.source, delivery.epoch, delivery.sequence, delivery.oldest) == (SOURCE, "a1", 7, 3)


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        (TOPIC, b"?", RejectReason.NOT_JSON),
        (TOPIC, LOCAL[0], RejectReason.STORE_LOCAL),
        (TOPIC, LOCAL[1], RejectReason.INVALID_DATA),
        (event_topic(Source("acme", "store-1", "cam-2"), FootfallCrossing), BODY, RejectReason.WRONG_SOURCE),
        (event_topic(SOURCE, Coverage), BODY, RejectReason.WRONG_TOPIC),
        ("somewhere/else", BODY, RejectReason.WRONG_TOPIC),
    ],
)
def test_a_bad_message_is_refused_but_keeps_its_number(topic: str, body: bytes, reason: RejectReason):
    delivery = judge(topic, body, {"epoch": "a1", "sequence": "7"}, 99)
    assert delivery.event is None
    assert delivery.refusal is not None
    assert delivery.refusal.reason is reason
    assert delivery.sequence == 7
    assert delivery.body == (b"(not kept: it must not leave the store, nor be written down)" if body in LOCAL else body)


@pytest.mark.parametrize("text", ["", "-1", "0", "x", "٣", "1.5", "1" + "0" * 30, "9" * 5000])
def test_a_number_that_is_none_is_passed_over(text: str):
    assert judge(TOPIC, BODY, {"sequence": text, "oldest": text}, 0).sequence is None
    assert judge(TOPIC, BODY, {"sequence": text, "oldest": text}, 0).oldest == 1


@pytest.mark.parametrize("epoch", ["", "a1\n", "A1", "ü", "a" * 65])
def test_an_epoch_that_no_acknowledgement_can_name_is_passed_over(epoch: str):
    assert judge(TOPIC, BODY, {"epoch": epoch, "sequence": "1"}, 0).epoch is None


@given(st.text(), st.binary(), st.dictionaries(st.text(), st.text()))
def test_no_message_whatever_raises(topic: str, body: bytes, properties: dict[str, str]):
    assert judge(topic, body, properties, 0).refusal is not None
