"""The picture of a garment as one person wears it: as its author painted it, or in the person's own cloth. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import BONES, Body
from simulators.rendering.clothing.pieces import Garment
from simulators.rendering.fabrics import Fabrics, Floats32, Tile
from simulators.rendering.looks import Colour, Look
from simulators.rendering.rasterizer import Bounds, rasterize
from simulators.rendering.textures import second_colour_share

Floats = NDArray[np.float64]

_LEAST_DETAIL, _MOST_DETAIL = 0.35, 1.6


def resampled(picture: Floats32, shape: tuple[int, int]) -> Floats32:
    """Return a picture at another size, each value that of the nearest."""
    rows, columns = (
        ((np.arange(wanted) + 0.5) * given / wanted).astype(np.int64)
        for wanted, given in zip(shape, picture.shape[:2], strict=True)
    )
    return picture[rows[:, None], columns[None, :], :3]


@dataclass(frozen=True, slots=True)
class Wearer:
    """Who wears it: look, body in the rest pose, fabrics, and where blotches are drawn from."""

    look: Look
    body: Body
    fabrics: Fabrics
    rng: np.random.Generator


def tinted(garment: Garment, places_m: Floats, wearer: Wearer, shape: tuple[int, int]) -> Floats32:
    """Return a garment's picture in the wearer's colours, patterns and prints, with the light and shade of its own.

    Args:
        garment: The garment.
        places_m: Of its surface's groups on the body, shape (G, 3).
        wearer: Who wears it.
        shape: Height and width of the picture.
    """
    surface, look = garment.surface, wearer.look
    height, width = shape
    pixels = np.column_stack([surface.uv[:, 0] * width, (1 - surface.uv[:, 1]) * height]).astype(np.float64)
    both_ways = np.concatenate([surface.triangles, surface.triangles[:, ::-1]])
    found = rasterize(pixels, np.ones(len(pixels)), both_ways, Bounds(0, 0, width, height))
    corners = both_ways[found.triangle]
    shares = found.corner_shares.astype(np.float64)[..., None]
    at_m = np.zeros((height, width, 3))
    at_m[found.y, found.x] = (places_m[surface.corner_group[corners]] * shares).sum(axis=1)
    is_upper = np.zeros(shape, dtype=np.bool_)
    is_upper[found.y, found.x] = garment.upper[corners[:, 0]]
    shade = _detail(resampled(garment.picture, shape), found.y, found.x, is_upper)
    upper, lower = _colours(garment, look)
    cloth = _lower(at_m, lower, wearer.fabrics.bottom if "bottom" in garment.covers else None)
    if "top" in garment.covers:
        cloth = np.where(is_upper[..., None], _upper(at_m, wearer), cloth)
    else:
        cloth = np.where(is_upper[..., None], np.array(upper), cloth)
    page: Floats32 = np.clip(cloth * shade[..., None], 0, 1).astype(np.float32)
    return page


def _colours(garment: Garment, look: Look) -> tuple[Colour, Colour]:
    if "hair" in garment.covers:
        return look.hair_colour, look.hair_colour
    if "feet" in garment.covers:
        return look.shoe_colour, look.shoe_colour
    is_accessory = bool({"head", "neck"} & set(garment.covers))
    return (look.second, look.second) if is_accessory else (look.top_colour, look.bottom_colour)


def _lower(at_m: Floats, colour: Colour, tile: Tile | None) -> Floats:
    if tile is not None:
        return tile.at(at_m[..., 0], at_m[..., 1])
    return np.broadcast_to(np.array(colour), at_m.shape).copy()


def _upper(at_m: Floats, wearer: Wearer) -> Floats:
    look, fabrics, body = wearer.look, wearer.fabrics, wearer.body
    x, y = at_m[..., 0], at_m[..., 1]
    chest = body.heads[BONES.index("spine_03")]
    cloth = _lower(at_m, look.top_colour, fabrics.top)
    share = second_colour_share(look.pattern, x, y, look.pattern_m, wearer.rng)
    if look.pattern == "block":
        share = (y > chest[1]).astype(np.float64)
    cloth += share[..., None] * (np.array(look.second) - cloth)
    if fabrics.motif is not None:
        fabrics.motif.put(cloth, x, y - chest[1], is_front=at_m[..., 2] > chest[2])
    return cloth


def _detail(
    picture: Floats32, rows: NDArray[np.int64], columns: NDArray[np.int64], is_upper: NDArray[np.bool_]
) -> Floats:
    """Return how light each place of a picture is, about 1 in the upper and in the lower part, shape (H, W)."""
    light = picture.mean(axis=2).astype(np.float64)
    covered = np.zeros(light.shape, dtype=np.bool_)
    covered[rows, columns] = True
    shade = np.ones(light.shape)
    for part in (is_upper, ~is_upper):
        here = part & covered
        if here.any():
            shade[here] = light[here] / max(float(np.median(light[here])), 1e-3)
    return np.clip(shade, _LEAST_DETAIL, _MOST_DETAIL)
