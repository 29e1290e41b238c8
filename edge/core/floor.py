"""The map from a camera's picture to the floor. Pure: no clock, randomness or I/O.

The floor has x to the right and y down, as a plan shows the store from above, in metres. Messages count points from 1.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from edge.core.geometry import (
    IDENTITY,
    Matrix,
    Point,
    apply_homography,
    fit_homography,
    homography_equations,
)
from edge.core.lens import Lens, bend, straighten

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CONDITION_NUMBER = 300.0
"""Of the equations of the map, times that of the map itself, both between normalized points. Points that spread well
have 5 to 50; where three of four lie within 3 pixels of a line of 400 it is over 300, and a click decides the map."""
_FLAT = 0.03


class FloorMap(msgspec.Struct, frozen=True):
    """Where points of a camera's plane lie on the floor.

    Attributes:
        matrix: Homography from the plane, its lens straightened, to floor metres.
        lens: What the lens does to the plane's points; None: nothing.
    """

    matrix: Matrix = IDENTITY
    lens: Lens | None = None


FLOOR_ITSELF = FloorMap()
"""Of a plane that is the floor already."""


def floor_point(floor: FloorMap, point: Point) -> Point | None:
    """Return where a point of the plane lies on the floor, m; None on the horizon or above it."""
    return apply_homography(floor.matrix, point if floor.lens is None else straighten(floor.lens, point))


def picture_point(floor: FloorMap, point_m: Point) -> Point | None:
    """Return where a place on the floor is in the camera's plane; None behind the camera."""
    first, second, third = np.linalg.inv(np.array(floor.matrix)).tolist()
    straight = apply_homography((tuple(first), tuple(second), tuple(third)), point_m)
    return straight if straight is None or floor.lens is None else bend(floor.lens, straight)


def fit_floor(image_px: Sequence[Point], floor_m: Sequence[Point], lens: Lens | None = None) -> FloorMap:
    """Return the map that fits points best, known to be usable.

    Args:
        image_px: At least four points in the picture, no three of four on a line.
        floor_m: The same points on the floor, in the same order, metres.
        lens: What bends the picture's lines, if it is known.

    Raises:
        ValueError: The points give no map, or one that a click decides; the message names the points.
    """
    straight = straightened(image_px, lens)
    condition = condition_number(straight, floor_m)
    if condition > MOST_CONDITION_NUMBER:
        raise ValueError(_degenerate(straight, floor_m, condition))
    matrix = fit_homography(straight, floor_m)
    beyond = [index for index, point in enumerate(straight) if apply_homography(matrix, point) is None]
    if beyond:
        msg = (
            f"{_named(beyond)} would lie above the horizon, so that the points' order in the picture is not their "
            f"order on the floor; swap the floor's places of two of them, got {list(image_px)} and {list(floor_m)}"
        )
        raise ValueError(msg)
    return FloorMap(matrix, lens)


def straightened(image_px: Sequence[Point], lens: Lens | None) -> list[Point]:
    """Return points as they would be seen without the lens's distortion."""
    return list(image_px) if lens is None else [straighten(lens, point) for point in image_px]


def condition_number(straight_px: Sequence[Point], floor_m: Sequence[Point]) -> float:
    """Return how sensitive the map is to its points; see `MOST_CONDITION_NUMBER`."""
    _, singular, right = np.linalg.svd(homography_equations(straight_px, floor_m)[0])
    least = max(float(singular[7]), float(np.finfo(np.float64).tiny))
    with np.errstate(over="ignore"):
        return float(singular[0] / least * np.linalg.cond(right[-1].reshape(3, 3)))


def _degenerate(straight_px: Sequence[Point], floor_m: Sequence[Point], condition: float) -> str:
    where, points, flattest = min(
        (
            (where, indices, _flatness([points[index] for index in indices]))
            for where, points in (("in the picture", straight_px), ("on the floor", floor_m))
            for indices in _almost_all(len(points))
        ),
        key=lambda found: (found[2] > _FLAT, -len(found[1]) if found[2] <= _FLAT else found[2]),
    )
    found = f"{_named(points)} lie on a line {where}, or nearly" if flattest <= _FLAT else "the points say too little"
    return (
        f"{found} (condition number {condition:.0f}, at most {MOST_CONDITION_NUMBER:.0f}); a floor map needs "
        "four points of which no three lie on a line, far apart in width and depth"
    )


def _almost_all(count: int) -> list[list[int]]:
    everyone = list(range(count))
    return [everyone, *([index for index in everyone if index != left_out] for left_out in everyone)]


def _flatness(points: Sequence[Point]) -> float:
    """Return how thin a set of points is, 0 on a line: its spread across its longest direction over that along it."""
    array: NDArray[np.float64] = np.array(points, dtype=np.float64)
    along, across = np.linalg.svd(array - array.mean(axis=0), compute_uv=False)[:2]
    return float(across / along) if along > 0 else 0.0


def _named(indices: Sequence[int]) -> str:
    names = [str(index + 1) for index in indices]
    return f"point {names[0]}" if len(names) == 1 else f"points {', '.join(names[:-1])} and {names[-1]}"
