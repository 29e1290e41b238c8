"""What Home Assistant is told: counts and lights, kept true, and taken back."""

import json
import string

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source
from gateway.core.broker import Broker
from gateway.core.broker_config import mosquitto_acl
from gateway.core.devices.overview import DeviceFacts, DeviceView, overview
from gateway.core.interop.home_assistant import (
    MOST_QUEUES,
    UNKNOWN,
    Home,
    HomeBoard,
    HomeFacts,
    changes,
    queue_counts,
)

T = 1_772_442_000_000
HOME = Home(gateway=Source("acme", "store-1", "gateway"), prefix="homeassistant", software_version="1.0")
STATES = "shopthread-home/acme/store-1/gateway"
ONLINE = DeviceFacts(kind="camera", is_online=True, seen_ms=T)


def _devices(**facts: DeviceFacts) -> tuple[DeviceView, ...]:
    return tuple(overview({name.replace("_", "-"): each for name, each in facts.items()}, T))


def _facts(
    people: int | None = None,
    queues: dict[tuple[str, str], int] | None = None,
    devices: tuple[DeviceView, ...] = (),
    told: frozenset[str] | None = None,
) -> HomeFacts:
    of = frozenset(device for device, _ in queues or {}) if told is None else told
    return HomeFacts(people=people, queues=queues or {}, told=of, devices=devices)


def _states(messages: dict[str, bytes]) -> dict[str, bytes]:
    return {topic.split("/")[-2]: body for topic, body in messages.items() if topic.endswith("/state")}


def test_people_in_the_store_are_a_sensor_that_discovery_understands():
    messages = HomeBoard(HOME).messages(_facts(people=7))
    config = json.loads(messages["homeassistant/sensor/shopthread_acme_store-1_gateway/people/config"])
    assert messages[config["state_topic"]] == b"7"
    assert messages[config["availability_topic"]] == b"online"
    assert config["unique_id"] == "shopthread_acme_store-1_gateway__people"
    assert config["device"]["identifiers"] == ["shopthread_acme_store-1_gateway"]
    assert config["state_class"] == "measurement"
    assert config["origin"]["name"] == "shopthread"
    assert len(messages) == 3


def test_nobody_is_told_of_people_whom_nobody_counts():
    assert HomeBoard(HOME).messages(_facts()) == {f"{STATES}/availability": b"online"}


def test_each_device_has_a_connection_and_a_problem():
    facts = {
        "good": ONLINE,
        "poor": DeviceFacts(is_online=True, seen_ms=T, missing=2),
        "blind": DeviceFacts(is_online=False, seen_ms=T),
        "new": DeviceFacts(kind="camera"),
        "gone": DeviceFacts(is_online=False, seen_ms=T, is_revoked=True),
    }
    messages = HomeBoard(HOME).messages(_facts(devices=_devices(**facts)))
    assert _states(messages) == {
        "connectivity__good": b"ON",
        "problem__good": b"OFF",
        "connectivity__poor": b"ON",
        "problem__poor": b"ON",
        "connectivity__blind": b"OFF",
        "problem__blind": b"ON",
        "connectivity__new": b"OFF",
        "problem__new": UNKNOWN,
    }
    config = json.loads(messages["homeassistant/binary_sensor/shopthread_acme_store-1_gateway/problem__good/config"])
    assert config["device_class"] == "problem"
    assert config["device"]["via_device"] == "shopthread_acme_store-1_gateway"
    assert config["device"]["model"] == "camera"


