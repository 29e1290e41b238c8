"""Who is photographed: people by number, some of them dressed like their neighbours. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

import numpy as np

from simulators.rendering.clothing.choice import choose
from simulators.rendering.clothing.dressing import dress_in
from simulators.rendering.clothing.pieces import AssetSet
from simulators.rendering.looks import Look, draw_look
from simulators.rendering.outerwear import OUTERWEAR
from simulators.rendering.wardrobe import Figure, dress

GROUP = 4
"""So many people in a row may have clothes in common."""

_STREAM = 71
_CHILDREN = 0.06
_OWN_CLOTHES = 0.4
_KINDS = ("own", "uniform", "colours")
_KIND_SHARES = (0.64, 0.18, 0.18)
_COVERED_LEGS = ("trousers", "shorts")


def draw_person(seed: int, number: int, wardrobes: Sequence[AssetSet]) -> Figure:
    """Return a person in clothes; the same every time for the same seed, number and wardrobes.

    Of `GROUP` people in a row, 18 % wear one uniform and 18 % the same colours in other cuts: a model has to look at
    build, hair, shoes and bags to tell them apart.

    Args:
        seed: What everything is drawn from.
        number: Which person.
        wardrobes: What people may wear besides the renderer's own clothes.
    """
    leader = number - number % GROUP
    kind, group = _group(seed, leader)
    own_clothes, which = group.random() < _OWN_CLOTHES, int(group.integers(max(1, len(wardrobes))))
    look = look_of(seed, number)
    folds = crc32(_name(number).encode()) ^ seed
    if own_clothes or not wardrobes:
        return dress(look, folds)
    wears = leader if kind == "uniform" else number
    return dress_in(choose(wardrobes[which], look, seed, _name(wears), "shopper"), wardrobes[which].body, folds)


def look_of(seed: int, number: int) -> Look:
    """Return how a person looks in the renderer's own clothes, with what is common to the group."""
    leader = number - number % GROUP
    kind, _ = _group(seed, leader)
    look = _look(seed, number)
    return look if kind == "own" else _alike(look, _look(seed, leader), cut=kind == "uniform")


def _group(seed: int, leader: int) -> tuple[str, np.random.Generator]:
    """Return what people in a row have in common, and where more about them is drawn from."""
    rng = np.random.default_rng([seed, _STREAM, leader])
    return _KINDS[int(rng.choice(len(_KINDS), p=_KIND_SHARES))], rng


def _name(number: int) -> str:
    return f"person-{number}"


def _look(seed: int, number: int) -> Look:
    rng = np.random.default_rng([seed, _STREAM, number, 1])
    height_m = float(np.clip(rng.normal(1.7, 0.05), 1.5, 1.9))
    return draw_look(seed, _name(number), "shopper", "child" if rng.random() < _CHILDREN else "adult", height_m)


def _alike(look: Look, leader: Look, *, cut: bool) -> Look:
    """Return a look in the leader's colours, and in clothes of the same cut and pattern if asked."""
    look = replace(look, top_colour=leader.top_colour, second=leader.second, bottom_colour=leader.bottom_colour)
    if not cut:
        return look
    bottom = leader.bottom if leader.bottom in _COVERED_LEGS else look.bottom
    return replace(
        look,
        top=leader.top,
        coat_length=leader.coat_length,
        opening_deg=look.opening_deg if look.top in OUTERWEAR else leader.opening_deg,
        pattern=leader.pattern,
        pattern_m=leader.pattern_m,
        bottom=bottom,
    )
