"""Things that stand between people and cameras: prams, trolleys, cartons, counters. Pure."""

# ruff: noqa: PLR2004 - sizes of things speak for themselves

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bags import rounded_box
from simulators.rendering.bodies import BONES, Body, Physique, make_body, vertex_normals
from simulators.rendering.looks import draw_look
from simulators.rendering.textures import smooth_noise
from simulators.rendering.wardrobe import Figure

Floats = NDArray[np.float64]
Part = tuple[tuple[float, float, float], tuple[float, float, float]]
"""A rounded block: half of its width, height and length, and its middle: to the left, up, ahead; metres."""

_PAGE_PX = 48

_PRAM: tuple[Part, ...] = (
    ((0.24, 0.14, 0.42), (0.0, 0.62, 0.0)),
    ((0.25, 0.22, 0.2), (0.0, 0.85, 0.26)),
    ((0.22, 0.03, 0.03), (0.0, 1.0, -0.5)),
    ((0.03, 0.26, 0.03), (0.2, 0.74, -0.45)),
    ((0.03, 0.26, 0.03), (-0.2, 0.74, -0.45)),
    ((0.26, 0.15, 0.13), (0.0, 0.15, 0.28)),
    ((0.26, 0.15, 0.13), (0.0, 0.15, -0.28)),
)
_TROLLEY: tuple[Part, ...] = (
    ((0.27, 0.24, 0.42), (0.0, 0.72, 0.0)),
    ((0.25, 0.05, 0.4), (0.0, 0.28, 0.0)),
    ((0.27, 0.03, 0.03), (0.0, 1.02, -0.46)),
    ((0.03, 0.3, 0.03), (0.22, 0.35, -0.38)),
    ((0.03, 0.3, 0.03), (-0.22, 0.35, -0.38)),
    ((0.24, 0.06, 0.06), (0.0, 0.06, 0.34)),
)


def draw_pushed(rng: np.random.Generator) -> Figure:
    """Return something that people push before them: a pram or a trolley."""
    return _thing(rng, _PRAM if rng.random() < 0.5 else _TROLLEY)


def draw_obstacle(rng: np.random.Generator) -> Figure:
    """Return something that hides legs: a pile of cartons, a counter, a display."""
    half_m, tall_m, deep_m = rng.uniform(0.2, 0.8), rng.uniform(0.25, 0.65), rng.uniform(0.12, 0.3)
    parts: list[Part] = [((half_m, tall_m, deep_m), (0.0, tall_m, 0.0))]
    if rng.random() < 0.4:
        parts.append(((0.5 * half_m, 0.12, 0.8 * deep_m), (0.3 * half_m, 2 * tall_m + 0.1, 0.0)))
    return _thing(rng, parts)


@cache
def _stand() -> Body:
    """Return the body whose bones hold things: they never move."""
    return make_body(Physique("female", "adult", 0.3, (0.3, 0.3, 0.4), 0.0, 0.0, 1.7))


def _thing(rng: np.random.Generator, parts: Sequence[Part]) -> Figure:
    stand = _stand()
    unit, faces = rounded_box(around=12, rings=7)
    vertices = np.concatenate([unit * np.array(half) + np.array(middle) for half, middle in parts])
    triangles = np.concatenate([faces + index * len(unit) for index in range(len(parts))])
    weights = np.zeros((len(vertices), len(BONES)))
    weights[:, BONES.index("pelvis")] = 1.0
    body = Body(vertices, triangles, np.zeros(len(triangles), dtype=np.int64), weights, stand.heads, stand.tails)
    return Figure(
        body=body,
        normals=vertex_normals(vertices, triangles),
        texels=rng.uniform(0, _PAGE_PX - 1, 2) * 0.2 + (vertices[:, :2] + vertices[:, 2:] + 1.5) / 3 * 0.75 * _PAGE_PX,
        page=np.zeros(len(triangles), dtype=np.int64),
        pages=_page(rng)[None],
        look=draw_look(0, "thing", "shopper", "adult", 1.7),
    )


def _page(rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a picture of plain, striped or blotched stuff, shape (H, W, 3)."""
    colours = rng.uniform(0.02, 0.7, (2, 1)) * rng.uniform(0.6, 1.0, (2, 3))
    rows = np.arange(_PAGE_PX)[:, None]
    stripes = (rows // rng.integers(3, 12) % 2) * np.ones((1, _PAGE_PX))
    blotches = np.clip(0.5 + 2 * smooth_noise(rng, (_PAGE_PX, _PAGE_PX), (6, 6)), 0, 1)
    kind = rng.random()
    share = np.zeros_like(stripes) if kind < 0.4 else stripes if kind < 0.7 else blotches
    picture: NDArray[np.float32] = (colours[0] + share[..., None] * (colours[1] - colours[0])).astype(np.float32)
    return picture
