"""A gateway's intake over a broker: judged, committed, acknowledged to each device; against less than that."""

import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.measure import Result
from benchmarks.mqtt_feed import Load, device_events, feeding
from contracts.delivery import decode_acknowledgement
from contracts.events import Source, encode_event
from contracts.topics import parse_topic, store_filter
from gateway.adapters.connection import Login
from gateway.adapters.consumer import Consumer
from gateway.adapters.event_store import EventStore
from gateway.config import BrokerSettings, StoreSettings
from tests.servers import free_port, mosquitto_command, running_broker

_EVENTS, _DEVICES, _COMMIT, _RUNS = 30_000, 40, 1000, 3
_PATIENCE_S = 60.0
_POLL_S = 0.001


def intake(folder: Path) -> list[Result]:
    starts = count(0, _EVENTS)
    settings = StoreSettings(tenant="bench", store="store", data_dir=folder)
    store = EventStore(folder / "gateway.sqlite", settings.source)
    raw = _raw_file(folder)
    port = free_port()
    kind = _broker()
    with running_broker(kind, folder, port):
        rates = [
            (*_ours(port, settings, store, next(starts)), _plain(port, next(starts)), _commits(raw, next(starts)))
            for _ in range(_RUNS + 1)
        ]
    store.close()
    raw.close()
    ours, processor, plain, commits = (list(column) for column in zip(*rates[1:], strict=True))
    name = f"gateway over {kind}, {_DEVICES} devices: judged, committed, acknowledged"
    return [
        _result(name, ours, "paho alone, nothing kept", plain),
        _result(f"{name}; per second of its processor time", processor, "raw SQLite commits", commits),
    ]


def _broker() -> str:
    """Return the kind of broker: shops run Mosquitto."""
    try:
        mosquitto_command()
    except pytest.skip.Exception:  # it is not on this machine
        return "embedded"
    return "mosquitto"


def _result(name: str, ours: list[float], reference_name: str, reference: list[float]) -> Result:
    return Result(
        name=name,
        value=statistics.median(ours),
        unit="events/s",
        reference_name=reference_name,
        reference=statistics.median(reference),
        ratio=statistics.median(one / other for one, other in zip(ours, reference, strict=True)),
    )


def _ours(port: int, settings: StoreSettings, store: EventStore, first: int) -> tuple[float, float]:
    """Return events a second until every device has its acknowledgement, and a second of processor time."""
    load = _load(settings.tenant, first)
    consumer = Consumer(store, settings, Login(BrokerSettings(port=port), None), _clock_ms, lambda: None)
    consumer.start()
    with _acknowledged(port, load) as through, feeding(port, load) as begin:
        started_s, processor_s = time.perf_counter(), time.process_time()
        begin.set()
        _wait(lambda: list(through.values()) == [_EVENTS // _DEVICES] * _DEVICES)
        passed_s, used_s = time.perf_counter() - started_s, time.process_time() - processor_s
    consumer.stop()
    return _EVENTS / passed_s, _EVENTS / used_s


def _load(tenant: str, first: int) -> Load:
    return Load(store=Source(tenant, "store", "gateway"), first=first, events=_EVENTS, devices=_DEVICES)


@contextmanager
def _acknowledged(port: int, load: Load) -> Iterator[dict[str, int]]:
    """Follow how far each device of a load is acknowledged."""
    through: dict[str, int] = {}

    def note(client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        client.ack(message.mid, message.qos)
        told = decode_acknowledgement(bytes(message.payload))
        if told.epoch == load.epoch:
            through[parse_topic(message.topic).source.device] = told.through

    with _subscribed(port, store_filter(load.store.tenant, load.store.store, "cmd"), note):
        yield through


@contextmanager
def _subscribed(port: int, topics: str, take: mqtt.CallbackOnMessage) -> Iterator[mqtt.Client]:
    """Run a plain client that is subscribed."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, manual_ack=True)
    there = threading.Event()
    client.on_message = take
    client.on_connect = lambda client, *_: client.subscribe(topics, qos=1) and None
    client.on_subscribe = lambda *_: there.set()
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.ReceiveMaximum = 4000
    client.connect("127.0.0.1", port, properties=properties)
    client.loop_start()
    there.wait()
    yield client
    client.disconnect()
    client.loop_stop()


def _plain(port: int, first: int) -> float:
    """Return events a second of a client that acknowledges to the broker and keeps nothing."""
    load, came = _load("plain", first), 0

    def take(client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        nonlocal came
        client.ack(message.mid, message.qos)
        came += 1

    with _subscribed(port, store_filter("plain", "store", "event"), take), feeding(port, load) as begin:
        started_s = time.perf_counter()
        begin.set()
        _wait(lambda: came == _EVENTS)
        return _EVENTS / (time.perf_counter() - started_s)


def _raw_file(folder: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(folder / "raw.sqlite", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE event (position INTEGER PRIMARY KEY, event_id TEXT UNIQUE, body BLOB)")
    return raw


def _commits(raw: sqlite3.Connection, first: int) -> float:
    """Return rows a second of nothing but SQLite: as many events, in groups."""
    rows = [(event.id, encode_event(event)) for event in device_events(_load("bench", first))]
    started_s = time.perf_counter()
    for start in range(0, len(rows), _COMMIT):
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("INSERT INTO event (event_id, body) VALUES (?, ?)", rows[start : start + _COMMIT])
        raw.execute("COMMIT")
    return len(rows) / (time.perf_counter() - started_s)


def _wait(is_done: Callable[[], bool]) -> None:
    until_s = time.monotonic() + _PATIENCE_S
    while not is_done():
        if time.monotonic() > until_s:
            msg = f"not all of {_EVENTS} events arrived within {_PATIENCE_S:.0f} s"
            raise TimeoutError(msg)
        time.sleep(_POLL_S)


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
