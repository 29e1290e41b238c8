"""What somebody wears of an asset set, drawn from the seed and the person's id alone. Pure.

It is the same in every camera. Nothing is drawn from the streams that looks without assets come from: the same person
keeps build, colours and bag.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from simulators.core.people import Role
from simulators.rendering.clothing.pieces import OWN_TOPOLOGY, AssetSet, Garment, HasPiece, Print, Skin, Slot
from simulators.rendering.fabrics import Fabrics, Floats32, Tile
from simulators.rendering.looks import Look

_STREAM = 25
_REPEATING = ("stripes", "pinstripes", "checks", "blotches", "print")
_NEAR_TONES = 3
_MOST_TONING = 4.0
_BOTTOM_SHARE = 0.4
"""Trousers and skirts are of one colour more often than tops."""


_Kind = TypeVar("_Kind", bound=HasPiece)


@dataclass(frozen=True, slots=True)
class Wear:
    """What a person wears.

    Attributes:
        look: The person's look, without what the pieces take the place of.
        garments: Meshes, each with whether it is in the person's own colours rather than in those of its picture.
        skin: Of a bundle's body, if any.
        fabrics: Of the renderer's own clothes, and of garments in the person's own colours.
        names: The pieces' ids: two people with the same ones may still differ in build and colours.
    """

    look: Look
    garments: tuple[tuple[Garment, bool], ...]
    skin: Skin | None
    fabrics: Fabrics
    names: tuple[str, ...]


def choose(assets: AssetSet, look: Look, seed: int, person_id: str, role: Role) -> Wear:
    """Return what a person of a look wears."""
    rng = np.random.default_rng([seed, _STREAM, zlib.crc32(person_id.encode())])
    chooser = _Chooser(assets, look, role, rng)
    # Every question is asked of everybody, in one order, so that no answer shifts another's chance.
    garments = [
        *chooser.clothes(),
        *chooser.garment(("feet",), assets.chances.shoes),
        *chooser.garment(("hair",), assets.chances.hair if look.hair != "bald" else 0.0),
        *chooser.garment(("head",), assets.chances.headwear),
        *chooser.garment(("neck",), assets.chances.neckwear),
    ]
    skin = chooser.skin()
    top, bottom = (chooser.fabric(slot) for slot in ("top", "bottom"))
    printed = chooser.some(assets.prints, assets.chances.print)
    names = [garment.piece.id for garment, _ in garments]
    names += [each for each in (top and top[0], bottom and bottom[0], printed and printed.piece.id) if each]
    tile = None
    if skin is not None:
        names.append(skin.piece.id)
        if skin.topology == OWN_TOPOLOGY:
            tile = Tile(toned(skin, look), skin.repeat_m)
    return Wear(
        look=_without(look, [garment for garment, _ in garments], top is not None, printed),
        garments=tuple(garments),
        skin=None if tile is not None else skin,
        fabrics=Fabrics(top and top[1], bottom and bottom[1], tile, None if printed is None else printed.motif),
        names=tuple(names),
    )


def toned(skin: Skin, look: Look) -> Floats32:
    """Return a skin's picture in the tone of a person."""
    factor = np.array(look.skin, dtype=np.float32) / np.maximum(skin.tone, 1e-3)
    toned: Floats32 = np.clip(skin.picture * np.clip(factor, 1 / _MOST_TONING, _MOST_TONING), 0, 1)
    return toned


def _without(look: Look, garments: list[Garment], has_fabric: bool, printed: Print | None) -> Look:
    """Return a look without padding, coat tails, skirts and patterns that would show beside what is worn."""
    covered = {slot for garment in garments for slot in garment.covers}
    if "top" in covered:
        look = replace(look, top="shirt")
    if "bottom" in covered:
        look = replace(look, bottom="trousers")
    if look.pattern in _REPEATING and (has_fabric or printed is not None):
        look = replace(look, pattern="plain")
    return look


class _Chooser:
    def __init__(self, assets: AssetSet, look: Look, role: Role, rng: np.random.Generator) -> None:
        self._assets, self._look, self._role, self._rng = assets, look, role, rng

    def some(self, options: Iterable[_Kind], chance: float) -> _Kind | None:
        """Return one of the options that the person may wear, or none; by their weights."""
        wants, place = self._rng.random() < chance, self._rng.random()
        allowed = [each for each in options if each.piece.wearers.may(self._look.physique, self._role)]
        if not (wants and allowed):
            return None
        ends = np.cumsum([each.piece.weight for each in allowed])
        return allowed[min(int(np.searchsorted(ends, place * ends[-1], side="right")), len(allowed) - 1)]

    def garment(self, covers: tuple[Slot, ...], chance: float) -> list[tuple[Garment, bool]]:
        """Return at most one garment that covers just these slots, and whether it is in the person's colours."""
        found = self.some([each for each in self._assets.garments if set(each.covers) == set(covers)], chance)
        place = self._rng.random()
        return [] if found is None else [(found, bool(place < found.tint_share))]

    def clothes(self) -> list[tuple[Garment, bool]]:
        """Return a suit, or a top and trousers or a skirt, of which some may be the renderer's own."""
        chance = self._assets.chances.clothes
        suit = self.garment(("top", "bottom"), chance)
        top, bottom = self.garment(("top",), chance), self.garment(("bottom",), chance)
        return suit or [*top, *bottom]

    def skin(self) -> Skin | None:
        """Return a skin of about the person's tone."""
        wanted = float(np.log(np.mean(self._look.skin)))
        may = [each for each in self._assets.skins if each.piece.wearers.may(self._look.physique, self._role)]
        nearest = sorted(may, key=lambda each: abs(float(np.log(max(each.tone.mean(), 1e-3))) - wanted))
        return self.some(nearest[:_NEAR_TONES], self._assets.chances.skin)

    def fabric(self, slot: Slot) -> tuple[str, Tile] | None:
        """Return the name and picture of a cloth."""
        fabrics = [each for each in self._assets.fabrics if slot in each.covers]
        chance = self._assets.chances.fabric * (1.0 if slot == "top" else _BOTTOM_SHARE)
        found = self.some(fabrics, chance)
        return None if found is None else (found.piece.id, found.tile)
