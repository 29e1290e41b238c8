"""What a drawing is worth: the floor's errors in centimetres, its grid in the picture, what cannot be used and why."""

from math import ceil, floor, isfinite

from msgspec import Struct
from msgspec.structs import replace

from edge.calibration.drawing import Drawing, with_drawing
from edge.camera_config import check_camera_config
from edge.camera_floor import camera_lens, floor_map, floor_quality, lens_frame
from edge.camera_rules import check_placement, tripwires
from edge.camera_settings import CameraConfig, Point
from edge.camera_warnings import floor_warnings, placement_warnings
from edge.core.floor import FloorMap, floor_point, picture_point
from edge.core.floor_quality import FloorQuality, expected_errors
from edge.core.plumb_lines import estimate_lens
from edge.core.tripwire import usable_share
from edge.errors import ConfigurationError

_GRID_STEPS_M = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_MOST_GRID_LINES = 16
_GRID_SAMPLES = 40
_BEYOND = 0.25
_CM_PER_M = 100
_PLACES = (6, 6)
_SAYS_NOTHING_M = 5.0


class PointReport(Struct, frozen=True, kw_only=True):
    """One point of the floor: where the map misses it, cm; `left_out_cm` with the map of all other points."""

    residual_cm: float
    left_out_cm: float | None


class GridLine(Struct, frozen=True, kw_only=True):
    """A line of the floor's grid in the picture: `label` tells its coordinate, such as "x 3 m"."""

    label: str
    points: tuple[Point, ...]


class PlaceReport(Struct, frozen=True, kw_only=True):
    """A place of the picture, and the standard error of each coordinate of whoever stands there, cm."""

    px: Point
    error_cm: float


class FloorReport(Struct, frozen=True, kw_only=True):
    """How good the floor map is.

    Attributes:
        rms_cm: Root mean square of the points' misses.
        worst: Number of the point that fits least, from 1.
        error_cm: Standard error of each coordinate of a position that is expected.
        condition_number: How sensitive the map is to its points.
        points: Each point's misses.
        grid: The floor's grid in the picture.
        places: Errors that are expected around the points.
    """

    rms_cm: float
    worst: int
    error_cm: float
    condition_number: float
    points: tuple[PointReport, ...]
    grid: tuple[GridLine, ...]
    places: tuple[PlaceReport, ...]


class LensReport(Struct, frozen=True, kw_only=True):
    """What straight lines say: k1, its standard error if it is known, how crooked lines are before and after."""

    k1: float
    k1_error: float | None
    crooked_px: float
    left_px: float


class TripwireReport(Struct, frozen=True, kw_only=True):
    """Which share of a line can ever fire, 0 to 1."""

    id: str
    usable_share: float


