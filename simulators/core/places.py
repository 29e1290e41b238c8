"""Where people stand and where they come from."""

from math import hypot

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Point, Points, Polygon, distance, edges
from simulators.core.layout import Door, Pavement
from simulators.core.navigation import CLEARANCE_M, Navigator

DOORSTEP_M = 1.0
"""How far inside the door people walk straight, m."""

_GRID_M = 0.2
_ZONE_MARGIN_M = 0.2  # Standing people keep this far inside a zone, so that a stay is a stay.
_ELBOW_ROOM_M = 0.45
_PICKS = 12
_NEAR_M = 1.8
_NEAR_STEP_M = 0.3


def free_places(navigator: Navigator, zone: Polygon) -> list[Point]:
    """Return the points of a 0.2 m grid where a person can stand well inside a zone."""
    xs, ys = zip(*zone, strict=True)
    columns, rows = (
        np.arange(min(xs), max(xs) + _GRID_M / 2, _GRID_M),
        np.arange(min(ys), max(ys) + _GRID_M / 2, _GRID_M),
    )
    grid = np.stack(np.meshgrid(columns, rows, indexing="ij"), axis=-1).reshape(-1, 2).round(2)
    inside = grid[_contained(zone, grid) & (_to_edge_m(zone, grid) >= _ZONE_MARGIN_M)]
    free = inside[navigator.are_free(inside)]
    return [(float(x), float(y)) for x, y in free]


def _contained(zone: Polygon, points: Points) -> NDArray[np.bool_]:
    """Return for points of shape (N, 2) whether each lies in a polygon (even-odd rule), shape (N,)."""
    x, y = points[:, 0], points[:, 1]
    is_inside = np.zeros(len(points), dtype=np.bool_)
    for (ax, ay), (bx, by) in edges(zone):
        if ay != by:
            is_inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return is_inside


def _to_edge_m(zone: Polygon, points: Points) -> NDArray[np.float64]:
    """Return metres from points of shape (N, 2) to a polygon's nearest edge, shape (N,)."""
    nearest = np.full(len(points), np.inf)
    for a, b in edges(zone):
        along = np.subtract(b, a)
        share = np.clip((points - a) @ along / (along @ along), 0.0, 1.0)
        gaps = points - a - share[:, None] * along
        nearest = np.minimum(nearest, np.hypot(gaps[:, 0], gaps[:, 1]))
    return nearest


def pick_place(rng: np.random.Generator, places: list[Point], taken: list[Point], near: Point | None = None) -> Point:
    """Return one of the places: not where somebody stands, if that can be had, and near a point if one is given.

    Args:
        rng: The party's own random stream.
        places: Where there is room to stand.
        taken: Where others stand or are about to.
        near: Where a companion stands.
    """
    picks = [places[int(index)] for index in rng.integers(len(places), size=_PICKS)]
    elbow_room = {pick: _room_m(pick, taken) for pick in picks}
    roomy = [pick for pick in picks if elbow_room[pick] >= _ELBOW_ROOM_M] or [max(picks, key=elbow_room.__getitem__)]
    return roomy[0] if near is None else min(roomy, key=lambda pick: distance(pick, near))


def _room_m(place: Point, taken: list[Point]) -> float:
    """Return metres from a place to the nearest one taken, or how many are enough."""
    room_m = _ELBOW_ROOM_M
    x, y = place
    for other_x, other_y in taken:
        if abs(other_x - x) < room_m and abs(other_y - y) < room_m:
            room_m = min(room_m, hypot(other_x - x, other_y - y))
    return room_m


def places_near(navigator: Navigator, point: Point) -> list[Point]:
    """Return points where a person can stand about another one, and get there from it, the nearest first."""
    (x, y), reach = point, np.arange(-_NEAR_M, _NEAR_M + _NEAR_STEP_M / 2, _NEAR_STEP_M)
    grid = [(round(x + float(dx), 2), round(y + float(dy), 2)) for dx in reach for dy in reach]
    free = navigator.are_free(np.asarray(grid))
    places = [place for place, is_free in zip(grid, free, strict=True) if is_free and navigator.is_clear(point, place)]
    return sorted(places, key=lambda place: distance(place, point))


def doorway(door: Door, rng: np.random.Generator, aside_m: float | None = None) -> tuple[Point, Point]:
    """Return a point in the street and the one inside, joined by a straight way through the door.

    Args:
        door: The door.
        rng: Draws how far from the door's middle the way goes.
        aside_m: Says that instead, as far as the door is wide.
    """
    room = max(0.0, door.width_m / 2 - CLEARANCE_M - 0.1)
    aside = round(float(rng.uniform(-room, room)) if aside_m is None else min(room, max(-room, aside_m)), 1)
    (cx, cy), (ox, oy) = door.centre, door.outward
    x, y = cx - aside * oy, cy + aside * ox
    outside = (x + door.approach_m * ox, y + door.approach_m * oy)
    inside = (x - DOORSTEP_M * ox, y - DOORSTEP_M * oy)
    return outside, inside


def pavement_walk(pavement: Pavement, rng: np.random.Generator) -> tuple[Point, Point]:
    """Return where a passer-by comes from and goes to, in either direction."""
    (sx, sy), (ex, ey) = pavement.start, pavement.end
    length = distance(pavement.start, pavement.end)
    aside = float(rng.uniform(-0.5, 0.5)) * pavement.width_m / length
    shift_x, shift_y = aside * (ey - sy), aside * (sx - ex)
    start, end = (sx + shift_x, sy + shift_y), (ex + shift_x, ey + shift_y)
    return (start, end) if rng.random() < 0.5 else (end, start)  # noqa: PLR2004
