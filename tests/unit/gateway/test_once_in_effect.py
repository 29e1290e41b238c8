"""Whatever fails on the way, each event is in the cloud once, a dead letter, or told to have been deleted."""

import json
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.delivery import IngestReceipt, Rejection, encode_message, split_batch
from contracts.errors import RejectReason
from contracts.events import Source, decode_event, draft_event, encode_event
from contracts.payloads import Coverage, PosSale
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.adapters.uplink import UploadError
from gateway.adapters.uploader import Uploader
from gateway.core.judging import Delivery, judge
from gateway.core.retry import RetryPolicy
from tests.unit.contracts.samples import SAMPLES, SOURCE

GATEWAY = Source(SOURCE.tenant, SOURCE.store, "gateway")
SALE = next(sample for sample in SAMPLES if isinstance(sample, PosSale))
SAMPLE = next(sample for sample in SAMPLES if isinstance(sample, Coverage))
EVENTS = 24
POISONED, REJECTED = frozenset({5, 6, 17}), frozenset({9, 20})
NUMBERS = st.lists(st.integers(1, EVENTS), max_size=8)
CLOUDS = st.sampled_from(["well", "answer lost", "down", "too large", "line refused"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), NUMBERS),
        st.tuples(st.just("upload"), CLOUDS),
        st.tuples(st.sampled_from(["restart", "prune", "thin"]), st.none()),
    ),
    max_size=25,
)


class Cloud:
    """Keeps each id once, and fails as it is told to."""

    def __init__(self) -> None:
        self.mood, self.kept, self.arrivals = "well", dict[str, int](), 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        events = [json.loads(line) for line in split_batch(zstandard.ZstdDecompressor().decompress(request.content))]
        numbers = [int(event["sequence"]) for event in events]
        if self.mood == "down":
            return httpx.Response(503)
        if (self.mood == "too large" and len(events) > 1) or POISONED & set(numbers):
            return httpx.Response(413)
        rejections = tuple(
            Rejection(line=line, reason=RejectReason.INVALID_DATA, detail="?")
            for line, number in enumerate(numbers, 1)
            if number in REJECTED
        )
        accepted = [event["id"] for event, number in zip(events, numbers, strict=True) if number not in REJECTED]
        new = {each: 1 for each in accepted if each not in self.kept}
        self.kept |= new
        if self.mood == "answer lost":
            message = "connection reset"
            raise httpx.ReadError(message, request=request)
        receipt = IngestReceipt(
            received=len(events),
            inserted=len(new),
            duplicate=len(accepted) - len(new),
            rejected=len(rejections),
            rejections=rejections,
        )
        return httpx.Response(200, content=encode_message(receipt))


def _delivery(number: int) -> Delivery:
    event = draft_event(SOURCE, SALE if number % 2 else SAMPLE, number, number).numbered(SOURCE, number)
    properties = {"epoch": "a1", "sequence": str(number)}
    return judge(event_topic(SOURCE, type(event.data)), encode_event(event), properties, 5)


class Gateway:
    """A store and what drains it, as often as they are started."""

    def __init__(self, path: Path, cloud: Cloud) -> None:
        self._path, self._client = path, httpx.Client(base_url="http://c", transport=httpx.MockTransport(cloud))
        self.store, self._uploader = self._start()

    def _start(self) -> tuple[EventStore, Uploader]:
        store = EventStore(self._path, GATEWAY)
        return store, Uploader(store, self._client, 6, RetryPolicy(), lambda: 9, lambda: 0.5)

    def restart(self) -> None:
        self.store.close()
        self.store, self._uploader = self._start()

    def upload(self, steps: int) -> None:
        with suppress(UploadError):
            for _ in range(steps):
                if not self._uploader.step():
                    break

    def thin(self) -> None:
        with self.store._database.transaction():
            self.store._queue.thin(2)

    def close(self) -> None:
        self.store.close()
        self._client.close()


@settings(deadline=None, max_examples=20)
@given(STEPS)
def test_each_event_once_in_effect(steps: list[tuple[str, object]]):
    cloud = Cloud()
    received: set[int] = set()
    with TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder) / "gateway.sqlite", cloud)
        for kind, what in steps:
            if isinstance(what, list):
                held = gateway.store.receive([_delivery(number) for number in what])
                received |= set(what)
                assert all(set(range(1, each.through + 1)) <= received for each in held), "acknowledged too early"
            elif kind == "upload":
                cloud.mood = str(what)
                gateway.upload(3)
            else:
                {"restart": gateway.restart, "prune": lambda: gateway.store.prune(99), "thin": gateway.thin}[kind]()
        _settle(gateway, cloud, received)
        _check(gateway.store, cloud, received)
        gateway.close()


def _settle(gateway: Gateway, cloud: Cloud, received: set[int]) -> None:
    """Let everything arrive; a good event comes now and then, which shows that it is not the cloud that is wrong."""
    cloud.mood = "well"
    for number in range(101, 121, 2):
        gateway.store.receive([_delivery(number)])
        received.add(number)
        gateway.upload(40)


def _check(store: EventStore, cloud: Cloud, received: set[int]) -> None:
    letters = {decode_event(letter.body).sequence_number for letter in store.dead_letters()}
    stored = {number for number in received if _id(number) in cloud.kept}
    gone = received - stored - letters
    assert store.queue_depth() == 0
    assert letters <= POISONED | REJECTED
    assert stored.isdisjoint(POISONED | REJECTED)
    assert all(number % 2 == 0 for number in gone), "a sale is never deleted unsent"
    (tally,) = store.tallies()
    assert (tally.waiting, tally.received) == (0, tally.uploaded + tally.refused + tally.thinned)
    assert len(gone) <= tally.thinned


def _id(number: int) -> str:
    event = _delivery(number).event
    assert event is not None
    return event.id
