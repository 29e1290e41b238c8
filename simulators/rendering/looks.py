"""What a person looks like: build, skin, hair, clothes, bag. Drawn from a seed and the person's id alone."""

# ruff: noqa: PLR2004 - lengths and shares on a body and in a shop speak for themselves

import zlib
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from simulators.core.people import Age, Role
from simulators.rendering.bodies import Physique

Floats = NDArray[np.float64]
Colour = tuple[float, float, float]
"""Red, green, blue as shares of the light that comes back, 0 to 1."""

Pattern = Literal["plain", "stripes", "pinstripes", "checks", "blotches", "print", "block", "zip"]
Top = Literal["t_shirt", "shirt", "sweater", "jacket", "coat"]
Bottom = Literal["trousers", "shorts", "skirt", "long_skirt"]
Hair = Literal["bald", "short", "bob", "long"]
Bag = Literal["none", "backpack", "shoulder_bag", "handbag", "arm_bag", "basket"]

_Option = TypeVar("_Option")

_STREAM, _OUTER_STREAM = 21, 27
_OPEN_SHARE = 0.5
_OPENING_DEG = (14.0, 42.0)
_LENGTHS = {"jacket": (0.0, 0.2), "coat": (0.5, 1.0)}
_ON_FOREARM = 0.4
_BAG_SIZES = (0.8, 1.15)
_SKINS: tuple[Colour, ...] = (
    (0.80, 0.60, 0.48),
    (0.74, 0.53, 0.40),
    (0.66, 0.45, 0.33),
    (0.52, 0.34, 0.23),
    (0.36, 0.22, 0.15),
    (0.24, 0.15, 0.10),
)
_HAIRS: tuple[Colour, ...] = (
    (0.04, 0.035, 0.03),
    (0.09, 0.06, 0.045),
    (0.18, 0.11, 0.07),
    (0.36, 0.25, 0.14),
    (0.62, 0.50, 0.32),
    (0.55, 0.54, 0.53),
)
_HAIR_WEIGHTS = (0.38, 0.25, 0.15, 0.08, 0.07, 0.07)
_UNIFORM: Colour = (0.05, 0.28, 0.22)
_DENIM: Colour = (0.11, 0.16, 0.27)
_CHILD_M = (1.08, 1.5)
_GROWS_M = 0.75


@dataclass(frozen=True, slots=True)
class Look:
    """A person's appearance.

    Attributes:
        second: The other colour of the top's pattern, or of the shirt beneath a jacket or coat.
        pattern: The top's.
        pattern_m: Size of the pattern's repeat.
        opening_deg: How far each edge of a jacket or coat is from straight ahead, seen from the body's axis; 0 closed.
        coat_length: Where a jacket or coat ends: 0 at the hips, 1 at the knees.
        bag_size: Against a usual one.
    """

    physique: Physique
    skin: Colour
    hair: Hair
    hair_colour: Colour
    top: Top
    top_colour: Colour
    second: Colour
    pattern: Pattern
    pattern_m: float
    bottom: Bottom
    bottom_colour: Colour
    shoe_colour: Colour
    bag: Bag
    bag_colour: Colour
    carries: bool
    opening_deg: float = 0.0
    coat_length: float = 0.0
    bag_size: float = 1.0


def draw_look(seed: int, person_id: str, role: Role, age: Age, height_m: float) -> Look:
    """Return how a person looks; the same every time for the same seed and id."""
    rng = np.random.default_rng([seed, _STREAM, zlib.crc32(person_id.encode())])
    physique = _physique(rng, height_m, is_child=age == "child")
    is_woman = physique.gender == "female"
    top: Top = _one_of(rng, ("t_shirt", "shirt", "sweater", "jacket", "coat"), (0.22, 0.22, 0.22, 0.22, 0.12))
    bottom: Bottom = _one_of(
        rng, ("trousers", "shorts", "skirt", "long_skirt"), (0.74, 0.05, 0.13, 0.08) if is_woman else (0.91, 0.09, 0, 0)
    )
    hair: Hair = _one_of(
        rng, ("bald", "short", "bob", "long"), (0.0, 0.2, 0.35, 0.45) if is_woman else (0.1, 0.84, 0.04, 0.02)
    )
    bag: Bag = _one_of(rng, ("none", "backpack", "shoulder_bag", "handbag", "basket"), (0.56, 0.16, 0.14, 0.08, 0.06))
    pattern: Pattern = _one_of(
        rng,
        ("plain", "stripes", "pinstripes", "checks", "blotches", "print", "block", "zip"),
        (0.42, 0.1, 0.04, 0.08, 0.06, 0.12, 0.08, 0.1),
    )
    top_colour, second = _cloth(rng), _cloth(rng)
    bottom_colour = _trousers(rng) if bottom in {"trousers", "shorts"} else _cloth(rng)
    skin_index = min(len(_SKINS) - 1, int(rng.integers(0, 4)) + round(3 * physique.origins[0]))
    if role == "staff":
        top, pattern, top_colour, second, bag = "shirt", "zip", _UNIFORM, (0.75, 0.75, 0.72), "none"
        bottom, bottom_colour = "trousers", (0.06, 0.06, 0.07)
    look = Look(
        physique=physique,
        skin=_varied(rng, _SKINS[skin_index], 0.06),
        hair=hair,
        hair_colour=_varied(rng, _HAIRS[int(rng.choice(len(_HAIRS), p=_HAIR_WEIGHTS))], 0.15),
        top=top,
        top_colour=top_colour,
        second=second,
        pattern=pattern,
        pattern_m=float(rng.uniform(0.025, 0.12)),
        bottom=bottom,
        bottom_colour=bottom_colour,
        shoe_colour=_one_of(rng, ((0.03, 0.03, 0.03), (0.7, 0.7, 0.68), (0.16, 0.1, 0.06)), (0.6, 0.25, 0.15)),
        bag="none" if physique.stage == "child" and bag != "backpack" else bag,
        bag_colour=_cloth(rng),
        carries=bool(rng.random() < 0.3) and bag not in {"handbag", "basket"},
    )
    return _worn(look, np.random.default_rng([seed, _OUTER_STREAM, zlib.crc32(person_id.encode())]))


