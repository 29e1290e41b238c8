"""What floors, walls and shelves look like up close: procedural colours at points of the store. Pure.

Colours are linear shares of red, green, blue, light counted in.
"""

# ruff: noqa: PLR2004 - lengths and shares on a body and in a shop speak for themselves

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simulators.core.scenario import Scenario, obstacles

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_STREAM = 31
_LAMP_PITCH_M = 2.4
_GRAIN_M = 0.012
_GRAIN_SIDE = 512
_SHADE_CELL_M = 0.05
_SHADE_REACH_M = 0.35
_COUNTER_BELOW_M = 1.5
_BOARD_PITCH_M = 0.36
_BOARD_M = 0.035
_KICK_M = 0.1
_GARMENT_PITCH_M = 0.055
_FLOORS = (
    ((0.46, 0.45, 0.43), 0.6, 0.012),
    ((0.55, 0.53, 0.48), 0.45, 0.01),
    ((0.30, 0.29, 0.28), 0.9, 0.01),
    ((0.36, 0.25, 0.16), 0.14, 0.006),
)
_PACKS = np.array(
    [
        (0.62, 0.06, 0.05),
        (0.05, 0.13, 0.42),
        (0.68, 0.66, 0.60),
        (0.72, 0.52, 0.06),
        (0.10, 0.30, 0.12),
        (0.30, 0.16, 0.07),
        (0.75, 0.74, 0.74),
        (0.06, 0.06, 0.07),
        (0.55, 0.22, 0.06),
        (0.22, 0.38, 0.55),
        (0.50, 0.30, 0.38),
        (0.40, 0.36, 0.16),
    ]
)


@dataclass(frozen=True, slots=True)
class Hits:
    """Points on one upright block.

    Attributes:
        points: Shape (P, 3).
        face: The edge of the footprint above which each lies, or the number of edges for the top, shape (P,).
        corners: The footprint, shape (E, 2).
        normals: Outward unit normals of its edges, shape (E, 2).
        height_m: The block's height.
    """

    points: Floats
    face: Indices
    corners: Floats
    normals: Floats
    height_m: float


