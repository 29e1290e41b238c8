"""A gateway tells Home Assistant's broker of its store and takes everything back, on real brokers."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from gateway.adapters.credential_rows import CredentialRows
from gateway.config import load_config
from gateway.device_admin import devices_of, now_ms, register, revoke
from gateway.main import run_gateway
from shopthread.cli import app
from tests.servers import free_port, running_broker, wait_for_socket, wait_until

BROKERS = [pytest.param("embedded"), pytest.param("mosquitto", marks=pytest.mark.mosquitto)]
NODE, STATES = "shopthread_acme_store-1_gateway", "shopthread-home/acme/store-1/gateway"


class Store:
    def __init__(self, folder: Path, peer_port: int) -> None:
        (folder / "key").write_text("secret")
        (folder / "peer").write_text("any")
        self.port, self.config = free_port(), folder / "gateway.toml"
        self.table = (
            f'\n[home_assistant]\ninterval_s = 0.1\nbroker = {{ host = "127.0.0.1", port = {peer_port}, '
            'username = "u", password_file = "peer" }\n'
        )
        self.config.write_text(
            f'[gateway]\ntenant = "acme"\nstore = "store-1"\ndata_dir = "{folder}/data"\n'
            f"[broker]\nport = {self.port}\nembedded = true\n[occupancy]\nenabled = true\n"
            f'[cloud]\nurl = "http://127.0.0.1:1"\napi_key_file = "{folder}/key"\n'
            + self.table.replace('"peer"', f'"{folder}/peer"')
        )

    def enrol(self, device: str) -> None:
        code = register(load_config(self.config), device, "camera", 15.0)
        with devices_of(load_config(self.config)) as database:
            CredentialRows(database).redeem(code, "hash", now_ms())

    def revoke(self, device: str) -> None:
        revoke(load_config(self.config), device)

    @contextmanager
    def running(self) -> Iterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=run_gateway, args=(load_config(self.config), stop))
        thread.start()
        try:
            wait_for_socket(self.port)
            yield
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()


class Home:
    """What Home Assistant sees."""

    def __init__(self, port: int) -> None:
        self.held: dict[str, str] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.on_message = self._note
        self._client.on_connect = lambda client, *_: client.subscribe(
            [("homeassistant/#", 1), ("shopthread-home/#", 1)]
        )
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _note(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.payload:
            self.held[message.topic] = message.payload.decode()
        else:
            self.held.pop(message.topic, None)

    def publish(self, topic: str, body: str) -> None:
        self._client.publish(topic, body, qos=1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_message = None


@contextmanager
def _home(port: int) -> Iterator[Home]:
    home = Home(port)
    try:
        yield home
    finally:
        home.close()


@pytest.mark.parametrize("kind", BROKERS)
def test_a_store_is_told_followed_and_taken_back(kind: str, tmp_path: Path):
    port = free_port()
    store = Store(tmp_path, port)
    with running_broker(kind, tmp_path, port):
        with _home(port) as home, store.running():
            people = f"homeassistant/sensor/{NODE}/people/config"
            wait_until(lambda: people in home.held, what="discovery")
            assert home.held[f"{STATES}/availability"] == "online"
            wait_until(lambda: home.held.get(json.loads(home.held[people])["state_topic"]) == "0", what="a count")
            store.enrol("cam-9")
            light = f"homeassistant/binary_sensor/{NODE}/connectivity__cam-9/config"
            wait_until(lambda: light in home.held, what="the device")
            assert home.held[json.loads(home.held[light])["state_topic"]] == "OFF"
            store.enrol("cam-8")
            wait_until(lambda: light.replace("cam-9", "cam-8") in home.held, what="the other device")
            store.revoke("cam-9")
            wait_until(lambda: not any("cam-9" in topic for topic in home.held), what="the end of a device")
        store.revoke("cam-8")
        with _home(port) as home:
            wait_until(lambda: home.held.get(f"{STATES}/availability") == "offline", what="the gateway's absence")
            assert light.replace("cam-9", "cam-8") in home.held, "retained while the gateway is away"
            with store.running():
                wait_until(lambda: not any("cam-8" in topic for topic in home.held), what="the end of the other")
                assert people in home.held
        text = store.config.read_text()
        store.config.write_text(text.replace("[home_assistant]", "[home_assistant]\nenabled = false"))
        with _home(port) as home:
            wait_until(lambda: people in home.held, what="what is retained")
            with store.running():
                wait_until(lambda: not home.held, what="nothing left")


def test_the_store_s_own_broker_serves_home_assistant_and_frigate_where_no_other_is_named(tmp_path: Path):
    store = Store(tmp_path, 1)
    text = store.config.read_text()
    store.config.write_text(text[: text.index("broker = {")])
    store.config.write_text(store.config.read_text() + '[frigate.cameras]\ndoor = "frigate-door"\n')
    seen = {"id": "1", "camera": "door", "label": "person", "start_time": 1772442000, "frame_time": 1772442001}
    message = json.dumps({"type": "new", "after": seen})

    def told() -> bool:
        home.publish("frigate/events", message)
        result = CliRunner().invoke(app, ["gateway", "status", str(store.config), "--json"])
        received = {each["source"]: each["received"] for each in json.loads(result.stdout)["sources"]}
        return received.get("/acme/store-1/frigate-door") == 1

    with store.running(), _home(store.port) as home:
        wait_until(lambda: f"homeassistant/sensor/{NODE}/people/config" in home.held, what="discovery")
        wait_until(told, what="whom Frigate sees")
