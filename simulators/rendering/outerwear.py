"""Coats and jackets: a shell of cloth around the body, closed or open at the front, with a collar. Pure."""

# ruff: noqa: PLR2004 - lengths and shares on a body speak for themselves

from dataclasses import replace
from math import pi, radians

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import BONES, LAYERS, Body, vertex_normals
from simulators.rendering.cutting import Sheet, cut, joined
from simulators.rendering.looks import Look

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

OUTERWEAR = ("jacket", "coat")

_OFF_M = {"jacket": 0.03, "coat": 0.034}
_SLEEVES_FROM = 0.7
_STAND_M = 0.045
_STAND_WIDE = radians(60)
_WIDENS = (1.25, 1.0, 0.8, 0.85)
"""How wide it is open at the hem, the waist, the chest and the neck, as shares of the waist's."""
_COLLAR_RISE_M, _COLLAR_OFF_M = (-0.03, 0.045, -0.005), (0.03, 0.018, 0.045)
_COLLAR_STEPS = 17
_BEHIND_M, _HEM_SEEN_M = 0.02, 0.12
_COLLAR_CLOSED = radians(7)


def make_coat(body: Body, look: Look) -> tuple[Sheet, Sheet]:
    """Return a jacket or coat without its sleeves, and its lining where it may be seen, each as seen from its side.

    It hangs from the shoulders: above the waist it follows what moves the chest, below it both thighs, each side of
    the front its own.

    Args:
        body: In the rest pose, in nothing.
        look: Whose `opening_deg` says how far each edge of the front is from straight ahead at the waist, seen from
            the body's axis; whose `coat_length` says where it ends, 0 at the hips to 1 at the knees.
    """
    upper, lower, collar = _upper(body, look), _lower(body, look), _collar(body, look)
    if not look.opening_deg:
        seen = [lower, collar] if look.top == "coat" else [collar]
        return joined([upper, lower, collar]), joined(seen).turned()
    upper, lower = (_opened(sheet, body, look) for sheet in (upper, lower))
    return joined([upper, lower, collar]), joined([_before(upper, axis_z_m(body)), lower, collar]).turned()


def without_hidden(body: Body, look: Look) -> Body:
    """Return a body without those clothes that no one sees beneath its coat."""
    y = body.vertices[:, 1]
    hidden = (y > _hem_m(body, look) + _HEM_SEEN_M) & (y < _height(body, "neck_01") - 0.07) & (_arm_share(body) < 0.4)
    if look.opening_deg:
        hidden &= body.vertices[:, 2] < axis_z_m(body) - _BEHIND_M
    worn = np.isin(body.layers, [LAYERS.index("clothes"), LAYERS.index("skirt")])
    kept = ~(worn & hidden[body.triangles].all(axis=1))
    return replace(body, triangles=body.triangles[kept], layers=body.layers[kept])


def axis_z_m(body: Body) -> float:
    """Return how far ahead the upright axis is around which a coat opens."""
    return float(body.heads[BONES.index("pelvis"), 2] + 0.012 * body.heads[BONES.index("head"), 1])


def opening_at(y_m: Floats, body: Body, look: Look) -> Floats:
    """Return how far from straight ahead an edge of the front is at some heights, radians."""
    waist, neck = _height(body, "pelvis"), _height(body, "neck_01")
    heights = [_hem_m(body, look), waist, _height(body, "spine_03"), neck]
    widths: Floats = radians(look.opening_deg) * np.interp(y_m, heights, _WIDENS)
    return widths


def _before(sheet: Sheet, z_m: float) -> Sheet:
    """Return those triangles of a sheet that are at least partly ahead of what is just behind a depth."""
    ahead = sheet.vertices[:, 2] > z_m - 2 * _BEHIND_M
    return replace(sheet, triangles=sheet.triangles[ahead[sheet.triangles].any(axis=1)])


def _height(body: Body, bone: str) -> float:
    return float(body.heads[BONES.index(bone), 1])


def _hem_m(body: Body, look: Look) -> float:
    hips, knees = _height(body, "thigh_l") - 0.05, _height(body, "calf_l")
    return hips + look.coat_length * (knees - hips)


def _arm_share(body: Body) -> Floats:
    arms = [BONES.index(f"{bone}_{side}") for bone in ("upperarm", "lowerarm", "hand") for side in "lr"]
    share: Floats = body.weights[:, arms].sum(axis=1)
    return share


def _layer(body: Body, name: str, off_m: float | Floats) -> Sheet:
    """Return a layer of the body, moved outwards, with its folded triangles turned over."""
    triangles = body.triangles[body.layers == LAYERS.index(name)]
    normals = vertex_normals(body.vertices, triangles)
    a, b, c = (body.vertices[triangles[:, corner]] for corner in range(3))
    folded = (np.cross(b - a, c - a) * normals[triangles].sum(axis=1)).sum(axis=1) < 0
    triangles = np.where(folded[:, None], triangles[:, ::-1], triangles)
    return Sheet(body.vertices + normals * np.reshape(off_m, (-1, 1)), body.weights, triangles)


