"""What Home Assistant is told of a store, after its MQTT discovery. Pure.

Counts and devices' lights alone: how many people are in the store and in each queue zone, and of each device whether it
is there and whether somebody should look after it. Everything is retained; what is not wanted any more is cleared with
an empty message, which makes Home Assistant forget it.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from contracts.events import Source
from gateway.core.devices.overview import DeviceView

ONLINE, OFFLINE = b"online", b"offline"
UNKNOWN = b"None"
"""A state that Home Assistant takes for unknown."""
MOST_QUEUES = 200
"""More queue zones than this are none: a device makes them up."""

_STATES = "shopthread-home"
_APART = "__"
_FOREIGN = re.compile(r"[^A-Za-z0-9-]")
_ESCAPED = re.compile(r"_([0-9a-f]{2})")


class Home(Struct, frozen=True, kw_only=True):
    """Under which names a gateway announces its store.

    Attributes:
        gateway: The gateway as its own events name it.
        prefix: Where Home Assistant looks.
        software_version: The gateway's.
    """

    gateway: Source
    prefix: str
    software_version: str

    @property
    def node(self) -> str:
        """Return the gateway's name; parts of names have no underscores, so no two gateways share one."""
        return "_".join(("shopthread", self.gateway.tenant, self.gateway.store, self.gateway.device))

    @property
    def states(self) -> str:
        """Return the topic below which states lie."""
        return "/".join((_STATES, self.gateway.tenant, self.gateway.store, self.gateway.device))

    @property
    def availability(self) -> str:
        """Return the topic that says whether the gateway is there."""
        return f"{self.states}/availability"

    @property
    def filters(self) -> tuple[str, str]:
        """Return the subscription filters of all that this gateway ever told."""
        return f"{self.prefix}/+/{self.node}/+/config", f"{self.states}/#"


class HomeFacts(Struct, frozen=True, kw_only=True):
    """What is known of a store now.

    Attributes:
        people: In the store; None where nobody counts them.
        queues: By device and zone, the people in each queue zone of which a device told lately.
        told: The devices that told of their zones lately.
        devices: All devices of the store.
    """

    people: int | None
    queues: Mapping[tuple[str, str], int]
    told: frozenset[str]
    devices: tuple[DeviceView, ...]


class HomeBoard:
    """What Home Assistant should know, and which queue zones it has been told of.

    Args:
        home: Under which names.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._queues: set[tuple[str, str]] = set()

    def adopt(self, topic: str) -> None:
        """Take note of a topic that the broker holds: a queue that was told of before a restart is still known."""
        config, state = (
            re.escape(each) for each in (f"{self._home.prefix}/sensor/{self._home.node}", self._home.states)
        )
        found = re.fullmatch(rf"(?:{config}|{state})/queue__([a-z0-9-]+)__([A-Za-z0-9_-]+)/(?:config|state)", topic)
        if found is not None and len(self._queues) < MOST_QUEUES:
            self._queues.add((found[1], _ESCAPED.sub(lambda code: chr(int(code[1], 16)), found[2])))

    def messages(self, facts: HomeFacts) -> dict[str, bytes]:
        """Return what should be retained, by topic.

        A queue zone stays as long as its device does, with an unknown count while nothing comes from the device; one of
        which the device does not tell any more is gone.
        """
        devices = {each.device: each for each in facts.devices if not each.is_revoked}
        told = {key for key in facts.queues if key[0] in devices}
        kept = {key for key in self._queues if key[0] in devices and key[0] not in facts.told}
        self._queues = set(sorted(told | kept)[:MOST_QUEUES])
        messages = {self._home.availability: ONLINE}
        if facts.people is not None:
            messages |= self._count("people", "People in the store", facts.people, self._store())
        for device, zone in sorted(self._queues):
            name = _APART.join(("queue", device, _escaped(zone)))
            people = facts.queues.get((device, zone))
            messages |= self._count(name, f"People in {zone}", people, self._device(devices[device]))
        for each in devices.values():
            messages |= self._light(each)
        return messages

    def _count(self, name: str, title: str, people: int | None, device: dict[str, object]) -> dict[str, bytes]:
        more = {"unit_of_measurement": "people", "state_class": "measurement", "icon": "mdi:account-group"}
        state = UNKNOWN if people is None else str(people).encode()
        return self._entity("sensor", name, state, {"name": title, "device": device, **more})

    def _light(self, view: DeviceView) -> dict[str, bytes]:
        problem = UNKNOWN if view.light == "grey" else _flag(view.light != "green")
        messages: dict[str, bytes] = {}
        for kind, title, state in (
            ("connectivity", "Connection", _flag(view.is_reachable)),
            ("problem", "Problem", problem),
        ):
            settings = {
                "name": title,
                "device": self._device(view),
                "device_class": kind,
                "entity_category": "diagnostic",
            }
            messages |= self._entity("binary_sensor", _APART.join((kind, view.device)), state, settings)
        return messages

    def _entity(self, component: str, name: str, state: bytes, settings: Mapping[str, object]) -> dict[str, bytes]:
        home = self._home
        state_topic = f"{home.states}/{name}/state"
        config = {
            **settings,
            "unique_id": f"{home.node}{_APART}{name}",
            "state_topic": state_topic,
            "availability_topic": home.availability,
            "origin": {"name": "shopthread", "sw_version": home.software_version},
        }
        body = msgspec.json.encode(config, order="deterministic")
        return {state_topic: state, f"{home.prefix}/{component}/{home.node}/{name}/config": body}

    def _store(self) -> dict[str, object]:
        return {
            "identifiers": [self._home.node],
            "name": f"Store {self._home.gateway.store}",
            "manufacturer": "Shopthread",
            "model": "gateway",
            "sw_version": self._home.software_version,
        }

    def _device(self, view: DeviceView) -> dict[str, object]:
        return {
            "identifiers": [f"{self._home.node}{_APART}{view.device}"],
            "name": f"{self._home.gateway.store} {view.device}",
            "manufacturer": "Shopthread",
            "model": view.kind,
            "via_device": self._home.node,
        }


def changes(there: Mapping[str, bytes | None], wanted: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """Return what to publish, retained, so that the broker holds what is wanted and nothing else.

    Args:
        there: What it holds, by topic; None: something.
        wanted: What it should hold.
    """
    new = [(topic, body) for topic, body in wanted.items() if there.get(topic) != body]
    return [*((topic, b"") for topic in sorted(there.keys() - wanted.keys())), *new]


def queue_counts(zones: Iterable[tuple[str, str, str, int]]) -> dict[tuple[str, str], int]:
    """Return the people by device and queue zone; each zone is given as device, zone, kind, people."""
    return {(device, zone): people for device, zone, kind, people in zones if kind == "queue"}


def _flag(is_on: bool) -> bytes:
    return b"ON" if is_on else b"OFF"


def _escaped(zone: str) -> str:
    """Return a zone's name in the characters that discovery allows, no two names alike."""
    return _FOREIGN.sub(lambda found: f"_{ord(found[0]):02x}", zone)
