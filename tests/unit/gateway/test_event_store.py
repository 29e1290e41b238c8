"""The event store: once each, visits with their segments, gaps, dead letters, counts that add up."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from contracts.delivery import Presence
from contracts.errors import EventRejectedError, RejectReason
from contracts.events import decode_event, draft_event, encode_event
from contracts.operations import DeviceHealth
from contracts.payloads import AppearanceSignature, Coverage, VisitRevised, VisitSegment
from contracts.topics import event_topic
from gateway.adapters.dead_letters import DeadLetters
from gateway.adapters.event_rows import Held, Refusal
from gateway.adapters.event_store import EventStore
from gateway.core.admission import IntakeRules
from gateway.core.judging import Delivery, judge
from gateway.core.stitching import StitchRules, Visits
from gateway.errors import EventStoreError
from tests.unit.contracts.samples import SAMPLES, SOURCE, sample_event

GATEWAY = SOURCE.__class__(SOURCE.tenant, SOURCE.store, "gateway")
SEGMENT = next(sample for sample in SAMPLES if isinstance(sample, VisitSegment))


@pytest.fixture
def store(tmp_path: Path):
    opened = EventStore(tmp_path / "deep" / "gateway.sqlite", GATEWAY)
    yield opened
    opened.close()


def _delivery(sequence: int, epoch: str = "a1", oldest: int = 1) -> Delivery:
    coverage = Coverage(interval_start_ms=0, interval_end_ms=1, observed_s=1.0, frames_processed=1, frames_dropped=0)
    event = draft_event(SOURCE, coverage, sequence, sequence).numbered(SOURCE, sequence)
    properties = {"epoch": epoch, "sequence": str(sequence), "oldest": str(oldest)}
    return judge(event_topic(SOURCE, Coverage), encode_event(event), properties, received_ms=5)


def test_repetitions_are_dropped_and_counted(store: EventStore):
    assert store.receive([_delivery(1), _delivery(2), _delivery(1)]) == [Held(SOURCE, "a1", 2)]
    assert store.receive([_delivery(2)]) == [Held(SOURCE, "a1", 2)]
    (tally,) = store.tallies()
    assert (tally.received, tally.duplicate, tally.waiting) == (2, 2, 2)
    assert len(store.waiting(10)) == 2


def test_a_gap_holds_the_acknowledgement_back_until_it_is_filled(store: EventStore):
    assert store.receive([_delivery(1), _delivery(4)]) == [Held(SOURCE, "a1", 1)]
    assert store.missing() == {str(SOURCE): 2}
    assert store.receive([_delivery(3), _delivery(2)]) == [Held(SOURCE, "a1", 4)]
    assert store.missing() == {}


def test_epochs_are_told_apart(store: EventStore):
    assert store.receive([_delivery(1), _delivery(2)]) == [Held(SOURCE, "a1", 2)]
    assert store.receive([_delivery(1, epoch="b2")]) == [Held(SOURCE, "b2", 1)]


def test_a_segment_brings_its_visit_once(store: EventStore):
    body = encode_event(sample_event(SEGMENT))
    delivery = judge(event_topic(SOURCE, VisitSegment), body, {"epoch": "a1", "sequence": "1"}, 5)
    store.receive([delivery])
    store.receive([delivery])
    events = [decode_event(each.body) for each in store.waiting(10)]
    assert [type(event.data) for event in events] == [VisitSegment, VisitRevised]
    assert (events[1].source, events[1].sequence_number) == (str(GATEWAY), 1)


def test_dead_letters_are_kept_once_and_acknowledged(store: EventStore):
    bad = judge(event_topic(SOURCE, Coverage), b"{", {"epoch": "a1", "sequence": "1"}, 5)
    assert store.receive([bad]) == [Held(SOURCE, "a1", 1)]
    store.receive([bad])
    (letter,) = store.dead_letters()
    assert (letter.reason, letter.body, letter.received_ms) == ("not_json", b"{", 5)


def test_a_dead_letter_that_is_acceptable_now_is_taken_in(store: EventStore):
    good = _delivery(1)
    refusal = EventRejectedError(RejectReason.UNKNOWN_TYPE, "older software did not know it")
    store.receive([Delivery(origin=good.origin, body=good.body, received_ms=5, refusal=refusal)])
    store.receive([judge("t", b"{", {}, 5)])
    assert store.replay_dead_letters(6) == (1, 1)
    assert [each.body for each in store.waiting(10)] == [good.body]
    assert [letter.body for letter in store.dead_letters()] == [b"{"]


def test_a_letter_of_an_impossible_time_is_taken_in_once_the_time_has_come(tmp_path: Path):
    rules = IntakeRules(not_before=date(1970, 1, 1))
    store = EventStore(tmp_path / "gateway.sqlite", GATEWAY, intake=rules)
    good = _delivery(100_000_000)
    refusal = EventRejectedError(RejectReason.IMPOSSIBLE_TIME, "too far in the future")
    store.receive([Delivery(origin=good.origin, body=good.body, received_ms=5, refusal=refusal)])
    assert store.replay_dead_letters(6) == (0, 1)
    assert store.replay_dead_letters(100_000_000) == (1, 0)
    store.close()


def test_nonsense_does_not_fill_the_disk_and_pushes_out_no_event(store: EventStore):
    store._letters = DeadLetters(store._database.connection, most=3)
    store.receive([_delivery(1)])
    store.bury_waiting(store.waiting(1)[0], "cloud_refused", "HTTP 422", 10)
    for number in range(9):
        store.receive([judge("t", b"{%d" % number, {}, 5)])
    assert [each.body for each in store.dead_letters()[1:]] == [b"{6", b"{7", b"{8"]
    assert store.dead_letters()[0].reason == "cloud_refused"


def test_of_a_message_that_is_too_large_the_beginning_is_kept(store: EventStore):
    store.receive([judge("t", b"{" * (300 * 1024), {}, 5)])
    assert [len(each.body) for each in store.dead_letters()] == [4096]


def test_what_the_cloud_answered_no_longer_waits(store: EventStore):
    store.receive([_delivery(1), _delivery(2), _delivery(3)])
    batch = store.waiting(2)
    store.mark_uploaded(batch, {batch[1].position: Refusal("unknown_type", "older cloud")}, 10)
    (tally,) = store.tallies()
    assert (tally.uploaded, tally.refused, tally.waiting) == (1, 1, 1)
    assert store.queue_depth() == 1


def test_pruning_spares_what_waits(store: EventStore):
    store.receive([_delivery(1), _delivery(2)])
    store.mark_uploaded(store.waiting(1), {}, 10)
    assert store.prune(10) == 0
    assert store.prune(11) == 1
    assert store.queue_depth() == 1


def test_an_event_that_the_cloud_cannot_take_moves_to_the_dead_letters(store: EventStore):
    store.receive([_delivery(1), _delivery(2)])
    poisoned = store.waiting(1)[0]
    store.bury_waiting(poisoned, "cloud_refused", "HTTP 422", 10)
    assert [letter.body for letter in store.dead_letters()] == [poisoned.body]
    assert store.queue_depth() == 1
    (tally,) = store.tallies()
    assert (tally.received, tally.refused, tally.waiting) == (2, 1, 1)


def test_the_gateways_own_events_are_numbered(store: EventStore):
    for time_ms in (1, 2, 2):
        health = DeviceHealth(uptime_s=1.0, software_version="x", queue_depth=0)
        store.append_own(draft_event(GATEWAY, health, time_ms), time_ms)
    assert [decode_event(each.body).sequence_number for each in store.waiting(9)] == [1, 2]


def test_presence(store: EventStore):
    store.keep_presence(SOURCE, Presence(online=True, kind="camera", software_version="1"), 5)
    store.keep_presence(SOURCE, Presence(online=False, kind="camera", software_version="1"), 6)
    (device,) = store.devices()
    assert (device.online, device.since_ms) == (False, 6)


def test_everything_is_there_after_a_restart(tmp_path: Path):
    first = EventStore(tmp_path / "gateway.sqlite", GATEWAY)
    first.receive([_delivery(1), _delivery(3)])
    first.close()
    second = EventStore(tmp_path / "gateway.sqlite", GATEWAY)
    assert second.receive([_delivery(2)]) == [Held(SOURCE, "a1", 3)]
    second.close()


def test_many_can_open_a_new_file_at_once(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: EventStore(tmp_path / "new.sqlite", GATEWAY), range(16)))
    assert [store.own_made() for store in stores] == [0] * 16
    for store in stores:
        store.close()


def test_a_file_that_cannot_be_opened_is_one_clear_error(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(EventStoreError, match="cannot open the event store"):
        EventStore(tmp_path / "file" / "gateway.sqlite", GATEWAY)


def test_a_locked_database_is_one_clear_error_and_keeps_nothing(store: EventStore, tmp_path: Path):
    store._database.connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(tmp_path / "deep" / "gateway.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(EventStoreError, match=r"cannot write the event store .* locked"):
        store.receive([_delivery(1)])
    other.execute("ROLLBACK")
    other.close()
    assert store.waiting(9) == []
    assert store.receive([_delivery(1)]) == [Held(SOURCE, "a1", 1)]


def test_the_largest_number_that_a_message_can_name_fits(store: EventStore):
    largest = 10**16 - 1
    properties = {"epoch": "a1", "sequence": str(largest), "oldest": str(largest)}
    body = encode_event(sample_event(SEGMENT))
    delivery = judge(event_topic(SOURCE, VisitSegment), body, properties, received_ms=5)
    assert store.receive([delivery]) == [Held(SOURCE, "a1", largest)]


def test_a_file_that_cannot_be_read_is_named(store: EventStore, tmp_path: Path):
    with sqlite3.connect(tmp_path / "deep" / "gateway.sqlite") as other:
        for table in ("dead_letter", "event", "tally"):
            other.execute(f"DROP TABLE {table}")
    for read in (store.queue_depth, store.dead_letter_count, store.dead_letters, lambda: store.waiting(1)):
        with pytest.raises(EventStoreError, match=r"cannot read the event store .*check the disk"):
            read()


@pytest.fixture
def stitching_store(tmp_path: Path):
    opened = EventStore(tmp_path / "deep" / "gateway.sqlite", GATEWAY, StitchRules(enabled=True))
    yield opened
    opened.close()


def _taken_in(store: EventStore, number: int, segment: VisitSegment, received_ms: int) -> None:
    event = draft_event(SOURCE, segment, segment.updated_ms, number).numbered(SOURCE, number)
    properties = {"epoch": "a1", "sequence": str(number)}
    store.receive([judge(event_topic(SOURCE, VisitSegment), encode_event(event), properties, received_ms)])


def _told(store: EventStore) -> list[tuple[str, int, str]]:
    events = [decode_event(each.body).data for each in store.waiting(99)]
    return [(each.visit_id, each.revision, each.status) for each in events if isinstance(each, VisitRevised)]


def test_visits_are_told_at_most_every_few_seconds_and_none_is_left_out(stitching_store: EventStore):
    _taken_in(stitching_store, 1, SEGMENT, 1000)
    _taken_in(stitching_store, 2, replace(SEGMENT, ordinal=8, stays=()), 2000)
    assert [revision for _, revision, _ in _told(stitching_store)] == [1]
    assert stitching_store.settle(10_999) is False
    assert stitching_store.settle(11_000) is True
    assert [(revision, status) for _, revision, status in _told(stitching_store)] == [(1, "closed"), (2, "withdrawn")]
    assert stitching_store.settle(30_000) is True
    assert len(_told(stitching_store)) == 2


def test_after_a_restart_visits_go_on_where_they_were(tmp_path: Path):
    first = EventStore(tmp_path / "gateway.sqlite", GATEWAY, StitchRules(enabled=True))
    _taken_in(first, 1, SEGMENT, 1000)
    _taken_in(first, 2, replace(SEGMENT, ordinal=8, closed_ms=10, updated_ms=10), 2000)
    first.close()  # It ends before the second revision could be told.
    again = EventStore(tmp_path / "gateway.sqlite", GATEWAY, StitchRules(enabled=True))
    again.settle(3000)
    again.settle(19_000)
    assert [revision for _, revision, _ in _told(again)] == [1, 2]
    again.close()


def test_what_could_not_be_written_is_told_later(stitching_store: EventStore, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        message = "database or disk is full"
        raise sqlite3.OperationalError(message)

    with monkeypatch.context() as patch:
        patch.setattr(stitching_store._log, "append_own", fail)
        with pytest.raises(EventStoreError, match="disk is full"):
            _taken_in(stitching_store, 1, SEGMENT, 1000)
    assert stitching_store.waiting(9) == []
    _taken_in(stitching_store, 1, SEGMENT, 1001)
    assert [revision for _, revision, _ in _told(stitching_store)] == [1]


def test_signatures_stay_in_memory(stitching_store: EventStore, tmp_path: Path):
    signature = AppearanceSignature(segment_id=SEGMENT.segment_id, key_id="today", signature=b"secret looks" * 5)
    stitching_store.take_signature(SOURCE, signature, 1)
    _taken_in(stitching_store, 1, SEGMENT, 1000)
    stitching_store.settle(19_000)
    for file in (tmp_path / "deep").iterdir():
        assert b"secret looks" not in file.read_bytes()


def test_signatures_outlive_a_failure_to_write_but_not_their_day(
    stitching_store: EventStore, monkeypatch: pytest.MonkeyPatch
):
    taken: list[str] = []
    monkeypatch.setattr(Visits, "take_signature", lambda _self, told, _t_ms: taken.append(told.segment_id))
    signature = AppearanceSignature(segment_id=SEGMENT.segment_id, key_id="today", signature=b"looks")
    stitching_store.take_signature(SOURCE, signature, 1)
    for forgets in (False, True):
        if forgets:
            stitching_store.forget_signatures()
        with monkeypatch.context() as patch:
            patch.setattr(
                stitching_store._streams, "advance", lambda _: (_ for _ in ()).throw(sqlite3.OperationalError("full"))
            )
            with pytest.raises(EventStoreError, match="full"):
                _taken_in(stitching_store, 1, SEGMENT, 1000)
    assert taken == [SEGMENT.segment_id] * 2


def test_visits_of_the_day_before_are_forgotten(stitching_store: EventStore):
    _taken_in(stitching_store, 1, SEGMENT, 1000)
    stitching_store.settle(90_000_000)
    _taken_in(stitching_store, 2, replace(SEGMENT, ordinal=8, updated_ms=10, closed_ms=10), 90_016_000)
    assert [revision for _, revision, _ in _told(stitching_store)] == [1, 1]


def test_who_comes_back_is_one_visit_even_after_a_restart_and_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    first = replace(SEGMENT, reentry_hint="p1")
    again = replace(
        first,
        segment_id=SEGMENT.segment_id[:-1] + ("0" if SEGMENT.segment_id[-1] != "0" else "1"),
        opened_ms=SEGMENT.updated_ms + 60_000,
        updated_ms=SEGMENT.updated_ms + 90_000,
    )
    path = tmp_path / "gateway.sqlite"
    store = EventStore(path, GATEWAY)
    _taken_in(store, 1, first, 1000)
    store.close()
    store = EventStore(path, GATEWAY)
    with monkeypatch.context() as patch:
        patch.setattr(store._log, "number", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("full")))
        with pytest.raises(EventStoreError, match="full"):
            _taken_in(store, 2, again, 2000)
    _taken_in(store, 2, again, 4_000_000)
    events = [decode_event(each.body).data for each in store.waiting(99)]
    visits = [each for each in events if isinstance(each, VisitRevised)]
    assert len({each.visit_id for each in visits}) == 1
    assert [each.segment_ids for each in visits] == [
        (first.segment_id,),
        (first.segment_id, again.segment_id),
    ]
    store.close()
