"""With which other systems the gateway speaks: tables of its file, all of them optional. Pure."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from contracts.fields import Name, TripwireKind, ZoneKind
from contracts.patterns import END
from gateway.core.broker import Broker

TopicPrefix = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64}){0,7}" + END)]

SceneName = Annotated[str, Meta(pattern=r"^[^/+#]{1,128}" + END)]
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

    @property
    def devices(self) -> frozenset[str]:
        """Return as which devices its cameras report."""
        return frozenset(self.cameras.values())


class PeerTripwire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What another system's tripwire is here.

    Attributes:
        id: Its name here.
        kind: What kind of line it is.
        in_direction: What the other system calls the direction that is "in" here.
    """

    id: Name
    kind: TripwireKind
    in_direction: Literal[-1, 1] = 1


class SceneRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scene of SceneScape is here.

    Attributes:
        device: As which device of the store it reports; a name that no other device has.
        origin_m: Where the scene's origin lies on the store's floor, (x, y) in metres.
        turn_deg: How far the scene's x axis is turned counter-clockwise from the floor's, degrees.
    """

    device: DeviceName
    origin_m: tuple[float, float] = (0.0, 0.0)
    turn_deg: float = 0.0


class SceneScapeRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken from SceneScape.

    Attributes:
        scenes: By SceneScape's id of a scene, what it is here; others are left alone.
        regions: By its id of a region, which zone it is here; others are left alone.
        tripwires: By its id of a tripwire, which one it is here; others are left alone.
        prefix: The first part of its topics.
        gone_after_s: Whom messages of the scene do not tell of for so long, by their own times, has left.
        silent_after_s: Whom nothing was told of for so long, by the gateway's clock, has left.
        update_s: Seconds between two events of somebody who merely goes on.
        position_error_m: Standard error of its positions, metres.
        broker: Its broker; None: the store's own.

    Raises:
        ValueError: Two scenes would report as one device.
    """

    scenes: dict[SceneName, SceneRules]
    regions: dict[PeerName, PeerZone] = {}
    tripwires: dict[PeerName, PeerTripwire] = {}
    prefix: TopicPrefix = "scenescape"
    gone_after_s: Annotated[float, Meta(ge=0.1, le=3600)] = 10.0
    silent_after_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    update_s: Annotated[float, Meta(ge=1)] = 5.0
    position_error_m: Annotated[float, Meta(gt=0)] = 0.3
    broker: Broker | None = None

    def __post_init__(self) -> None:
        """Refuse two scenes under one name."""
        if len(self.devices) < len(self.scenes):
            names = sorted(each.device for each in self.scenes.values())
            msg = f"scenes: expected a device of its own for each, got {', '.join(names)}"
            raise ValueError(msg)

    @property
    def devices(self) -> frozenset[str]:
        """Return as which devices its scenes report."""
        return frozenset(each.device for each in self.scenes.values())
