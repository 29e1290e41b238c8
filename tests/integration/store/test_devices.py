"""Devices and gateway over a real broker: clocks, configuration, models."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.clock import clock_request_topic
from contracts.delivery import Presence, encode_message
from contracts.events import Source
from contracts.topics import presence_topic
from edge.adapters.device_link import Answer, Command, DeviceLink, Say
from edge.adapters.mqtt_client import make_client
from edge.config import BrokerSettings
from gateway.adapters.clock_rows import ClockRows
from gateway.adapters.connection import Login
from gateway.adapters.device_clocks import DeviceClocks
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.device_link import DeviceLink as GatewayLink
from gateway.adapters.device_link import StateWatch
from gateway.config import BrokerSettings as GatewayBrokerSettings
from gateway.device_operation import monotonic_us, wall_us
from tests.servers import free_port, running_broker, wait_until

GATEWAY, CAMERA = Source("acme", "store-1", "gateway"), Source("acme", "store-1", "cam-1")
BROKERS = [pytest.param("embedded"), pytest.param("mosquitto", marks=pytest.mark.mosquitto)]
AHEAD_US = 3_600_000_000


@contextmanager
def gateway(path: Path, port: int, *watches: StateWatch) -> Iterator[tuple[DeviceClocks, GatewayLink]]:
    database = DeviceDatabase(path)
    clocks = DeviceClocks(ClockRows(database), wall_us, monotonic_us, 1.0)
    link = GatewayLink(GATEWAY, Login(GatewayBrokerSettings(port=port), None), clocks, monotonic_us, watches)
    link.start()
    try:
        yield clocks, link
    finally:
        link.stop()
        database.close()


@contextmanager
def device(port: int, commands: dict[str, Command] | None = None, ahead_us: int = 0) -> Iterator[DeviceLink]:
    broker = BrokerSettings(port=port)
    link = DeviceLink(CAMERA, broker, lambda: wall_us() + ahead_us, lambda: 0.0, commands or {})
    publisher = make_client(broker, CAMERA)
    link.start()
    publisher.connect("127.0.0.1", port)
    publisher.loop_start()
    here = Presence(online=True, kind="camera", software_version="x")
    publisher.publish(presence_topic(CAMERA), encode_message(here), qos=1, retain=True)
    try:
        yield link
    finally:
        link.stop()
        publisher.disconnect()
        publisher.loop_stop()


@pytest.mark.parametrize("kind", BROKERS)
def test_the_offset_of_a_clock_that_is_an_hour_ahead_is_measured(kind: str, tmp_path: Path):
    port = free_port()
    with (
        running_broker(kind, tmp_path, port),
        device(port, ahead_us=AHEAD_US),
        gateway(tmp_path / "devices.sqlite", port) as (clocks, link),
    ):
        wait_until(lambda: len(clocks.told()) == 1, what="a measurement")
        (told,) = clocks.told()
        assert abs(told.offset_ms - AHEAD_US / 1000) <= told.error_ms + 0.1
        assert link.online == {"cam-1"}


def test_bad_messages_and_failing_commands_end_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    port, done = free_port(), threading.Event()

    def fail(_body: bytes, _say: Say) -> None:
        msg = "broken"
        raise RuntimeError(msg)

    def work(_body: bytes, say: Say) -> None:
        say(Answer("done", b"{}"))
        done.set()

    with (
        running_broker("embedded", tmp_path, port),
        device(port, {"fail": fail, "work": work}),
        gateway(tmp_path / "devices.sqlite", port) as (clocks, _),
    ):
        wait_until(lambda: len(clocks.told()) == 1, what="a measurement")
        client = make_client(BrokerSettings(port=port), CAMERA, "-test")
        client.connect("127.0.0.1", port)
        client.loop_start()
        root = clock_request_topic(CAMERA).rpartition("/")[0]
        for topic in (clock_request_topic(CAMERA), f"{root}/fail", f"{root}/work"):
            client.publish(topic, b"?", qos=1).wait_for_publish(5)
        for topic in (presence_topic(CAMERA), root.replace("/cmd", "/state/clock-answer"), f"{root[:-4]}/state/other"):
            client.publish(topic, b"?", qos=1).wait_for_publish(5)
        assert done.wait(20)
        before = clocks.told()[0].measured_ms
        wait_until(lambda: clocks.told()[0].measured_ms > before, what="another measurement")
        gone = Presence(online=False, kind="camera", software_version="x")
        client.publish(presence_topic(CAMERA), encode_message(gone), qos=1, retain=True).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()
    assert "the command fail failed" in caplog.text
