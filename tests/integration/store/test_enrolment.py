"""From a code to events through a broker that knows each device, and out again."""

import shutil
import socket
import stat
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from contracts.delivery import Presence
from contracts.events import Source, draft_event
from contracts.operations import DeviceHealth
from contracts.topics import ack_topic, event_topic
from edge.adapters.outbox import Outbox
from edge.adapters.publisher import Publisher
from edge.config import BrokerSettings, ScanTerminalConfig, load_toml
from gateway.access import gateway_hash, reload_mosquitto, write_passwords
from gateway.config import load_config
from gateway.core.devices.passwords import matches
from gateway.main import open_event_store, run_gateway
from gateway.paths import event_store_path
from shopthread.cli import app
from tests.fakes.brokers import connect_packet
from tests.integration.store.test_mosquitto_rights import _make_certificates
from tests.servers import free_port, mosquitto_command, wait_for_port, wait_until

CAMERA, OTHER = Source("acme", "store-1", "cam-1"), Source("acme", "store-1", "cam-2")


class Store:
    """A gateway with an embedded broker that asks for credentials."""

    def __init__(self, folder: Path, *, with_tls: bool = False) -> None:
        self.folder, self.mqtt_port, self.http_port, self.with_tls = folder, free_port(), free_port(), with_tls
        (folder / "key").write_text("secret")
        self.config = folder / "gateway.toml"
        tls = (
            '[tls]\ncertificate_file = "broker.pem"\nkey_file = "broker.key"\nca_file = "ca.pem"\n' if with_tls else ""
        )
        self.config.write_text(
            f'[gateway]\ntenant = "acme"\nstore = "store-1"\ndata_dir = "data"\nhealth_interval_s = 0.2\n'
            f"[broker]\nport = {self.mqtt_port}\nembedded = true\nrequire_credentials = true\n"
            f"[http]\nport = {self.http_port}\n{tls if with_tls else ''}"
            f'[cloud]\nurl = "http://127.0.0.1:{free_port()}"\napi_key_file = "key"\n'
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=run_gateway, args=(load_config(self.config), stop))
        thread.start()
        try:
            wait_until(lambda: event_store_path(load_config(self.config)).exists() and self._listens(), what="it")
            yield
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    def _listens(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/nothing", timeout=30)
        except urllib.error.HTTPError:
            return True
        except OSError:
            return self.with_tls and not _is_free(self.http_port)
        return False

    def command(self, *words: str, succeeds: bool = True) -> str:
        result = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
        assert (result.exit_code == 0) == succeeds, result.output
        return result.stdout if succeeds else result.output

    def enrol(self, device: str, *more: str) -> str:
        code = self.command("gateway", "register", str(self.config), device).split()[0]
        trust = ["--ca-file", str(self.folder / "ca.pem")] if self.with_tls else ["--plain"]
        place = f"127.0.0.1:{self.http_port}"
        return self.command(
            "edge", "enrol", "--code", code.lower(), "--gateway", place, *trust, "--out", str(self.folder), *more
        )

    def sends(self, source: Source, count: int) -> bool:
        outbox = Outbox(self.folder / f"{source.device}.sqlite", source, lambda: "a1")
        made = outbox.counts().made
        health = DeviceHealth(uptime_s=0.0, software_version="x", queue_depth=0)
        outbox.append([draft_event(source, health, 1_772_442_000_000 + made + number) for number in range(count)])
        ca_file = self.folder / "store-ca.pem" if self.with_tls else None
        broker = BrokerSettings(
            port=self.mqtt_port,
            username=source.device,
            password_file=self.folder / f"{source.device}.password",
            ca_file=ca_file,
        )
        publisher = Publisher(outbox, source, broker, Presence(online=True, kind="camera", software_version="x"))
        publisher.start()
        try:
            return publisher.drain(15)
        finally:
            publisher.stop()
            outbox.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


SUCCESS, BAD_LOGIN, TOO_MANY = 0x00, 0x86, 0x9F


def _connects(store: Store, user: str, password: str, version: int = 5) -> int | None:
    """Return the broker's reason code for who signs in, None where it hangs up."""
    with socket.create_connection(("127.0.0.1", store.mqtt_port), 20) as connection:
        connection.sendall(connect_packet(f"acme-store-1-{user}", user, password, version))
        answer = connection.recv(100)
    return answer[3] if answer else None


def test_a_device_is_registered_enrolled_heard_and_revoked(tmp_path: Path):
    store = Store(tmp_path)
    kiosk = tmp_path / "kiosk.toml"
    kiosk.write_text(
        '[device]\ntenant = "?"\nstore = "?"\nid = "?"\ndata_dir = "d" # here\n[pseudonyms]\nkey_file = "k"\n'
    )
    with store.running():
        store.enrol("cam-1")
        store.enrol("kiosk-1", "--config", str(kiosk))
        settings = load_toml(kiosk, ScanTerminalConfig)
        assert (settings.device.id, settings.broker.port) == ("kiosk-1", store.mqtt_port)
        assert "password_file" in store.enrol("till-1", "--out", str(tmp_path))
        assert "# here" in kiosk.read_text()
        secret = tmp_path / "cam-1.password"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert store.sends(CAMERA, 100)
        assert _connects(store, "cam-1", secret.read_text().strip()) == SUCCESS
        assert _connects(store, "cam-1", "wrong") == BAD_LOGIN
        assert _connects(store, "cam-2", "") == BAD_LOGIN
        gone = threading.Event()
        watcher = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, client_id="acme-store-1-cam-1-x")
        watcher.username_pw_set("cam-1", secret.read_text().strip())
        watcher.on_disconnect = lambda *_: gone.set()
        watcher.connect("127.0.0.1", store.mqtt_port)
        watcher.loop_start()
        wait_until(watcher.is_connected, what="the connection")
        store.command("gateway", "revoke", str(store.config), "cam-1")
        assert gone.wait(20), "who is revoked is disconnected"
        watcher.disconnect()
        watcher.loop_stop()
        assert _connects(store, "cam-1", secret.read_text().strip()) == BAD_LOGIN
        assert "has no credentials" in store.command("gateway", "revoke", str(store.config), "cam-1", succeeds=False)
    events = open_event_store(load_config(store.config))
    assert {each.source: each.received for each in events.tallies()}[str(CAMERA)] == 100
    events.close()


