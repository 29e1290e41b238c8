"""A dressed body: meshes of clothes, hair and bag, and the picture that they are painted with. Pure."""

# ruff: noqa: PLR2004 - lengths and shares on a body and in a shop speak for themselves

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bags import make_bag
from simulators.rendering.bodies import BONES, LAYERS, Body, make_body, vertex_normals
from simulators.rendering.cutting import Sheet
from simulators.rendering.fabrics import PLAIN, Fabrics
from simulators.rendering.looks import Look
from simulators.rendering.outerwear import OUTERWEAR, make_coat, without_hidden
from simulators.rendering.paint import BAG_LAYER, COAT_LAYER, LINING_LAYER, paint

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

TEXEL_M = 0.006
_HEM_SEEN_M = 0.04
_PUFF_M = {"t_shirt": 0.008, "shirt": 0.012, "sweater": 0.016, "jacket": 0.01, "coat": 0.01}
_SLEEVE_PUFF_M = {"t_shirt": 0.004, "jacket": 0.026, "coat": 0.03}


@dataclass(frozen=True, slots=True)
class Figure:
    """A dressed person in the rest pose.

    Attributes:
        body: What the bones move: vertices of body, clothes, hair and bag.
        normals: Of its vertices, shape (V, 3).
        texels: Where in a page of `pages` each vertex lies, as (column, row), shape (V, 2).
        page: The page of each triangle, shape (T,).
        pages: Pictures, RGB shares, float32, shape (pages, height, width, 3).
        look: What it was made of.
    """

    body: Body
    normals: Floats
    texels: Floats
    page: Indices
    pages: NDArray[np.float32]
    look: Look


def dress(look: Look, seed: int, fabrics: Fabrics = PLAIN) -> Figure:
    """Return a person in its clothes. The seed decides folds and blotches, the fabrics what is not of one colour."""
    body = make_body(look.physique)
    coat = make_coat(body, look) if look.top in OUTERWEAR else None
    kept = _kept(body, look)
    body = replace(body, triangles=body.triangles[kept], layers=body.layers[kept])
    body = _lined(replace(body, vertices=_draped(body, look)))
    if coat is not None:
        outside, lining = coat
        body = _with(_with(without_hidden(body, look), outside, COAT_LAYER), lining, LINING_LAYER)
    bag = make_bag(body, look)
    body = _without_loose_vertices(body if bag is None else _with(body, bag, BAG_LAYER))
    front = _faces_front(body)
    width_m = 2 * float(np.abs(body.vertices[:, 0]).max()) + 4 * TEXEL_M
    height_m = float(body.vertices[:, 1].max()) + 4 * TEXEL_M
    shape = (round(height_m / TEXEL_M), round(width_m / TEXEL_M))
    texels = np.column_stack(
        [
            (body.vertices[:, 0] + width_m / 2) / TEXEL_M,
            np.clip((height_m - body.vertices[:, 1]) / TEXEL_M, 0, shape[0] - 1),
        ]
    )
    return Figure(
        body=body,
        normals=vertex_normals(body.vertices, body.triangles),
        texels=texels,
        page=2 * body.layers + (1 - front),
        pages=paint(look, body, shape, TEXEL_M, np.random.default_rng([seed, 22]), fabrics),
        look=look,
    )


def _kept(body: Body, look: Look) -> NDArray[np.bool_]:
    """Return which triangles are worn: hair and skirts end where they are cut, and no leg is drawn within a skirt."""
    heights = body.vertices[body.triangles, 1]
    lowest, middle = heights.min(axis=1), heights.mean(axis=1)
    knee = body.heads[BONES.index("calf_l"), 1]
    shoulder, chin = body.heads[BONES.index("neck_01"), 1], body.heads[BONES.index("head"), 1]
    hem = {"skirt": knee - 0.02, "long_skirt": 0.55 * knee}.get(look.bottom, np.inf)
    cut = {"bob": chin - 0.02, "long": shoulder - 0.14}.get(look.hair, np.inf)
    skirt, hair = (body.layers == LAYERS.index(layer) for layer in ("skirt", "hair"))
    centre = body.vertices[body.triangles].mean(axis=1)
    before_face = (np.abs(centre[:, 0]) < 0.085) & (centre[:, 2] > body.heads[BONES.index("head"), 2] + 0.075)
    before_face &= centre[:, 1] < chin + 0.16
    thighs = _share(body, ("thigh", "calf"))[body.triangles].min(axis=1) > 0.5
    within = thighs & (body.layers == LAYERS.index("clothes")) & (lowest > hem + _HEM_SEEN_M)
    kept: NDArray[np.bool_] = (~skirt | (lowest > hem)) & (~hair | ((middle > cut) & ~before_face)) & ~within
    return kept


