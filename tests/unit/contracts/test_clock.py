"""Questions and answers about the time survive the wire, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clock import (
    ClockAnswer,
    ClockRequest,
    clock_answer_topic,
    clock_request_topic,
    decode_clock_answer,
    decode_clock_request,
    encode_clock,
)
from contracts.errors import ContractError
from contracts.topics import parse_topic
from tests.unit.contracts.samples import SOURCE

times = st.integers(0, 253_402_300_799_999_999)


@given(times, times, times, st.none() | st.floats(-1e9, 1e9))
def test_decoding_undoes_encoding(asked_us: int, received_us: int, sent_us: int, ahead_ms: float | None):
    request = ClockRequest(asked_us=asked_us)
    assert decode_clock_request(encode_clock(request)) == request
    answer = ClockAnswer(asked_us=asked_us, received_us=received_us, sent_us=sent_us, events_ahead_ms=ahead_ms)
    assert decode_clock_answer(encode_clock(answer)) == answer


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[" * 9999, b'{"asked_us":-1}', b'{"asked_us":"x"}'])
def test_anything_else_is_refused(raw: bytes):
    with pytest.raises(ContractError, match="expected a request for the time"):
        decode_clock_request(raw)
    with pytest.raises(ContractError, match="expected an answer with the time"):
        decode_clock_answer(raw)


def test_the_gateway_asks_and_the_device_answers():
    assert parse_topic(clock_request_topic(SOURCE)).channel == "cmd"
    assert parse_topic(clock_answer_topic(SOURCE)).channel == "state"