def test_a_device_cannot_speak_for_another_or_hear_what_is_not_its_own(tmp_path: Path):
    store = Store(tmp_path)
    with store.running():
        store.enrol("cam-1")
        password = (tmp_path / "cam-1.password").read_text().strip()
        for act in (
            lambda client: client.publish(event_topic(OTHER, DeviceHealth), b"{}", qos=1),
            lambda client: client.publish(ack_topic(CAMERA), b"{}", qos=1),
            lambda client: client.subscribe("#"),
        ):
            gone = threading.Event()
            client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5, client_id="acme-store-1-cam-1")
            client.username_pw_set("cam-1", password)
            client.on_connect = lambda c, *_, act=act: act(c)
            client.on_disconnect = lambda *_, gone=gone: gone.set()
            client.connect("127.0.0.1", store.mqtt_port)
            client.loop_start()
            assert gone.wait(20)
            client.disconnect()
            client.loop_stop()
    events = open_event_store(load_config(store.config))
    assert events.dead_letter_count() == 0
    events.close()


def test_passwords_cannot_be_tried_without_end(tmp_path: Path):
    store = Store(tmp_path)
    with store.running():
        answers = [_connects(store, "cam-1", f"guess {number}") for number in range(6)]
        assert answers[-1] == TOO_MANY
        assert _connects(store, "cam-1", "x", version=4) is None, "MQTT 5 is needed"


def test_enrolment_and_events_travel_encrypted(tmp_path: Path):
    _make_certificates(tmp_path)
    store = Store(tmp_path, with_tls=True)
    with store.running():
        store.enrol("cam-1")
        assert store.sends(CAMERA, 10)
        place = f"127.0.0.1:{store.http_port}"
        words = ("edge", "enrol", "--code", "7K3M-XQ2T", "--gateway", place)
        assert "--ca-file" in store.command(*words, succeeds=False)
        assert "no gateway answers" in store.command(*words, "--plain", succeeds=False)
        trusted = store.command(*words, "--ca-file", str(tmp_path / "ca.pem"), succeeds=False)
        assert "403: no device is expected" in trusted


@pytest.mark.mosquitto
def test_mosquitto_knows_who_is_enrolled_and_who_is_revoked(tmp_path: Path):
    command, environment = mosquitto_command()
    port = free_port()
    (tmp_path / "mosquitto.conf").write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {tmp_path}/passwords\n"
        f"pid_file {tmp_path}/mosquitto.pid\nuser root\n"
    )
    write_passwords(tmp_path, {"cam-1": gateway_hash("first")})
    store = Store(tmp_path)
    store.mqtt_port = port
    process = subprocess.Popen(
        [command, "-c", str(tmp_path / "mosquitto.conf")], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_port(port, process)
        assert _connects(store, "cam-1", "first") == SUCCESS
        assert _connects(store, "cam-1", "second") != SUCCESS
        write_passwords(tmp_path, {"cam-1": gateway_hash("second"), "cam-2": gateway_hash("x")})
        assert reload_mosquitto(tmp_path)
        wait_until(lambda: _connects(store, "cam-1", "second") == SUCCESS, what="the new password")
        write_passwords(tmp_path, {"cam-1": None})
        assert reload_mosquitto(tmp_path)
        wait_until(lambda: _connects(store, "cam-1", "second") != SUCCESS, what="the revocation")
        assert _connects(store, "cam-2", "x") == SUCCESS
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.mosquitto
def test_our_form_of_passwords_is_mosquittos_own(tmp_path: Path):
    """The independent oracle: what mosquitto_passwd makes, we understand."""
    command, environment = mosquitto_command()
    tool = shutil.which("mosquitto_passwd") or str(Path(command).parents[1] / "bin" / "mosquitto_passwd")
    subprocess.run([tool, "-c", "-b", str(tmp_path / "p"), "cam-1", "secret"], check=True, env=environment)
    kept = (tmp_path / "p").read_text().strip().partition(":")[2]
    assert matches(b"secret", kept)
    assert not matches(b"Secret", kept)


def test_ports_and_certificates_that_cannot_be_used_are_told(tmp_path: Path):
    store = Store(tmp_path)
    with store.running():
        other = tmp_path / "other.toml"
        other.write_text(store.config.read_text().replace('data_dir = "data"', 'data_dir = "more"'))
        assert "choose a free broker.port" in store.command("gateway", "run", str(other), succeeds=False)
        other.write_text(other.read_text().replace(f"port = {store.mqtt_port}", f"port = {free_port()}"))
        assert "choose another http.port" in store.command("gateway", "run", str(other), succeeds=False)
    other.write_text(other.read_text() + '[tls]\ncertificate_file = "no.pem"\nkey_file = "no.key"\n')
    assert "tls: cannot use" in store.command("gateway", "run", str(other), succeeds=False)
