"""Where people stand and where they come from."""

import numpy as np

from simulators.core.geometry import Point, Polygon, contains, distance, distance_to_edge
from simulators.core.layout import Door, Pavement
from simulators.core.navigation import CLEARANCE_M, Navigator

DOORSTEP_M = 1.0
"""How far inside the door people walk straight, m."""

_GRID_M = 0.1
_ZONE_MARGIN_M = 0.2  # Standing people keep this far inside a zone, so that a stay is a stay.
_ELBOW_ROOM_M = 0.45
_PICKS = 12


def free_places(navigator: Navigator, zone: Polygon) -> list[Point]:
    """Return the points of a 0.1 m grid where a person can stand well inside a zone."""
    xs, ys = zip(*zone, strict=True)
    grid = (
        (round(float(x), 2), round(float(y), 2))
        for x in np.arange(min(xs), max(xs) + _GRID_M / 2, _GRID_M)
        for y in np.arange(min(ys), max(ys) + _GRID_M / 2, _GRID_M)
    )
    inside = [p for p in grid if contains(zone, p) and distance_to_edge(zone, p) >= _ZONE_MARGIN_M]
    if not inside:
        return []
    free = navigator.are_free(np.asarray(inside))
    return [point for point, is_free in zip(inside, free, strict=True) if is_free]


def pick_place(rng: np.random.Generator, places: list[Point], taken: list[Point], near: Point | None = None) -> Point:
    """Return one of the places: not where somebody stands, if that can be had, and near a point if one is given."""
    picks = [places[int(index)] for index in rng.integers(len(places), size=_PICKS)]
    roomy = [pick for pick in picks if all(distance(pick, other) >= _ELBOW_ROOM_M for other in taken)] or picks
    return roomy[0] if near is None else min(roomy, key=lambda pick: distance(pick, near))


def doorway(door: Door, rng: np.random.Generator) -> tuple[Point, Point]:
    """Return a point in the street and the one inside, joined by a straight way through the door."""
    room = max(0.0, door.width_m / 2 - CLEARANCE_M - 0.1)
    aside = float(rng.uniform(-room, room))
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
