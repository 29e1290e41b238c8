"""A fleet of virtual devices against a plain client with the same bytes: both until the broker has them all."""

import threading
from contextlib import suppress
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.measure import Result, compare
from contracts.delivery import EPOCH_PROPERTY, EVENT_MEDIA_TYPE, OLDEST_PROPERTY, SEQUENCE_PROPERTY
from edge.config import BrokerSettings
from shopthread.fleet.clock import CLOCKS
from shopthread.fleet.fleet import Fleet, FleetSettings
from shopthread.fleet.production import make_everything
from shopthread.fleet.recording import record
from shopthread.fleet.request import SIMULATION_KEY, FleetRequest, stamped
from shopthread.fleet.tally import Trust
from simulators.adapters.playback import Pace
from simulators.adapters.scenario_files import load_scenario
from tests.servers import free_port, running_broker

_DEVICES, _STORE_S, _CONNECTIONS = 300, 120.0, 4
_EPOCH = "bench"


def publish(folder: Path) -> list[Result]:
    scenario = load_scenario("corner_shop")
    request = FleetRequest(
        scenario=scenario,
        tenant="bench",
        store="store",
        stores=None,
        devices=_DEVICES,
        seed=1,
        start_ms=1_772_442_000_000,
        duration_s=_STORE_S,
        pseudonym_key=SIMULATION_KEY,
    )
    _, recorded = record(request.plan(0))
    everything = stamped(request, recorded, lambda: _EPOCH)
    make_everything(everything)
    rows = [
        (row.sequence, row.topic, row.body)
        for outbox in everything.outboxes
        for row in outbox.rows(range(1, outbox.made + 1))
    ]

    def measure(kind: str) -> Result:
        port = free_port()
        settings = FleetSettings(
            broker=BrokerSettings(port=port),
            pace=Pace(start_ms=request.start_ms, speed=0),
            trust=Trust.BROKER,
            connections=_CONNECTIONS,
        )

        def ours() -> int:
            reached = Fleet(stamped(request, recorded, lambda: _EPOCH), settings, CLOCKS).run(lambda: False)
            assert reached.tally.acknowledged == len(rows)
            return len(rows)

        with running_broker(kind, folder, port):
            name = f"{_DEVICES} devices publish to {kind}, one process"
            return compare(name, "events/s", ours, "paho, same bytes", lambda: _plain(port, rows), pairs=3)

    results = [measure("embedded")]
    with suppress(pytest.skip.Exception):  # no Mosquitto on this machine
        results.append(measure("mosquitto"))
    return results


def _plain(port: int, rows: list[tuple[int, str, bytes]]) -> int:
    """Publish as anybody would: one client, its own thread, one call an event."""
    done, confirmed = threading.Event(), 0
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.max_queued_messages_set(0)

    def on_publish(*_: object) -> None:
        nonlocal confirmed
        confirmed += 1
        if confirmed == len(rows):
            done.set()

    client.on_publish = on_publish
    client.connect("127.0.0.1", port)
    client.loop_start()
    for sequence, topic, body in rows:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
        properties.ContentType = EVENT_MEDIA_TYPE
        properties.UserProperty = [
            (EPOCH_PROPERTY, _EPOCH),
            (SEQUENCE_PROPERTY, str(sequence)),
            (OLDEST_PROPERTY, "1"),
        ]
        client.publish(topic, body, qos=1, properties=properties)
    done.wait()
    client.disconnect()
    client.loop_stop()
    return len(rows)
