"""Messages about models survive the wire, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.device_model import (
    CHUNK_BYTES,
    DesiredModel,
    ModelChunk,
    ModelRequest,
    ReportedModel,
    WantedModel,
    decode_model_message,
    encode_model_message,
)
from contracts.errors import ContractError

SHA256 = "0" * 64


@given(st.binary(min_size=1, max_size=300), st.integers(0, 10**6))
def test_decoding_undoes_encoding(data: bytes, offset: int):
    chunk = ModelChunk(sha256=SHA256, offset=offset, data=data)
    assert decode_model_message(encode_model_message(chunk), ModelChunk) == chunk
    request = ModelRequest(sha256=SHA256, offset=offset)
    assert decode_model_message(encode_model_message(request), ModelRequest) == request


def test_what_is_wanted_and_said_survives():
    for model in (None, WantedModel(manifest="x", sha256=SHA256, size=1)):
        desired = DesiredModel(version=1, model=model)
        assert decode_model_message(encode_model_message(desired), DesiredModel) == desired
    said = ReportedModel(version=1, error="x")
    assert decode_model_message(encode_model_message(said), ReportedModel) == said


def test_a_piece_is_no_larger_than_agreed():
    large = encode_model_message(ModelChunk(sha256=SHA256, offset=0, data=b"x" * (CHUNK_BYTES + 1)))
    with pytest.raises(ContractError, match="expected ModelChunk"):
        decode_model_message(large, ModelChunk)


@pytest.mark.parametrize("raw", [b"", b"\xff", b'{"version":0}', b'{"sha256":"x","offset":0}'])
def test_anything_else_is_refused(raw: bytes):
    with pytest.raises(ContractError, match="expected DesiredModel"):
        decode_model_message(raw, DesiredModel)
    with pytest.raises(ContractError, match="expected ReportedModel"):
        decode_model_message(raw, ReportedModel)
    with pytest.raises(ContractError, match="expected ModelRequest"):
        decode_model_message(raw, ModelRequest)
