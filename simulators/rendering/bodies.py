"""Human bodies of any build, from MakeHuman's shape targets. Metres; x to the body's left, y up, z forward."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Gender = Literal["female", "male"]
Stage = Literal["child", "young", "old"]

UNIT_M = 0.0005
"""One step of the file's whole numbers."""

LAYERS = ("body", "clothes", "skirt", "hair")
GENDERS: tuple[Gender, ...] = ("female", "male")
AGES: tuple[Stage, ...] = ("child", "young", "old")
ORIGINS = ("african", "asian", "caucasian")
MUSCLES = ("min", "average", "max")
BUILDS = ("min", "average", "max")

BONE_PARENTS: dict[str, str | None] = {
    "pelvis": None,
    "spine_01": "pelvis",
    "spine_02": "spine_01",
    "spine_03": "spine_02",
    "neck_01": "spine_03",
    "head": "neck_01",
    **{f"{bone}_{side}": parent for side in "lr" for bone, parent in (("clavicle", "spine_03"), ("thigh", "pelvis"))},
    **{
        f"{bone}_{side}": f"{parent}_{side}"
        for side in "lr"
        for parent, bone in (
            *pairwise(("clavicle", "upperarm", "lowerarm", "hand")),
            *pairwise(("thigh", "calf", "foot")),
        )
    },
}
"""Each bone's parent, parents first."""

BONES = tuple(BONE_PARENTS)
_FINGERS = ("index", "middle", "pinky", "ring", "thumb")
_FILE = Path(__file__).resolve().parent / "assets" / "bodies.npz"


def target_name(kind: Literal["origin", "build"], gender: str, age: str, *parts: str) -> str:
    """Return the name of MakeHuman's macro target: of an origin, or of (muscle, build)."""
    if kind == "origin":
        return f"{parts[0]}-{gender}-{age}"
    return f"universal-{gender}-{age}-{parts[0]}muscle-{parts[1]}weight"


@dataclass(frozen=True, slots=True)
class Physique:
    """How a body is built.

    Attributes:
        stage: The ages between which `age_share` lies: child to young, or young to old.
        age_share: 0 the younger, 1 the older of the two.
        origins: Shares of the three origins' features, as in `ORIGINS`.
        muscle: -1 least to 1 most.
        build: -1 lean to 1 stout.
        height_m: Height of the standing body.
    """

    gender: Gender
    stage: Literal["child", "adult"]
    age_share: float
    origins: tuple[float, float, float]
    muscle: float
    build: float
    height_m: float


@dataclass(frozen=True, slots=True)
class Body:
    """A body in its rest pose, arms spread, soles on y = 0.

    Attributes:
        vertices: Shape (V, 3).
        triangles: Shape (T, 3), wound counter-clockwise as seen from outside.
        layers: Which of `LAYERS` each triangle is of, shape (T,).
        weights: How much each bone moves each vertex, shape (V, bones); rows sum to 1.
        heads: Where the bones begin, in the order of `BONES`, shape (bones, 3).
        tails: Where they end, shape (bones, 3).
    """

    vertices: Floats
    triangles: Indices
    layers: Indices
    weights: Floats
    heads: Floats
    tails: Floats

    def layers_vertices(self, *layers: str) -> Indices:
        """Return the indices of the vertices of some of `LAYERS`."""
        return np.unique(self.triangles[np.isin(self.layers, [LAYERS.index(layer) for layer in layers])])


def make_body(physique: Physique) -> Body:
    """Return the body of a physique."""
    data = _data()
    shares = shape_shares(physique)
    vertices = _shaped(shares)
    joints = (data["base_joints"] + sum(s * data[f"target_joints/{name}"] for name, s in shares.items())) * UNIT_M
    layers = data["triangle_layers"].astype(np.int64)
    triangles = data["triangles"].astype(np.int64)
    sole, scale = _standing(vertices, physique.height_m)
    origin = np.array([0.0, sole, 0.0])
    joints = (joints - origin).reshape(len(BONES), 2, 3) * scale
    weights = data["weights"].astype(np.float64)
    return Body(
        vertices=(vertices - origin) * scale,
        triangles=triangles,
        layers=layers,
        weights=weights / weights.sum(axis=1, keepdims=True),
        heads=joints[:, 0],
        tails=joints[:, 1],
    )


def standing(physique: Physique) -> tuple[float, float]:
    """Return where a shape's soles are before it is scaled, in metres, and how much it is scaled to be that tall."""
    return _standing(_shaped(shape_shares(physique)), physique.height_m)


def kept_bone(bone: str) -> str:
    """Return which of `BONES` moves what a bone of MakeHuman's game engine rig moves."""
    if bone == "Root":
        return "pelvis"
    if bone.split("_", maxsplit=1)[0] in _FINGERS:
        return f"hand_{bone[-1]}"
    return f"foot_{bone[-1]}" if bone.startswith("ball") else bone


def vertex_normals(vertices: Floats, triangles: Indices) -> Floats:
    """Return unit normals, shape (V, 3); zero for vertices of no triangle."""
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], across)
    unit: Floats = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit


@cache
def _data() -> dict[str, NDArray[np.int16]]:
    with np.load(_FILE, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _shaped(shares: dict[str, float]) -> Floats:
    data = _data()
    shaped: Floats = data["base"] + sum(share * data[f"target/{name}"] for name, share in shares.items())
    return shaped * UNIT_M


def _standing(vertices: Floats, height_m: float) -> tuple[float, float]:
    data = _data()
    solid = np.unique(data["triangles"][data["triangle_layers"] <= LAYERS.index("clothes")])
    sole, top = vertices[solid, 1].min(), vertices[solid, 1].max()
    return sole, height_m / (top - sole)


def shape_shares(physique: Physique) -> dict[str, float]:
    """Return the shares of MakeHuman's macro targets, by `target_name`, that make a physique; none is 0."""
    younger, older = ("child", "young") if physique.stage == "child" else ("young", "old")
    ages = ((younger, 1 - physique.age_share), (older, physique.age_share))
    shares = {}
    for age, age_share in ages:
        for origin, share in zip(ORIGINS, physique.origins, strict=True):
            shares[target_name("origin", physique.gender, age, origin)] = age_share * share
        muscle, build = physique.muscle, physique.build
        # The targets of muscle and of build are each a whole body: their mean differences from the average are added.
        parts = {
            ("average", "average"): 1 - abs(muscle) - abs(build),
            ("max" if muscle > 0 else "min", "average"): abs(muscle),
            ("average", "max" if build > 0 else "min"): abs(build),
        }
        for (m, b), share in parts.items():
            shares[target_name("build", physique.gender, age, m, b)] = age_share * share
    return {name: share for name, share in shares.items() if share}
