"""From the floor into a camera's picture and back. Pure: no clock, randomness or I/O.

Floor: metres, x to the right and y down on the plan, z up from the floor. Picture: pixels, x to the right and y down
from its upper left corner, so that the middle of the first pixel lies at (0.5, 0.5). The lens is a pinhole with the
first radial term of Brown and Conrady (D. C. Brown, "Decentering distortion of lenses", Photogrammetric Engineering,
1966): a ray at the tangent r from the axis meets the picture at r (1 + k1 r²).
"""

from math import cos, hypot, pi, radians, sin, sqrt, tan

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Point
from simulators.core.layout import Camera

Floats = NDArray[np.float64]

_BORDER_STEPS = 12
_CIRCLE_CORNERS = 48
_NEWTON_STEPS = 30
_STRAIGHT_DOWN_M = 1e-9


class CameraOptics:
    """Where a camera's lens puts the points of a store.

    The picture is as wide as `camera.horizontal_fov_deg` says with the lens's distortion counted in.

    Args:
        camera: Where it hangs, where it looks, and its lens.

    Raises:
        ValueError: The lens distorts so strongly that its picture folds over itself before it reaches the corners.

    Attributes:
        eye_m: The lens, shape (3,).
        axes: Unit vectors to the picture's right, to its lower edge and into its depth, shape (3, 3), in floor axes.
        frame_px: Width and height of the picture.
        focal_px: Focal length.
    """

    def __init__(self, camera: Camera) -> None:
        self._camera_id, self._k1, self._height_m = camera.id, camera.distortion_k1, camera.height_m
        self.frame_px = camera.frame_px
        self.eye_m: Floats = np.array([*camera.position, camera.height_m])
        self.axes = _axes(camera)
        edge = tan(radians(camera.horizontal_fov_deg) / 2)
        width_px, height_px = camera.frame_px
        self._centre_px: Floats = np.array([width_px / 2, height_px / 2])
        self._fold = 1 / sqrt(-3 * self._k1) if self._k1 < 0 else np.inf
        growth = 1 + self._k1 * edge * edge
        corner = hypot(1.0, height_px / width_px) * edge * growth
        if edge >= self._fold or corner >= 2 / 3 * self._fold:
            msg = (
                f"camera {camera.id!r}: distortion_k1 {camera.distortion_k1:g} folds a picture of horizontal_fov_deg "
                f"{camera.horizontal_fov_deg:g} over itself before its corners; take a value nearer to 0"
            )
            raise ValueError(msg)
        self.focal_px = width_px / 2 / (edge * growth)

    @property
    def distorts(self) -> bool:
        """Whether the lens bends straight lines."""
        return bool(self._k1)

    def project(self, points_m: Floats) -> tuple[Floats, Floats]:
        """Return where points are in the picture's plane, inside the picture or beyond its edges.

        Args:
            points_m: Points as (x, y, z), shape (N, 3).

        Returns:
            Pixels, shape (N, 2), NaN for what is not in front of the lens; and depth along the camera's axis in metres,
            shape (N,), negative behind the lens.
        """
        right, down, depth_m = ((points_m - self.eye_m) @ self.axes.T).T
        with np.errstate(divide="ignore", invalid="ignore"):
            tangents = np.where((depth_m > 0)[:, None], np.stack([right, down], axis=1) / depth_m[:, None], np.nan)
        return self._centre_px + self.focal_px * self._distorted(tangents), depth_m

    def rays(self, pixels: Floats) -> Floats:
        """Return for pixels of shape (N, 2) their rays from the lens into the store, shape (N, 3), of depth 1."""
        across = self._undistorted((pixels - self._centre_px) / self.focal_px) @ self.axes[:2]
        rays: Floats = across + self.axes[2]
        return rays

    def floor_point(self, pixels: Floats) -> Floats:
        """Return for pixels of shape (N, 2) the floor's points there, m, shape (N, 2); NaN above the horizon."""
        rays = self.rays(pixels)
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(rays[:, 2] < 0, -self._height_m / rays[:, 2], np.nan)
        points: Floats = self.eye_m[:2] + reach[:, None] * rays[:, :2]
        return points

    def footprint(self, range_m: float) -> tuple[Point, ...]:
        """Return the corners of the part of the floor that the picture shows within a distance along the floor.

        Raises:
            ValueError: There is none: the camera looks over everything within that distance.
        """
        tangents = self._undistorted((_border(self.frame_px) - self._centre_px) / self.focal_px)
        fall_per_down, fall = -self.axes[1, 2], -self.axes[2, 2]
        least_fall = self._height_m / hypot(range_m, self._height_m)
        tangents = clip(tangents, np.array([0.0, -fall_per_down]), fall - least_fall)
        rays = tangents @ self.axes[:2] + self.axes[2]
        corners: Floats = self._height_m * rays[:, :2] / -rays[:, 2:]
        for turn in range(_CIRCLE_CORNERS):
            angle = (turn + 0.5) * 2 * pi / _CIRCLE_CORNERS
            corners = clip(corners, np.array([cos(angle), sin(angle)]), range_m * cos(pi / _CIRCLE_CORNERS))
        if not len(corners):
            msg = (
                f"camera {self._camera_id!r} shows no floor within {range_m:g} m: let it look lower or hang lower, or "
                "take a greater range_m"
            )
            raise ValueError(msg)
        return tuple((float(x), float(y)) for x, y in corners + self.eye_m[:2])

    def frame_from_floor(self) -> Floats:
        """Return the homography from floor points (x, y, 1) to the picture's pixels, shape (3, 3).

        Raises:
            ValueError: The lens distorts, so that there is none.
        """
        if self.distorts:
            msg = f"camera {self._camera_id!r} has distortion_k1 {self._k1:g}; only without distortion is there one"
            raise ValueError(msg)
        inner = np.array([[self.focal_px, 0, self._centre_px[0]], [0, self.focal_px, self._centre_px[1]], [0, 0, 1]])
        outer = np.column_stack([self.axes[:, 0], self.axes[:, 1], -self.axes @ self.eye_m])
        matrix: Floats = inner @ outer
        return matrix

    def _distorted(self, tangents: Floats) -> Floats:
        squares = (tangents * tangents).sum(axis=1, keepdims=True)
        # Beyond the fold the model would come back into the picture; what lies there goes on outward instead.
        bent: Floats = tangents * (1 + self._k1 * np.minimum(squares, self._fold * self._fold))
        return bent

    def _undistorted(self, tangents: Floats) -> Floats:
        if not self._k1:
            return tangents
        bent = np.hypot(tangents[:, 0], tangents[:, 1])[:, None]
        # Newton's method runs up to the root from one side: the cubic bends one way over the whole picture.
        straight = bent
        for _ in range(_NEWTON_STEPS):
            straight = straight - (straight + self._k1 * straight**3 - bent) / (1 + 3 * self._k1 * straight**2)
        return tangents / (1 + self._k1 * straight**2)


