"""The hardened Mosquitto configuration on a real broker: TLS, passwords, and rights per device."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from typer.testing import CliRunner

from contracts.delivery import Presence
from contracts.events import Source, draft_event
from contracts.operations import DeviceHealth
from contracts.payloads import AppearanceSignature
from contracts.signature_keys import key_request_topic, key_topic
from contracts.topics import ack_topic, event_topic, store_filter
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
    _configure(folder, port)
    with _running(folder, port):
        yield folder, port


def _configure(folder: Path, port: int) -> None:
    """Write what `gateway mosquitto` writes, with certificates and passwords."""
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


@contextmanager
def _running(folder: Path, port: int) -> Iterator[None]:
    command, environment = mosquitto_command()
    with (folder / "log").open("ab") as log:
        arguments = [command, "-c", str(folder / "mosquitto.conf")]
        process = subprocess.Popen(arguments, env=environment, stdout=log, stderr=log)
        try:
            wait_until(lambda: _answers(folder, port), what="Mosquitto")
            yield
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
    assert ready.wait(60)
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


def _signed_in(folder: Path, user: str, client_id: str = "", **connect: object) -> tuple[mqtt.Client, list[str]]:
    """Return a client that will not have subscribed to anything, and the topics that it receives."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
    client.username_pw_set(user, f"{user}-secret")
    client.tls_set(ca_certs=str(folder / "ca.pem"), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    received: list[str] = []
    client.on_message = lambda _client, _userdata, message: received.append(message.topic)
    client.connect("127.0.0.1", connect.pop("port"), **connect)  # type: ignore[arg-type]
    client.loop_start()
    wait_until(client.is_connected, what="the broker's greeting")
    return client, received


def _leaves(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()


def test_nobody_gets_in_without_encryption_and_no_impostor_is_believed(broker: tuple[Path, int], tmp_path: Path):
    _, port = broker
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as plain:
        plain.sendall(bytes.fromhex("101000044d5154540502003c0000036162 63"))
        with suppress(ConnectionError):
            assert not plain.recv(4).startswith(b"\x20"), "an answer to a login in clear"
    _make_certificates(tmp_path)
    believing_another = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with (
        closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as opened,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        believing_another.wrap_socket(opened, server_hostname="127.0.0.1")


def test_a_message_beyond_all_measure_is_refused_and_harms_nobody(broker: tuple[Path, int]):
    folder, port = broker
    with _client(folder, port, "gateway") as (_, at_gateway):
        flooding, _ = _signed_in(folder, "cam-1", port=port)
        flooding.publish(event_topic(CAMERA, DeviceHealth), b"x" * 2_000_000, qos=1)
        wait_until(lambda: not flooding.is_connected(), what="the end of the connection")
        flooding.loop_stop()
        with _client(folder, port, "cam-2") as (other, _):
            _publish(other, event_topic(OTHER, DeviceHealth))
        wait_until(lambda: event_topic(OTHER, DeviceHealth) in at_gateway, what="the other's message")
    assert event_topic(CAMERA, DeviceHealth) not in at_gateway


SESSION = "acme-store-1-gateway"
MANY = 3000
"""Mosquitto drops what is beyond 1000 unless it is told otherwise."""


def _kept() -> Properties:
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    return properties


def _in_its_session(folder: Path, port: int) -> tuple[mqtt.Client, list[str]]:
    """Return the gateway in a session that the broker keeps."""
    return _signed_in(folder, "gateway", SESSION, port=port, clean_start=False, properties=_kept())


def _subscribed(folder: Path, port: int) -> None:
    """Let the gateway begin its session, and leave."""
    ready = threading.Event()
    client, _ = _in_its_session(folder, port)
    client.on_subscribe = lambda *_: ready.set()
    client.subscribe(store_filter("acme", "store-1", "event"), qos=1)
    assert ready.wait(20)
    _leaves(client)


def _sends(folder: Path, port: int, count: int = 1) -> None:
    camera, _ = _signed_in(folder, "cam-1", port=port)
    sent = [camera.publish(event_topic(CAMERA, DeviceHealth), b"{}", qos=1) for _ in range(count)]
    sent[-1].wait_for_publish(60)
    _leaves(camera)


def test_what_the_broker_accepted_waits_for_the_gateway_over_a_restart_of_the_broker(tmp_path: Path):
    port = free_port()
    _configure(tmp_path, port)
    with _running(tmp_path, port):
        _subscribed(tmp_path, port)
        _sends(tmp_path, port, MANY)
    with _running(tmp_path, port):
        gateway, at_gateway = _in_its_session(tmp_path, port)
        wait_until(lambda: len(at_gateway) == MANY, 60, what="all that the broker accepted")
        _leaves(gateway)


def test_who_takes_the_gateways_session_hears_nothing_of_it(tmp_path: Path):
    """Mosquitto lets a user choose any session's name; rights are those of the user at each delivery."""
    port = free_port()
    _configure(tmp_path, port)
    with _running(tmp_path, port):
        _subscribed(tmp_path, port)
        _sends(tmp_path, port)
        gateway, at_gateway = _in_its_session(tmp_path, port)
        wait_until(lambda: len(at_gateway) == 1, what="what waited, which shows that there is something to take")
        _leaves(gateway)
        _sends(tmp_path, port)
        thief, stolen = _signed_in(tmp_path, "cam-2", SESSION, port=port, clean_start=False, properties=_kept())
        _sends(tmp_path, port)
        _publish(thief, event_topic(OTHER, DeviceHealth))
        _leaves(thief)
    assert stolen == []
