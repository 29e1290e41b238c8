"""Bodies and lines as they come over the wire."""

import gzip
from hashlib import sha256

import msgspec
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.errors import ProblemError
from cloud.ingest.compression import decompress
from cloud.ingest.judge import MAX_MONEY_MINOR, judge_batch, judge_line
from contracts.errors import EventRejectedError, RejectReason
from contracts.events import Source, draft_event, encode_event
from contracts.operations import DeviceHealth
from contracts.payloads import PosSale
from contracts.privacy import UplinkPayload

LIMIT = 100_000
NOW_MS = 1_772_442_000_000
SOURCE = Source("acme", "store-1", "cam-1")


def line(data: UplinkPayload, source: Source = SOURCE) -> bytes:
    return encode_event(draft_event(source, data, 1_700_000_000_000, 1).numbered(source, 1))


HEALTH = DeviceHealth(uptime_s=1, software_version="1", queue_depth=0)


def zstd_without_size(plain: bytes) -> bytes:
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(plain) + stream.flush()


@settings(max_examples=50)
@given(st.binary(max_size=5000))
def test_every_encoding_gives_back_what_was_sent(plain: bytes):
    for encoding, body in (
        ("", plain),
        ("identity", plain),
        ("gzip", gzip.compress(plain)),
        (" ZSTD", zstandard.ZstdCompressor().compress(plain)),
        ("zstd", zstd_without_size(plain)),
    ):
        assert decompress(body, encoding, LIMIT) == plain


def test_gzip_members_are_joined():
    assert decompress(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", LIMIT) == b"ab"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("identity", b"x" * (LIMIT + 1)),
        ("gzip", gzip.compress(bytes(50 * LIMIT))),
        ("zstd", zstandard.ZstdCompressor().compress(bytes(50 * LIMIT))),
        ("zstd", zstd_without_size(bytes(500 * LIMIT))),
    ],
)
def test_a_bomb_is_refused(encoding: str, body: bytes):
    with pytest.raises(ProblemError) as caught:
        decompress(body, encoding, LIMIT)
    assert caught.value.status == 413


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_damaged_body_is_refused(encoding: str):
    plain = bytes(range(256)) * 20
    whole = [zstandard.ZstdCompressor().compress(plain), zstd_without_size(plain)]
    for body in (b"nonsense", *([gzip.compress(plain)[:-9]] if encoding == "gzip" else [one[:-9] for one in whole])):
        with pytest.raises(ProblemError) as caught:
            decompress(body, encoding, LIMIT)
        assert caught.value.status == 400


def test_an_unknown_encoding_is_named():
    with pytest.raises(ProblemError, match="got 'br'"):
        decompress(b"", "br", LIMIT)


def test_an_event_is_accepted_with_the_columns_of_the_log():
    raw = line(HEALTH)
    event = judge_line(raw, "acme")
    assert (event.store, event.device, event.sequence, event.raw) == ("store-1", "cam-1", 1, raw)


def test_another_tenants_event_is_refused():
    with pytest.raises(EventRejectedError) as caught:
        judge_line(line(HEALTH, Source("other", "store-1", "cam-1")), "acme")
    assert caught.value.reason is RejectReason.WRONG_SOURCE


@pytest.mark.parametrize("total", [MAX_MONEY_MINOR + 1, -(10**30)])
def test_money_beyond_any_column_is_refused(total: int):
    sale = PosSale(receipt_id="r1", lines=(), total_minor=1, currency="EUR")
    raw = line(sale).replace(b'"total_minor":1', f'"total_minor":{total}'.encode())
    with pytest.raises(EventRejectedError):
        judge_line(raw, "acme")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_line_nested_too_deep_is_refused_alone(opening: bytes):
    accepted, refused = judge_batch([opening * 20_000, line(HEALTH)], "acme", NOW_MS)
    assert (len(accepted), [one.line for one in refused]) == (1, [1])


def test_refused_lines_are_numbered_and_kept():
    accepted, refused = judge_batch([line(HEALTH), b"{", line(HEALTH)], "acme", NOW_MS)
    assert len(accepted) == 2
    assert (refused[0].line, refused[0].reason, refused[0].raw) == (2, RejectReason.NOT_JSON, b"{")
    assert refused[0].digest == sha256(b"{").hexdigest()


def test_what_must_stay_in_the_store_is_refused_without_its_bytes():
    signature = msgspec.json.decode(line(HEALTH))
    signature["type"] = "org.shopthread.appearance.signature.v1"
    signature["data"] = {"segment_id": signature["id"], "key_id": "k", "signature": "AAAA"}
    _, refused = judge_batch([msgspec.json.encode(signature)], "acme", NOW_MS)
    assert (refused[0].reason, refused[0].raw) == (RejectReason.STORE_LOCAL, None)


def test_untrusted_text_is_made_storable():
    _, refused = judge_batch([b'{"id":"a\\u0000' + b"b" * 5000 + b'"}'], "acme", NOW_MS)
    assert refused[0].event_id is not None
    assert len(refused[0].event_id) == 200
    assert "\0" not in refused[0].event_id + refused[0].detail


@pytest.mark.parametrize("time_ms", [0, 1_577_836_799_999, 4_102_444_799_000])
def test_a_time_that_cannot_be_is_refused_and_named(time_ms: int):
    raw = encode_event(draft_event(SOURCE, HEALTH, time_ms, 1).numbered(SOURCE, 1))
    accepted, refused = judge_batch([raw, line(HEALTH)], "acme", NOW_MS)
    assert (len(accepted), refused[0].reason) == (1, RejectReason.IMPOSSIBLE_TIME)
    assert refused[0].detail.startswith("time: expected from 2020")