class Report(Struct, frozen=True, kw_only=True):
    """Everything that is known of a drawing.

    Attributes:
        floor: Of the floor, None without one or where it cannot be used.
        lens: Of straight lines, None without any or where they cannot be used.
        tripwires: Of the lines in the picture.
        errors: What must be changed before it can be saved, with the remedy.
        warnings: What is probably not meant.
    """

    floor: FloorReport | None = None
    lens: LensReport | None = None
    tripwires: tuple[TripwireReport, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def report(config: CameraConfig, drawing: Drawing) -> Report:
    """Return what a drawing is worth in a configuration.

    Args:
        config: The configuration in which it shall be drawn.
        drawing: What is drawn; its size of the picture is known.
    """
    drawn = with_drawing(config, drawing)
    errors = _errors(drawn)
    size = drawn.camera.picture_size
    warnings: list[str] = []
    if not errors:
        warnings = floor_warnings(drawn) if size is None else placement_warnings(drawn, size)
    return Report(
        floor=_floor_report(drawn),
        lens=_lens_report(drawn),
        tripwires=_tripwire_reports(drawn),
        errors=errors,
        warnings=tuple(warnings),
    )


def _errors(drawn: CameraConfig) -> tuple[str, ...]:
    """Return what is wrong with each piece, so that one mistake does not hide the next; then with the whole."""
    bare = replace(drawn, tripwires=(), zones=(), masks=(), lens=None, floor=None)
    bare = replace(bare, camera=replace(bare.camera, plane="image"))
    pieces = [
        *(replace(bare, tripwires=(line,)) for line in drawn.tripwires if drawn.camera.plane == "image"),
        *(replace(bare, zones=(zone,)) for zone in drawn.zones if drawn.camera.plane == "image"),
        *(replace(bare, masks=(mask,)) for mask in drawn.masks),
        replace(bare, lens=drawn.lens),
    ]
    found = [problem for piece in pieces if (problem := _problem(piece)) is not None]
    for whole in (replace(bare, lens=drawn.lens, floor=drawn.floor), drawn):
        if not found and (problem := _problem(whole)) is not None:
            found.append(problem)
    if found and drawn.floor is not None and (problem := _problem(replace(bare, floor=drawn.floor))) is not None:
        found.append(problem)
    return tuple(dict.fromkeys(found))


def _problem(config: CameraConfig) -> str | None:
    try:
        check_camera_config(config)
        if config.camera.picture_size is not None:
            check_placement(config, config.camera.picture_size)
    except ConfigurationError as error:
        return str(error)
    return None


def _floor_report(drawn: CameraConfig) -> FloorReport | None:
    try:
        quality, known = floor_quality(drawn), floor_map(drawn)
    except ConfigurationError:
        return None
    if quality is None or known is None:
        return None
    return FloorReport(
        rms_cm=_cm(quality.rms_m),
        worst=quality.worst + 1,
        error_cm=_cm(quality.error_m),
        condition_number=round(quality.condition_number, 1),
        points=_point_reports(quality),
        grid=_grid(drawn, known),
        places=_places(drawn),
    )


def _places(drawn: CameraConfig) -> tuple[PlaceReport, ...]:
    """Return the expected errors at even places of the picture, as far as they say something."""
    if drawn.floor is None or drawn.camera.picture_size is None:
        return ()
    width_px, height_px = drawn.camera.picture_size
    columns, rows = _PLACES
    places = [
        ((column + 0.5) * width_px / columns, (row + 0.5) * height_px / rows)
        for row in range(rows)
        for column in range(columns)
    ]
    expected = expected_errors(drawn.floor.image_px, drawn.floor.floor_m, camera_lens(drawn), places)
    return tuple(
        PlaceReport(px=place, error_cm=_cm(error))
        for place, error in zip(places, expected, strict=True)
        if error is not None and error < _SAYS_NOTHING_M
    )


def _point_reports(quality: FloorQuality) -> tuple[PointReport, ...]:
    return tuple(
        PointReport(residual_cm=_cm(residual), left_out_cm=None if left_out is None else _cm(left_out))
        for residual, left_out in zip(quality.residuals_m, quality.left_out_m, strict=True)
    )


def _grid(drawn: CameraConfig, known: FloorMap) -> tuple[GridLine, ...]:
    """Return lines of the floor at round metres, around its points and a little beyond."""
    if drawn.floor is None or drawn.camera.picture_size is None:
        return ()
    spans = []
    for axis in (0, 1):
        values = [point[axis] for point in drawn.floor.floor_m]
        beyond = _BEYOND * (max(values) - min(values))
        spans.append((min(values) - beyond, max(values) + beyond))
    longest = max(high - low for low, high in spans)
    step = next((step for step in _GRID_STEPS_M if longest / step <= _MOST_GRID_LINES), _GRID_STEPS_M[-1])
    lines = []
    for axis, name in ((0, "x"), (1, "y")):
        low, high = spans[axis]
        for count in range(ceil(low / step), floor(high / step) + 1):
            for points in _grid_line(known, axis, count * step, spans[1 - axis], drawn.camera.picture_size):
                lines.append(GridLine(label=f"{name} {count * step:g} m", points=points))  # noqa: PERF401 - three loops
    return tuple(lines)


def _grid_line(
    known: FloorMap, axis: int, value: float, span: tuple[float, float], size: tuple[int, int]
) -> list[tuple[Point, ...]]:
    """Return the parts of a line of the floor that lie in the picture."""
    parts: list[list[Point]] = [[]]
    for sample in range(_GRID_SAMPLES + 1):
        along = span[0] + (span[1] - span[0]) * sample / _GRID_SAMPLES
        place = (value, along) if axis == 0 else (along, value)
        seen = picture_point(known, place)
        if seen is not None and 0 <= seen[0] <= size[0] and 0 <= seen[1] <= size[1] and floor_point(known, seen):
            parts[-1].append((round(seen[0], 1), round(seen[1], 1)))
        elif parts[-1]:
            parts.append([])
    return [tuple(part) for part in parts if len(part) > 1]


def _lens_report(drawn: CameraConfig) -> LensReport | None:
    settings, size = drawn.lens, drawn.camera.picture_size
    try:
        if settings is None or size is None or not settings.lines or camera_lens(drawn) is None:
            return None
    except ConfigurationError:
        return None
    found = estimate_lens(settings.lines, *lens_frame(settings, size))
    return LensReport(
        k1=round(found.k1, 5),
        k1_error=round(found.k1_error, 5) if isfinite(found.k1_error) else None,
        crooked_px=round(found.crooked_px, 2),
        left_px=round(found.left_px, 2),
    )


def _tripwire_reports(drawn: CameraConfig) -> tuple[TripwireReport, ...]:
    size = drawn.camera.picture_size
    if drawn.camera.plane != "image" or size is None:
        return ()
    return tuple(
        TripwireReport(id=wire.id, usable_share=round(usable_share(wire, size), 2))
        for wire in tripwires(drawn)
        if len(set(wire.points)) == len(wire.points)
    )


def _cm(metres: float) -> float:
    return round(_CM_PER_M * metres, 1)
