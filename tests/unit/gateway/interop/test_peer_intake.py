"""What another system tells gets into the event store once, whatever fails in between."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from contracts.events import Source, decode_event
from contracts.payloads import FootfallCrossing, VisitSegment
from gateway.adapters.connection import Login
from gateway.adapters.device_database import DeviceDatabase
from gateway.adapters.event_store import EventStore
from gateway.adapters.peer_intake import NOT_KEPT, PeerIntake
from gateway.adapters.peer_rows import PeerRows
from gateway.adapters.scenescape import SceneScape
from gateway.config import CloudSettings, GatewayConfig, StoreSettings
from gateway.core.admission import IntakeRules
from gateway.core.broker import Broker
from gateway.core.interop.rules import FrigateRules, PeerTripwire, PeerZone, SceneRules, SceneScapeRules
from gateway.core.interop.tracks import Change
from gateway.core.judging import Delivery
from gateway.errors import ClockError, ConfigurationError, DeviceStoreError, EventStoreError
from gateway.peers import check_names

GATEWAY = Source("acme", "store-1", "gateway")
SCENE, REGULATED = "302cf49a", "scenescape/regulated/scene/302cf49a"
RULES = SceneScapeRules(
    scenes={SCENE: SceneRules(device="scene-floor")},
    regions={"q": PeerZone(id="queue-1", kind="queue")},
    tripwires={"w": PeerTripwire(id="door", kind="entrance")},
)
START_MS = 1_774_558_130_000


class _Rows(PeerRows):
    is_broken = False

    def keep(self, changes: Iterable[Change], now_ms: int) -> None:
        if self.is_broken:
            msg = "broken"
            raise DeviceStoreError(msg)
        super().keep(changes, now_ms)


class Shop:
    """A store with a scene, and what may fail there."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.now_ms = folder, START_MS + 1000
        self.is_full = False
        self.open()

    def open(self) -> None:
        self.store = EventStore(self._folder / "gateway.sqlite", GATEWAY)
        self.database = DeviceDatabase(self._folder / "devices.sqlite")
        self.rows = _Rows(self.database, GATEWAY, RULES.devices)
        self.intake = PeerIntake(
            GATEWAY,
            SceneScape(GATEWAY, RULES, self.rows),
            IntakeRules(),
            Login(Broker(host="127.0.0.1"), None),
            self.rows,
            self._receive,
            lambda: self.now_ms,
        )

    def close(self) -> None:
        self.store.close()
        self.database.close()

    def _receive(self, deliveries: Sequence[Delivery]) -> None:
        if self.is_full:
            msg = "full"
            raise EventStoreError(msg)
        self.store.receive(deliveries)

    def tell(self, at_ms: int, *names: str, topic: str = REGULATED, **other: object) -> None:
        things = [{"id": name, "category": "person", "translation": [1, 2, 0], **other} for name in names]
        stamp = f"2026-03-26T20:48:50.{at_ms:03d}Z" if at_ms < 1000 else f"2026-03-26T20:49:{at_ms // 1000:02d}.000Z"
        self.intake.take(topic, json.dumps({"timestamp": stamp, "objects": things}).encode())

    def phases(self) -> list[tuple[int, str]]:
        events = [decode_event(each.body) for each in self.store.waiting(100)]
        return [(it.sequence_number, it.data.phase) for it in events if isinstance(it.data, VisitSegment)]


def test_a_scene_s_people_and_crossings_get_into_the_store(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.tell(0, "a")
    shop.tell(100, "a", topic=f"scenescape/event/tripwire/{SCENE}/w/objects", direction=1)
    shop.tell(200, "a", regions={"q": {"entered": "2026-03-26T20:48:50.150Z"}, "sensor": {}})
    shop.intake.step()
    assert shop.phases() == [(1, "open"), (3, "update")]
    data = [decode_event(each.body).data for each in shop.store.waiting(9)]
    (crossing,) = (each for each in data if isinstance(each, FootfallCrossing))
    assert crossing.direction == "in"
    assert not shop.store.missing()
    shop.close()


def test_what_fails_is_tried_again_and_nothing_comes_twice(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.tell(0, "a")
    shop.intake.take(REGULATED, b"bad Jane")
    shop.is_full = True
    with pytest.raises(EventStoreError):
        shop.intake.step()
    shop.is_full, shop.rows.is_broken = False, True
    for _ in range(2):
        with pytest.raises(DeviceStoreError):
            shop.intake.step()
    shop.rows.is_broken = False
    shop.tell(100, "a", "b")
    shop.intake.step()
    shop.intake.step()
    assert shop.phases() == [(1, "open"), (2, "open")]
    (letter,) = shop.store.dead_letters()
    assert (letter.reason, letter.origin, letter.body) == ("not_json", REGULATED, NOT_KEPT)
    shop.close()


def test_who_is_there_over_a_restart_goes_on_and_who_is_silent_ends(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.tell(0, "a", "b")
    shop.intake.step()
    shop.close()
    shop.open()
    shop.now_ms += 5000
    shop.tell(6000, "a")
    shop.intake.step()
    assert shop.phases() == [(1, "open"), (2, "open"), (3, "update"), (4, "closed")]
    shop.now_ms += 60_001
    shop.intake.step()
    assert shop.phases()[4:] == [(5, "closed")]
    shop.close()
    shop.open()
    shop.tell(6000, "a")
    shop.intake.step()
    assert len(shop.phases()) == 5
    shop.now_ms += 24 * 3600 * 1000 + 1
    shop.intake.step()
    shop.tell(7000, "a")
    shop.intake.step()
    assert shop.phases()[5:] == [(6, "open")]
    shop.close()


def test_an_impossible_time_is_a_dead_letter(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.now_ms -= 3 * 24 * 3600 * 1000
    shop.tell(0, "a")
    shop.intake.step()
    assert [each.reason for each in shop.store.dead_letters()] == ["impossible_time"]
    shop.close()


def test_a_topic_that_is_no_text_is_left_out(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.intake._take_message(mqtt.MQTTMessage(topic=b"\xff"))
    shop.intake.take("scenescape/other", b"")
    shop.intake.step()
    assert shop.phases() == []
    shop.close()


def _config(**tables: FrigateRules | SceneScapeRules) -> GatewayConfig:
    store = StoreSettings(tenant="acme", store="store-1", data_dir=Path())
    cloud = CloudSettings(url="http://cloud", api_key_file=Path("key"))
    return GatewayConfig(gateway=store, cloud=cloud, **tables)  # type: ignore[arg-type]


def test_a_device_has_one_origin():
    check_names(_config(frigate=FrigateRules(cameras={"door": "a", "yard": "a"}), scenescape=RULES))
    with pytest.raises(ConfigurationError, match=r"frigate.cameras: 'gateway' is also named in gateway.id; give each"):
        check_names(_config(frigate=FrigateRules(cameras={"door": "gateway"})))
    with pytest.raises(ConfigurationError, match=r"'scene-floor' is also named in frigate\.cameras"):
        check_names(_config(frigate=FrigateRules(cameras={"door": "scene-floor"}), scenescape=RULES))


def test_what_another_system_tells_waits_until_the_clock_is_set(tmp_path: Path):
    shop = Shop(tmp_path)
    shop.tell(0, "a")
    now_ms, shop.now_ms = shop.now_ms, 60_000
    with pytest.raises(ClockError, match="is before 2020-01-01"):
        shop.intake.step()
    shop.now_ms = now_ms
    shop.intake.step()
    assert shop.phases() == [(1, "open")]
    assert shop.store.dead_letter_count() == 0
    shop.close()