def _draped(body: Body, look: Look) -> Floats:
    """Return the vertices with clothes that stand off the body."""
    normals = vertex_normals(body.vertices, body.triangles)
    layer_of = np.zeros(len(body.vertices), dtype=np.int64)
    layer_of[body.triangles] = body.layers[:, None]
    height = body.vertices[:, 1]
    arm, leg = (_share(body, bones) for bones in (("upperarm", "lowerarm", "hand"), ("thigh", "calf", "foot")))
    clothes, skirt = (layer_of == LAYERS.index(layer) for layer in ("clothes", "skirt"))
    collar = body.heads[BONES.index("neck_01"), 1] - 0.02
    off = np.where(clothes, _PUFF_M[look.top], 0.0)
    off = np.where(clothes & (arm > 0.5), _SLEEVE_PUFF_M.get(look.top, _PUFF_M[look.top]), off)
    knee, ankle = body.heads[BONES.index("calf_l"), 1], body.heads[BONES.index("foot_l"), 1]
    flare = np.interp(height, [ankle, knee, 1.6 * knee], [0.024, 0.014, 0.008])
    bare = look.bottom != "trousers"
    off = np.where(clothes & (leg > 0.6), np.where(bare & (height < knee), -0.002, flare), off)
    off = np.where(clothes & (height < ankle + 0.03), 0.007, off)
    off = np.where(clothes & (height > collar), 0.0, off)
    off = np.where(skirt, 0.012, off)
    scalp = (layer_of == 0) & (height > body.heads[BONES.index("head"), 1] + 0.02) & (normals[:, 2] < 0.45)
    off = np.where(scalp & (look.hair != "bald"), 0.012, off)
    moved: Floats = body.vertices + normals * off[:, None]
    moved[:, 1] = np.maximum(moved[:, 1], 0.0)
    return moved


def _share(body: Body, bones: tuple[str, ...]) -> Floats:
    chosen = [BONES.index(f"{bone}_{side}") for bone in bones for side in "lr"]
    share: Floats = body.weights[:, chosen].sum(axis=1)
    return share


def _lined(body: Body) -> Body:
    """Return the body with skirt and hair to be seen from inside too."""
    for layer in (LAYERS.index("skirt"), LAYERS.index("hair")):
        sheet = Sheet(body.vertices, body.weights, body.triangles[body.layers == layer])
        body = _with(body, sheet.turned(), layer)
    return body


def _with(body: Body, sheet: Sheet, layer: int) -> Body:
    """Return a body with a sheet of its own vertices more."""
    return replace(
        body,
        vertices=np.concatenate([body.vertices, sheet.vertices]),
        weights=np.concatenate([body.weights, sheet.weights]),
        triangles=np.concatenate([body.triangles, sheet.triangles + len(body.vertices)]),
        layers=np.concatenate([body.layers, np.full(len(sheet.triangles), layer)]),
    )


def _without_loose_vertices(body: Body) -> Body:
    used, triangles = np.unique(body.triangles, return_inverse=True)
    return replace(
        body,
        vertices=body.vertices[used],
        weights=body.weights[used],
        triangles=triangles.reshape(body.triangles.shape),
    )


def _faces_front(body: Body) -> Indices:
    a, b, c = (body.vertices[body.triangles[:, corner]] for corner in range(3))
    return (np.cross(b - a, c - a)[:, 2] > 0).astype(np.int64)
