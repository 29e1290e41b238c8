"""One frame: people posed before the scenery, and the exact truth of who shows where. Pure."""

from dataclasses import dataclass, field
from math import cos, sin

import numpy as np
from numpy.typing import NDArray

from simulators.core.geometry import Point
from simulators.core.optics import CameraOptics
from simulators.rendering.gait import Pose, bone_matrices
from simulators.rendering.rasterizer import Bounds, Fragments, rasterize
from simulators.rendering.scenery import SUPERSAMPLING, Scenery
from simulators.rendering.wardrobe import Figure

Floats = NDArray[np.float64]
Image = NDArray[np.uint8]  # (H, W, 3), BGR
Box = tuple[float, float, float, float]
_Window = tuple[slice, slice]

_NEAREST_M = 0.15
_SHADOW_M = (0.34, 0.8)
_SHADOW_DEPTH = (0.3, 0.13)
_FROM_ABOVE = 0.32
"""How much more light falls on what faces up than on what faces aside: ceilings are bright, floors are not."""
_DARKEST_BELOW = 0.6
"""How far a surface that faces down loses as much; farther, the floor's own light keeps it as it is."""
_TONES = 4096
_GAMMA = 2.2


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone in a frame.

    Attributes:
        heading: Radians from the floor's x axis towards its y axis.
    """

    person_id: str
    figure: Figure
    pose: Pose
    position: Point
    heading: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who shows where in a frame.

    Attributes:
        full_box_px: (x1, y1, x2, y2) of the whole silhouette, as if nothing stood before it, beyond the frame too.
        visible_box_px: The same of what shows.
        visible_share: What shows, as a share of the whole silhouette's area.
        shown: Columns and rows of the fine pixels that show.
    """

    person_id: str
    position: Point
    full_box_px: Box
    visible_box_px: Box
    visible_share: float
    shown: tuple[NDArray[np.int64], NDArray[np.int64]] | None = field(default=None, compare=False, repr=False)

    def shown_shares(self, wide: int, high: int) -> NDArray[np.float32]:
        """Return how much of each pixel of the picture is this person, 0 to 1, shape (high, wide)."""
        if self.shown is None:
            return np.zeros((high, wide), dtype=np.float32)
        column, row = (each // SUPERSAMPLING for each in self.shown)
        count = np.bincount(row * wide + column, minlength=high * wide)
        return (count.reshape(high, wide) / SUPERSAMPLING**2).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Lighting:
    """Light on people, besides what falls from above.

    Attributes:
        towards: Unit vectors to the lamps, shape (L, 3), in floor axes with z up.
        strength: Of each lamp, shape (L,).
        ambient: What comes from everywhere.
        lamp_rgb: Colour of the lamps, about 1.
        sky_rgb: Colour of all other light.
    """

    towards: Floats
    strength: Floats
    ambient: float
    lamp_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)
    sky_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)


def draw_lighting(rng: np.random.Generator) -> Lighting:
    """Return the light of one camera's corner of the store."""
    bearing, rise = rng.uniform(0, 2 * np.pi) + np.array([0.0, 2.3]), rng.uniform(0.6, 1.0, 2)
    towards = np.stack([np.cos(bearing) * np.cos(rise), np.sin(bearing) * np.cos(rise), np.sin(rise)], axis=1)
    return Lighting(towards, rng.uniform(0.35, 0.6, 2), float(rng.uniform(0.24, 0.34)))


