"""A disk that fills: what goes first, what never goes, who is told, and that it recovers by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.events import Source, decode_event, draft_event, encode_event
from contracts.operations import EventsThinned
from contracts.payloads import FloorHeat, PosSale, VisitSegment
from contracts.privacy import UplinkPayload
from contracts.topics import event_topic
from gateway.adapters.event_rows import Held
from gateway.adapters.event_store import EventStore
from gateway.core.judging import Delivery, judge
from gateway.core.thinning import StorageRules
from gateway.errors import StorageFullError
from tests.unit.contracts.samples import SAMPLES, SOURCE

GATEWAY = Source(SOURCE.tenant, SOURCE.store, "gateway")
HEAT, SALE, SEGMENT = (
    next(sample for sample in SAMPLES if isinstance(sample, kind)) for kind in (FloorHeat, PosSale, VisitSegment)
)
MOST = 600 * 1024


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    opened = EventStore(tmp_path / "gateway.sqlite", GATEWAY, storage=StorageRules(max_bytes=MOST))
    yield opened
    opened.close()


def _deliveries(data: UplinkPayload, first: int, count: int) -> list[Delivery]:
    made = []
    for number in range(first, first + count):
        event = draft_event(SOURCE, data, number, number).numbered(SOURCE, number)
        properties = {"epoch": "a1", "sequence": str(number)}
        made.append(judge(event_topic(SOURCE, type(data)), encode_event(event), properties, 5))
    return made


def _types(store: EventStore) -> list[str]:
    return [decode_event(each.body).type for each in store.waiting(99_999)]


def _fill(store: EventStore, data: UplinkPayload, first: int) -> int:
    """Take events in until the disk is full; returns the next number."""
    for number in range(first, first + 20_000, 50):
        try:
            store.receive(_deliveries(data, number, 50))
        except StorageFullError:
            return number
    pytest.fail("the disk never filled")


def test_samples_go_first_then_what_was_seen_of_persons_never_a_sale(store: EventStore):
    store.receive(_deliveries(HEAT, 1, 200))
    store.receive(_deliveries(SALE, 201, 50))
    number, kinds = 251, set(_types(store))
    while HEAT.TYPE in _types(store):
        store.receive(_deliveries(SEGMENT, number, 50))
        number += 50
    assert kinds == {HEAT.TYPE, SALE.TYPE}
    assert {each.type for each in store.thinned()} == {HEAT.TYPE}
    for first in range(number, number + 1000, 50):
        store.receive(_deliveries(SEGMENT, first, 50))
    assert SEGMENT.TYPE in {each.type for each in store.thinned()}
    assert _types(store).count(SALE.TYPE) == 50
    assert store.used_bytes() <= MOST


def test_what_was_deleted_unsent_is_not_missing_and_counts_add_up(store: EventStore):
    for first in range(1, 3001, 50):
        (held,) = store.receive(_deliveries(HEAT, first, 50))
    assert held == Held(SOURCE, "a1", 3000)
    assert store.missing() == {}
    (tally,) = store.tallies()
    assert tally.thinned > 0
    assert tally.waiting == store.queue_depth() == len(store.waiting(99_999)) == 3000 - tally.thinned
    (thinned,) = store.thinned()
    assert (thinned.source, thinned.type, thinned.events) == (str(SOURCE), HEAT.TYPE, tally.thinned)
    assert (thinned.earliest_ms, thinned.latest_ms) == (1, tally.thinned)


def test_it_is_told_once_for_each_time_that_more_was_deleted(store: EventStore):
    store.tell_thinned(5)
    for first in range(1, 3001, 50):
        store.receive(_deliveries(HEAT, first, 50))
    store.tell_thinned(6)
    store.tell_thinned(7)
    told = [
        event.data for row in store.waiting(99_999) if isinstance((event := decode_event(row.body)).data, EventsThinned)
    ]
    (thinned,) = store.thinned()
    assert [(each.device, [part.events for part in each.thinned]) for each in told] == [("cam-1", [thinned.events])]


def test_what_the_cloud_has_goes_before_anything_that_waits(store: EventStore):
    store.receive(_deliveries(HEAT, 1, 500))
    store.mark_uploaded(store.waiting(999), {}, 10)
    for first in range(501, 1401, 50):
        store.receive(_deliveries(SEGMENT, first, 50))
        if store.thinned():
            break
    assert not _is_held_as_uploaded(store)
    assert {each.type for each in store.thinned()} <= {SEGMENT.TYPE, "org.shopthread.visit.revised.v1"}


def _is_held_as_uploaded(store: EventStore) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM event WHERE uploaded_ms IS NOT NULL)"
    return bool(store._database.connection.execute(query).fetchone()[0])


def test_where_only_sales_are_left_nothing_is_taken_in_until_the_cloud_has_some(store: EventStore):
    number = _fill(store, SALE, 1)
    waiting = store.queue_depth()
    with pytest.raises(StorageFullError, match=r"only what must not be lost is left.*storage.max_bytes"):
        store.receive(_deliveries(SALE, number, 50))
    assert (store.queue_depth(), store.thinned()) == (waiting, [])
    store.mark_uploaded(store.waiting(500), {}, 10)
    assert store.receive(_deliveries(SALE, number, 50)) == [Held(SOURCE, "a1", number + 49)]


def test_a_disk_that_is_full_loses_nothing_and_recovers(tmp_path: Path):
    store = EventStore(tmp_path / "gateway.sqlite", GATEWAY)
    store.receive(_deliveries(SALE, 1, 50))
    store._database.limit(store.used_bytes())
    number = _fill(store, SALE, 51)
    waiting = store.queue_depth()
    with pytest.raises(StorageFullError, match="database or disk is full"):
        store.receive(_deliveries(SALE, number, 50))
    assert store.queue_depth() == waiting
    store.mark_uploaded(store.waiting(waiting), {}, 10)  # There may be no room even to mark them.
    assert store.queue_depth() == 0
    store.prune(11)
    assert store.receive(_deliveries(SALE, number, 10)) == [Held(SOURCE, "a1", number + 9)]
    store.close()


def _state(store: EventStore) -> tuple[str, int]:
    told = store.storage()
    assert told is not None
    assert (told.max_bytes, told.used_bytes) == (MOST, store.used_bytes())
    assert told.disk_free_bytes
    return told.state, told.events_thinned


def test_how_full_it_is_is_told_until_there_is_room_again(store: EventStore, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.adapters.event_store._STEP_EVENTS", 20)
    assert _state(store) == ("roomy", 0)
    for number in range(1, 20_000, 50):
        store.receive(_deliveries(HEAT, number, 50))
        if store.thinned():
            break
    state, thinned = _state(store)
    assert (state, thinned) == ("thinning", store.thinned()[0].events)
    _fill(store, SALE, 20_001)
    assert _state(store)[0] == "full"
    while store.queue_depth():
        store.mark_uploaded(store.waiting(500), {}, 10)
    store.prune(11)
    assert _state(store)[0] == "full", "until something is taken in again"
    store.receive([])
    assert _state(store)[0] == "roomy"


def test_where_there_is_no_bound_nothing_is_told_of_it(tmp_path: Path):
    store = EventStore(tmp_path / "gateway.sqlite", GATEWAY)
    assert store.storage() is None
    store.close()


def test_an_event_that_nobody_can_read_any_more_is_kept_and_one_whose_data_are_is_timed_by_when_it_came(
    store: EventStore,
):
    store.receive(_deliveries(HEAT, 1, 20))
    db = store._database.connection
    db.execute("UPDATE event SET body = x'00' WHERE position <= 10")
    db.execute("UPDATE event SET body = ? WHERE position > 10", (b'{"type":"org.shopthread.floor.heat.v1"}',))
    for first in range(21, 3001, 50):
        store.receive(_deliveries(HEAT, first, 50))
    (thinned,) = store.thinned()
    assert (thinned.type, thinned.earliest_ms) == (HEAT.TYPE, 5)
    assert store.waiting(10)[-1].body == b"\0"


def test_a_search_that_was_interrupted_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.adapters.event_store._STEP_EVENTS", 10)
    monkeypatch.setattr("gateway.adapters.event_store._STEPS_AT_ONCE", 1)
    path = tmp_path / "gateway.sqlite"
    store = EventStore(path, GATEWAY)
    store.receive(_deliveries(SALE, 1, 450))
    store.receive(_deliveries(HEAT, 451, 30))
    used = store.used_bytes()
    store.close()
    gone = []
    for _ in range(8):
        store = EventStore(path, GATEWAY, storage=StorageRules(max_bytes=used, thin_above=0.5, thin_to=0.5))
        store.make_room()
        gone.append(sum(each.events for each in store.thinned()))
        store.close()
    assert gone == [0, 0, 10, 20, 30, 30, 30, 30], "200 sales are looked at each time, none of them twice"
    store = EventStore(path, GATEWAY)
    assert _types(store) == [SALE.TYPE] * 450
    store.close()


def test_where_there_is_no_room_to_mark_events_they_are_deleted(store: EventStore, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        message = "database or disk is full"
        raise StorageFullError(message)

    store.receive(_deliveries(SALE, 1, 5))
    monkeypatch.setattr(store._queue, "mark_uploaded", fail)
    store.mark_uploaded(store.waiting(3), {}, 10)
    (tally,) = store.tallies()
    assert (tally.uploaded, tally.waiting, len(store.waiting(9))) == (3, 2, 2)
    assert not _is_held_as_uploaded(store)
