"""`assets.toml`: what a folder of clothes, hair, skins and fabrics says of itself. Pure."""

import tomllib
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from simulators.core.people import Role
from simulators.rendering.clothing.pieces import (
    OWN_TOPOLOGY,
    AgeClass,
    AssetError,
    Gender,
    Piece,
    Slot,
    Topology,
    Wearers,
)

_Text = Annotated[str, Meta(min_length=1, max_length=200)]
_Share = Annotated[float, Meta(ge=0, le=1)]
_Weight = Annotated[float, Meta(gt=0, le=1000)]
_Metres = Annotated[float, Meta(ge=0.01, le=3)]

MANIFEST_FILE = "assets.toml"


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: _Text
    licence: _Text | None = None
    weight: _Weight = 1.0
    gender: tuple[Gender, ...] = ()
    age: tuple[AgeClass, ...] = ()
    role: tuple[Role, ...] = ()

    def piece(self, licence: str) -> Piece:
        """Return what a piece says of itself, in a folder of a licence."""
        return Piece(self.id, self.licence or licence, Wearers(self.gender, self.age, self.role), self.weight)


class FabricEntry(_Entry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A cloth: a picture that repeats."""

    picture: _Text
    repeat_m: _Metres
    covers: Annotated[tuple[Slot, ...], Meta(min_length=1)] = ("top",)
    role: tuple[Role, ...] = ("shopper", "passer_by", "delivery")


class PrintEntry(_Entry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture on a top."""

    picture: _Text
    width_m: _Metres
    front: bool = True
    back: bool = False
    role: tuple[Role, ...] = ("shopper", "passer_by", "delivery")


class SkinEntry(_Entry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A skin."""

    picture: _Text
    topology: Topology = OWN_TOPOLOGY
    repeat_m: _Metres = 0.3


class GarmentEntry(_Entry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A mesh with its picture."""

    mesh: _Text
    picture: _Text | None = None
    topology: Topology = OWN_TOPOLOGY
    covers: Annotated[tuple[Slot, ...], Meta(min_length=1)]
    tint_share: _Share = 0.0
    role: tuple[Role, ...] = ("shopper", "passer_by", "delivery")


class BundleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An npz file with many pieces."""

    file: _Text
    licence: _Text | None = None


class ChancesEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Share of people who wear something of each kind."""

    clothes: _Share = 0.6
    shoes: _Share = 0.9
    hair: _Share = 0.85
    headwear: _Share = 0.12
    neckwear: _Share = 0.12
    fabric: _Share = 0.5
    print: _Share = 0.3
    skin: _Share = 1.0


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file."""

    name: _Text
    licence: _Text
    chances: ChancesEntry = ChancesEntry()
    fabric: tuple[FabricEntry, ...] = ()
    print: tuple[PrintEntry, ...] = ()
    skin: tuple[SkinEntry, ...] = ()
    garment: tuple[GarmentEntry, ...] = ()
    bundle: tuple[BundleEntry, ...] = ()


_MOST_ENTRIES = 1000


def parse_manifest(text: str, file: str) -> Manifest:
    """Return what a manifest says.

    Args:
        text: Its content.
        file: Its name, for errors.

    Raises:
        AssetError: It is no TOML, names no licence, or has a field or value that is not allowed.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{file} is no TOML: {error}"
        raise AssetError(msg) from error
    licence = raw.get("licence")
    if not isinstance(licence, str) or not licence.strip():
        msg = f'{file} names no licence; say under which all of this may be used, such as licence = "CC0-1.0"'
        raise AssetError(msg)
    try:
        manifest = msgspec.convert(raw, Manifest)
    except msgspec.ValidationError as error:
        msg = f"{file}: {error}{_value_at(raw, str(error))}"
        raise AssetError(msg) from error
    _refuse_twins(manifest, file)
    return manifest


def _value_at(raw: object, message: str) -> str:
    """Return what stands where msgspec found something wrong, to be added to its message."""
    path = message.partition("`$")[2].rstrip("`")
    value = raw
    for step in path.replace("[", ".").replace("]", "").split("."):
        try:
            value = _inside(value, step) if step else value
        except (KeyError, IndexError, ValueError, TypeError):
            return ""
    return "" if isinstance(value, dict) else f", got {value!r}"


def _inside(value: object, step: str) -> object:
    if isinstance(value, list):
        return value[int(step)]
    return value[step] if isinstance(value, dict) else None


def _refuse_twins(manifest: Manifest, file: str) -> None:
    ids = [
        each.id for entries in (manifest.fabric, manifest.print, manifest.skin, manifest.garment) for each in entries
    ]
    if len(ids) > _MOST_ENTRIES:
        msg = f"{file} lists {len(ids)} pieces; at most {_MOST_ENTRIES}"
        raise AssetError(msg)
    for name in ids:
        if ids.count(name) > 1:
            msg = f"{file} has the id {name!r} twice; give each piece its own"
            raise AssetError(msg)
