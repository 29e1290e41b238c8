"""From options to stores and devices."""

from collections import Counter
from math import inf
from pathlib import Path

import pytest

from contracts.errors import TopicError
from shopthread.fleet.errors import FleetError
from shopthread.fleet.request import (
    SIMULATION_KEY,
    duration_of,
    make_network,
    parse_broker,
    prepare,
    read_key,
    start_of,
)
from simulators.core.scenario import Messages, device_ids
from tests.unit.shopthread.fleet.fleets import START_MS, corner_shop, request

PER_STORE = len(device_ids(corner_shop()))


def _epoch() -> str:
    return "epoch-1"


def test_stores_are_numbered_where_there_are_several_and_each_is_drawn_from_its_own_seed():
    assert request().store_names == ["shop"]
    three = request(stores=3)
    assert three.store_names == ["shop-1", "shop-2", "shop-3"]
    assert [three.plan(index).seed for index in range(3)] == [1, 2, 3]
    prepared = prepare(three, _epoch)
    assert len(prepared.stores) == 3
    assert len({str(outbox.source) for outbox in prepared.production.outboxes}) == 3 * PER_STORE


@pytest.mark.parametrize(("devices", "stores", "expected_stores"), [(1, None, 1), (9, None, 3), (9, 2, 2), (2, 5, 5)])
def test_devices_are_spread_over_stores_in_the_proportions_of_one(
    devices: int, stores: int | None, expected_stores: int
):
    asked = request(devices=devices, stores=stores, duration_s=5.0)
    assert asked.store_count == expected_stores
    outboxes = prepare(asked, _epoch).production.outboxes
    assert len({str(outbox.source) for outbox in outboxes}) == len(outboxes) == devices
    kinds = Counter(outbox.presence.kind for outbox in outboxes)
    assert kinds["camera"] >= devices // PER_STORE
    sizes = Counter(outbox.source.store for outbox in outboxes)
    assert max(sizes.values()) - min(sizes.values()) <= PER_STORE


def test_devices_get_numbers_where_a_store_has_more_than_the_recorded_one():
    names = {o.source.device for o in prepare(request(devices=PER_STORE, duration_s=5.0), _epoch).production.outboxes}
    assert names == set(device_ids(corner_shop()))
    crowd = request(devices=PER_STORE + 1, stores=1, duration_s=5.0)
    names = {outbox.source.device for outbox in prepare(crowd, _epoch).production.outboxes}
    assert {"cam-1-1", "cam-1-2", "till-1-1"} <= names


def test_a_recording_needs_an_end_and_a_simulation_does_not():
    with pytest.raises(FleetError, match="duration-s"):
        prepare(request(devices=4, duration_s=None), _epoch)
    production = prepare(request(duration_s=None), _epoch).production
    assert production.advance(START_MS + 100) is None
    assert production.advance(inf) is not None
    assert len(production.end()) == PER_STORE
    assert production.advance(inf) is None


@pytest.mark.parametrize("bad", [{"tenant": "Acme"}, {"store": "a/b"}])
def test_names_that_topics_cannot_carry_are_refused(bad: dict[str, str]):
    with pytest.raises(TopicError, match=next(iter(bad.values()))):
        prepare(request(**bad), _epoch)


def test_each_store_has_a_network_of_its_own_where_the_scenario_has_faults():
    assert not make_network(request())._ways
    faulty = request(scenario=corner_shop(messages=Messages(late=0.5)), stores=2)
    assert set(make_network(faulty)._ways) == {("acme", "shop-1"), ("acme", "shop-2")}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("mqtt://127.0.0.1:1884", ("127.0.0.1", 1884)),
        ("mqtt://localhost", ("localhost", 1883)),
        ("mqtt://[::1]:1", ("::1", 1)),
        ("mqtt://127.0.0.1/", ("127.0.0.1", 1883)),
    ],
)
def test_a_broker_on_this_machine_is_taken(address: str, expected: tuple[str, int]):
    assert parse_broker(address, allow_remote=False) == expected


@pytest.mark.parametrize("address", ["", "127.0.0.1", "http://127.0.0.1", "mqtt://", "mqtt://h:99999", "mqtt://[::1"])
def test_what_is_no_address_of_a_broker_is_refused(address: str):
    with pytest.raises(FleetError, match=r"mqtt://HOST"):
        parse_broker(address, allow_remote=True)


@pytest.mark.parametrize("address", ["mqtt://127.0.0.1/topic", "mqtt://user:secret@127.0.0.1"])
def test_an_address_carries_no_topic_and_no_password(address: str):
    with pytest.raises(FleetError):
        parse_broker(address, allow_remote=True)


def test_another_machine_has_to_be_allowed():
    with pytest.raises(FleetError, match="--allow-remote"):
        parse_broker("mqtt://broker.example", allow_remote=False)
    assert parse_broker("mqtt://broker.example", allow_remote=True) == ("broker.example", 1883)


@pytest.mark.parametrize(("speed", "before_s"), [(0.0, 100), (1.0, 0), (0.5, 0), (2.0, 50), (10.0, 90)])
def test_without_a_start_the_run_ends_at_the_present(speed: float, before_s: int):
    assert start_of(None, 100.0, speed, START_MS) == START_MS - 1000 * before_s
    assert start_of(None, None, speed, START_MS) == START_MS


@pytest.mark.parametrize(
    ("asked_s", "start", "speed", "devices", "expected_s"),
    [
        (None, None, 1.0, None, None),
        (None, "2026-03-02T09:00:00Z", 10.0, None, None),
        (None, None, 10.0, None, 600.0),
        (None, None, 0.0, None, 600.0),
        (None, None, 1.0, 100, 600.0),
        (7.0, None, 0.0, 100, 7.0),
        (7.0, None, 1.0, None, 7.0),
    ],
)
def test_a_run_has_no_end_where_it_can_go_on_in_the_present(
    asked_s: float | None, start: str | None, speed: float, devices: int | None, expected_s: float | None
):
    assert duration_of(asked_s, start, speed, devices) == expected_s


def test_a_start_is_an_instant_with_an_offset():
    assert start_of("2026-03-02T09:00:00Z", 1.0, 0.0, 0) == START_MS
    with pytest.raises(FleetError, match="--start"):
        start_of("nine", 1.0, 0.0, 0)


def test_the_pseudonym_key_comes_from_a_file_or_is_well_known(tmp_path: Path):
    assert read_key(None) == SIMULATION_KEY
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32 + b"\n")
    assert read_key(key) == b"k" * 32
    key.write_bytes(b"short")
    with pytest.raises(FleetError, match="5 bytes"):
        read_key(key)
    with pytest.raises(FleetError, match="cannot read"):
        read_key(tmp_path / "none")
