"""Whom the cloud has forgotten, the gateway's own file forgets too."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from contracts.erasure import ErasedIdentifier, Erasures, decode_erasures, erasure_digest, is_forgotten
from contracts.errors import ContractError
from contracts.events import Source, decode_event, draft_event, encode_event
from contracts.operations import DeviceHealth
from contracts.payloads import CodeScanned
from contracts.pseudonym import MemberPseudonym, pseudonymize
from gateway.adapters.erased_rows import ErasedRows
from gateway.adapters.event_store import EventStore
from gateway.adapters.forgetting import Forgetting
from gateway.adapters.uplink import UploadError
from gateway.core.erasing import Forgotten
from tests.servers import wait_until

GATEWAY = Source("acme", "store-1", "gateway")
ANNA, BERTA = (pseudonymize("phone", f"+1555010{number}", b"k" * 16) for number in range(2))
SECRET = "the tenant's"
_NUMBERS = itertools.count()


def erased(member: MemberPseudonym, from_ms: int = 0, until_ms: int = 50) -> ErasedIdentifier:
    digest = erasure_digest(SECRET, member.namespace, member.pseudonym)
    return ErasedIdentifier(digest=digest, from_ms=from_ms, until_ms=until_ms)


def answer(*items: ErasedIdentifier, next_after: int = 1, has_more: bool = False) -> Erasures:
    return Erasures(secret=SECRET, items=items, next_after=next_after, has_more=has_more)


def scan(member: MemberPseudonym | None, time_ms: int = 10) -> bytes:
    data = CodeScanned(scan_id="s1", code="c1", result="member", member=member)
    return encode_event(draft_event(GATEWAY, data, time_ms).numbered(GATEWAY, 1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[EventStore]:
    opened = EventStore(path, GATEWAY)
    yield opened
    opened.close()


@pytest.fixture
def rows(store: EventStore, path: Path) -> Iterator[ErasedRows]:  # noqa: ARG001 - makes the file
    opened = ErasedRows(path)
    yield opened
    opened.close()


def keep(store: EventStore, *members: MemberPseudonym | None, time_ms: int = 10) -> None:
    for member in members:
        data = CodeScanned(scan_id=f"s{next(_NUMBERS)}", code="c1", result="member", member=member)
        store.append_own(draft_event(GATEWAY, data, time_ms, data.scan_id), time_ms)


def bodies(store: EventStore) -> list[bytes]:
    return [each.body for each in store.waiting(100)]


def forget(rows: ErasedRows) -> int:
    total, more = 0, True
    while more:
        count, more = rows.forget()
        total += count
    return total


def test_an_event_loses_the_member_and_keeps_the_rest():
    forgotten = Forgotten(SECRET, [erased(ANNA)])
    cleared = forgotten.cleared(scan(ANNA))
    assert cleared is not None
    assert ANNA.pseudonym.encode() not in cleared
    assert decode_event(cleared).id == decode_event(scan(ANNA)).id
    assert forgotten.cleared(scan(BERTA)) is None
    assert forgotten.cleared(scan(None)) is None
    assert forgotten.cleared(scan(ANNA, 51)) is None, "what happened after the erasure is a new member's"
    health = DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0)
    assert forgotten.cleared(encode_event(draft_event(GATEWAY, health, 1).numbered(GATEWAY, 1))) is None
    assert forgotten.cleared(b"{") is None


def test_an_identifier_is_found_anywhere_in_a_text():
    forgotten = Forgotten(SECRET, [erased(ANNA)])
    assert forgotten.is_in(b"{broken " + ANNA.pseudonym.encode() + b'"', 10)
    assert not forgotten.is_in(b"x" + ANNA.pseudonym.encode(), 10), "it is part of a longer word"
    assert not forgotten.is_in(BERTA.pseudonym.encode(), 10)
    assert not forgotten.is_in(ANNA.pseudonym.encode(), 51)
    assert not forgotten.is_nobody
    assert Forgotten("", []).is_nobody


def test_a_time_is_forgotten_with_both_its_ends():
    spans = [erased(ANNA, 5, 9)]
    assert [is_forgotten(spans, at_ms) for at_ms in (4, 5, 9, 10)] == [False, True, True, False]
    assert is_forgotten([erased(ANNA, 0, 9)], -1)


def test_what_is_no_list_of_erasures_is_refused_without_being_repeated():
    assert decode_erasures(msgspec.json.encode(answer(erased(ANNA)))).items == (erased(ANNA),)
    with pytest.raises(ContractError, match=r"expected erasures, got \d+ bytes"):
        decode_erasures(b'{"secret": 1}')


def test_the_file_holds_nothing_of_whom_it_forgot(store: EventStore, rows: ErasedRows, path: Path):
    keep(store, *[ANNA] * 6, BERTA, None)
    store.bury_waiting(store.waiting(1)[0], "cloud_refused", "why", 10)
    assert forget(rows) == 0
    rows.take(answer(erased(ANNA)))
    assert (rows.cursor(), forget(rows), forget(rows)) == (1, 6, 0)
    data = [decode_event(body).data for body in bodies(store)]
    assert [each.member for each in data if isinstance(each, CodeScanned)] == [None] * 5 + [BERTA, None]
    assert store.dead_letters() == []
    held = b"".join(each.read_bytes() for each in path.parent.iterdir() if each.is_file())
    assert BERTA.pseudonym.encode() in held
    assert ANNA.pseudonym.encode() not in held


def test_what_comes_in_later_is_forgotten_too_and_the_same_answer_again_costs_nothing(
    store: EventStore, rows: ErasedRows
):
    rows.take(answer(erased(ANNA)))
    keep(store, ANNA)
    assert forget(rows) == 1
    rows.take(answer(erased(ANNA)))
    rows.take(answer())
    keep(store, ANNA)
    assert forget(rows) == 1
    keep(store, ANNA, time_ms=60)
    assert forget(rows) == 0
    rows.take(answer(erased(ANNA, until_ms=70), next_after=2))
    assert (forget(rows), rows.cursor()) == (1, 2)


def _forgetting(rows: ErasedRows, *answers: httpx.Response | Exception, asked: list[str]) -> Forgetting:
    waiting = iter(answers)

    def cloud(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["after"])
        found = next(waiting, answers[-1])
        if isinstance(found, Exception):
            raise found
        return found

    client = httpx.Client(base_url="http://cloud.test", transport=httpx.MockTransport(cloud))
    return Forgetting(rows, client, 0.01)


def _ok(erasures: Erasures) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(erasures))


def test_it_asks_page_after_page_from_where_it_stood(store: EventStore, rows: ErasedRows):
    keep(store, ANNA, BERTA)
    asked: list[str] = []
    pages = (_ok(answer(erased(ANNA), next_after=7, has_more=True)), _ok(answer(erased(BERTA), next_after=9)))
    assert _forgetting(rows, *pages, asked=asked).step() == 2
    assert (asked, rows.cursor()) == (["0", "7"], 9)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (httpx.ConnectError("down"), "no answer"),
        (httpx.Response(403, text="no"), "HTTP 403"),
        (httpx.Response(200, content=b"?"), "does not answer as the cloud does"),
    ],
)
def test_what_is_known_is_forgotten_though_the_cloud_cannot_be_asked(
    store: EventStore, rows: ErasedRows, found: httpx.Response | Exception, words: str
):
    rows.take(answer(erased(ANNA)))
    keep(store, ANNA)
    with pytest.raises(UploadError, match=words):
        _forgetting(rows, found, asked=[]).step()
    assert ANNA.pseudonym.encode() not in b"".join(bodies(store))


def test_the_thread_outlives_a_cloud_that_is_away(store: EventStore, rows: ErasedRows):
    keep(store, ANNA)
    asked: list[str] = []
    forgetting = _forgetting(rows, httpx.ConnectError("down"), _ok(answer(erased(ANNA))), asked=asked)
    forgetting.stop()
    forgetting = _forgetting(rows, httpx.ConnectError("down"), _ok(answer(erased(ANNA))), asked=asked)
    forgetting.start()
    wait_until(lambda: ANNA.pseudonym.encode() not in b"".join(bodies(store)), what="the member to be forgotten")
    assert forgetting.is_alive
    forgetting.stop()
