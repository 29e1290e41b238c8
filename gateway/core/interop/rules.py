"""With which other systems the gateway speaks: tables of its file, all of them optional. Pure."""

from typing import Annotated

from msgspec import Meta, Struct

from contracts.fields import Name, ZoneKind
from contracts.patterns import END
from gateway.core.broker import Broker

TopicPrefix = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,7}" + END)]

PeerName = Annotated[str, Meta(min_length=1, max_length=128)]
DeviceName = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}" + END)]


class HomeAssistantRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Home Assistant is told.

    Attributes:
        enabled: False takes back all that it was ever told.
        prefix: Where it looks for what announces itself.
        interval_s: Seconds between two looks at the store.
        broker: Its broker; None: the store's own.
    """

    enabled: bool = True
    prefix: TopicPrefix = "homeassistant"
    interval_s: Annotated[float, Meta(ge=0.1, le=3600)] = 5.0
    broker: Broker | None = None


class PeerZone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What another system's zone is here."""

    id: Name
    kind: ZoneKind


class FrigateRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken from Frigate.

    Attributes:
        cameras: By Frigate's name of a camera, as which device of the store it reports; others are left alone.
        zones: By Frigate's name of a zone, what it is here; others are left alone.
        prefix: Frigate's topic prefix.
        silent_after_s: Whom Frigate says nothing of for so long has left when last seen.
        broker: Its broker; None: the store's own.
    """

    cameras: dict[PeerName, DeviceName]
    zones: dict[PeerName, PeerZone] = {}
    prefix: TopicPrefix = "frigate"
    silent_after_s: Annotated[float, Meta(ge=1)] = 1800.0
    broker: Broker | None = None
