"""MQTT topics: `shopthread/v1/{tenant}/{store}/{device}/{channel}/{name}`. Built and parsed here alone.

Channels: `event` carries what goes to the cloud, `local` what stays in the store, `status` a device's presence
(retained; also its last will), `state` its reported configuration (retained), `cmd` what the gateway asks of a device.
"""

import re
from typing import Literal, get_args

from msgspec import Struct

from contracts.errors import TopicError
from contracts.events import Source
from contracts.privacy import Payload, StoreLocalPayload

Channel = Literal["event", "local", "status", "state", "cmd"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

_ROOT = ("shopthread", "v1")
_SEGMENT = re.compile(r"[a-z0-9-]{1,64}")
_NAME = re.compile(r"[a-z0-9._-]{1,64}")
_TYPE_PREFIX = "org.shopthread."

ACK_NAME = "ack"
PRESENCE_NAME = "presence"


class Topic(Struct, frozen=True):
    """One topic, taken apart."""

    source: Source
    channel: Channel
    name: str

    def __str__(self) -> str:
        source = self.source
        return "/".join((*_ROOT, source.tenant, source.store, source.device, self.channel, self.name))


def event_topic(source: Source, payload: type[Payload]) -> str:
    """Return the topic on which a device publishes events of one type."""
    channel: Channel = "local" if issubclass(payload, StoreLocalPayload) else "event"
    return build_topic(source, channel, payload.TYPE.removeprefix(_TYPE_PREFIX))


def ack_topic(source: Source) -> str:
    """Return the topic on which the gateway acknowledges a device's events."""
    return build_topic(source, "cmd", ACK_NAME)


def presence_topic(source: Source) -> str:
    """Return the retained topic of a device's presence, also its last will."""
    return build_topic(source, "status", PRESENCE_NAME)


def build_topic(source: Source, channel: Channel, name: str) -> str:
    """Return a topic.

    Raises:
        TopicError: A part has characters that topics do not allow.
    """
    for label, part in (
        ("tenant", source.tenant),
        ("store", source.store),
        ("device", source.device),
    ):
        check_name(label, part)
    if not _NAME.fullmatch(name):
        msg = f"topic name must match {_NAME.pattern}, got {name!r}"
        raise TopicError(msg)
    return str(Topic(source, channel, name))


def check_name(label: str, value: str) -> str:
    """Return `value`, known to be fit for a topic and a source.

    Raises:
        TopicError: It is not: 1 to 64 of a-z, 0-9 and the hyphen.
    """
    if not _SEGMENT.fullmatch(value):
        msg = f"{label} must be 1 to 64 of a-z, 0-9 and '-', got {value!r}"
        raise TopicError(msg)
    return value


def parse_topic(text: str) -> Topic:
    """Return the topic that `text` names.

    Raises:
        TopicError: It does not have the form of this system's topics.
    """
    parts = text.split("/")
    if len(parts) != len(_ROOT) + 5 or tuple(parts[: len(_ROOT)]) != _ROOT:
        msg = f"expected shopthread/v1/tenant/store/device/channel/name, got {text!r}"
        raise TopicError(msg)
    tenant, store, device, channel, name = parts[len(_ROOT) :]
    if channel not in CHANNELS:
        msg = f"channel must be one of {', '.join(CHANNELS)}, got {channel!r} in {text!r}"
        raise TopicError(msg)
    source = Source(tenant, store, device)
    build_topic(source, channel, name)
    return Topic(source, channel, name)


def store_filter(tenant: str, store: str, channel: Channel) -> str:
    """Return the subscription filter for one channel of every device of a store."""
    return device_filter(tenant, store, "+", channel)


def device_filter(tenant: str, store: str, device: str, channel: Channel) -> str:
    """Return the filter for one channel of one device; `device` may be a wildcard or a broker's placeholder."""
    return "/".join((*_ROOT, check_name("tenant", tenant), check_name("store", store), device, channel, "+"))
