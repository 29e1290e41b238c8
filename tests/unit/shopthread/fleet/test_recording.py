"""Stamping changes a device's own marks and nothing else."""

from collections import Counter
from math import inf

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import Event, Source, decode_event
from contracts.ids import deterministic_id, time_ms_of
from contracts.payloads import CodeScanned, VisitSegment
from contracts.privacy import Payload
from shopthread.fleet.production import StampedProduction, make_everything
from shopthread.fleet.recording import RecordedDevice, StampedOutbox, own_ids, record, stamp
from tests.unit.shopthread.fleet.fleets import BUSY_S, START_MS, busy_shop, held, plan, said_in_the_busy_shop

TWIN = Source("other", "shop-77", "cam-9")


@pytest.fixture(name="recorded", scope="module")
def _recorded() -> dict[str, RecordedDevice]:
    _, devices = record(plan(BUSY_S, seed=5, scenario=busy_shop()))
    return devices


@pytest.fixture(name="original")
def _original() -> dict[str, list[Event[Payload]]]:
    """What the devices say when nobody records them."""
    return said_in_the_busy_shop()[1]


def _without_marks(event: Event[Payload]) -> dict[str, object]:
    said: dict[str, object] = msgspec.to_builtins(event)
    data = said["data"]
    assert isinstance(data, dict)
    for name in ("id", "source", "sequence"):
        said.pop(name)
    for name in ("segment_id", "scan_id", "queue_depth"):  # nothing waits in the outbox of a recorded device
        data.pop(name, None)
    return said


def test_a_stamped_event_says_what_the_recorded_one_says_under_another_name(
    recorded: dict[str, RecordedDevice], original: dict[str, list[Event[Payload]]]
):
    kinds = set()
    for name, device in recorded.items():
        stamped = [decode_event(stamp(each, TWIN, 7 + index)) for index, each in enumerate(device.templates)]
        assert [_without_marks(event) for event in stamped] == [_without_marks(event) for event in original[name]]
        assert {event.source for event in stamped} == {str(TWIN)}
        assert [event.sequence_number for event in stamped] == list(range(7, 7 + len(stamped)))
        for before, after in zip(original[name], stamped, strict=True):
            assert after.id == deterministic_id(time_ms_of(before.id), str(TWIN), before.id)
            assert own_ids(before).isdisjoint(own_ids(after))
            kinds.add(type(after.data))
    assert {VisitSegment, CodeScanned} <= kinds


def test_the_phases_of_a_segment_stay_together_and_devices_share_no_id(recorded: dict[str, RecordedDevice]):
    seen: Counter[str] = Counter()
    for source in (TWIN, Source("other", "shop-78", "cam-9")):
        events = [decode_event(stamp(each, source, 1)) for each in recorded["cam-1"].templates]
        segments = [event.data for event in events if isinstance(event.data, VisitSegment)]
        tracks = {(data.segment_id, data.track_id, data.opened_ms) for data in segments}
        assert len(tracks) == len({data.segment_id for data in segments}) < len(segments)
        seen.update({event.id for event in events} | {data.segment_id for data in segments})
    assert set(seen.values()) == {1}


@settings(max_examples=50)
@given(data=st.data())
def test_any_row_is_the_same_whenever_it_is_asked_for(data: st.DataObject, recorded: dict[str, RecordedDevice]):
    device = recorded["cam-1"]
    outbox, whole = (StampedOutbox(TWIN, device, "epoch-1") for _ in range(2))
    whole.advance(len(device.templates))
    made = data.draw(st.integers(1, len(device.templates)))
    outbox.advance(made)
    through = data.draw(st.integers(0, made + 5))
    assert outbox.acknowledge(held(through)) == (through > 0)
    assert not outbox.acknowledge(held(made, "epoch-0"))
    first = data.draw(st.integers(1, made + 3))
    rows = outbox.rows(range(first, first + 10))
    assert [row.sequence for row in rows] == list(range(max(first, min(through, made) + 1), min(first + 10, made + 1)))
    if rows:
        assert rows == whole.rows(range(rows[0].sequence, rows[-1].sequence + 1))


def test_every_copy_says_everything_in_the_order_of_store_time(recorded: dict[str, RecordedDevice]):
    copies = {
        name: [StampedOutbox(Source("other", f"shop-{number}", name), device, "epoch-1") for number in range(3)]
        for name, device in recorded.items()
    }
    production = StampedProduction(START_MS, [(recorded[name], copies[name]) for name in recorded])
    assert production.advance(START_MS) is None
    times = []
    for until_ms in (START_MS + 60_000, START_MS + 150_000):
        while production.advance(until_ms) is not None:
            times.append(production.now_ms)
        for name, device in recorded.items():
            due = sum(each.made_ms <= until_ms for each in device.templates)
            assert {outbox.made for outbox in copies[name]} == {due}
    assert times == sorted(set(times))
    make_everything(production)
    assert production.is_over
    assert production.advance(inf) is None
    total = sum((outbox.types() for outbox in production.outboxes), Counter[str]())
    assert production.types() == total
    assert total.total() == 3 * sum(len(device.templates) for device in recorded.values())


def test_an_end_in_between_makes_nothing_more(recorded: dict[str, RecordedDevice]):
    outbox = StampedOutbox(TWIN, recorded["cam-1"], "epoch-1")
    production = StampedProduction(START_MS, [(recorded["cam-1"], [outbox])])
    production.advance(inf)
    made = outbox.made
    assert production.end() == []
    assert production.is_over
    assert production.types().total() == outbox.made == made


def test_a_recording_can_be_stopped():
    steps: list[int] = []
    store, devices = record(plan(3600.0), steps.append, lambda: len(steps) > 50)
    assert store.is_over
    assert len(steps) == 52
    assert set(devices) == set(store.outboxes)
