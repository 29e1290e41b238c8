"""The uploader against clouds that answer, refuse, fail and talk nonsense."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import zstandard

from contracts.delivery import IngestReceipt, Rejection, encode_message, split_batch
from contracts.errors import RejectReason
from contracts.events import Source, draft_event, encode_event
from contracts.operations import DeviceHealth
from contracts.payloads import AppearanceSignature
from gateway.adapters.event_store import EventStore
from gateway.adapters.uplink import UploadError
from gateway.adapters.uploader import Uploader
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


def _sender(sent: list[list[bytes]]) -> Cloud:
    """Return a cloud that accepts, and notes each request's lines."""

    def cloud(request: httpx.Request) -> httpx.Response:
        sent.append(_lines(request))
        return _accept(request)

    return cloud


def test_every_batch_takes_the_oldest_and_the_newest_until_nothing_waits(store: EventStore):
    sent: list[list[bytes]] = []
    one, two, three, four, five, six, seven, eight, nine, ten = (each.body for each in store.waiting(99))
    uploader = _uploader(store, _sender(sent))
    while uploader.step():
        pass
    assert sent == [[one, two, nine, ten], [three, four, seven, eight], [five, six]]
    assert store.queue_depth() == 0
    assert uploader.step() is False


def test_a_request_holds_no_more_than_the_cloud_takes(store: EventStore, monkeypatch: pytest.MonkeyPatch):
    size = len(store.waiting(1)[0].body) + 1
    monkeypatch.setattr("gateway.adapters.uploader._MOST_BYTES", 2 * size)
    sent: list[list[bytes]] = []
    uploader = _uploader(store, _sender(sent), batch_events=10)
    while uploader.step():
        pass
    assert [len(lines) for lines in sent] == [2] * 5


def test_a_line_that_the_cloud_refuses_becomes_a_dead_letter(store: EventStore):
    def cloud(request: httpx.Request) -> httpx.Response:
        count = len(_lines(request))
        rejection = Rejection(line=2, reason=RejectReason.UNKNOWN_TYPE, detail="older cloud")
        receipt = IngestReceipt(received=count, inserted=count - 1, duplicate=0, rejected=1, rejections=(rejection,))
        return httpx.Response(200, content=encode_message(receipt))

    _uploader(store, cloud).step()
    (tally,) = store.tallies()
    assert (tally.uploaded, tally.refused, tally.waiting) == (3, 1, 6)
    (letter,) = store.dead_letters()
    assert (letter.reason, letter.detail) == ("cloud_refused", "unknown_type: older cloud")


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
        (lambda _: httpx.Response(404, text="not here"), "HTTP 404"),
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


def test_batches_shrink_in_trouble_and_grow_again(store: EventStore):
    answers = iter([503, 413, None])
    sizes: list[int] = []

    def cloud(request: httpx.Request) -> httpx.Response:
        sizes.append(len(_lines(request)))
        code = next(answers, None)
        return _accept(request) if code is None else httpx.Response(code)

    uploader = _uploader(store, cloud, batch_events=8)
    with pytest.raises(UploadError, match="HTTP 503"):
        uploader.step()
    while uploader.step():
        pass
    assert sizes == [8, 4, 2, 2, 6]
    assert store.queue_depth() == 0


def test_a_cloud_that_refuses_everything_makes_no_dead_letters(store: EventStore):
    uploader = _uploader(store, lambda _: httpx.Response(400, text="a proxy"))
    assert all(uploader.step() for _ in range(6))
    with pytest.raises(UploadError, match="the cloud accepts no event: HTTP 400"):
        uploader.step()
    assert (store.queue_depth(), store.dead_letter_count()) == (10, 0)


def test_many_poisoned_events_are_found_even_where_the_oldest_are_all_poisoned(store: EventStore):
    poison = [each.body for each in store.waiting(99)[:7]]

    def cloud(request: httpx.Request) -> httpx.Response:
        return httpx.Response(422) if set(poison) & set(_lines(request)) else _accept(request)

    uploader = _uploader(store, cloud)
    for time_ms in range(11, 14):  # Where nothing else waits, only the next good one shows that it is not the cloud.
        health = DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0)
        store.append_own(draft_event(GATEWAY, health, time_ms), time_ms)
        for _ in range(20):
            with suppress(UploadError):
                uploader.step()
    assert sorted(letter.body for letter in store.dead_letters()) == sorted(poison)
    assert store.queue_depth() == 0


@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [("30", 30, 31), ("Wed, 21 Oct 2099 07:28:00 GMT", 3600, 3601), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 1),
     ("soon", 0, 1), ("", 0, 1)],
)  # fmt: skip
def test_a_cloud_that_asks_for_time_is_given_it(store: EventStore, header: str, least_s: float, most_s: float):
    uploader = _uploader(store, lambda _: httpx.Response(429, headers={"retry-after": header}))
    with pytest.raises(UploadError) as raised:
        uploader.step()
    assert least_s <= uploader.pause_s(raised.value) <= most_s


def test_what_another_process_sent_meanwhile_is_counted_once(store: EventStore):
    def cloud(request: httpx.Request) -> httpx.Response:
        store.mark_uploaded(store.waiting(2), {}, 50)
        return _accept(request)

    _uploader(store, cloud, batch_events=10).step()
    (tally,) = store.tallies()
    assert (tally.uploaded, tally.waiting) == (10, 0)
