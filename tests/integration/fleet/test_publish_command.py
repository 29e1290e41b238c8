"""`shopthread simulate publish` as a user meets it."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner, Result

from contracts.delivery import decode_presence
from contracts.topics import Channel, store_filter
from shopthread.cli import app
from tests.fakes.brokers import SilentBroker
from tests.servers import free_port, running_broker, wait_until

SHORT = ("corner_shop", "--speed", "0", "--duration-s", "15")


def _publish(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["simulate", "publish", *arguments])


@pytest.fixture(name="broker", scope="module")
def _broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    with running_broker("embedded", tmp_path_factory.mktemp("broker"), port):
        yield f"mqtt://127.0.0.1:{port}"


def test_it_prints_a_table_and_writes_the_truth(broker: str, tmp_path: Path):
    done = _publish(*SHORT, "--broker", broker, "--no-acks", "--stores", "2", "--truth", str(tmp_path))
    assert done.exit_code == 0, done.output
    assert "2 stores, 8 devices" in done.output
    assert "acknowledged by the broker" in done.output
    for store in ("corner-shop-1", "corner-shop-2"):
        assert json.loads((tmp_path / store / "truth.json").read_bytes())["scenario"] == "corner_shop"
        assert (tmp_path / store / "members.jsonl").exists()


def test_the_report_is_json_where_asked_for(broker: str):
    done = _publish(*SHORT, "--broker", broker, "--no-acks", "--devices", "50", "--tenant", "acme", "--json")
    report = json.loads(done.stdout)
    assert (report["devices"], report["stores"], report["missing"]) == (50, 13, [])
    assert report["made"] == report["acknowledged"] == sum(report["events"].values())


def test_without_the_promised_gateway_the_exit_code_is_1_and_the_reason_is_told(broker: str):
    done = _publish(*SHORT, "--broker", broker, "--wait-acks", "--patience-s", "1")
    assert done.exit_code == 1
    assert "not acknowledged: demo/corner-shop" in done.output
    assert "no gateway of this store answers" in done.output


def test_a_broker_that_confirms_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shopthread.fleet.fleet._FAREWELL_S", 0.2)
    silent = SilentBroker()
    try:
        address = f"mqtt://127.0.0.1:{silent.port}"
        done = _publish(*SHORT, "--broker", address, "--no-acks", "--patience-s", "0.5", "--connections", "1")
    finally:
        silent.stop()
    assert done.exit_code == 1
    assert "the broker has confirmed nothing" in done.output


def test_what_answers_but_is_no_broker_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shopthread.fleet.connecting._FIRST_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"mqtt://127.0.0.1:{listener.getsockname()[1]}"
        done = _publish(*SHORT, "--broker", address, "--connections", "2")
    assert done.exit_code == 1
    assert "took 0 of 2 connections" in done.output


def test_a_broker_that_refuses_is_named_with_its_reason(tmp_path: Path):
    password = tmp_path / "password"
    password.write_text("wrong\n")

    def refuse(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            assert b"wrong" in connection.recv(1000)
            connection.sendall(b"\x20\x03\x00\x87\x00")  # CONNACK with reason code 0x87
            connection.recv(1000)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        broker = threading.Thread(target=refuse, args=(listener,))
        broker.start()
        sign_in = ("--username", "load", "--password-file", str(password))
        address = f"mqtt://127.0.0.1:{listener.getsockname()[1]}"
        done = _publish(*SHORT, "--broker", address, "--connections", "1", *sign_in)
        broker.join(60)
    assert done.exit_code == 1
    assert "refuses the connection: Not authorized" in done.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("corner_shop", "--broker", "mqtt://127.0.0.1:1"), "no broker answers at 127.0.0.1:1"),
        (("corner_shop", "--broker", "mqtt://203.0.113.1"), "--allow-remote"),
        (("no_such_shop",), "corner_shop"),
        (("corner_shop", "--start", "nine"), "--start"),
        (("corner_shop", "--store", "Not_A_Name"), "Not_A_Name"),
        (("corner_shop", "--key-file", "/no/such/key"), "cannot read /no/such/key"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(arguments: tuple[str, ...], says: str):
    done = _publish(*arguments)
    assert done.exit_code == 1
    assert done.output.startswith("error: ")
    assert says in done.output
    assert done.output.count("\n") == 1


def test_a_dry_run_needs_no_broker():
    done = _publish("corner_shop", "--dry-run", "--duration-s", "60", "--stores", "100")
    assert done.exit_code == 0
    assert "100 stores, 400 devices" in done.output
    assert "events/s at --speed 1" in done.output


@contextmanager
def _listening(broker: str, channel: Channel) -> Iterator[dict[str, bytes]]:
    """Yield the newest message on each topic of a channel, as they come."""
    heard: dict[str, bytes] = {}
    listener, subscribed = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5), threading.Event()

    def on_connect(*_: object) -> None:
        listener.subscribe(store_filter("demo", "corner-shop", channel))

    def on_message(_client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if not message.retain:
            heard[message.topic] = bytes(message.payload)

    listener.on_connect, listener.on_message = on_connect, on_message
    listener.on_subscribe = lambda *_: subscribed.set()
    listener.connect("127.0.0.1", int(broker.rpartition(":")[2]))
    listener.loop_start()
    try:
        assert subscribed.wait(10)
        yield heard
    finally:
        listener.disconnect()
        listener.loop_stop()


@contextmanager
def _running(broker: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "shopthread", "simulate", "publish", "corner_shop", "--broker", broker, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_ctrl_c_ends_properly_with_everything_acknowledged(broker: str):
    options = ("--speed", "20", "--start", "2026-03-02T09:00:00Z", "--no-acks", "--json")
    with _listening(broker, "event") as heard, _running(broker, *options) as process:
        wait_until(lambda: heard, what="the first event")
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    report = json.loads(printed)
    assert report["made"] == report["acknowledged"] > 0


def test_the_broker_tells_of_every_device_when_a_fleet_with_a_connection_each_dies(broker: str):
    with _listening(broker, "status") as heard, _running(broker, "--no-acks", "--connections", "4") as process:
        wait_until(lambda: _online(heard) == [True] * 4, what="four devices to come online")
        process.kill()
        wait_until(lambda: _online(heard) == [False] * 4, what="four last wills")


def _online(heard: dict[str, bytes]) -> list[bool]:
    return [decode_presence(payload).online for payload in heard.copy().values()]
