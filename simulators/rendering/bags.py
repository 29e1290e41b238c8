"""Bags as closed bodies, each on a joint, with straps and handles. Pure."""

# ruff: noqa: PLR2004 - lengths and shares on a body speak for themselves

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import BONES, Body
from simulators.rendering.cutting import Sheet, joined
from simulators.rendering.gait import Pose, bone_matrices
from simulators.rendering.looks import Look

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

CARRYING = Pose(carry=0.75)
"""How somebody stands who has something on the forearm."""

_RING_STEPS = 12
_STRAP_STEPS = 22
_BAND_M, _THICK_M = 0.017, 0.012
_SLAB_M = 0.05
_SUPPORTS = 72


@dataclass(frozen=True, slots=True)
class _Held:
    """A bag that hangs from an arm.

    Attributes:
        half_m: Half of its width, height and length.
        bone: What it is attached to.
        along: Where on the bone its handle is, 0 at its beginning.
        handle_m: From there down to the bag.
        pose: In which it hangs straight down.
    """

    half_m: tuple[float, float, float]
    bone: str
    along: float
    handle_m: float
    pose: Pose


_HELD = {
    "handbag": _Held((0.045, 0.1, 0.13), "hand_r", 1.0, 0.1, Pose()),
    "arm_bag": _Held((0.05, 0.11, 0.14), "lowerarm_r", 0.35, 0.09, CARRYING),
    "basket": _Held((0.11, 0.1, 0.17), "hand_r", 1.0, 0.1, Pose()),
}
_BACKPACK_M, _SHOULDER_BAG_M = (0.14, 0.21, 0.085), (0.055, 0.13, 0.14)


def holding(look: Look, pose: Pose) -> Pose:
    """Return a pose in which nothing that hangs on the forearm falls off."""
    return replace(pose, carry=CARRYING.carry) if look.bag == "arm_bag" else pose


def make_bag(body: Body, look: Look) -> Sheet | None:
    """Return what somebody carries, with straps that lie on the clothes; None for nobody's.

    Args:
        body: Dressed, in the rest pose.
        look: Says which bag, and how large.
    """
    scale = look.bag_size * look.physique.height_m / 1.75
    if look.bag == "none":
        return None
    if look.bag == "backpack":
        return _backpack(body, np.array(_BACKPACK_M) * scale)
    if look.bag == "shoulder_bag":
        return _shoulder_bag(body, np.array(_SHOULDER_BAG_M) * scale)
    return _held(body, _HELD[look.bag], scale)


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


def ring(path: Floats, aside: Floats, outward: Floats) -> tuple[Floats, Indices]:
    """Return a closed band along a closed path: two edges on the path, and a ridge off it.

    Args:
        path: Shape (K, 3); as seen with `aside` pointing to the eye, it runs counter-clockwise.
        aside: From the path to one edge, shape (K, 3) or (3,).
        outward: From the path to the ridge, shape (K, 3).

    Returns:
        Vertices, shape (3 * K, 3), and triangles, shape (6 * K, 3).
    """
    vertices = np.concatenate([path + aside, path + outward, path - aside])
    here = np.arange(len(path))
    ahead = (here + 1) % len(path)
    triangles = []
    for edge, other in ((0, 1), (1, 2), (2, 0)):
        a, b = edge * len(path) + here, edge * len(path) + ahead
        c, d = other * len(path) + here, other * len(path) + ahead
        triangles += [np.stack([a, c, b], axis=1), np.stack([b, c, d], axis=1)]
    return vertices, np.concatenate(triangles)


def _rigid(vertices: Floats, triangles: Indices, bone: str) -> Sheet:
    weights = np.zeros((len(vertices), len(BONES)))
    weights[:, BONES.index(bone)] = 1.0
    return Sheet(vertices, weights, triangles)


def _box(half_m: Floats, middle_m: Floats, bone: str) -> Sheet:
    vertices, triangles = rounded_box()
    return _rigid(vertices * half_m + middle_m, triangles, bone)


def _held(body: Body, held: _Held, scale: float) -> Sheet:
    index = BONES.index(held.bone)
    half_m, handle_m = np.array(held.half_m) * scale, held.handle_m * scale
    angle = np.arange(_RING_STEPS) * 2 * np.pi / _RING_STEPS
    bow = np.column_stack([np.zeros(_RING_STEPS), handle_m * np.cos(angle), 0.6 * half_m[2] * np.sin(angle)])
    band, faces = ring(
        bow - [0, handle_m, 0], np.array([0.008, 0, 0]), 0.012 * bow / np.linalg.norm(bow, axis=1)[:, None]
    )
    bag = _box(half_m, np.array([0.0, -handle_m - 0.96 * half_m[1], 0.0]), held.bone)
    sheet = joined([bag, _rigid(band, faces, held.bone)])
    upright = bone_matrices(body, held.pose)[index, :, :3]
    place = body.heads[index] + held.along * (body.tails[index] - body.heads[index])
    return Sheet(sheet.vertices @ upright + place, sheet.weights, sheet.triangles)