def test_a_queue_stays_while_its_camera_is_silent_and_goes_with_it():
    board, cameras = HomeBoard(HOME), _devices(cam_1=ONLINE)
    messages = board.messages(_facts(queues={("cam-1", "till.1"): 3}, devices=cameras))
    assert _states(messages)["queue__cam-1__till_2e1"] == b"3"
    config = messages["homeassistant/sensor/shopthread_acme_store-1_gateway/queue__cam-1__till_2e1/config"]
    assert json.loads(config)["name"] == "People in till.1"
    assert _states(board.messages(_facts(devices=cameras)))["queue__cam-1__till_2e1"] == UNKNOWN
    assert "queue__cam-1__till_2e1" not in _states(
        board.messages(_facts(queues={("cam-1", "till.2"): 0}, devices=cameras))
    )
    revoked = _devices(cam_1=msgspec.structs.replace(ONLINE, is_revoked=True))
    assert not _states(board.messages(_facts(queues={("cam-1", "till.2"): 0}, devices=revoked)))


def test_what_the_broker_held_before_a_restart_is_still_known():
    board, cameras = HomeBoard(HOME), _devices(cam_1=ONLINE)
    for topic in (
        f"{STATES}/queue__cam-1__till_2e1/state",
        "homeassistant/sensor/shopthread_acme_store-1_gateway/queue__other__till/config",
        f"{STATES}/people/state",
        "homeassistant/sensor/somebody/queue__cam-1__x/config",
    ):
        board.adopt(topic)
    assert [each for each in _states(board.messages(_facts(devices=cameras))) if "queue" in each] == [
        "queue__cam-1__till_2e1"
    ]


def test_a_device_that_makes_zones_up_fills_no_broker():
    board = HomeBoard(HOME)
    queues = {("cam-1", f"z{number}"): 1 for number in range(1000)}
    states = _states(board.messages(_facts(queues=queues, devices=_devices(cam_1=ONLINE))))
    assert len(states) == MOST_QUEUES + 2
    for number in range(1000):
        board.adopt(f"{STATES}/queue__cam-1__y{number}/state")
    assert len(_states(board.messages(_facts(devices=_devices(cam_1=ONLINE), told=frozenset())))) == MOST_QUEUES + 2


NAMES = st.text(string.ascii_letters + string.digits + "._:-", min_size=1, max_size=12).filter(
    lambda it: it[0].isalnum()
)


@given(st.sets(NAMES, max_size=8))
def test_names_are_what_discovery_allows_apart_and_found_again(zones: set[str]):
    cameras = _devices(cam_1=ONLINE)
    messages = HomeBoard(HOME).messages(_facts(queues={("cam-1", zone): 1 for zone in zones}, devices=cameras))
    topics = [topic for topic in messages if "queue" in topic]
    allowed = set(string.ascii_letters + string.digits + "_-/")
    assert len(topics) == 2 * len(zones)
    assert all(set(topic) <= allowed for topic in topics)
    after = HomeBoard(HOME)
    for topic in topics:
        after.adopt(topic)
    assert after.messages(_facts(devices=cameras)).keys() == messages.keys()


BODIES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([b"1", b"2"]))


@given(BODIES, BODIES, st.sets(st.sampled_from("abcdef")))
def test_after_the_changes_the_broker_holds_what_is_wanted(
    held: dict[str, bytes], wanted: dict[str, bytes], vague: set[str]
):
    known = {topic: None if topic in vague else body for topic, body in held.items()}
    told = changes(known, wanted)
    after = {topic: body for topic, body in {**held, **dict(told)}.items() if body}
    assert after == wanted
    assert not changes(dict(wanted), wanted)


def test_another_broker_is_named_with_its_port():
    assert Broker(host="home").address == "home:1883"


def test_only_queues_are_told():
    zones = [("cam-1", "till", "queue", 2), ("cam-1", "milk", "shelf", 5)]
    assert queue_counts(zones) == {("cam-1", "till"): 2}


def test_mosquitto_lets_home_assistant_read_what_it_is_told_alone():
    lines = mosquitto_acl(HOME.gateway).splitlines()
    mine = lines[lines.index("user home-assistant") + 1 :]
    assert mine[: mine.index("")] == [
        "topic readwrite homeassistant/status",
        "topic read homeassistant/+/shopthread_acme_store-1_gateway/+/config",
        "topic read shopthread-home/acme/store-1/gateway/#",
    ]