def _worn(look: Look, rng: np.random.Generator) -> Look:
    """Return a look with how its coat and its bag are worn, from a stream of its own: all else stays as it was."""
    is_open, opening_deg = rng.random() < _OPEN_SHARE, float(rng.uniform(*_OPENING_DEG))
    low, high = _LENGTHS.get(look.top, (0.0, 0.0))
    length, size = low + (high - low) * float(rng.random()), float(rng.uniform(*_BAG_SIZES))
    on_forearm = look.bag == "handbag" and rng.random() < _ON_FOREARM
    return replace(
        look,
        opening_deg=opening_deg if look.top in _LENGTHS and is_open else 0.0,
        coat_length=length,
        bag="arm_bag" if on_forearm else look.bag,
        bag_size=size,
        carries=look.carries or on_forearm,
    )


def _one_of(rng: np.random.Generator, options: tuple[_Option, ...], weights: tuple[float, ...]) -> _Option:
    return options[int(rng.choice(len(options), p=weights))]


def _physique(rng: np.random.Generator, height_m: float, *, is_child: bool) -> Physique:
    gender: Literal["female", "male"] = "female" if rng.random() < 0.5 else "male"
    origins = rng.dirichlet((0.7, 0.7, 0.7))
    if is_child:
        height_m = min(height_m, float(rng.uniform(*_CHILD_M)))
        age_share = float(np.clip((height_m - _CHILD_M[0]) / _GROWS_M, 0, 0.6))
    else:
        height_m *= float(np.clip(rng.normal(0.97 if gender == "female" else 1.04, 0.035), 0.88, 1.14))
        age_share = float(rng.beta(1.1, 2.2))
    return Physique(
        gender=gender,
        stage="child" if is_child else "adult",
        age_share=age_share,
        origins=(float(origins[0]), float(origins[1]), float(origins[2])),
        muscle=float(np.clip(rng.normal(0, 0.3), -0.6, 0.6)),
        build=float(np.clip(rng.normal(0.08, 0.35), -0.6, 0.9)) * (0.5 if is_child else 1.0),
        height_m=height_m,
    )


def _cloth(rng: np.random.Generator) -> Colour:
    """Return a colour of clothes as shops see them: a third black or grey, some white, blue before all others."""
    kind = rng.random()
    if kind < 0.25:
        return _varied(rng, (1.0, 1.0, 1.0), 0.08, float(rng.uniform(0.03, 0.12)))
    if kind < 0.40:
        return _varied(rng, (1.0, 1.0, 1.0), 0.03, float(rng.uniform(0.65, 0.85)))
    if kind < 0.52:
        return _varied(rng, (1.0, 1.0, 1.0), 0.06, float(rng.uniform(0.2, 0.5)))
    if kind < 0.68:
        return _varied(rng, _DENIM, 0.25, float(rng.uniform(0.7, 2.2)))
    hue, saturation, value = rng.uniform(0, 6), rng.uniform(0.25, 0.85), rng.uniform(0.15, 0.7)
    wheel = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    red, green, blue = value * (1 - saturation * (1 - wheel))
    return float(red), float(green), float(blue)


def _trousers(rng: np.random.Generator) -> Colour:
    kind = rng.random()
    if kind < 0.45:
        return _varied(rng, _DENIM, 0.15, float(rng.uniform(0.6, 1.8)))
    if kind < 0.8:
        return _varied(rng, (1.0, 1.0, 1.0), 0.08, float(rng.uniform(0.03, 0.15)))
    return _varied(rng, (0.42, 0.36, 0.27), 0.1, float(rng.uniform(0.5, 1.2)))


def _varied(rng: np.random.Generator, colour: Colour, spread: float, brightness: float = 1.0) -> Colour:
    red, green, blue = np.clip(np.array(colour) * brightness * rng.uniform(1 - spread, 1 + spread, 3), 0.01, 0.95)
    return float(red), float(green), float(blue)
