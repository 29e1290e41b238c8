"""A dressed body: meshes of clothes, hair and bag, and the picture that they are painted with. Pure."""

# ruff: noqa: PLR2004 - lengths and shares on a body and in a shop speak for themselves

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import BONES, LAYERS, Body, make_body, vertex_normals
from simulators.rendering.fabrics import PLAIN, Fabrics
from simulators.rendering.looks import Look
from simulators.rendering.paint import BAG_LAYER, paint

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

TEXEL_M = 0.006
_PUFF_M = {"t_shirt": 0.008, "shirt": 0.012, "sweater": 0.016, "jacket": 0.026, "coat": 0.03}
_BAG_SIZES_M = {
    "backpack": ((0.14, 0.21, 0.085), "spine_03", (0.0, 0.05, -0.20)),
    "shoulder_bag": ((0.055, 0.13, 0.14), "pelvis", (0.22, 0.02, -0.02)),
    "handbag": ((0.045, 0.1, 0.13), "hand_r", (0.0, -0.2, 0.0)),
    "basket": ((0.11, 0.1, 0.17), "hand_r", (0.0, -0.2, 0.0)),
}


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
    kept = _kept(body, look)
    body = replace(body, triangles=body.triangles[kept], layers=body.layers[kept])
    body = replace(body, vertices=_draped(body, look))
    body = _without_loose_vertices(_double_sided(_with_bag(body, look)))
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
    """Return which triangles are worn: hair and skirts end where they are cut."""
    heights = body.vertices[body.triangles, 1]
    lowest, middle = heights.min(axis=1), heights.mean(axis=1)
    knee, hip = body.heads[BONES.index("calf_l"), 1], body.heads[BONES.index("thigh_l"), 1]
    shoulder, chin = body.heads[BONES.index("neck_01"), 1], body.heads[BONES.index("head"), 1]
    hem = {"skirt": knee - 0.02, "long_skirt": 0.55 * knee}.get(look.bottom, np.inf)
    if look.top == "coat":
        hem = min(hem, knee + 0.12 * (hip - knee))
    cut = {"bob": chin - 0.02, "long": shoulder - 0.14}.get(look.hair, np.inf)
    skirt, hair = (body.layers == LAYERS.index(layer) for layer in ("skirt", "hair"))
    centre = body.vertices[body.triangles].mean(axis=1)
    before_face = (np.abs(centre[:, 0]) < 0.085) & (centre[:, 2] > body.heads[BONES.index("head"), 2] + 0.075)
    before_face &= centre[:, 1] < chin + 0.16
    kept: NDArray[np.bool_] = (~skirt | (lowest > hem)) & (~hair | ((middle > cut) & ~before_face))
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
    off = np.where(clothes & (arm > 0.5) & (look.top == "t_shirt"), 0.004, off)
    knee, ankle = body.heads[BONES.index("calf_l"), 1], body.heads[BONES.index("foot_l"), 1]
    flare = np.interp(height, [ankle, knee, 1.6 * knee], [0.024, 0.014, 0.008])
    bare = look.bottom != "trousers"
    off = np.where(clothes & (leg > 0.6), np.where(bare & (height < knee), -0.002, flare), off)
    off = np.where(clothes & (height < ankle + 0.03), 0.007, off)
    off = np.where(clothes & (height > collar), 0.0, off)
    off = np.where(skirt, 0.012 if look.top != "coat" else 0.03, off)
    scalp = (layer_of == 0) & (height > body.heads[BONES.index("head"), 1] + 0.02) & (normals[:, 2] < 0.45)
    off = np.where(scalp & (look.hair != "bald"), 0.012, off)
    moved: Floats = body.vertices + normals * off[:, None]
    moved[:, 1] = np.maximum(moved[:, 1], 0.0)
    return moved


def _share(body: Body, bones: tuple[str, ...]) -> Floats:
    chosen = [BONES.index(f"{bone}_{side}") for bone in bones for side in "lr"]
    share: Floats = body.weights[:, chosen].sum(axis=1)
    return share


def _double_sided(body: Body) -> Body:
    """Return the body with skirt and hair to be seen from inside too."""
    thin = np.isin(body.layers, [LAYERS.index("skirt"), LAYERS.index("hair")])
    return replace(
        body,
        triangles=np.concatenate([body.triangles, body.triangles[thin][:, ::-1]]),
        layers=np.concatenate([body.layers, body.layers[thin]]),
    )


def _with_bag(body: Body, look: Look) -> Body:
    if look.bag == "none":
        return body
    size_m, bone, offset_m = _BAG_SIZES_M[look.bag]
    scale = look.physique.height_m / 1.75
    vertices, triangles = rounded_box()
    vertices = vertices * np.array(size_m) + np.array(offset_m)
    index = BONES.index(bone)
    if bone.startswith("hand"):
        place = body.tails[index]
        vertices = vertices @ _hanging_frame(place - body.heads[BONES.index(bone.replace("hand", "upperarm"))])
    else:
        place = body.heads[index]
    weights = np.zeros((len(vertices), len(BONES)))
    weights[:, index] = 1.0
    return replace(
        body,
        vertices=np.concatenate([body.vertices, vertices * scale + place]),
        triangles=np.concatenate([body.triangles, triangles + len(body.vertices)]),
        layers=np.concatenate([body.layers, np.full(len(triangles), BAG_LAYER)]),
        weights=np.concatenate([body.weights, weights]),
    )


def _hanging_frame(along: Floats) -> Floats:
    """Return axes, as rows, of what hangs from a hand: in the rest pose its down runs along the arm."""
    up = -along / np.linalg.norm(along)
    forward = np.array([0.0, 0.0, 1.0]) - up * up[2]
    forward /= np.linalg.norm(forward)
    return np.stack([np.cross(up, forward), up, forward])


def rounded_box(around: int = 16, rings: int = 9) -> tuple[Floats, Indices]:
    """Return a superellipsoid of half axes 1 (A. H. Barr, 1981): a box with round edges."""

    def power(values: Floats) -> Floats:
        return np.sign(values) * np.abs(values) ** 0.5

    turn, rise = np.meshgrid(np.arange(around) * 2 * np.pi / around, np.linspace(-np.pi / 2, np.pi / 2, rings))
    cos, sin = power(np.cos(rise)), power(np.sin(rise))
    vertices = np.stack([cos * power(np.cos(turn)), sin, cos * power(np.sin(turn))], axis=-1).reshape(-1, 3)
    ring, step = (index.reshape(-1) for index in np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij"))
    a, b = ring * around + step, ring * around + (step + 1) % around
    return vertices, np.concatenate([np.stack([a, a + around, b], 1), np.stack([b, a + around, b + around], 1)])


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
