"""Reads an npz bundle of MakeHuman's base mesh with clothes, hair and skins made for it. Pure but for the array file.

Keys: `base` (decimetres), `t_NAME` for each macro target, `W` and `bones` (rig), `body_v`, `body_uv`, `body_t` (skin),
`items` and per item `i_NAME_` with `idx`, `w`, `off`, `sc` (fitting data of MakeHuman's mhclo files), `del` (vertices
beneath), `v`, `uv`, `t`, `comp`, `tex`; `skins` and `s_NAME`. Pictures are BGR with opacity.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.core.people import Role
from simulators.rendering.bodies import AGES, BONES, BUILDS, GENDERS, MUSCLES, ORIGINS, kept_bone, target_name
from simulators.rendering.clothing.forms import REFERENCE, fitted, form_of
from simulators.rendering.clothing.meshes import islands, lighter, means
from simulators.rendering.clothing.pieces import (
    MAKEHUMAN_TOPOLOGY,
    AgeClass,
    AssetError,
    BodyModel,
    Fitting,
    Garment,
    Gender,
    LocalScale,
    Piece,
    Skin,
    Slot,
    Surface,
    Wearers,
)
from simulators.rendering.fabrics import Floats32, linear

Arrays = Mapping[str, NDArray[Any]]
Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

VERTICES = 19158
_SKIN_CELL_M = 0.04
_FINE_CELL_M = 0.024
_CELL_M: dict[Slot, float] = {"top": 0.04, "feet": 0.034, "hair": 0.03}
_TINTED: dict[Slot, float] = {"top": 0.8, "feet": 0.5, "hair": 1.0}
_OPAQUE_FROM = 0.4
_PLAIN_BELOW, _BRIGHT_FROM = 0.1, 0.6
_HIP_BONE = "thigh_l"
_WOMENS_HAIR = ("afro", "bob", "braid", "long", "ponytail")


def read_bundle(arrays: Arrays, file: str, licence: str) -> tuple[BodyModel, list[Garment], list[Skin]]:
    """Return the body, garments and skins of a bundle.

    Args:
        arrays: What the file holds.
        file: Its name, for errors.
        licence: Of all that it holds.

    Raises:
        AssetError: Something is missing, or has another shape than the topology wants.
    """
    reader = _Reader(arrays, file, licence)
    return (
        reader.body,
        [reader.garment(str(name)) for name in reader.get("items", (None,))],
        [reader.skin(str(name)) for name in reader.get("skins", (None,))],
    )


class _Reader:
    def __init__(self, arrays: Arrays, file: str, licence: str) -> None:
        self._arrays, self._file, self._licence = arrays, file, licence
        self.body = self._body()
        self._form = form_of(REFERENCE, MAKEHUMAN_TOPOLOGY, self.body)

    def get(self, key: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """Return an array of a shape, of which None may be anything."""
        if key not in self._arrays:
            msg = f"{self._file}: {key!r} is missing; a bundle of {MAKEHUMAN_TOPOLOGY} has it"
            raise AssetError(msg)
        array = self._arrays[key]
        if array.ndim != len(shape) or any(b not in {None, a} for a, b in zip(array.shape, shape, strict=True)):
            wanted = ", ".join("any" if side is None else str(side) for side in shape)
            msg = f"{self._file}: {key!r} has shape {array.shape}, not ({wanted})"
            raise AssetError(msg)
        return array

    def indices(self, key: str, shape: tuple[int | None, ...], below: int) -> Indices:
        """Return an array of whole numbers from 0 up to but without `below`."""
        array = self.get(key, shape).astype(np.int64)
        if array.size and not 0 <= array.min() <= array.max() < below:
            msg = f"{self._file}: {key!r} has values from {array.min()} to {array.max()}, not from 0 to {below - 1}"
            raise AssetError(msg)
        return array

    def _body(self) -> BodyModel:
        names = [target_name("origin", g, a, o) for g in GENDERS for a in AGES for o in ORIGINS]
        builds = {(muscle, "average") for muscle in MUSCLES} | {("average", build) for build in BUILDS}
        names += [target_name("build", g, a, *parts) for g in GENDERS for a in AGES for parts in sorted(builds)]
        base = self.get("base", (VERTICES, 3)).astype(np.float32)
        bones = [kept_bone(str(bone)) for bone in self.get("bones", (None,))]
        for bone in bones:
            if bone not in BONES:
                msg = f"{self._file}: 'bones' names {bone!r}, which MakeHuman's game engine rig does not have"
                raise AssetError(msg)
        rig = self.get("W", (VERTICES, len(bones))).astype(np.float64)
        weights = np.zeros((VERTICES, len(BONES)))
        for column, bone in enumerate(bones):
            weights[:, BONES.index(bone)] += rig[:, column]
        weights[weights.sum(axis=1) <= 0, 0] = 1.0
        source = self.indices("body_v", (None,), VERTICES)
        rest_m = (base.astype(np.float64) - [0.0, base[:, 1].min(), 0.0]) / 10
        head = weights[:, [BONES.index(bone) for bone in ("head", "neck_01", "hand_l", "hand_r")]].sum(axis=1) > 0.02  # noqa: PLR2004 - more than nothing
        surface = lighter(
            rest_m,
            source,
            self.get("body_uv", (len(source), 2)).astype(np.float32),
            self.indices("body_t", (None, 3), len(source)),
            np.where(head, _FINE_CELL_M, _SKIN_CELL_M)[:, None],
        )
        return BodyModel(
            base_dm=base,
            targets_dm={name: self.get(f"t_{name}", (VERTICES, 3)).astype(np.float16) for name in names},
            weights=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32),
            surface=surface,
        )

    def garment(self, name: str) -> Garment:
        """Return a piece of clothing, a pair of shoes or hair."""
        key = f"i_{name}_"
        count = len(self.get(f"{key}idx", (None, 3)))
        scale = self.get(f"{key}sc", (3, 3))
        fitting = Fitting(
            self.indices(f"{key}idx", (count, 3), VERTICES),
            self.get(f"{key}w", (count, 3)).astype(np.float32),
            self.get(f"{key}off", (count, 3)).astype(np.float32),
            LocalScale(scale[:, :2].astype(np.int64), scale[:, 2].astype(np.float32)),
        )
        source = self.indices(f"{key}v", (None,), count)
        uv = self.get(f"{key}uv", (len(source), 2)).astype(np.float32)
        triangles = self.indices(f"{key}t", (None, 3), len(source))
        picture = self.get(f"{key}tex", (None, None, 4))
        covers = _covers(name)
        points, _ = fitted(fitting, self._form)
        if covers == ("hair",):
            triangles = triangles[_opaque(picture, uv, triangles)]
        surface = lighter(points, source, uv, triangles, _CELL_M[covers[0]])
        return Garment(
            piece=Piece(name, self._licence, Wearers(genders=_genders(name), roles=_roles(covers))),
            topology=MAKEHUMAN_TOPOLOGY,
            covers=covers,
            surface=surface,
            fitting=fitting,
            hides=self.indices(f"{key}del", (None,), VERTICES),
            upper=upper_part(surface, points, 0.53 * REFERENCE.height_m),
            picture=_filled(picture),
            tint_share=1.0 if _is_only_shade(picture) else _TINTED[covers[0]],
        )

    def skin(self, name: str) -> Skin:
        """Return a skin."""
        picture = self.get(f"s_{name}", (None, None, 4))
        piece = Piece(name, self._licence, Wearers(genders=_genders(name), ages=_ages(name)))
        return Skin(piece, MAKEHUMAN_TOPOLOGY, linear(_rgb(picture)), 1.0)


def upper_part(surface: Surface, points_m: Floats, hip_m: float) -> NDArray[np.bool_]:
    """Return which corners are of the upper part: of each connected part by its middle, of a single one by height."""
    heights = means(points_m, surface.group, int(surface.group.max()) + 1)[surface.corner_group, 1]
    # Corners of one group are one part, though the picture has a seam there.
    _, first = np.unique(surface.corner_group, return_index=True)
    by_group = np.zeros(int(surface.group.max()) + 1, dtype=np.int64)
    by_group[surface.corner_group[first]] = first
    part = islands(by_group[surface.corner_group[surface.triangles]], len(heights))[by_group[surface.corner_group]]
    parts, number, sizes = np.unique(part, return_inverse=True, return_counts=True)
    big = sizes > 0.2 * len(part)  # a button is no part
    if big.sum() < 2:  # noqa: PLR2004 - a suit of one piece
        above: NDArray[np.bool_] = heights > hip_m
        return above
    middles = np.bincount(number, heights, len(parts)) / sizes
    upper: NDArray[np.bool_] = middles[number] > hip_m
    return upper


def _covers(name: str) -> tuple[Slot, ...]:
    if "suit" in name:
        return ("top", "bottom")
    return ("feet",) if name.startswith("shoes") else ("hair",)


def _genders(name: str) -> tuple[Gender, ...]:
    if "female" in name or name.startswith(_WOMENS_HAIR):
        return ("female",)
    return ("male",) if "male" in name or name.startswith("short0") else ()


def _roles(covers: tuple[Slot, ...]) -> tuple[Role, ...]:
    return ("shopper", "passer_by", "delivery") if "top" in covers else ()


def _ages(name: str) -> tuple[AgeClass, ...]:
    if name.startswith("old"):
        return ("old",)
    return ("young", "old") if name.startswith("middleage") else ("child", "young")


def _rgb(picture: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(picture[..., 2::-1], dtype=np.uint8)


def _filled(picture: NDArray[Any]) -> Floats32:
    """Return a picture whose transparent places have the mean colour of the others."""
    colours = linear(_rgb(picture))
    opaque = picture[..., 3] >= 255 * _OPAQUE_FROM
    if opaque.any():
        colours[~opaque] = colours[opaque].mean(axis=0)
    return colours


def _opaque(picture: NDArray[Any], uv: Floats32, triangles: Indices) -> NDArray[np.bool_]:
    """Return which triangles are mostly opaque: hair is drawn whole or not at all, so that its outline is exact."""
    height, width = picture.shape[:2]
    corners = uv[triangles].astype(np.float64)
    places = np.concatenate(
        [corners.mean(axis=1, keepdims=True), 0.5 * (corners + np.roll(corners, 1, axis=1))], axis=1
    )
    column = np.clip((places[..., 0] * width).astype(np.int64), 0, width - 1)
    row = np.clip(((1 - places[..., 1]) * height).astype(np.int64), 0, height - 1)
    shown: NDArray[np.bool_] = (picture[row, column, 3] / 255).mean(axis=1) >= _OPAQUE_FROM
    return shown if shown.any() else np.ones(len(triangles), dtype=np.bool_)


def _is_only_shade(picture: NDArray[Any]) -> bool:
    """Return whether a picture has folds and no colour: its garment has to be given one."""
    shares = _rgb(picture) / 255
    return bool((shares.max(axis=2) - shares.min(axis=2)).mean() < _PLAIN_BELOW and np.median(shares) > _BRIGHT_FROM)