class Surfaces:
    """The materials of one store. The same store and seed give the same materials to all of its cameras."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        rng = np.random.default_rng([seed, _STREAM, crc32(scenario.store.encode())])
        self._rng = rng
        self._floor, self._tile_m, self._joint_m = _FLOORS[int(rng.integers(len(_FLOORS)))]
        self._paint = np.array([0.66, 0.65, 0.62]) * rng.uniform(0.85, 1.1, 3)
        self._panel = np.array([0.32, 0.22, 0.15]) * rng.uniform(0.6, 1.6)
        self._grain = rng.normal(0, 1, (_GRAIN_SIDE, _GRAIN_SIDE))
        self._hangs_garments = bool(scenario.fitting_rooms)
        corners = np.array([corner for polygon in obstacles(scenario) for corner in polygon])
        self._low, self._high = corners.min(axis=0), corners.max(axis=0)
        self.highest_m = max(2.6, *(wall.height_m for wall in scenario.walls), *(s.height_m for s in scenario.shelves))
        self._shade = self._corner_shade(scenario)
        self._seeds = rng.integers(0, 2**31, len(scenario.shelves))

    def is_inside(self, points: Floats) -> NDArray[np.bool_]:
        """Return for floor points of shape (P, 2) whether they lie under the roof, shape (P,)."""
        inside: NDArray[np.bool_] = ((points >= self._low) & (points <= self._high)).all(axis=1)
        return inside

    def light(self, points: Floats) -> Floats:
        """Return how bright the lamps make places, shape (P, 2) to (P,): brighter right below them."""
        waves = np.cos(2 * np.pi * points / _LAMP_PITCH_M)
        return np.where(self.is_inside(points), 0.93 + 0.07 * waves[:, 0] * waves[:, 1], 0.9)

    def floor(self, points: Floats) -> Floats:
        """Return the floor's colours at points of shape (P, 2), shape (P, 3)."""
        inside = self.is_inside(points)
        tile = np.where(inside, self._tile_m, 0.5)[:, None]
        cell = np.floor(points / tile)
        joint_m = np.where(inside, self._joint_m, 0.012)[:, None]
        joint = (np.abs(points / tile - cell - 0.5) > 0.5 - joint_m / tile).any(axis=1)
        own = np.modf(np.sin(cell @ np.array([12.9898, 78.233])) * 43758.5453)[0]
        base = np.where(inside[:, None], np.array(self._floor), np.array([0.33, 0.33, 0.34]))
        brightness = (1 + 0.05 * own + 0.035 * self._grained(points)) * np.where(joint, 0.78, 1.0)
        brightness *= self.light(points) * (1 - 0.5 * self._shaded(points))
        colour: Floats = base * brightness[:, None]
        return colour

    def ceiling(self, points: Floats) -> Floats:
        """Return the ceiling's colours at points of shape (P, 2), shape (P, 3): tiles and lamps."""
        offset = np.abs(points / _LAMP_PITCH_M - np.round(points / _LAMP_PITCH_M)) * _LAMP_PITCH_M
        lamp = (offset[:, 0] < 0.6) & (offset[:, 1] < 0.15)
        seam = (np.abs(points % 0.6 - 0.3) > 0.29).any(axis=1)
        brightness = np.where(lamp, 1.6, np.where(seam, 0.42, 0.5))
        colour: Floats = brightness[:, None] * np.array([1.0, 0.99, 0.96])
        return colour

    def backdrop(self, rays: Floats) -> Floats:
        """Return what is far outside along rays of shape (H, W, 3): houses, and the sky above them."""
        bearing = np.arctan2(rays[..., 1], rays[..., 0])
        rise = rays[..., 2] / np.hypot(rays[..., 0], rays[..., 1])
        window = (np.sin(bearing * 60) > 0.2) & (np.sin(rise * 90) > 0.1)
        house = np.where(window[..., None], np.array([0.12, 0.14, 0.17]), np.array([0.38, 0.33, 0.28]))
        return np.where((rise > 0.25)[..., None], np.array([0.72, 0.8, 0.9]), house)

    def wall(self, hits: Hits) -> Floats:
        """Return the colours of a wall, or of a counter where it is low, shape (P, 3)."""
        is_top = hits.face >= len(hits.corners)
        height = hits.points[:, 2]
        along = self._along(hits)
        if hits.height_m < _COUNTER_BELOW_M:
            groove = (along % 0.6 < 0.012) | (height < _KICK_M)
            colour = np.where(is_top[:, None], np.array([0.5, 0.48, 0.45]), self._panel)
            colour = colour * np.where(groove & ~is_top, 0.5, 1.0)[:, None]
        else:
            colour = np.where((height < _KICK_M)[:, None], np.array([0.2, 0.2, 0.2]), self._paint)
        grain = self._grained(np.stack([along, height], axis=1))
        return colour * (self._facing(hits) * (1 + 0.02 * grain))[:, None]

    def shelf(self, hits: Hits, index: int) -> Floats:
        """Return the colours of a shelf full of goods, shape (P, 3)."""
        rng = np.random.default_rng(self._seeds[index])
        lengths = np.hypot(*(np.roll(hits.corners, -1, axis=0) - hits.corners).T)
        along, height = self._along(hits), hits.points[:, 2]
        goods = self._garments(rng, along, height, hits) if self._hangs_garments else _goods(rng, along, height, hits)
        is_side = hits.face < len(hits.corners)
        is_end = is_side & (lengths[np.minimum(hits.face, len(lengths) - 1)] < 0.75 * lengths.max())
        frame = np.array([0.5, 0.5, 0.5]) * rng.uniform(0.5, 1.2)
        colour = np.where((is_side & ~is_end)[:, None], goods, frame)
        grain = self._grained(np.stack([along, height], axis=1))
        return colour * (self._facing(hits) * (1 + 0.03 * grain))[:, None]

    def _garments(self, rng: np.random.Generator, along: Floats, height: Floats, hits: Hits) -> Floats:
        """Return the colours of clothes that hang side by side on a rail."""
        slot = np.floor(along / _GARMENT_PITCH_M).astype(np.int64) % 997
        colours = rng.uniform(0.02, 0.8, (997, 1)) * rng.uniform(0.5, 1.0, (997, 3))
        within = along / _GARMENT_PITCH_M % 1
        hem = hits.height_m * rng.uniform(0.12, 0.4, 997)[slot]
        rail = hits.height_m - 0.12
        shade = (0.45 + 0.55 * np.sin(np.pi * within)) * np.interp(height, [0, hits.height_m], [0.75, 1.0])
        cloth = colours[slot] * shade[:, None]
        dark = np.array([0.06, 0.06, 0.065])
        return np.where(((height > hem) & (height < rail))[:, None], cloth, dark)

    def _along(self, hits: Hits) -> Floats:
        """Return how far along its edge each point lies, m."""
        edge = np.minimum(hits.face, len(hits.corners) - 1)
        along = np.stack([-hits.normals[:, 1], hits.normals[:, 0]], axis=1)[edge]
        distance: Floats = ((hits.points[:, :2] - hits.corners[edge]) * along).sum(axis=1)
        return distance

    def _facing(self, hits: Hits) -> Floats:
        """Return how much light falls on each point: less on the sides, less near the floor."""
        is_top = hits.face >= len(hits.corners)
        turned = hits.normals[np.minimum(hits.face, len(hits.corners) - 1)] @ np.array([0.6, 0.8])
        side = (0.78 + 0.1 * turned) * np.interp(hits.points[:, 2], [0.0, 0.3, 1.8], [0.68, 0.86, 1.0])
        return np.where(is_top, 1.0, side) * self.light(hits.points[:, :2])

    def _grained(self, points: Floats) -> Floats:
        row, column = (np.floor(points / _GRAIN_M).astype(np.int64) % _GRAIN_SIDE).T
        grain: Floats = self._grain[row, column]
        return grain

    def _corner_shade(self, scenario: Scenario) -> Floats:
        """Return how much of the surroundings of each floor cell is built upon, 0 to 1, shape (rows, columns)."""
        columns, rows = (int(size) for size in np.ceil((self._high - self._low) / _SHADE_CELL_M) + 1)
        built = np.zeros((rows, columns))
        for polygon in obstacles(scenario):
            corners = np.asarray(polygon)
            (left, top), (right, bottom) = (
                np.round((edge - self._low) / _SHADE_CELL_M).astype(int) for edge in (corners.min(0), corners.max(0))
            )
            built[top:bottom, left:right] = 1.0
        reach = round(_SHADE_REACH_M / _SHADE_CELL_M)
        kernel = np.bartlett(2 * reach + 3)
        kernel /= kernel.sum()
        for axis in range(2):
            built = np.apply_along_axis(np.convolve, axis, built, kernel, "same")
        return built

    def _shaded(self, points: Floats) -> Floats:
        rows, columns = self._shade.shape
        cells = np.floor((points - self._low) / _SHADE_CELL_M).astype(np.int64)
        is_known = ((cells >= 0) & (cells < [columns, rows])).all(axis=1)
        cells = np.clip(cells, 0, [columns - 1, rows - 1])
        return np.where(is_known, self._shade[cells[:, 1], cells[:, 0]], 0.0)