def _axes(camera: Camera) -> Floats:
    ahead = np.array([*np.subtract(camera.looks_at, camera.position), -camera.height_m])
    along_floor_m = hypot(ahead[0], ahead[1])
    if along_floor_m < _STRAIGHT_DOWN_M:
        return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]])
    ahead /= hypot(along_floor_m, camera.height_m)
    right = np.array([-ahead[1], ahead[0], 0.0])
    right /= hypot(right[0], right[1])
    down = np.array([0.0, 0.0, -1.0]) + ahead * ahead[2]
    return np.stack([right, down / np.linalg.norm(down), ahead])


def _border(frame_px: tuple[int, int]) -> Floats:
    """Return points around a picture's border, clockwise as seen on it, shape (N, 2)."""
    share = np.arange(_BORDER_STEPS)[:, None] / _BORDER_STEPS
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * np.asarray(frame_px, dtype=np.float64)
    return np.concatenate([corners[i] * (1 - share) + corners[(i + 1) % 4] * share for i in range(4)])


def clip(corners: Floats, normal: Floats, limit: float) -> Floats:
    """Return the part of a polygon, shape (N, 2), where normal · p <= limit (Sutherland and Hodgman, 1974), (M, 2)."""
    kept: list[Floats] = []
    heights = corners @ normal - limit
    for i in range(len(corners)):
        j = (i + 1) % len(corners)
        if heights[i] <= 0:
            kept.append(corners[i])
        if (heights[i] <= 0) != (heights[j] <= 0):
            share = heights[i] / (heights[i] - heights[j])
            kept.append(corners[i] + share * (corners[j] - corners[i]))
    return np.array(kept).reshape(-1, 2)
