"""The uploader against clouds that answer, refuse, fail and talk nonsense."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import zstandard

from contracts.delivery import IngestReceipt, Rejection, encode_message, split_batch
from contracts.errors import RejectReason
from contracts.events import Source, draft_event, encode_event
from contracts.payloads import AppearanceSignature, DeviceHealth
from gateway.adapters.event_store import EventStore
from gateway.adapters.uploader import Uploader, UploadError
from gateway.core.retry import RetryPolicy
from tests.unit.contracts.samples import SAMPLES, sample_event

GATEWAY = Source("acme", "store-1", "gateway")
Cloud = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    opened = EventStore(tmp_path / "gateway.sqlite", GATEWAY)
    for time_ms in range(1, 11):
        health = DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0)
        opened.append_own(draft_event(GATEWAY, health, time_ms), time_ms)
    yield opened
    opened.close()


def _uploader(store: EventStore, cloud: Cloud, batch_events: int = 4) -> Uploader:
    client = httpx.Client(base_url="http://cloud.test", transport=httpx.MockTransport(cloud))
    return Uploader(store, client, batch_events, RetryPolicy(first_s=0.01, longest_s=0.02), lambda: 99, lambda: 0.5)


def _lines(request: httpx.Request) -> list[bytes]:
    return split_batch(zstandard.ZstdDecompressor().decompress(request.content))


def _accept(request: httpx.Request) -> httpx.Response:
    count = len(_lines(request))
    return httpx.Response(
        200, content=encode_message(IngestReceipt(received=count, inserted=count, duplicate=0, rejected=0))
    )


def test_batches_go_out_in_order_until_nothing_waits(store: EventStore):
    sent: list[bytes] = []

    def cloud(request: httpx.Request) -> httpx.Response:
        sent.extend(_lines(request))
        return _accept(request)

    expected = [each.body for each in store.waiting(99)]
    uploader = _uploader(store, cloud)
    while uploader.step():
        pass
    assert sent == expected
    assert store.queue_depth() == 0
    assert uploader.step() is False


def test_what_the_cloud_keeps_as_a_dead_letter_is_counted_as_refused(store: EventStore):
    def cloud(request: httpx.Request) -> httpx.Response:
        count = len(_lines(request))
        rejection = Rejection(line=2, reason=RejectReason.UNKNOWN_TYPE, detail="older cloud")
        receipt = IngestReceipt(received=count, inserted=count - 1, duplicate=0, rejected=1, rejections=(rejection,))
        return httpx.Response(200, content=encode_message(receipt))

    _uploader(store, cloud).step()
    (tally,) = store.tallies()
    assert (tally.uploaded, tally.refused, tally.waiting) == (3, 1, 6)


def test_a_poisoned_event_is_found_and_blocks_nothing(store: EventStore):
    poison = store.waiting(99)[5].body

    def cloud(request: httpx.Request) -> httpx.Response:
        return httpx.Response(422, text="cannot take this") if poison in _lines(request) else _accept(request)

    uploader = _uploader(store, cloud)
    while uploader.step():
        pass
    assert store.queue_depth() == 0
    assert [letter.body for letter in store.dead_letters()] == [poison]
    (tally,) = store.tallies()
    assert (tally.uploaded, tally.refused) == (9, 1)


def test_what_must_not_leave_the_store_is_kept_from_the_uplink_and_blocks_nothing(store: EventStore):
    signature = next(sample for sample in SAMPLES if isinstance(sample, AppearanceSignature))
    intruder = encode_event(sample_event(signature))
    store._database.connection.execute("UPDATE event SET body = ? WHERE position = 3", (intruder,))
    sent: list[bytes] = []

    def cloud(request: httpx.Request) -> httpx.Response:
        sent.extend(_lines(request))
        return _accept(request)

    uploader = _uploader(store, cloud)
    while uploader.step():
        pass
    assert len(sent) == 9
    assert intruder not in sent
    assert [(letter.reason, letter.body) for letter in store.dead_letters()] == [("unfit_for_uplink", intruder)]


def _unreachable(request: httpx.Request) -> httpx.Response:
    message = "connection refused"
    raise httpx.ConnectError(message, request=request)


@pytest.mark.parametrize(
    ("cloud", "words"),
    [
        (_unreachable, "no answer from http://cloud.test"),
        (lambda _: httpx.Response(401), "refuses the API key"),
        (lambda _: httpx.Response(503, text="busy"), "HTTP 503"),
        (lambda _: httpx.Response(200, text="<html>a portal</html>"), "does not answer as the cloud does"),
        (
            lambda _: httpx.Response(
                200, content=encode_message(IngestReceipt(received=1, inserted=1, duplicate=0, rejected=0))
            ),
            "sent 4 events, the cloud speaks of 1",
        ),
    ],
)
def test_a_cloud_that_fails_changes_nothing(store: EventStore, cloud: Cloud, words: str):
    with pytest.raises(UploadError, match=words):
        _uploader(store, cloud).step()
    assert store.queue_depth() == 10


def test_the_thread_goes_on_after_failures(store: EventStore):
    answers = iter([httpx.Response(503), httpx.Response(500)])

    def cloud(request: httpx.Request) -> httpx.Response:
        return next(answers, None) or _accept(request)

    uploader = _uploader(store, cloud)
    uploader.start()
    until = time.monotonic() + 10
    while store.queue_depth() and time.monotonic() < until:
        uploader.wake()
        time.sleep(0.01)
    uploader.stop()
    assert store.queue_depth() == 0


def test_a_receipt_that_refuses_a_line_that_was_not_sent_is_no_answer(store: EventStore):
    def cloud(request: httpx.Request) -> httpx.Response:
        count = len(_lines(request))
        rejection = Rejection(line=count + 1, reason=RejectReason.NOT_JSON, detail="?")
        receipt = IngestReceipt(received=count, inserted=count, duplicate=0, rejected=1, rejections=(rejection,))
        return httpx.Response(200, content=encode_message(receipt))

    with pytest.raises(UploadError, match="refuses line 5"):
        _uploader(store, cloud).step()


def test_an_answer_that_cannot_be_decompressed_is_no_answer(store: EventStore):
    def cloud(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"<html>this is no gzip</html>")
        )

    with pytest.raises(UploadError, match="no answer"):
        _uploader(store, cloud).step()
