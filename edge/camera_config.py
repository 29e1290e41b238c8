"""The configuration of a camera: its source, its model, its tripwires, zones and floor."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from contracts.payloads import Name, TripwireKind, ZoneKind
from edge.config import BrokerSettings, DeviceSettings, check_device, load_toml
from edge.core import geometry
from edge.core.pipeline import PipelineRules
from edge.core.segments import SegmentRules
from edge.core.tracker_rules import TrackerRules
from edge.core.tripwire import Tripwire, usable_share
from edge.core.zones import Zone
from edge.errors import ConfigurationError
from models.registry import DEFAULT_DETECTOR, DEFAULT_EMBEDDER

Plane: TypeAlias = Literal["image", "floor"]
SourceKind: TypeAlias = Literal["file", "tracks", "usb", "network"]
Point: TypeAlias = tuple[float, float]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Side = Annotated[int, Meta(ge=32, le=4096)]

_NETWORK_SCHEMES = ("rtsp", "rtsps", "http", "https")
_SOURCE_FORMS = (
    "file:PATH, tracks:PATH, usb:INDEX or an address that begins with rtsp://, rtsps://, http:// or https://"
)
_DEFAULT_BANDS: dict[Plane, float] = {"image": 8.0, "floor": 0.15}
_LEAST_USABLE_SHARE = 0.01


class CameraSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where pictures come from and how they are used.

    Attributes:
        source: `file:PATH`, `usb:INDEX`, an address such as `rtsp://host/stream`, or `tracks:PATH`:
            JSON lines of a camera that follows people by itself. A relative path is taken from the
            configuration file's folder.
        plane: What tripwires and zones are drawn in: `image` (frame pixels, y down) or `floor` (metres).
        realtime: Play a file no faster than it was recorded.
        loop: Begin a file again at its end.
        follow: Wait for more at the end of `tracks:PATH`.
        start: When the first frame of a file was taken, with an offset from UTC. Without it, now.
        input_size: Width and height in pixels that the model sees, multiples of 32. Larger finds people farther
            away and takes longer.
        model: A detector that `shopthread models list` shows.
        embedder: The model that knows people again, where `reentry_s` asks for it.
        reentry_s: Who leaves and comes back to this camera within so many seconds is told as the same person:
            both visits carry one group hint. 0: nobody is known again, and no signature is made.
        max_fps: Look at no more frames a second.
        min_age_s: Who is seen for less time is nobody.
        lost_after_s: Who is not seen for longer has left.
        update_s: Seconds between updates of a visit.
        occupancy_s: Seconds between samples of the zones' occupancy.
        coverage_s: Length of the intervals of which coverage is told, seconds.
    """

    source: str
    plane: Plane = "image"
    realtime: bool = False
    loop: bool = False
    follow: bool = False
    start: Annotated[datetime, Meta(tz=True)] | None = None
    input_size: tuple[Side, Side] = (320, 256)
    model: str = DEFAULT_DETECTOR
    embedder: str = DEFAULT_EMBEDDER
    reentry_s: NotNegative = 0.0
    max_fps: Positive | None = None
    min_age_s: NotNegative = 0.3
    lost_after_s: Positive = 2.0
    update_s: Positive = 5.0
    occupancy_s: Annotated[float, Meta(ge=1)] = 10.0
    coverage_s: Annotated[float, Meta(ge=1)] = 60.0


class TripwireSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directed counting line.

    Attributes:
        id: Its name.
        kind: `entrance` (who enters), `passby` (who passes outside) or `internal`.
        points: Start and end. Who goes from the left to the right of start -> end, as seen on a screen with y down,
            goes in.
        band: Half the width of the band around the line in which nobody is on either side: pixels or metres.
            Without it 8 pixels or 0.15 metres.
        settle_s: Who turns round sooner has not passed.
    """

    id: Name
    kind: TripwireKind = "entrance"
    points: tuple[Point, Point]
    band: NotNegative | None = None
    settle_s: NotNegative = 1.0


class ZoneSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A polygon with a meaning.

    Attributes:
        id: Its name.
        kind: What happens there.
        points: Its corners, three or more.
        band: A stay ends only farther outside than this: pixels or metres. Without it 8 pixels or 0.15 metres.
        min_stay_s: Shorter stays are not told.
    """

    id: Name
    kind: ZoneKind
    points: Annotated[tuple[Point, ...], Meta(min_length=3)]
    band: NotNegative | None = None
    min_stay_s: NotNegative = 1.0


class FloorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where points of the picture lie on the floor.

    Attributes:
        image_px: Four or more points in the picture, no three on a line.
        floor_m: The same points on the floor, in the same order.
        error_m: Standard error of positions that follow from them, if it is known.
    """

    image_px: Annotated[tuple[Point, ...], Meta(min_length=4)]
    floor_m: Annotated[tuple[Point, ...], Meta(min_length=4)]
    error_m: NotNegative | None = None


class CameraConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration of a camera."""

    device: DeviceSettings
    camera: CameraSettings
    tripwires: tuple[TripwireSettings, ...] = field(default=(), name="tripwire")
    zones: tuple[ZoneSettings, ...] = field(default=(), name="zone")
    floor: FloorSettings | None = None
    broker: BrokerSettings = BrokerSettings()


