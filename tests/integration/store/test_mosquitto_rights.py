"""The hardened Mosquitto configuration on a real broker: TLS, passwords, and rights per device."""

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from contracts.delivery import Presence
from contracts.events import Source, draft_event
from contracts.operations import DeviceHealth
from contracts.payloads import AppearanceSignature
from contracts.signature_keys import key_request_topic, key_topic
from contracts.topics import ack_topic, event_topic
from edge.adapters.outbox import Outbox
from edge.adapters.publisher import Publisher
from edge.config import BrokerSettings
from gateway.adapters.connection import Login
from gateway.adapters.consumer import Consumer
from gateway.adapters.event_store import EventStore
from gateway.config import BrokerSettings as GatewayBrokerSettings
from gateway.config import StoreSettings
from shopthread.cli import app
from tests.servers import free_port, mosquitto_command, wait_until

pytestmark = pytest.mark.mosquitto

CAMERA, OTHER = Source("acme", "store-1", "cam-1"), Source("acme", "store-1", "cam-2")
USERS = ("gateway", "cam-1", "cam-2")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    folder, port = tmp_path_factory.mktemp("mosquitto"), free_port()
    command, environment = mosquitto_command()
    (folder / "gateway.toml").write_text(
        '[gateway]\ntenant = "acme"\nstore = "store-1"\ndata_dir = "data"\n'
        '[cloud]\nurl = "http://127.0.0.1:1"\napi_key_file = "key"\n'
    )
    arguments = ["gateway", "mosquitto", str(folder / "gateway.toml"), "--out", str(folder)]
    made = CliRunner().invoke(app, [*arguments, "--host", "127.0.0.1", "--port", str(port)])
    assert made.exit_code == 0, made.output
    _make_certificates(folder)
    passwd = shutil.which("mosquitto_passwd") or str(Path(command).parents[1] / "bin" / "mosquitto_passwd")
    for index, user in enumerate(USERS):
        create = ["-c"] if index == 0 else []
        subprocess.run(
            [passwd, *create, "-b", str(folder / "passwords"), user, f"{user}-secret"], check=True, env=environment
        )
        (folder / f"{user}.password").write_text(f"{user}-secret\n")
    configuration = folder / "mosquitto.conf"
    configuration.write_text(configuration.read_text() + "user root\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([command, "-c", str(configuration)], env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: _answers(folder, port), what="Mosquitto")
            yield folder, port
        finally:
            process.terminate()
            process.wait(10)


def _answers(folder: Path, port: int) -> bool:
    """Tell whether the broker greets a client."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("gateway", "gateway-secret")
    client.tls_set(ca_certs=str(folder / "ca.pem"), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    try:
        client.connect("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    client.loop_start()
    wait_until(client.is_connected, what="the broker's greeting")
    client.disconnect()
    client.loop_stop()
    return True


def _make_certificates(folder: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not here: install it (apt-get install openssl) to test TLS")
    key, subject = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], ["-subj", "/CN=127.0.0.1"]
    files = ["-keyout", str(folder / "broker.key"), "-out", str(folder / "broker.pem")]
    address = ["-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", "-x509", "-nodes", "-days", "2", *key, *subject, *address, *files]
    subprocess.run(command, check=True, capture_output=True)
    shutil.copy(folder / "broker.pem", folder / "ca.pem")


@contextmanager
def _client(folder: Path, port: int, user: str) -> Iterator[tuple[mqtt.Client, list[str]]]:
    """Yield a connected client that has subscribed to everything it can, and the topics that it received."""
    received: list[str] = []
    ready = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set(user, f"{user}-secret")
    client.tls_set(ca_certs=str(folder / "ca.pem"), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.on_connect = lambda *_: (client.subscribe("#", qos=1), None)[1]
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _client, _userdata, message: received.append(message.topic)
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert ready.wait(5)
    try:
        yield client, received
    finally:
        client.disconnect()
        client.loop_stop()


def _publish(client: mqtt.Client, topic: str) -> None:
    client.publish(topic, b"{}", qos=1).wait_for_publish(5)


def test_only_the_gateway_reads_what_devices_write(broker: tuple[Path, int]):
    with (
        _client(*broker, "gateway") as (_, at_gateway),
        _client(*broker, "cam-2") as (_, at_other),
        _client(*broker, "cam-1") as (camera, at_camera),
    ):
        sent = [event_topic(CAMERA, AppearanceSignature), key_request_topic(CAMERA), event_topic(CAMERA, DeviceHealth)]
        for topic in sent:
            _publish(camera, topic)
        wait_until(lambda: len(at_gateway) == len(sent), what="the gateway's messages")
    assert at_gateway == sent
    assert at_other == []
    assert at_camera == []


def test_a_device_cannot_speak_for_another_or_for_the_gateway(broker: tuple[Path, int]):
    with _client(*broker, "gateway") as (_, at_gateway), _client(*broker, "cam-2") as (_, at_other):
        for forbidden in (event_topic(OTHER, DeviceHealth), ack_topic(OTHER)):
            # The broker may hang up on who tries; either way nobody may hear it.
            with _client(*broker, "cam-1") as (camera, _), suppress(RuntimeError):
                _publish(camera, forbidden)
        with _client(*broker, "cam-1") as (camera, _):
            _publish(camera, event_topic(CAMERA, DeviceHealth))
            wait_until(lambda: len(at_gateway) >= 1, what="the allowed message")
    assert at_gateway == [event_topic(CAMERA, DeviceHealth)]
    assert at_other == []


def test_what_the_gateway_asks_reaches_the_one_device(broker: tuple[Path, int]):
    with (
        _client(*broker, "cam-1") as (_, at_camera),
        _client(*broker, "cam-2") as (_, at_other),
        _client(*broker, "gateway") as (gateway, _),
    ):
        for topic in (ack_topic(CAMERA), key_topic(CAMERA)):
            _publish(gateway, topic)
        wait_until(lambda: at_camera == [ack_topic(CAMERA), key_topic(CAMERA)], what="the acknowledgement and the key")
    assert at_other == []


@pytest.mark.parametrize(("user", "password"), [(None, None), ("cam-1", "wrong"), ("stranger", "x")])
def test_strangers_are_refused(broker: tuple[Path, int], user: str | None, password: str | None):
    folder, port = broker
    answers: list[bool] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    if user is not None:
        client.username_pw_set(user, password)
    client.tls_set(ca_certs=str(folder / "ca.pem"), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.on_connect = lambda _client, _userdata, _flags, reason, _properties: answers.append(reason.is_failure)
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_until(lambda: bool(answers), what="the broker's answer")
    assert answers[0]
    client.disconnect()
    client.loop_stop()


def test_agents_and_gateway_deliver_over_tls(broker: tuple[Path, int], tmp_path: Path):
    folder, port = broker
    outbox = Outbox(tmp_path / "outbox.sqlite", CAMERA, lambda: "a1")
    health = DeviceHealth(uptime_s=0.0, software_version="x", queue_depth=0)
    outbox.append([draft_event(CAMERA, health, time_ms) for time_ms in range(1, 101)])
    settings = StoreSettings(tenant="acme", store="store-1", data_dir=tmp_path)
    store = EventStore(tmp_path / "gateway.sqlite", settings.source)
    at_gateway = GatewayBrokerSettings(port=port, ca_file=folder / "ca.pem", username="gateway")
    consumer = Consumer(store, settings, Login(at_gateway, "gateway-secret"), lambda: 5, lambda: None)
    at_device = BrokerSettings(
        port=port, ca_file=folder / "ca.pem", username="cam-1", password_file=folder / "cam-1.password"
    )
    presence = Presence(online=True, kind="camera", software_version="x")
    publisher = Publisher(outbox, CAMERA, at_device, presence)
    consumer.start()
    publisher.start()
    try:
        assert publisher.drain(20)
        assert store.queue_depth() == 100
    finally:
        publisher.stop()
        consumer.stop()
        store.close()
        outbox.close()
