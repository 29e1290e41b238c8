"""People in the store as the event store tells: after restarts, by other processes, and seldom enough."""

from collections.abc import Iterator
from datetime import UTC, time
from pathlib import Path

import pytest

from contracts.events import Source, decode_event, draft_event, encode_event
from contracts.fields import Direction, TripwireKind
from contracts.payloads import Correction, FootfallCrossing, StoreOccupancy
from contracts.privacy import UplinkPayload
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.adapters.store_count import StoreCount
from gateway.core.judging import Delivery, judge
from gateway.core.occupancy import Hours, OccupancyRules
from gateway.errors import EventStoreError

GATEWAY, DOOR, BACK = (Source("acme", "north", name) for name in ("gateway", "door", "back"))
NOON_MS = 1_772_442_000_000
RULES = OccupancyRules(enabled=True)


def opened(path: Path) -> EventStore:
    return EventStore(path, GATEWAY, occupancy=StoreCount(GATEWAY, RULES, Hours(time(21, 30), UTC)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    found = opened(tmp_path / "gateway.sqlite")
    yield found
    found.close()


def delivery(source: Source, sequence: int, t_ms: int, data: UplinkPayload, received_ms: int) -> Delivery:
    event = draft_event(source, data, t_ms, sequence).numbered(source, sequence)
    properties = {"epoch": "a1", "sequence": str(sequence), "oldest": "1"}
    return judge(event_topic(source, type(data)), encode_event(event), properties, received_ms)


def passed(
    sequence: int,
    direction: Direction = "in",
    *,
    source: Source = DOOR,
    kind: TripwireKind = "entrance",
    received_ms: int = NOON_MS,
) -> Delivery:
    data = FootfallCrossing(
        tripwire_id="door",
        tripwire_kind=kind,
        direction=direction,
        track_id=f"t{sequence}",
        confidence=0.9,
        rule_version="crossing-2",
    )
    return delivery(source, sequence, NOON_MS + sequence * 1000, data, received_ms)


def told(store: EventStore) -> list[StoreOccupancy]:
    events = [decode_event(row.body) for row in store.waiting(1000)]
    assert [e.sequence_number for e in events if e.origin == GATEWAY] == list(range(1, store.own_made() + 1))
    return [event.data for event in events if isinstance(event.data, StoreOccupancy)]


def test_every_door_counts_and_other_lines_do_not(store: EventStore) -> None:
    store.receive([passed(1), passed(2, source=BACK), passed(3, kind="passby"), passed(4, "out", source=BACK)])
    (now,) = told(store)
    assert (now.people, now.went_in, now.went_out) == (1, 2, 1)


def test_changes_are_told_at_most_every_ten_seconds(store: EventStore) -> None:
    for index in range(30):
        store.receive([passed(index + 1, received_ms=NOON_MS + index * 1000)])
    assert [each.people for each in told(store)] == [1, 11, 21]
    assert store.settle(NOON_MS + 31_000)
    assert not store.settle(NOON_MS + 32_000)
    assert [each.people for each in told(store)] == [1, 11, 21, 30]


def test_a_restart_goes_on_where_it_was_and_tells_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    first = opened(path)
    first.receive([passed(1), passed(2)])
    first.close()
    again = opened(path)
    again.settle(NOON_MS + 20_000)
    again.receive([passed(2, received_ms=NOON_MS + 40_000), passed(3, received_ms=NOON_MS + 40_000)])
    assert [each.people for each in told(again)] == [2, 3]
    again.close()


def test_what_was_not_committed_is_not_counted(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise EventStoreError

    with monkeypatch.context() as patch:
        patch.setattr(store._streams, "advance", fail)
        with pytest.raises(EventStoreError):
            store.receive([passed(1), passed(2)])
    store.receive([passed(3)])
    assert [each.people for each in told(store)] == [1]


def test_a_crossing_taken_back_does_not_count(store: EventStore) -> None:
    wrong = passed(1)
    assert wrong.event is not None
    correction = Correction(corrects=(wrong.event.id,), reason="did_not_occur")
    store.receive([wrong, passed(2), delivery(DOOR, 3, NOON_MS, correction, NOON_MS)])
    assert [each.people for each in told(store)] == [1]


def test_a_reset_by_another_process_is_taken_up(tmp_path: Path) -> None:
    path = tmp_path / "gateway.sqlite"
    running = opened(path)
    running.receive([passed(1), passed(2)])
    operator = opened(path)
    reset = operator.reset_occupancy(NOON_MS + 5000, "evacuated")
    operator.close()
    assert reset is not None
    assert (reset.reset_from, reset.reset_note) == (2, "evacuated")
    running.receive([passed(30, received_ms=NOON_MS + 31_000)])
    assert [(each.people, each.reset_reason) for each in told(running)] == [(2, None), (0, "manual"), (1, None)]
    running.close()


def test_nobody_is_counted_unless_asked_for(tmp_path: Path) -> None:
    plain = EventStore(tmp_path / "gateway.sqlite", GATEWAY)
    plain.receive([passed(1)])
    assert told(plain) == []
    assert plain.reset_occupancy(NOON_MS, "why") is None
    plain.close()


def test_the_day_closes_though_nobody_comes_any_more(store: EventStore) -> None:
    store.receive([passed(1)])
    assert store.settle(NOON_MS + 24 * 3_600_000)
    assert [each.reset_from for each in told(store)] == [None, 1]
    assert store.settle(NOON_MS + 30 * 24 * 3_600_000)
    assert len(told(store)) == 2
