"""The day's key on its way to a device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ContractError
from contracts.events import Source
from contracts.signature_keys import (
    SignatureKey,
    SignatureKeyRequest,
    decode_key,
    decode_key_request,
    encode_key_message,
    key_of,
    key_request_topic,
    key_topic,
    signature_key_id,
)

CAMERA = Source("acme", "store-1", "cam-1")
KEY = SignatureKey(key_id="k1", secret=bytes(range(32)), valid_from_ms=5, valid_until_ms=10)


def test_topics_are_of_channels_that_only_gateway_and_device_read():
    assert key_topic(CAMERA) == "shopthread/v1/acme/store-1/cam-1/cmd/signature-key"
    assert key_request_topic(CAMERA) == "shopthread/v1/acme/store-1/cam-1/local/signature-key-request"


def test_messages_come_back_as_they_went():
    assert decode_key(encode_key_message(KEY)) == KEY
    request = SignatureKeyRequest(software_version="1")
    assert decode_key_request(encode_key_message(request)) == request


@given(st.binary(max_size=60))
def test_anything_else_is_refused_without_repeating_it(raw: bytes):
    for decode in (decode_key, decode_key_request):
        with pytest.raises(ContractError, match=f"got {len(raw)} bytes"):
            decode(raw)


def test_short_secrets_and_strange_names_are_refused():
    good = encode_key_message(KEY)
    for bad in (good.replace(b"k1", b"K 1"), good.replace(b'"secret":"', b'"secret":"AAAA')):
        with pytest.raises(ContractError):
            decode_key(bad)


def test_a_key_is_valid_until_its_end_and_its_text_tells_no_secret():
    assert KEY.is_valid(9)
    assert not KEY.is_valid(10)
    assert "secret" not in repr(KEY)
    assert "\\x01" not in f"{KEY} {KEY!r}"


def test_signatures_of_two_encoders_are_told_apart_and_name_their_key():
    one, two = signature_key_id("k1", "reid-1"), signature_key_id("k1", "other-2")
    assert one != two
    assert key_of(one) == key_of(two) == "k1"