def _trunk(body: Body) -> Indices:
    """Return the vertices of what is worn around the trunk, and of no arm and no leg, but of skirts."""
    limbs = [BONES.index(f"{bone}_{side}") for bone in ("lowerarm", "hand", "calf", "foot") for side in "lr"]
    limbs += [BONES.index("head")]
    upper = body.weights[:, [BONES.index("upperarm_l"), BONES.index("upperarm_r")]].sum(axis=1)
    worn = np.zeros(len(body.vertices), dtype=np.bool_)
    worn[body.triangles[body.layers > 0]] = True
    hair = body.layers_vertices("hair")
    worn[hair] = False
    return np.flatnonzero(worn & (body.weights[:, limbs].sum(axis=1) < 0.1) & (upper < 0.6))


def _strap(body: Body, middle_m: Floats, up: Floats, ahead: Floats, lowest_m: float) -> Sheet:
    """Return a band that lies tight around the trunk above a height, in a plane through a point within."""
    trunk = _trunk(body)
    trunk = trunk[body.vertices[trunk, 1] > lowest_m]
    aside = np.cross(up, ahead)
    offsets = body.vertices[trunk] - middle_m
    near = offsets[np.abs(offsets @ aside) < _SLAB_M]
    flat = np.stack([near @ up, near @ ahead])
    # The convex hull's radius from the hull's supporting lines: what is stretched lies on hollows, not in them.
    lines = np.arange(_SUPPORTS) * 2 * np.pi / _SUPPORTS
    supports = (np.stack([np.cos(lines), np.sin(lines)], axis=1) @ flat).max(axis=1)
    facing = np.cos(lines[:, None] - lines)
    reach = np.where(facing > 0.1, supports / np.maximum(facing, 0.1), np.inf).min(axis=1) + 0.006
    angle = _evenly(lines, reach)
    out = np.cos(angle)[:, None] * up + np.sin(angle)[:, None] * ahead
    path = middle_m + np.interp(angle, lines, reach, period=2 * np.pi)[:, None] * out
    vertices, triangles = ring(path, aside * _BAND_M, out * _THICK_M)
    nearest = trunk[((path[:, None] - body.vertices[trunk]) ** 2).sum(axis=2).argmin(axis=1)]
    return Sheet(vertices, np.tile(body.weights[nearest], (3, 1)), triangles)


def _evenly(angle: Floats, radius: Floats) -> Floats:
    """Return `_STRAP_STEPS` angles at even distances along a closed curve that is given in polar coordinates."""
    points = np.stack([np.cos(angle), np.sin(angle)]) * radius
    lengths = np.cumsum(np.hypot(*(np.roll(points, -1, axis=1) - points)))
    wanted = np.arange(_STRAP_STEPS) * lengths[-1] / _STRAP_STEPS
    even: Floats = np.interp(wanted, [0, *lengths], [*angle, 2 * np.pi])
    return even


def _backpack(body: Body, half_m: Floats) -> Sheet:
    chest = body.heads[BONES.index("spine_03")]
    trunk = body.vertices[_trunk(body)]
    behind = trunk[(np.abs(trunk[:, 0]) < half_m[0]) & (np.abs(trunk[:, 1] - chest[1] - 0.05) < half_m[1])]
    back_m = np.percentile(behind[:, 2], 10)
    pack = _box(half_m, np.array([0.0, chest[1] + 0.05, back_m - 0.6 * half_m[2]]), "spine_03")
    shoulder = body.heads[BONES.index("upperarm_l")]
    straps = [
        _strap(
            body,
            np.array([0.55 * side * shoulder[0], chest[1] + 0.05, chest[2] + 0.06]),
            np.array([0.0, 1.0, 0.0]),
            np.array([0.0, 0.0, 1.0]),
            chest[1] - 0.6 * half_m[1],
        )
        for side in (1, -1)
    ]
    return joined([pack, *straps])


def _shoulder_bag(body: Body, half_m: Floats) -> Sheet:
    hip, shoulder = body.heads[BONES.index("pelvis")], body.heads[BONES.index("upperarm_r")]
    trunk = body.vertices[_trunk(body)]
    wide_m = trunk[np.abs(trunk[:, 1] - hip[1]) < 0.06, 0].max()
    top = np.array([0.48 * shoulder[0], shoulder[1], hip[2] + 0.02])
    side = np.array([wide_m, hip[1] + 0.02, hip[2] + 0.02])
    up = (top - side) / np.linalg.norm(top - side)
    strap = _strap(body, (top + side) / 2, up, np.array([0.0, 0.0, 1.0]), side[1] - _SLAB_M)
    bag = _box(half_m, side + np.array([half_m[0], -0.7 * half_m[1], 0.0]), "pelvis")
    return joined([bag, strap])