def _goods(rng: np.random.Generator, along: Floats, height: Floats, hits: Hits) -> Floats:
    """Return the colours of boards with products in runs, a dark gap above each and a price strip below."""
    row = np.floor(height / _BOARD_PITCH_M).astype(np.int64)
    within = height - row * _BOARD_PITCH_M
    palette = _PACKS[rng.permutation(len(_PACKS))[:9]] * rng.uniform(0.7, 1.1, (9, 1))
    colour = np.full((len(along), 3), 0.05)
    for board in range(int(row.max(initial=0)) + 1):
        widths = rng.uniform(0.06, 0.2, 200)
        ends = np.cumsum(np.repeat(widths, rng.integers(2, 6, 200)))
        kind = np.repeat(np.arange(200), rng.integers(2, 6, 200))
        chosen = np.flatnonzero(row == board)
        slot = np.minimum(np.searchsorted(ends, along[chosen] % ends[-1]), len(kind) - 1)
        product = kind[slot % len(kind)]
        top = (_BOARD_PITCH_M * rng.uniform(0.45, 0.92, 200))[product]
        start = np.where(slot > 0, ends[slot - 1], 0.0)
        across = (along[chosen] % ends[-1] - start) / (ends[slot] - start)
        up = (within[chosen] - _BOARD_M) / (top - _BOARD_M)
        pack = palette[rng.integers(0, 9, 200)][product] * rng.uniform(0.7, 1.2, 200)[product, None]
        label = (np.abs(up - 0.5) < 0.18) & (np.abs(across - 0.5) < 0.34)
        pack = np.where(label[:, None], palette[rng.integers(0, 9, 200)][product] * 0.5 + 0.4, pack)
        pack = pack * (0.6 + 0.4 * np.sin(np.pi * np.clip(across, 0, 1)))[:, None]
        strip = within[chosen] < _BOARD_M
        tag = (along[chosen] % 0.14 < 0.05) & strip
        dark = np.array([0.05, 0.05, 0.05])
        shown = np.where((up < 1)[:, None], pack, dark)
        shown = np.where(strip[:, None], np.array([0.45, 0.45, 0.46]), shown)
        colour[chosen] = np.where(tag[:, None], np.array([0.8, 0.78, 0.6]), shown)
    kick = (height < _KICK_M) | (height > hits.height_m - 0.02)
    return np.where(kick[:, None], np.array([0.14, 0.14, 0.14]), colour)
