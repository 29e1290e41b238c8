"""What an operator draws in a camera's picture, apart from everything else that its configuration says."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from contracts.fields import TripwireKind, ZoneKind
from edge.camera_settings import (
    CameraConfig,
    FloorSettings,
    LensSettings,
    MaskSettings,
    Point,
    TripwireSettings,
    ZoneSettings,
)


class DrawnTripwire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counting line; `was` is its name in the file, None for a new one."""

    id: str
    kind: TripwireKind = "entrance"
    points: tuple[Point, ...]
    was: str | None = None


class DrawnZone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A zone; `was` is its name in the file, None for a new one."""

    id: str
    kind: ZoneKind
    points: tuple[Point, ...]
    was: str | None = None


class DrawnMask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mask; `was` is its place in the file from 0, None for a new one."""

    points: tuple[Point, ...]
    was: int | None = None


DrawnT = TypeVar("DrawnT", DrawnTripwire, DrawnZone, DrawnMask)


class Drawing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is drawn.

    Attributes:
        picture_size: Of the picture that it is drawn in; None: the file's stays.
        tripwires: In the camera's plane.
        zones: In the camera's plane.
        masks: In pixels.
        lines: Lines that are straight in the world, in pixels.
        image_px: The floor's points in the picture; none: the floor is not known.
        floor_m: The same points on the floor, metres.
    """

    picture_size: tuple[int, int] | None = None
    tripwires: tuple[DrawnTripwire, ...] = ()
    zones: tuple[DrawnZone, ...] = ()
    masks: tuple[DrawnMask, ...] = ()
    lines: tuple[tuple[Point, ...], ...] = ()
    image_px: tuple[Point, ...] = ()
    floor_m: tuple[Point, ...] = ()


def drawing_of(config: CameraConfig, picture_size: tuple[int, int] | None = None) -> Drawing:
    """Return what a configuration draws.

    Args:
        config: A camera's configuration.
        picture_size: Width and height of the picture; None: the configuration's.
    """
    return Drawing(
        picture_size=picture_size or config.camera.picture_size,
        tripwires=tuple(
            DrawnTripwire(id=line.id, kind=line.kind, points=line.points, was=line.id) for line in config.tripwires
        ),
        zones=tuple(DrawnZone(id=zone.id, kind=zone.kind, points=zone.points, was=zone.id) for zone in config.zones),
        masks=tuple(DrawnMask(points=mask.points, was=place) for place, mask in enumerate(config.masks)),
        lines=config.lens.lines if config.lens is not None else (),
        image_px=config.floor.image_px if config.floor is not None else (),
        floor_m=config.floor.floor_m if config.floor is not None else (),
    )


def with_drawing(config: CameraConfig, drawing: Drawing) -> CameraConfig:
    """Return a configuration as it would be with what is drawn, unchecked: what the file has first, then the rest."""
    lines = {line.id: line for line in config.tripwires}
    zones = {zone.id: zone for zone in config.zones}
    return replace(
        config,
        camera=replace(config.camera, picture_size=drawing.picture_size or config.camera.picture_size),
        tripwires=tuple(
            replace(lines[each.was], id=each.id, kind=each.kind, points=each.points)
            if each.was in lines
            else TripwireSettings(id=each.id, kind=each.kind, points=each.points)
            for each in _file_order(drawing.tripwires, list(lines))
        ),
        zones=tuple(
            replace(zones[each.was], id=each.id, kind=each.kind, points=each.points)
            if each.was in zones
            else ZoneSettings(id=each.id, kind=each.kind, points=each.points)
            for each in _file_order(drawing.zones, list(zones))
        ),
        masks=tuple(
            MaskSettings(points=mask.points) for mask in _file_order(drawing.masks, list(range(len(config.masks))))
        ),
        lens=_lens(config.lens, drawing.lines),
        floor=_floor(config.floor, drawing),
    )


def _file_order(drawn: Sequence[DrawnT], names: list[Any]) -> list[DrawnT]:
    return sorted(drawn, key=lambda each: names.index(each.was) if each.was in names else len(names))


def _lens(before: LensSettings | None, lines: tuple[tuple[Point, ...], ...]) -> LensSettings | None:
    if lines:
        return replace(before or LensSettings(), k1=None, k2=0.0, lines=lines)
    return None if before is None or before.lines else before


def _floor(before: FloorSettings | None, drawing: Drawing) -> FloorSettings | None:
    if not drawing.image_px and not drawing.floor_m:
        return None
    drawn = FloorSettings(image_px=drawing.image_px, floor_m=drawing.floor_m)
    if before is not None and replace(before, error_m=None) == drawn:
        return before  # its error is that of the same points
    return drawn
