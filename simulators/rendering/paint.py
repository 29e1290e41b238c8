"""What a dressed body is painted with: two pages a layer, its front and its back as seen in the rest pose. Pure."""

# ruff: noqa: PLR2004 - lengths and shares on a body and in a shop speak for themselves

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import BONES, LAYERS, Body
from simulators.rendering.fabrics import PLAIN, Fabrics, Tile
from simulators.rendering.looks import Colour, Look
from simulators.rendering.outerwear import OUTERWEAR
from simulators.rendering.textures import second_colour_share, smooth_noise

Floats = NDArray[np.float64]

BAG_LAYER, COAT_LAYER, LINING_LAYER = range(len(LAYERS), len(LAYERS) + 3)
_SLEEVES = {"t_shirt": 0.36, "shirt": 0.98, "sweater": 1.0, "jacket": 1.04, "coat": 1.06}
_LINING_SHADE = 0.55
_COAT_PATTERNS = ("checks", "pinstripes", "block")
"""Those of a jacket or coat itself; all others are those of the shirt beneath."""


@dataclass(frozen=True, slots=True)
class _Page:
    """One side of the body, and where its parts are: arrays of shape (H, W), lengths in metres.

    Attributes:
        along_arm: From the shoulder at 0 to the wrist at 1; negative off the arms.
    """

    look: Look
    body: Body
    is_front: bool
    x: Floats
    y: Floats
    along_arm: Floats
    rng: np.random.Generator
    fabrics: Fabrics

    def at(self, bone: str) -> Floats:
        """Return where a bone begins, shape (3,)."""
        place: Floats = self.body.heads[BONES.index(bone)]
        return place


def paint(
    look: Look,
    body: Body,
    shape: tuple[int, int],
    texel_m: float,
    rng: np.random.Generator,
    fabrics: Fabrics = PLAIN,
) -> NDArray[np.float32]:
    """Return the pages, shape (2 * layers, height, width, 3): front and back of each layer.

    A coat and its lining come last, and only for who wears one.
    """
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    y, x = (shape[0] - rows) * texel_m, (columns - shape[1] / 2) * texel_m
    along_arm = _along_arm(body, x, y)
    pages = []
    painters = [_skin, _clothes, _skirt, _hair, _bag]
    if look.top in OUTERWEAR:
        painters += [_coat, _lining]
    for painter in painters:
        for is_front in (True, False):
            page = _Page(look, body, is_front, x, y, along_arm, rng, fabrics)
            pages.append(painter(page))
    return np.stack(pages).astype(np.float32)


def _along_arm(body: Body, x: Floats, y: Floats) -> Floats:
    shoulder = body.heads[BONES.index("upperarm_l")]
    wrist = body.heads[BONES.index("hand_l")]
    ahead = (wrist - shoulder)[:2]
    share = ((np.abs(x) - shoulder[0]) * ahead[0] + (y - shoulder[1]) * ahead[1]) / (ahead @ ahead)
    armpit = shoulder[0] + 0.02
    return np.where((np.abs(x) > armpit) & (y > wrist[1] - 0.15), np.maximum(share, 0.0), -1.0)


def _filled(page: _Page, colour: Colour) -> Floats:
    return np.broadcast_to(np.array(colour), (*page.x.shape, 3)).copy()


def _cloth(page: _Page, tile: Tile | None, colour: Colour) -> Floats:
    return _filled(page, colour) if tile is None else tile.at(page.x, page.y)


def _put(picture: Floats, where: NDArray[np.bool_], colour: Colour | Floats) -> None:
    picture[where] = np.broadcast_to(np.asarray(colour), picture.shape)[where]


