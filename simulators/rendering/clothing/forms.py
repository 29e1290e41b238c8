"""Bodies of a topology in a person's shape, and garments fitted to them. Metres, in the rest pose. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import BONES, Physique, make_body, shape_shares, standing
from simulators.rendering.clothing.meshes import REFERENCE_HEIGHT_M, means
from simulators.rendering.clothing.pieces import OWN_TOPOLOGY, BodyModel, Fitting, Surface, Topology

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

REFERENCE = Physique("female", "adult", 0.2, (0.34, 0.33, 0.33), 0.0, 0.0, REFERENCE_HEIGHT_M)
"""The body that garments without MakeHuman's fitting data are made around."""

_DM_PER_M = 10.0


@dataclass(frozen=True, slots=True)
class Form:
    """The vertices of a topology in a person's shape.

    Attributes:
        vertices: Shape (V, 3).
        weights: How much each bone moves each, shape (V, bones); rows sum to 1.
        height_m: Of the person.
        scale: How much MakeHuman's shape was scaled to be that tall.
    """

    vertices: Floats
    weights: Floats
    height_m: float
    scale: float


def form_of(physique: Physique, topology: Topology, model: BodyModel | None) -> Form:
    """Return a person's shape in a topology.

    Raises:
        ValueError: The topology's body is not there.
    """
    if topology == OWN_TOPOLOGY:
        body = make_body(physique)
        return Form(body.vertices, body.weights, physique.height_m, 1.0)
    if model is None:
        msg = f"the body of topology {topology!r} comes with a bundle, and none is there"
        raise ValueError(msg)
    shaped = model.base_dm.astype(np.float64)
    for name, share in shape_shares(physique).items():
        shaped += share * model.targets_dm[name]
    sole_m, scale = standing(physique)
    vertices = (shaped / _DM_PER_M - np.array([0.0, sole_m, 0.0])) * scale
    return Form(vertices, model.weights.astype(np.float64), physique.height_m, scale)


def fitted(fitting: Fitting, form: Form) -> tuple[Floats, Floats]:
    """Return a garment's points, shape (V, 3), and how much each bone moves them, shape (V, bones)."""
    shares = fitting.shares[:, :, None]
    points = (form.vertices[fitting.anchors] * shares).sum(axis=1) + fitting.offsets * _growth(fitting, form)
    weights = np.clip((form.weights[fitting.anchors] * shares).sum(axis=1), 0, None)
    return points, weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)


def _growth(fitting: Fitting, form: Form) -> Floats:
    if fitting.scale is None:
        return np.full(3, form.height_m / REFERENCE_HEIGHT_M)
    first, second = form.vertices[fitting.scale.pairs].transpose(1, 0, 2)
    apart_m = np.abs(np.diagonal(first - second))
    known = (fitting.scale.apart_dm > 0) & (apart_m > 0)
    usual = form.scale / _DM_PER_M
    return np.where(known, apart_m / np.where(known, fitting.scale.apart_dm, 1.0), usual)


def grouped(surface: Surface, points: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the places and weights of a surface's groups, shapes (G, 3) and (G, bones)."""
    count = int(surface.group.max()) + 1
    return means(points, surface.group, count), means(weights, surface.group, count)


REGIONS = ("head", "neck", "hands", "top", "bottom", "feet")
_REGION_OF_BONE = {
    "head": "head",
    "neck_01": "neck",
    **{f"{bone}_{side}": region for side in "lr" for bone, region in (
        ("hand", "hands"), ("thigh", "bottom"), ("calf", "bottom"), ("foot", "feet"),
    )},
}  # fmt: skip
_HANDS_FROM = 0.02


def regions(vertices: Floats, weights: Floats, waist_m: float) -> Indices:
    """Return which of `REGIONS` each vertex is of, shape (V,): that of the bone that moves it most.

    Args:
        vertices: Shape (V, 3).
        weights: Shape (V, bones).
        waist_m: How high tops end and trousers begin.
    """
    by_bone = np.array([REGIONS.index(_REGION_OF_BONE.get(bone, "top")) for bone in BONES])
    region: Indices = by_bone[weights.argmax(axis=1)]
    region[(region == REGIONS.index("top")) & (weights[:, BONES.index("pelvis")] > 0) & (vertices[:, 1] < waist_m)] = (
        REGIONS.index("bottom")
    )
    hands = weights[:, [BONES.index("hand_l"), BONES.index("hand_r")]].max(axis=1) > _HANDS_FROM
    region[hands] = REGIONS.index("hands")
    return region
