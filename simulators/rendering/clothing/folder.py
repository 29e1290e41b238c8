"""Loads an asset folder, or a bundle alone, checked as a whole: what comes out can be worn."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulators.rendering.clothing.bundle import read_bundle, upper_part
from simulators.rendering.clothing.files import inside, read_arrays, read_picture
from simulators.rendering.clothing.forms import REFERENCE, fitted, form_of
from simulators.rendering.clothing.garment_files import GarmentFile
from simulators.rendering.clothing.manifest import (
    MANIFEST_FILE,
    FabricEntry,
    GarmentEntry,
    Manifest,
    PrintEntry,
    SkinEntry,
    parse_manifest,
)
from simulators.rendering.clothing.pieces import (
    MAKEHUMAN_TOPOLOGY,
    AssetError,
    AssetSet,
    BodyModel,
    Chances,
    Fabric,
    Garment,
    HasPiece,
    Print,
    Skin,
    Surface,
)
from simulators.rendering.fabrics import Floats32, Motif, Tile, linear

_HIP_SHARE = 0.53


def load_assets(path: Path, licence: str | None = None) -> AssetSet:
    """Return what an asset folder or a bundle holds.

    Args:
        path: A folder with `assets.toml`, or an npz bundle.
        licence: Of a bundle that names none itself.

    Raises:
        AssetError: Something is wrong with it; the message names the file and what stands there.
    """
    if path.is_dir():
        return _load_folder(path)
    if not path.is_file():
        msg = f"{path}: there is no such folder or npz file"
        raise AssetError(msg)
    arrays = read_arrays(path)
    named = str(arrays["licence"]) if "licence" in arrays else licence
    if not named:
        msg = f"{path} names no licence; give it with --assets-licence, such as CC0-1.0 for MakeHuman's base assets"
        raise AssetError(msg)
    body, garments, skins = read_bundle(arrays, str(path), named)
    return AssetSet(path.stem, (named,), garments=tuple(garments), skins=tuple(skins), body=body)


def _load_folder(folder: Path) -> AssetSet:
    file = inside(folder, MANIFEST_FILE)
    try:
        manifest = parse_manifest(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError as error:
        msg = f"{file} is no UTF-8 text: {error}"
        raise AssetError(msg) from error
    return _Loader(folder, manifest).load()


class _Loader:
    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder, self._manifest = folder, manifest

    def load(self) -> AssetSet:
        manifest = self._manifest
        bundles = [self._bundle(each.file, each.licence or manifest.licence) for each in manifest.bundle]
        if len(bundles) > 1:
            msg = f"{self._folder / MANIFEST_FILE} names {len(bundles)} bundles; one at most"
            raise AssetError(msg)
        assets = AssetSet(
            name=manifest.name,
            licences=(),
            chances=Chances(**msgspec.structs.asdict(manifest.chances)),
            fabrics=tuple(map(self._fabric, manifest.fabric)),
            prints=tuple(map(self._print, manifest.print)),
            skins=tuple(map(self._skin, manifest.skin)),
        )
        for body, garments, skins in bundles:
            assets = replace(assets, body=body, garments=tuple(garments), skins=(*assets.skins, *skins))
        own = map(partial(self._garment, assets), manifest.garment)
        assets = replace(assets, garments=(*own, *assets.garments))
        self._refuse_bodiless(assets)
        kinds: tuple[tuple[HasPiece, ...], ...] = (assets.fabrics, assets.prints, assets.skins, assets.garments)
        pieces = [each.piece for kind in kinds for each in kind]
        if not pieces:
            msg = (
                f"{self._folder / MANIFEST_FILE} lists nothing; `shopthread simulate assets init DIR` makes an example"
            )
            raise AssetError(msg)
        return replace(assets, licences=tuple(sorted({each.licence for each in pieces})))

    def _bundle(self, name: str, licence: str) -> tuple[BodyModel, list[Garment], list[Skin]]:
        path = inside(self._folder, name)
        return read_bundle(read_arrays(path), str(path), licence)

    def _picture(self, name: str) -> Floats32:
        return linear(read_picture(inside(self._folder, name)))

    def _fabric(self, entry: FabricEntry) -> Fabric:
        picture = self._picture(entry.picture)[..., :3]
        return Fabric(entry.piece(self._manifest.licence), Tile(picture, entry.repeat_m), entry.covers)

    def _print(self, entry: PrintEntry) -> Print:
        motif = Motif(self._picture(entry.picture), entry.width_m, entry.front, entry.back)
        return Print(entry.piece(self._manifest.licence), motif)

    def _skin(self, entry: SkinEntry) -> Skin:
        picture = self._picture(entry.picture)[..., :3]
        return Skin(entry.piece(self._manifest.licence), entry.topology, picture, entry.repeat_m)

    def _refuse_bodiless(self, assets: AssetSet) -> None:
        for each in assets.skins:
            if each.topology == MAKEHUMAN_TOPOLOGY and assets.body is None:
                msg = (
                    f"{self._folder / MANIFEST_FILE}: {each.piece.id!r} is made for {MAKEHUMAN_TOPOLOGY}, whose body "
                    "comes with a [[bundle]]; name one"
                )
                raise AssetError(msg)

    def _garment(self, assets: AssetSet, entry: GarmentEntry) -> Garment:
        if entry.topology == MAKEHUMAN_TOPOLOGY and assets.body is None:
            msg = (
                f"{self._folder / MANIFEST_FILE}: garment {entry.id!r} is made for {entry.topology}; name a [[bundle]]"
            )
            raise AssetError(msg)
        mesh = GarmentFile(inside(self._folder, entry.mesh), entry.topology, has_picture=entry.picture is not None)
        form = form_of(REFERENCE, entry.topology, assets.body)
        points, _ = fitted(mesh.fitting, form)
        surface = mesh.surface(points)
        return Garment(
            piece=entry.piece(self._manifest.licence),
            topology=entry.topology,
            covers=entry.covers,
            surface=surface,
            fitting=mesh.fitting,
            hides=mesh.hides,
            upper=_upper(entry, surface, points),
            picture=self._picture(entry.picture)[..., :3] if entry.picture else mesh.colours(),
            tint_share=entry.tint_share,
        )


def _upper(entry: GarmentEntry, surface: Surface, points: NDArray[np.float64]) -> NDArray[np.bool_]:
    if {"top", "bottom"} <= set(entry.covers):
        return upper_part(surface, points, _HIP_SHARE * REFERENCE.height_m)
    return np.full(len(surface.corner_group), "bottom" not in entry.covers and "feet" not in entry.covers)
