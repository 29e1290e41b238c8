"""Frigate's messages over a real broker become the gateway's events, once each, over a restart too."""

import json
import sqlite3
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from contracts.events import Source, decode_event
from contracts.payloads import VisitSegment
from gateway.adapters.connection import Login
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.event_store import EventStore
from gateway.adapters.frigate import Frigate
from gateway.adapters.peer_intake import PeerIntake
from gateway.adapters.peer_rows import PeerRows
from gateway.core.admission import IntakeRules
from gateway.core.broker import Broker
from gateway.core.interop.rules import FrigateRules, PeerZone
from gateway.errors import EventStoreError
from tests.servers import free_port, running_broker, wait_until

GATEWAY = Source("acme", "store-1", "gateway")
RULES = FrigateRules(cameras={"door": "frigate-door"}, zones={"yard": PeerZone(id="door", kind="entrance")})
START = 1_772_442_000


def _message(number: int, kind: str, at_s: float) -> bytes:
    after = {
        "id": f"{START}-{number}",
        "camera": "door",
        "label": "person",
        "sub_label": "Jane",
        "start_time": START,
        "frame_time": START + at_s,
        "end_time": START + at_s if kind == "end" else None,
        "current_zones": ["yard"] if at_s > 1 else [],
    }
    return json.dumps({"type": kind, "before": after, "after": after}).encode()


class Shop:
    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self.now_ms = folder, START * 1000 + 60_000
        self._login = Login(Broker(host="127.0.0.1", port=port), None)
        self.is_full = False
        self.open()

    def open(self) -> None:
        self.store = EventStore(self._folder / "gateway.sqlite", GATEWAY)
        self.database = DeviceDatabase(self._folder / "devices.sqlite")
        self.rows = PeerRows(self.database, GATEWAY, RULES.devices)
        reader = Frigate(GATEWAY, RULES, self.rows)
        self.frigate = PeerIntake(
            GATEWAY, reader, IntakeRules(), self._login, self.rows, self._receive, lambda: self.now_ms
        )

    def _receive(self, deliveries) -> None:  # noqa: ANN001
        if self.is_full:
            msg = "full"
            raise EventStoreError(msg)
        self.store.receive(deliveries)

    def close(self) -> None:
        self.frigate.stop()
        self.store.close()
        self.database.close()

    def segments(self) -> list[tuple[int, str]]:
        events = [decode_event(each.body) for each in self.store.waiting(100)]
        return [(it.sequence_number, it.data.phase) for it in events if isinstance(it.data, VisitSegment)]


def _publish(port: int, *bodies: bytes) -> bool:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for body in bodies:
        client.publish("frigate/events", body, qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    return True


def test_people_whom_frigate_sees_become_events_once_over_a_restart(tmp_path: Path):
    port = free_port()
    with running_broker("embedded", tmp_path, port):
        shop = Shop(tmp_path, port)
        shop.frigate.start()
        wait_until(lambda: _publish(port, _message(1, "new", 1)) and shop.segments() == [(1, "open")], what="a person")
        shop.is_full = True
        _publish(port, _message(1, "update", 2))
        wait_until(lambda: len(shop.rows.waiting(9)) == 1, what="an event that waits")
        assert shop.frigate.is_alive
        shop.close()
        shop.open()
        assert shop.segments() == [(1, "open")]
        shop.is_full = False
        shop.frigate.start()
        wait_until(lambda: len(shop.segments()) == 2, what="the event that waited")
        rest = (b"bad Jane", _message(1, "update", 2), _message(1, "end", 3))
        wait_until(lambda: _publish(port, *rest) and len(shop.segments()) == 3, what="the end")
        assert shop.segments() == [(1, "open"), (2, "update"), (3, "closed")]
        assert not shop.store.missing()
        letters = shop.store.dead_letters()
        assert {(each.origin, each.reason) for each in letters} == {("frigate/events", "not_json")}
        shop.close()
    for name in ("gateway.sqlite", "devices.sqlite"):
        with sqlite3.connect(tmp_path / name) as db:
            assert "Jane" not in "\n".join(db.iterdump())
        db.close()


def test_who_is_silent_is_ended_and_forgotten_a_day_later(tmp_path: Path):
    shop = Shop(tmp_path, 1)
    shop.frigate.take("frigate/events", _message(1, "new", 1))
    shop.frigate.step()
    shop.now_ms += 1_800_001
    shop.frigate.step()
    assert shop.segments() == [(1, "open"), (2, "closed")]
    shop.now_ms += 24 * 3600 * 1000 + 1
    shop.frigate.take("frigate/events", _message(2, "new", 1))
    shop.frigate.take("frigate/events", _message(2, "new", 1))
    shop.frigate.take("frigate/events", _message(3, "new", 1).replace(b"person", b"car"))
    shop.frigate.step()
    with shop.database.reading() as db:
        assert db.execute("SELECT count(*) FROM peer_track").fetchone() == (1,)
    shop.close()


def test_more_than_can_be_taken_in_and_a_refusal_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("gateway.adapters.peer_intake._QUEUE", 1)
    shop = Shop(tmp_path, 1)
    message = mqtt.MQTTMessage(topic=b"frigate/events")
    message.payload = b"bad"
    for _ in range(2):
        shop.frigate._take_message(message)
    connection = shop.frigate._connection
    connection._take_answer(connection.client, None, {}, ReasonCode(PacketTypes.CONNACK, "Not authorized"), None)
    assert "refuses the connection for Frigate" in caplog.text
    shop.frigate.step()
    assert "Frigate tells more than is taken in; 1 messages were left out" in caplog.text
    assert [each.reason for each in shop.store.dead_letters()] == ["not_json"]
    shop.close()
