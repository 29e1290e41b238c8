"""An event without the member whom it named keeps all else, and one that named nobody keeps every byte."""

import pytest
from msgspec.structs import replace

from contracts.events import decode_event, encode_event
from contracts.payloads import UPLINK_PAYLOADS, CodeScanned, PosSale
from contracts.privacy import Payload
from contracts.redaction import ERASED_CODE, redacted
from tests.unit.contracts.samples import MEMBER, SAMPLES, sample_event

_UPLINK = [each for each in SAMPLES if isinstance(each, UPLINK_PAYLOADS)]


@pytest.mark.parametrize("payload", _UPLINK, ids=lambda each: type(each).__name__)
def test_who_named_nobody_keeps_every_byte(payload: Payload):
    nameless = replace(payload, member=None) if isinstance(payload, CodeScanned | PosSale) else payload
    raw = encode_event(sample_event(nameless))
    assert redacted(raw) == raw


_NAMING = [each for each in _UPLINK if isinstance(each, CodeScanned | PosSale)]
_CARD = next(replace(each, result="member") for each in _NAMING if isinstance(each, CodeScanned))


@pytest.mark.parametrize("payload", [*_NAMING, _CARD])
def test_the_member_goes_and_the_event_stays(payload: CodeScanned | PosSale):
    event = sample_event(replace(payload, member=MEMBER))
    found = redacted(encode_event(event))
    assert MEMBER.pseudonym.encode() not in found
    left = decode_event(found)
    assert isinstance(left.data, CodeScanned | PosSale)
    assert (left.id, left.data.member) == (event.id, None)
    assert payload is not _CARD or (isinstance(left.data, CodeScanned) and left.data.code == ERASED_CODE)