def _folds(page: _Page, strength: float) -> Floats:
    """Return how light and dark the folds of a cloth are, about 1, shape (H, W, 1)."""
    height, width = page.x.shape
    coarse = smooth_noise(page.rng, (height, width), (height // 16, width // 9))
    fine = smooth_noise(page.rng, (height, width), (height // 5, width // 6))
    folds: Floats = 1 + strength * (0.7 * coarse + 0.5 * fine)[..., None]
    return folds


def _skin(page: _Page) -> Floats:
    picture = _cloth(page, page.fabrics.skin, page.look.skin) * (
        1 + 0.05 * smooth_noise(page.rng, page.x.shape, (30, 20))[..., None]
    )
    neck, head = page.at("neck_01"), page.at("head")
    top = page.body.vertices[page.body.layers_vertices("body"), 1].max()
    face = top - head[1]
    eyes, mouth = head[1] + 0.42 * face, head[1] + 0.04 * face
    hairline = head[1] + (0.78 if page.look.hair != "bald" else 2.0) * face
    if page.is_front:
        aside = np.abs(page.x)
        for inner, outer, low, high, shade in (
            (0.018, 0.046, eyes - 0.008, eyes + 0.008, 0.35),  # eyes
            (0.012, 0.052, eyes + 0.016, eyes + 0.025, 0.4),  # brows
            (0.0, 0.024, mouth - 0.006, mouth + 0.007, 0.62),  # mouth
            (0.004, 0.012, mouth + 0.026, mouth + 0.034, 0.6),  # nostrils
        ):
            picture[(aside >= inner) & (aside <= outer) & (page.y > low) & (page.y < high)] *= shade
        picture[(page.y < mouth - 0.035) & (page.y > neck[1])] *= 0.8
        scalp = page.y > hairline - 0.5 * face * np.clip(aside / 0.075, 0, 1.3) ** 4
    else:
        scalp = page.y > neck[1] + 0.055
    if page.look.hair != "bald":
        picture = np.where(scalp[..., None] & (np.abs(page.x) < 0.13)[..., None], _hair(page), picture)
    return picture


def _hair(page: _Page) -> Floats:
    height, width = page.x.shape
    strands = smooth_noise(page.rng, (height, width), (height // 14, width // 3))
    return _filled(page, page.look.hair_colour) * (1 + 0.35 * strands[..., None])


def _bag(page: _Page) -> Floats:
    picture = _filled(page, page.look.bag_colour) * _folds(page, 0.12)
    return picture * np.where((page.y / 0.07) % 1 < 0.08, 0.6, 1.0)[..., None]


def _top(page: _Page) -> Floats:
    """Return the cloth of the top over the whole page: of a jacket or coat the shirt beneath."""
    look = page.look
    is_beneath = look.top in OUTERWEAR
    plain, other = (look.second, look.top_colour) if is_beneath else (look.top_colour, look.second)
    picture = _cloth(page, None if is_beneath else page.fabrics.top, plain)
    if not (is_beneath and look.pattern in _COAT_PATTERNS):
        picture += _patterned(page)[..., None] * (np.array(other) - picture)
    if page.fabrics.motif is not None:
        page.fabrics.motif.put(picture, page.x, page.y - page.at("spine_03")[1], is_front=page.is_front)
    return picture * _folds(page, 0.2 if look.top != "t_shirt" else 0.14)


def _patterned(page: _Page) -> Floats:
    """Return how much of a pattern's other colour shows, shape (H, W)."""
    look, chest, aside = page.look, page.at("spine_03")[1], np.abs(page.x)
    share = second_colour_share(look.pattern, page.x, page.y, look.pattern_m, page.rng)
    if look.pattern == "block":
        share = (page.y > chest).astype(np.float64)
    elif look.pattern == "print" and page.is_front:
        blot = smooth_noise(page.rng, page.x.shape, (page.x.shape[0] // 7, page.x.shape[1] // 7)) > -0.2
        share = ((aside < 0.1) & (np.abs(page.y - chest - 0.06) < 0.1) & blot).astype(np.float64)
    elif look.pattern == "zip" and page.is_front:
        share = (aside < 0.012).astype(np.float64)
    return share


def _coat(page: _Page) -> Floats:
    look = page.look
    picture = _cloth(page, page.fabrics.top, look.top_colour)
    if look.pattern in _COAT_PATTERNS:
        picture += _patterned(page)[..., None] * (np.array(look.second) - picture)
    if page.is_front and not look.opening_deg:
        picture[np.abs(page.x) < 0.008] *= 0.5
    if page.is_front:
        pockets = (np.abs(np.abs(page.x) - 0.11) < 0.05) & (np.abs(page.y - page.at("pelvis")[1] + 0.01) < 0.006)
        picture[pockets] *= 0.6
    return picture * _folds(page, 0.2)


def _lining(page: _Page) -> Floats:
    colour = np.array(page.look.top_colour) * _LINING_SHADE
    return _filled(page, (colour[0], colour[1], colour[2])) * _folds(page, 0.1)


def _clothes(page: _Page) -> Floats:
    look = page.look
    picture = _top(page)
    if look.top in OUTERWEAR:
        sleeves = (page.along_arm >= 0) | (
            (np.abs(page.x) > page.at("upperarm_l")[0] - 0.02) & (page.y > page.at("spine_03")[1])
        )
        _put(picture, sleeves, _coat(page))
    waist, crotch = page.at("pelvis")[1] + 0.01, page.at("thigh_l")[1] - 0.06
    knee, ankle = page.at("calf_l")[1], page.at("foot_l")[1]
    legs = page.y < waist - (0.0 if look.top == "shirt" else 0.06)
    legs &= (page.along_arm < 0) | (page.y < crotch)
    trousers = _cloth(page, page.fabrics.bottom, look.bottom_colour) * _folds(page, 0.16)
    trousers *= np.interp(np.abs(page.x), [0.0, 0.05], [0.6, 1.0])[..., None]
    _put(picture, legs, trousers)
    belt = (np.abs(page.y - waist) < 0.018) & legs & (look.top in {"shirt", "t_shirt"})
    picture[belt] *= 0.35
    skin = _cloth(page, page.fabrics.skin, look.skin) * _folds(page, 0.03)
    bare_below = {"trousers": 0.0, "shorts": knee + 0.06, "skirt": knee + 0.3, "long_skirt": knee}[look.bottom]
    if page.look.physique.gender == "female" and look.bottom == "skirt" and look.pattern in {"plain", "zip"}:
        skin_below = _filled(page, (0.05, 0.05, 0.055))  # tights
    else:
        skin_below = skin
    _put(picture, legs & (page.y < bare_below), skin_below)
    _put(picture, page.along_arm > _SLEEVES[look.top], skin)
    cuff = np.abs(page.along_arm - _SLEEVES[look.top] + 0.02) < 0.02
    picture[cuff] *= 0.7
    collar = page.at("neck_01")[1] + (-0.02 if page.is_front else 0.01)
    neckline = collar - (0.05 * np.clip(1 - np.abs(page.x) / 0.06, 0, 1) if page.is_front else 0.0)
    _put(picture, (page.y > neckline) & (np.abs(page.x) < 0.12), skin * 0.85)
    _put(picture, page.y < ankle + 0.02, _filled(page, look.shoe_colour) * _folds(page, 0.2))
    _put(picture, page.y < 0.018, (0.25, 0.24, 0.23))
    armpits = (np.abs(np.abs(page.x) - page.at("upperarm_l")[0] + 0.01) < 0.02) & (page.y < page.at("spine_03")[1])
    picture[armpits] *= 0.8
    return picture


def _skirt(page: _Page) -> Floats:
    folds = 1 + 0.14 * np.sin(page.x / 0.016 + 3 * smooth_noise(page.rng, page.x.shape, (6, 8)))
    return _cloth(page, page.fabrics.bottom, page.look.bottom_colour) * folds[..., None] * _folds(page, 0.12)
