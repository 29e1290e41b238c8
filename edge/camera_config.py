"""Reads and checks the configuration of a camera."""

from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec.structs import replace

from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig, ZoneSettings
from edge.config import check_device, load_toml, parse_toml
from edge.core import polyline
from edge.core.mask import check_mask
from edge.core.polygons import check_polygon
from edge.errors import ConfigurationError

SourceKind: TypeAlias = Literal["file", "tracks", "usb", "network"]

_QUEUE_KEYS = ("serves", "join_after_s", "join_within_m", "served_within_s", "resume_within_s")
_NETWORK_SCHEMES = ("rtsp", "rtsps", "http", "https")
_SOURCE_FORMS = (
    "file:PATH, tracks:PATH, usb:INDEX or an address that begins with rtsp://, rtsps://, http:// or https://"
)


def load_camera_config(path: Path) -> CameraConfig:
    """Return the configuration in a TOML file, checked as a whole, its paths made absolute.

    Raises:
        ConfigurationError: The file cannot be read, or a value is not allowed; the message names the key, the value
            and what is allowed.
    """
    return _with_paths(check_camera_config(load_toml(path, CameraConfig)), path)


def parse_camera_config(raw: bytes, path: Path, *, is_draft: bool = False) -> CameraConfig:
    """Return the configuration in the bytes of a TOML file, as `load_camera_config` does.

    Args:
        raw: The file's bytes.
        path: Where they came from.
        is_draft: Its points may be unusable; only each value by itself is checked.

    Raises:
        ConfigurationError: As in `load_camera_config`.
    """
    config = parse_toml(raw, CameraConfig, path)
    return _with_paths(config if is_draft else check_camera_config(config), path)


def _with_paths(config: CameraConfig, path: Path) -> CameraConfig:
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
        reason = polyline.fault(tripwire.points)
        if reason is not None:
            msg = f"tripwire {tripwire.id!r}: {reason}"
            raise ConfigurationError(msg)
    for zone in config.zones:
        _check_zone(zone, config)
    _check_masks(config)
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


def _check_zone(zone: ZoneSettings, config: CameraConfig) -> None:
    try:
        check_polygon(zone.points)
    except ValueError as error:
        msg = f"zone {zone.id!r}: {error}"
        raise ConfigurationError(msg) from error
    for key in _QUEUE_KEYS:
        if zone.kind != "queue" and getattr(zone, key) is not None:
            msg = (
                f'zone {zone.id!r}: {key} is for zones of kind "queue", this one is of kind "{zone.kind}"; leave it out'
            )
            raise ConfigurationError(msg)
    tills = [each.id for each in config.zones if each.kind == "checkout"]
    for till in zone.serves or ():
        if till not in tills:
            msg = (
                f'zone {zone.id!r}: serves must name zones of kind "checkout" of this camera, got {till!r}; '
                f"there are {', '.join(tills) or 'none'}"
            )
            raise ConfigurationError(msg)


def _check_masks(config: CameraConfig) -> None:
    if config.masks and config.camera.source.startswith("tracks:"):
        msg = f"mask: camera.source {config.camera.source!r} gives no pictures; leave out [[mask]]"
        raise ConfigurationError(msg)
    for number, mask in enumerate(config.masks, start=1):
        try:
            check_mask(mask.points)
        except ValueError as error:
            msg = f"mask {number}: {error}"
            raise ConfigurationError(msg) from error


def _check_unique(key: str, ids: list[str]) -> None:
    for name in ids:
        if ids.count(name) > 1:
            msg = f"{key}.id must be unique, got {name!r} {ids.count(name)} times"
            raise ConfigurationError(msg)