class Stage:
    """A camera's view of the store, in which people can be put.

    Args:
        optics: The camera's lens.
        scenery: The empty store as it sees it.
        lighting: Light on people.
    """

    def __init__(self, optics: CameraOptics, scenery: Scenery, lighting: Lighting) -> None:
        self._optics, self._scenery, self._lighting = optics, scenery, lighting
        self._tones = (np.linspace(0, 1, _TONES) ** (1 / _GAMMA) * 255 + 0.5).astype(np.uint8)
        self._colour = self._toned(scenery.colour)[..., ::-1].copy()
        self._nearness = scenery.nearness.copy()
        self._owner: NDArray[np.uint8] = np.zeros(scenery.nearness.shape, dtype=np.uint8)
        self._empty = _shrunk(self._colour)
        self._touched: list[tuple[_Window, Image]] = []

    def relight(self, lighting: Lighting) -> None:
        """Change the light on people."""
        self._lighting = lighting

    def shoot(self, actors: list[Actor]) -> tuple[Image, list[Sighting]]:
        """Return a picture with people, at most 255, and the sighting of each of whom anything shows."""
        for actor in actors:
            self._cast_shadow(actor.position)
        silhouettes = [self._draw(actor, number) for number, actor in enumerate(actors, start=1)]
        sightings = [
            sighting
            for number, (actor, silhouette) in enumerate(zip(actors, silhouettes, strict=True), start=1)
            if silhouette is not None and (sighting := self._sighting(actor, number, *silhouette)) is not None
        ]
        picture = self._empty.copy()
        for window, _ in self._touched:
            rows, columns = (slice(each.start // SUPERSAMPLING, each.stop // SUPERSAMPLING) for each in window)
            picture[rows, columns] = _shrunk(self._colour[window])
        self._clear()
        return picture, sightings

    def _touch(self, window: _Window) -> None:
        """Remember what a part of the picture is like before it is painted over."""
        self._touched.append((window, self._colour[window].copy()))

    def _clear(self) -> None:
        """Take everyone out of the picture again."""
        for window, before in reversed(self._touched):
            self._colour[window] = before
            self._nearness[window] = self._scenery.nearness[window]
            self._owner[window] = 0
        self._touched = []

    def _placed(self, actor: Actor) -> tuple[Floats, Floats, Floats]:
        """Return a posed figure's vertices as fine pixels, their depths, and what light falls on them, shape (V, 3)."""
        body = actor.figure.body
        matrices = bone_matrices(body, actor.pose)
        blended = (body.weights @ matrices.reshape(len(matrices), 12)).reshape(-1, 3, 4)
        posed = (blended[:, :, :3] @ body.vertices[:, :, None])[..., 0] + blended[:, :, 3]
        normals = (blended[:, :, :3] @ actor.figure.normals[:, :, None])[..., 0]
        # The body's left, up and forward as floor axes, in which y grows to the right of someone who looks along x.
        ahead_x, ahead_y = cos(actor.heading), sin(actor.heading)
        turn = np.array([[ahead_y, -ahead_x, 0.0], [0.0, 0.0, 1.0], [ahead_x, ahead_y, 0.0]])
        points = posed @ turn + np.array([*actor.position, 0.0])
        pixels, depth_m = self._optics.project(points)
        return pixels * SUPERSAMPLING, depth_m, self._lit(normals @ turn, points)

    def _lit(self, normals: Floats, points: Floats) -> Floats:
        light = self._lighting
        lamps = np.maximum(normals @ light.towards.T, 0) @ light.strength
        around = light.ambient + _FROM_ABOVE * np.maximum(normals[:, 2], -_DARKEST_BELOW)
        lit: Floats = np.outer(around, light.sky_rgb) + np.outer(lamps, light.lamp_rgb)
        return lit * np.interp(points[:, 2], [0.0, 0.25, 1.0], [0.6, 0.82, 1.0])[:, None]

    def _draw(self, actor: Actor, number: int) -> tuple[Fragments, Box] | None:
        """Paint somebody. Return the whole silhouette, and its box in picture pixels; None behind the lens."""
        pixels, depth_m, shade = self._placed(actor)
        figure = actor.figure
        in_front = depth_m > _NEAREST_M
        triangles = figure.body.triangles
        whole = np.flatnonzero(in_front[triangles[:, 0]] & in_front[triangles[:, 1]] & in_front[triangles[:, 2]])
        if not len(whole):
            return None
        is_used = np.zeros(len(pixels), dtype=np.bool_)
        is_used[triangles[whole]] = True
        used = pixels[is_used]
        low, high = used.min(axis=0), used.max(axis=0)
        x1, y1, x2, y2 = (float(side) / SUPERSAMPLING for side in np.concatenate([low, high]))
        rows, columns = self._nearness.shape
        bounds = _bounds(low, high, columns, rows)
        safe = np.where(in_front[:, None], pixels, 0.0), np.where(in_front, depth_m, 1.0)
        found = rasterize(*safe, triangles[whole], bounds)
        inside = (found.x >= 0) & (found.x < columns) & (found.y >= 0) & (found.y < rows)
        inside[inside] = found.nearness[inside] > self._nearness[found.y[inside], found.x[inside]]
        if inside.any():
            shown = np.flatnonzero(inside)
            x, y = found.x[shown], found.y[shown]
            self._touch(_even_window(x, y))
            kept = whole[found.triangle[shown]]
            self._colour[y, x] = self._painted(figure, kept, found.corner_shares[shown], shade)
            self._nearness[y, x] = found.nearness[shown]
            self._owner[y, x] = number
        return found, (x1, y1, x2, y2)

    def _painted(
        self, figure: Figure, triangle: NDArray[np.int64], shares: NDArray[np.float32], shade: Floats
    ) -> Image:
        corners = figure.body.triangles[triangle]
        values = np.column_stack([figure.texels, shade]).astype(np.float32)
        first, second, third = (values[corners[:, each]] * shares[:, each, None] for each in range(3))
        column, row, *lit = (first + second + third).T
        height, width = figure.pages.shape[1:3]
        row = np.clip(row.astype(np.int64), 0, height - 1)
        column = np.clip(column.astype(np.int64), 0, width - 1)
        return self._toned(figure.pages[figure.page[triangle], row, column] * np.stack(lit, axis=1))[:, ::-1]

    def _toned(self, linear: NDArray[np.float32]) -> Image:
        return self._tones[np.clip(linear * (_TONES - 1), 0, _TONES - 1).astype(np.int32)]

    def _sighting(self, actor: Actor, number: int, found: Fragments, box: Box) -> Sighting | None:
        rows, columns = self._owner.shape
        inside = (found.x >= 0) & (found.x < columns) & (found.y >= 0) & (found.y < rows)
        x, y = found.x[inside], found.y[inside]
        own = self._owner[y, x] == number
        if not own.any():
            return None
        x, y = x[own], y[own]
        visible = (int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1)
        x1, y1, x2, y2 = (side / SUPERSAMPLING for side in visible)
        return Sighting(actor.person_id, actor.position, box, (x1, y1, x2, y2), len(x) / len(found.x), (x, y))

    def _shadow_window(self, position: Point) -> _Window | None:
        """Return the fine pixels around the place where somebody stands, None where it is out of the picture."""
        reach = _SHADOW_M[1]
        around = np.array([(position[0] + a * reach, position[1] + b * reach, 0.0) for a in (-1, 1) for b in (-1, 1)])
        pixels, depth_m = self._optics.project(around)
        if (depth_m < _NEAREST_M).any():
            return None
        rows, columns = self._nearness.shape
        low, high = pixels.min(axis=0) * SUPERSAMPLING, pixels.max(axis=0) * SUPERSAMPLING
        x = np.clip(np.array([low[0], high[0]]), 0, columns - 1).astype(np.int64)
        y = np.clip(np.array([low[1], high[1]]), 0, rows - 1).astype(np.int64)
        return None if x[0] == x[1] or y[0] == y[1] else _even_window(x, y)

    def _cast_shadow(self, position: Point) -> None:
        window = self._shadow_window(position)
        if window is None:
            return
        self._touch(window)
        offset = self._scenery.floor_m[window] - np.array(position, dtype=np.float32)
        squares = offset[..., 0] ** 2 + offset[..., 1] ** 2
        kept = np.ones_like(squares)
        for reach, depth in zip(_SHADOW_M, _SHADOW_DEPTH, strict=True):
            fade = np.maximum(1 - squares / np.float32(reach * reach), 0)
            kept -= np.float32(depth) * fade * fade
        kept[np.isnan(kept)] = 1.0  # no floor there
        self._colour[window] = (self._colour[window] * kept[..., None]).astype(np.uint8)


def _bounds(low: Floats, high: Floats, columns: int, rows: int) -> Bounds:
    """Return the pixels around a silhouette, up to one picture beyond the picture's edges."""
    return Bounds(
        max(int(np.floor(low[0])), -columns),
        max(int(np.floor(low[1])), -rows),
        min(int(np.ceil(high[0])) + 1, 2 * columns),
        min(int(np.ceil(high[1])) + 1, 2 * rows),
    )


def _even_window(x: NDArray[np.int64], y: NDArray[np.int64]) -> _Window:
    """Return the smallest window of whole picture pixels around fine pixels."""
    s = SUPERSAMPLING
    rows = slice(int(y.min()) // s * s, (int(y.max()) // s + 1) * s)
    columns = slice(int(x.min()) // s * s, (int(x.max()) // s + 1) * s)
    return rows, columns


def _shrunk(fine: Image) -> Image:
    """Return a picture at half its size, each pixel the mean of four."""
    pairs = fine[0::2].astype(np.uint16)
    pairs += fine[1::2]
    mean = pairs[:, 0::2] + pairs[:, 1::2] + 2
    return (mean >> 2).astype(np.uint8)
