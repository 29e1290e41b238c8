"""What in a camera's configuration works and is probably not meant."""

from itertools import pairwise
from math import ceil

from edge.camera_floor import floor_map, floor_quality
from edge.camera_settings import CameraConfig
from edge.core.floor import picture_point
from edge.core.geometry import Point, distance, is_inside
from edge.core.mask import Pixels, is_masked, rasterize

_SAMPLES = 100
_GRID = 24
_LARGE_ERROR_M = 0.5
_POOR_FIT_M = 0.1


def placement_warnings(config: CameraConfig, frame_wh_px: tuple[int, int]) -> list[str]:
    """Return what an operator should look at again, each with a remedy; nothing of a good configuration.

    Args:
        config: From `load_camera_config`.
        frame_wh_px: Width and height of the picture.
    """
    return [*floor_warnings(config), *_mask_warnings(config, frame_wh_px)]


def floor_warnings(config: CameraConfig) -> list[str]:
    """Return what an operator should look at again in the floor's points; it takes no picture to tell."""
    quality = floor_quality(config)
    if quality is None:
        return []
    found = []
    if quality.is_mirrored:
        found.append(
            "floor: the points go round the other way in floor_m than in image_px, so that the floor is mirrored; two "
            "points are swapped, or y points up on the plan: it must point down"
        )
    worst = quality.worst
    if quality.rms_m > _POOR_FIT_M:
        found.append(
            f"floor: the points miss each other by {100 * quality.rms_m:.0f} cm (root mean square), point {worst + 1} "
            f"most; measure and click it again"
        )
    if quality.error_m > _LARGE_ERROR_M:
        found.append(
            f"floor: positions are expected to be {quality.error_m:.1f} m off; take points that lie farther apart, "
            "nearer to the camera, or more of them"
        )
    return found


def _mask_warnings(config: CameraConfig, frame_wh_px: tuple[int, int]) -> list[str]:
    if not config.masks:
        return []
    found = []
    if config.camera.picture_size is None:
        width_px, height_px = frame_wh_px
        found.append(
            f"mask: set camera.picture_size = [{width_px}, {height_px}], so that a camera that is set to another size "
            "is refused and shows nothing that shall stay hidden"
        )
    masked = rasterize([mask.points for mask in config.masks], frame_wh_px)
    drawn = [
        *((f"tripwire {wire.id!r}", _along(wire.points)) for wire in config.tripwires),
        *((f"zone {zone.id!r}", _within(zone.points)) for zone in config.zones),
    ]
    shares = ((what, _covered(masked, _in_picture(config, points))) for what, points in drawn)
    return [*found, *(_hidden(what, share) for what, share in shares if share > 0)]


def _hidden(what: str, share: float) -> str:
    return f"{what}: masks hide {share:.0%} of it, where nobody is seen; draw it beside the masks, or make them smaller"


def _covered(masked: Pixels, points_px: list[Point]) -> float:
    return sum(is_masked(masked, point) for point in points_px) / len(points_px) if points_px else 0.0


def _along(line: tuple[Point, ...]) -> list[Point]:
    """Return points along a line of several pieces, as many for each metre or pixel of it."""
    pieces = list(pairwise(line))
    whole = sum(distance(*piece) for piece in pieces)
    return [
        (x1 + share * (x2 - x1), y1 + share * (y2 - y1))
        for (x1, y1), (x2, y2) in pieces
        for count in [ceil(_SAMPLES * distance((x1, y1), (x2, y2)) / whole)]
        for share in ((sample + 0.5) / count for sample in range(count))
    ]


def _within(polygon: tuple[Point, ...]) -> list[Point]:
    columns, rows = ([point[axis] for point in polygon] for axis in (0, 1))
    points = [
        (min(columns) + (column + 0.5) / _GRID * (max(columns) - min(columns)), y)
        for row in range(_GRID)
        for y in [min(rows) + (row + 0.5) / _GRID * (max(rows) - min(rows))]
        for column in range(_GRID)
    ]
    return [point for point in points if is_inside(polygon, point)]


def _in_picture(config: CameraConfig, points: list[Point]) -> list[Point]:
    """Return where points of the camera's plane are in the picture."""
    floor = floor_map(config)
    if config.camera.plane == "image" or floor is None:
        return points
    return [found for point in points if (found := picture_point(floor, point)) is not None]