def _upper(body: Body, look: Look) -> Sheet:
    """Return what lies over chest, back and shoulders."""
    y, arm = body.vertices[:, 1], _arm_share(body)
    sheet = _layer(body, "clothes", _OFF_M[look.top])
    sheet = replace(sheet, triangles=sheet.triangles[(arm[sheet.triangles] < 0.95).any(axis=1)])
    levels = np.stack([_SLEEVES_FROM - arm, y - _height(body, "pelvis"), _height(body, "neck_01") + 0.01 - y])
    return _trimmed(sheet, levels)


def _lower(body: Body, look: Look) -> Sheet:
    """Return what hangs from the waist: a cone that follows both thighs."""
    y, hem_m, waist_m = body.vertices[:, 1], _hem_m(body, look), _height(body, "pelvis")
    flare = np.interp(y, [hem_m, waist_m], [0.012, 0.0])
    sheet = _layer(body, "skirt", _OFF_M[look.top] + flare)
    return _trimmed(sheet, np.stack([y - hem_m, waist_m + 0.03 - y]))


def _trimmed(sheet: Sheet, levels: Floats) -> Sheet:
    """Return what lies inside of several lines, whose levels have shape (lines, V)."""
    carried = replace(sheet, weights=np.column_stack([sheet.weights, levels.T]))
    bones = sheet.weights.shape[1]
    for line in range(len(levels)):
        carried = cut(carried, carried.weights[:, bones + line])
    return replace(carried, weights=carried.weights[:, :bones])


def _opened(shell: Sheet, body: Body, look: Look) -> Sheet:
    """Return a shell cut open at the front, its edges standing off, each half of the front moved by its own thigh."""
    ahead = shell.vertices[:, 2] - axis_z_m(body)
    aside = np.abs(shell.vertices[:, 0])
    opening = opening_at(shell.vertices[:, 1], body, look)
    shell = cut(shell, aside * np.cos(opening) - ahead * np.sin(opening))
    x, y, ahead = shell.vertices[:, 0], shell.vertices[:, 1], shell.vertices[:, 2] - axis_z_m(body)
    bearing, radius = np.arctan2(np.abs(x), ahead), np.hypot(x, ahead)
    edge = np.clip(1 - (bearing - opening_at(y, body, look)) / _STAND_WIDE, 0, 1) ** 2
    drop = np.interp(y, [_height(body, "pelvis"), _height(body, "neck_01") - 0.05], [1.0, 0.0])
    out = (_STAND_M * edge * drop / np.maximum(radius, 1e-6))[:, None] * np.column_stack([x, np.zeros_like(x), ahead])
    return replace(shell, vertices=shell.vertices + out, weights=_parted(shell.weights, x, np.cos(bearing)))


def _parted(weights: Floats, x: Floats, frontal: Floats) -> Floats:
    """Return weights in which what is in front follows the leg of its own side alone."""
    parted = weights.copy()
    share = np.clip(2 * frontal, 0, 1)
    for bone in ("thigh", "calf"):
        left, right = BONES.index(f"{bone}_l"), BONES.index(f"{bone}_r")
        for own, other, is_own in ((left, right, x >= 0), (right, left, x < 0)):
            moved = np.where(is_own, share * weights[:, other], 0.0)
            parted[:, own] += moved
            parted[:, other] -= moved
    return parted


def _collar(body: Body, look: Look) -> Sheet:
    """Return a turned-down collar: it rises from the shell around the neck and falls over it."""
    neck_m = _height(body, "neck_01") + 0.02
    near = body.layers_vertices("clothes")
    near = near[np.abs(body.vertices[near, 1] - neck_m) < 0.03]
    wide, (back, front) = np.abs(body.vertices[near, 0]).max(), np.percentile(body.vertices[near, 2], [0, 100])
    start = max(_COLLAR_CLOSED, float(opening_at(np.array(neck_m), body, look)))
    bearing = np.linspace(start, 2 * pi - start, _COLLAR_STEPS)
    rings = [
        np.column_stack(
            [
                (wide + off_m) * np.sin(bearing),
                neck_m + rise_m - 0.022 * (1 + np.cos(bearing)),
                (front + back) / 2 + ((front - back) / 2 + off_m) * np.cos(bearing),
            ]
        )
        for rise_m, off_m in zip(_COLLAR_RISE_M, _COLLAR_OFF_M, strict=True)
    ]
    vertices = np.concatenate(rings)
    weights = np.zeros((len(vertices), len(BONES)))
    weights[:, [BONES.index("spine_03"), BONES.index("neck_01")]] = (0.75, 0.25)
    ring, step = (each.reshape(-1) for each in np.mgrid[0 : len(rings) - 1, 0 : _COLLAR_STEPS - 1])
    a = ring * _COLLAR_STEPS + step
    b, c, d = a + 1, a + _COLLAR_STEPS, a + _COLLAR_STEPS + 1
    return Sheet(vertices, weights, np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)]))