def load_camera_config(path: Path) -> CameraConfig:
    """Return the configuration in a TOML file, checked as a whole, its paths made absolute.

    Raises:
        ConfigurationError: The file cannot be read, or a value is not allowed; the message names the key, the value
            and what is allowed.
    """
    config = check_camera_config(load_toml(path, CameraConfig))
    kind, place = parse_source(config.camera.source)
    camera = config.camera
    if kind in ("file", "tracks"):
        camera = replace(camera, source=f"{kind}:{path.parent.resolve() / str(place)}")
    data_dir = path.parent.resolve() / config.device.data_dir
    return replace(config, camera=camera, device=replace(config.device, data_dir=data_dir))


def check_camera_config(config: CameraConfig) -> CameraConfig:
    """Return the configuration, known to be usable as far as can be known without a picture.

    Raises:
        ConfigurationError: As in `load_camera_config`.
    """
    check_device(config.device)
    kind, _ = parse_source(config.camera.source)
    if kind == "tracks" and config.camera.plane != "floor":
        msg = f'camera.plane must be "floor" where camera.source is {config.camera.source!r}, got "image"'
        raise ConfigurationError(msg)
    if kind != "tracks" and config.camera.plane == "floor" and config.floor is None:
        msg = 'camera.plane "floor" needs the table [floor], or draw in the picture with camera.plane = "image"'
        raise ConfigurationError(msg)
    _check_unique("tripwire", [tripwire.id for tripwire in config.tripwires])
    _check_unique("zone", [zone.id for zone in config.zones])
    for tripwire in config.tripwires:
        if tripwire.points[0] == tripwire.points[1]:
            msg = f"tripwire {tripwire.id!r}: points must be two different points, got {tripwire.points[0]} twice"
            raise ConfigurationError(msg)
    for zone in config.zones:
        if geometry.area(zone.points) == 0:
            msg = f"zone {zone.id!r}: points must enclose an area, got {list(zone.points)}"
            raise ConfigurationError(msg)
    pipeline_rules(config)
    return config


def parse_source(source: str) -> tuple[SourceKind, str | int]:
    """Return what kind of source a text names, and its path, address or index.

    Raises:
        ConfigurationError: The text has none of the known forms.
    """
    kind, _, rest = source.partition(":")
    if kind == "file" and rest:
        return "file", rest
    if kind == "tracks" and rest:
        return "tracks", rest
    if kind == "usb" and rest.isdigit():
        return "usb", int(rest)
    if kind in _NETWORK_SCHEMES and urlsplit(source).hostname:
        return "network", source
    msg = f"camera.source must be {_SOURCE_FORMS}, got {source!r}"
    raise ConfigurationError(msg)


def pipeline_rules(config: CameraConfig) -> PipelineRules:
    """Return the rules that a configuration sets.

    Raises:
        ConfigurationError: The floor's points give no map.
    """
    camera = config.camera
    band = _DEFAULT_BANDS[camera.plane]
    return PipelineRules(
        source=config.device.source,
        tripwires=tuple(
            Tripwire(
                id=line.id,
                kind=line.kind,
                start=line.points[0],
                end=line.points[1],
                band=band if line.band is None else line.band,
                settle_s=line.settle_s,
            )
            for line in config.tripwires
        ),
        zones=tuple(
            Zone(
                id=zone.id,
                kind=zone.kind,
                polygon=zone.points,
                band=band if zone.band is None else zone.band,
                min_stay_s=zone.min_stay_s,
            )
            for zone in config.zones
        ),
        floor=geometry.IDENTITY if camera.plane == "floor" else floor_map(config),
        segments=SegmentRules(
            min_age_s=camera.min_age_s,
            lost_after_s=camera.lost_after_s,
            update_s=camera.update_s,
            path_error_m=None if config.floor is None else config.floor.error_m,
        ),
        occupancy_s=camera.occupancy_s,
        coverage_s=camera.coverage_s,
    )


def floor_map(config: CameraConfig) -> geometry.Matrix | None:
    """Return the homography from the picture to the floor, None where the floor is not known.

    Raises:
        ConfigurationError: The points give none.
    """
    if config.floor is None:
        return None
    try:
        return geometry.fit_homography(config.floor.image_px, config.floor.floor_m)
    except ValueError as error:
        msg = f"floor: {error}"
        raise ConfigurationError(msg) from error


def tracker_rules(config: CameraConfig) -> TrackerRules:
    """Return the tracker's rules that a configuration sets."""
    return TrackerRules(lost_after_s=config.camera.lost_after_s)


def check_placement(config: CameraConfig, frame_wh_px: tuple[int, int]) -> None:
    """Check, once a picture's size is known, that every tripwire can fire.

    Raises:
        ConfigurationError: A tripwire lies so that nobody can leave its band on both sides within the picture.
    """
    if config.camera.plane != "image":
        return
    for tripwire in pipeline_rules(config).tripwires:
        if usable_share(tripwire, frame_wh_px) < _LEAST_USABLE_SHARE:
            width_px, height_px = frame_wh_px
            msg = (
                f"tripwire {tripwire.id!r} from {tripwire.start} to {tripwire.end} can never fire: its band of "
                f"{tripwire.band:g} pixels on both sides must lie within the picture of {width_px}x{height_px}; "
                "move the line inward or make band smaller"
            )
            raise ConfigurationError(msg)


def _check_unique(key: str, ids: list[str]) -> None:
    for name in ids:
        if ids.count(name) > 1:
            msg = f"{key}.id must be unique, got {name!r} {ids.count(name)} times"
            raise ConfigurationError(msg)
