"""The configuration of a camera's agent for rendered footage: tripwires and zones in the picture's pixels."""

import numpy as np
from numpy.typing import NDArray

from contracts.timestamps import format_time
from simulators.adapters.toml_text import Table, toml_text
from simulators.core.geometry import Point, Polygon, contains
from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics, clip
from simulators.core.scenario import Scenario

Floats = NDArray[np.float64]

_INSET_PX = 6.0
_NEAREST_M = 0.3
_LEAST_TRIPWIRE_PX = 25.0
_LEAST_ZONE_PX2 = 300.0
_STEPS = 200
_INPUT_MULTIPLE_PX = 32


def rendered_camera_toml(scenario: Scenario, camera: Camera, video: str, start_ms: int) -> str:
    """Return the whole configuration of an agent that watches rendered footage, but for the broker.

    Its tripwires and zones are those of the scenario whose middle the camera reports on, as far as its picture shows
    them.

    Args:
        scenario: The store.
        camera: One of its cameras.
        video: Path of the footage, from the configuration's folder.
        start_ms: When its first frame was taken, Unix milliseconds UTC.
    """
    optics = CameraOptics(camera)
    sees = camera.sees or optics.footprint(camera.range_m)
    tripwires: list[Table] = [
        {"id": wire.id, "kind": wire.kind, "points": points}
        for wire in scenario.tripwires
        if _sees_middle(sees, wire.points) and (points := _shown_line(optics, wire.points))
    ]
    zones: list[Table] = [
        {"id": zone.id, "kind": zone.kind, "points": points}
        for zone in scenario.zones
        if _sees_middle(sees, zone.polygon) and (points := _shown_area(optics, zone.polygon))
    ]
    image_px, floor_m = _floor_points(optics, camera)
    lens: dict[str, Table] = (
        {"lens": {"k1": camera.distortion_k1, "focal_px": optics.focal_px}} if optics.distorts else {}
    )
    input_size = [max(1, round(side / _INPUT_MULTIPLE_PX)) * _INPUT_MULTIPLE_PX for side in camera.frame_px]
    start = format_time(start_ms)
    tables: dict[str, Table] = {
        "device": {
            "tenant": scenario.tenant,
            "store": scenario.store,
            "id": camera.id,
            "data_dir": f"data-{camera.id}",
        },
        "camera": {
            "source": f"file:{video}",
            "realtime": True,
            "start": start,
            "input_size": input_size,
            "picture_size": list(camera.frame_px),
        },
        **lens,
        "floor": {"image_px": image_px, "floor_m": floor_m},
    }
    comment = f"{scenario.title}: rendered footage of camera {camera.id}. Pixels, x to the right, y down."
    text = toml_text(tables, {"tripwire": tripwires, "zone": zones}, comment=comment)
    return text.replace(f'start = "{start}"', f"start = {start}")  # TOML has a type of its own for times


def _sees_middle(sees: Polygon, points: Polygon) -> bool:
    return contains(sees, (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)))


def _inner_edges(optics: CameraOptics) -> tuple[Floats, Floats]:
    return np.full(2, _INSET_PX), np.array(optics.frame_px) - _INSET_PX


def _shown_line(optics: CameraOptics, line: tuple[Point, Point]) -> tuple[Point, ...]:
    """Return the ends of the part of a line that the picture shows, in pixels; nothing where that is too short."""
    share = np.linspace(0, 1, _STEPS)[:, None]
    points = np.array(line[0]) * (1 - share) + np.array(line[1]) * share
    pixels, _ = optics.project(np.column_stack([points, np.zeros(_STEPS)]))
    low, high = _inner_edges(optics)
    inside = pixels[((pixels >= low) & (pixels <= high)).all(axis=1)]
    if not len(inside) or np.hypot(*(inside[-1] - inside[0])) < _LEAST_TRIPWIRE_PX:
        return ()
    return _rounded(inside[[0, -1]])


def _shown_area(optics: CameraOptics, polygon: Polygon) -> tuple[Point, ...]:
    """Return the corners of the part of an area that the picture shows, in pixels; nothing where that is tiny."""
    ahead, eye = optics.axes[2], optics.eye_m
    corners = clip(np.array(polygon), -ahead[:2], -(float(ahead @ eye) + _NEAREST_M))
    corners, _ = optics.project(np.column_stack([corners, np.zeros(len(corners))]))
    low, high = _inner_edges(optics)
    for axis in range(2):
        along = np.eye(2)[axis]
        corners = clip(clip(corners, along, float(high[axis])), -along, -float(low[axis]))
    x, y = corners.T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return _rounded(corners) if area > _LEAST_ZONE_PX2 else ()


def _floor_points(optics: CameraOptics, camera: Camera) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Return four points of the picture and the same on the floor."""
    width, height = optics.frame_px
    rows = np.arange(0.02, 0.96, 0.01) * height
    ends = np.array([(x * width, row) for row in rows for x in (0.05, 0.95)])
    away_m = np.hypot(*(optics.floor_point(ends) - np.array(camera.position)).T).reshape(-1, 2)
    near = rows[(away_m <= camera.range_m).all(axis=1)]
    top = float(near.min()) if len(near) else 0.8 * height
    grid = [(x * width, y) for y in (top, 0.97 * height) for x in (0.05, 0.95)]
    pixels: Floats = np.asarray(grid, dtype=np.float64).round(1)
    floor_m = optics.floor_point(pixels)
    return _rounded(pixels), tuple((round(float(x), 3), round(float(y), 3)) for x, y in floor_m)


def _rounded(pixels: Floats) -> tuple[Point, ...]:
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in pixels)
