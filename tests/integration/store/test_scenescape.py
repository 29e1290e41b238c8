"""A gateway takes SceneScape's messages from its own broker, beside Frigate's."""

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from contracts.events import decode_event
from contracts.payloads import FootfallCrossing, VisitSegment
from contracts.privacy import Payload
from gateway.config import load_config
from gateway.main import open_event_store, run_gateway
from tests.servers import free_port, wait_for_socket, wait_until

TABLES = """
[frigate]
cameras = { door = "frigate-door" }
[scenescape]
scenes = { main = { device = "scene-floor" } }
regions = { till = { id = "queue-1", kind = "queue" } }
tripwires = { entry = { id = "door", kind = "entrance" } }
"""


def _config(folder: Path, port: int) -> Path:
    (folder / "key").write_text("secret")
    path = folder / "gateway.toml"
    path.write_text(
        f'[gateway]\ntenant = "acme"\nstore = "store-1"\ndata_dir = "{folder}/data"\n'
        f'[broker]\nport = {port}\nembedded = true\n[cloud]\nurl = "http://127.0.0.1:1"\napi_key_file = "key"\n{TABLES}'
    )
    return path


def _messages() -> list[tuple[str, bytes]]:
    now_s = time.time()
    person = {"id": "p-1", "category": "person", "translation": [1.5, 2.5, 0.0]}

    def message(ahead_s: float, **fields: object) -> bytes:
        at = datetime.fromtimestamp(now_s + ahead_s, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"timestamp": at, **fields}).encode()

    frigate = {"id": "1-a", "camera": "door", "label": "person", "start_time": now_s, "frame_time": now_s}
    return [
        ("scenescape/regulated/scene/main", message(0, objects=[person])),
        ("scenescape/event/tripwire/main/entry/objects", message(1, objects=[{**person, "direction": 1}])),
        ("scenescape/event/region/main/till/objects", message(2, entered=[person], exited=[])),
        ("frigate/events", json.dumps({"type": "new", "after": frigate}).encode()),
    ]


def _publish(port: int, messages: list[tuple[str, bytes]]) -> None:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, body in messages:
        client.publish(topic, body, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def test_scenescape_s_and_frigate_s_people_are_in_the_store(tmp_path: Path):
    port = free_port()
    path, stop, messages = _config(tmp_path, port), threading.Event(), _messages()
    thread = threading.Thread(target=run_gateway, args=(load_config(path), stop))
    thread.start()
    try:
        wait_for_socket(port)
        store = open_event_store(load_config(path))

        def told() -> list[tuple[str, Payload]]:
            events = [decode_event(each.body) for each in store.waiting(99)]
            return [(it.origin.device, it.data) for it in events if it.origin.device != "gateway"]

        def is_told() -> bool:
            _publish(port, messages)
            return len(told()) >= len(messages)

        wait_until(is_told, what="people and a crossing")
        data = [it for device, it in told() if device == "scene-floor"]
        assert [it.phase for it in data if isinstance(it, VisitSegment)] == ["open", "update"]
        assert [it.direction for it in data if isinstance(it, FootfallCrossing)] == ["in"]
        assert [device for device, _ in told()].count("frigate-door") == 1
        store.close()
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
