"""What an asset folder holds once it is read: fabrics, prints, skins, garments and a body with its own skin. Pure."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.core.people import Role
from simulators.rendering.bodies import Physique
from simulators.rendering.fabrics import Motif, Tile

Floats32 = NDArray[np.float32]
Indices = NDArray[np.int64]

Topology = Literal["shopthread-1", "makehuman-hm08"]
Slot = Literal["top", "bottom", "feet", "hair", "head", "neck"]
Gender = Literal["female", "male"]
AgeClass = Literal["child", "young", "old"]

OWN_TOPOLOGY: Topology = "shopthread-1"
"""The body that the renderer carries: `assets/bodies.npz`."""
MAKEHUMAN_TOPOLOGY: Topology = "makehuman-hm08"
"""MakeHuman's base mesh, to which its community's clothes are fitted; comes with a bundle."""

_OLD_FROM = 0.6


class AssetError(ValueError):
    """An asset cannot be used; the message names the file, what stands there, and what may."""


@dataclass(frozen=True, slots=True)
class Wearers:
    """Who may wear a piece; nothing named means anybody."""

    genders: tuple[Gender, ...] = ()
    ages: tuple[AgeClass, ...] = ()
    roles: tuple[Role, ...] = ()

    def may(self, physique: Physique, role: Role) -> bool:
        """Return whether somebody of a build and role may wear it."""
        wanted = ((self.genders, physique.gender), (self.ages, age_class(physique)), (self.roles, role))
        return all(not allowed or value in allowed for allowed, value in wanted)


def age_class(physique: Physique) -> AgeClass:
    """Return whether a body is a child's, a young or an old adult's."""
    if physique.stage == "child":
        return "child"
    return "old" if physique.age_share > _OLD_FROM else "young"


@dataclass(frozen=True, slots=True)
class Piece:
    """What every piece says of itself.

    Attributes:
        id: Its name in the folder.
        licence: Under which it may be used.
        weight: How often it is chosen, against the others of its kind.
    """

    id: str
    licence: str
    wearers: Wearers
    weight: float = 1.0


class HasPiece(Protocol):
    """Anything that can be worn."""

    @property
    def piece(self) -> Piece:
        """What it says of itself."""
        ...


@dataclass(frozen=True, slots=True)
class Fabric:
    """A cloth that clothes are made of."""

    piece: Piece
    tile: Tile
    covers: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Print:
    """A picture on the chest or the back."""

    piece: Piece
    motif: Motif


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """A skin: of the renderer's own body a tile, of a bundle's body a picture in its texture coordinates.

    Attributes:
        picture: RGB shares of light, shape (H, W, 3).
        repeat_m: How wide it is on the renderer's own body; of no meaning for a bundle's.
    """

    piece: Piece
    topology: Topology
    picture: Floats32
    repeat_m: float

    @property
    def tone(self) -> Floats32:
        """Return the middle colour, RGB, shape (3,)."""
        return _middle(self)


@lru_cache(maxsize=256)
def _middle(skin: Skin) -> Floats32:
    middle: Floats32 = np.median(skin.picture.reshape(-1, 3), axis=0)
    return middle


@dataclass(frozen=True, slots=True)
class Surface:
    """Triangles that are painted with a picture, made light enough to be drawn.

    Each of V points as its author made it belongs to one of G groups; a group's place is the mean of its points', so
    that it still follows every shape of the body. A corner is a group with a place in the picture.

    Attributes:
        group: The group of each point, shape (V,).
        corner_group: The group of each corner, shape (N,).
        uv: Where corners lie in the picture, 0 to 1, to the right and up, shape (N, 2).
        triangles: Of corners, counter-clockwise as seen from outside, shape (T, 3).
    """

    group: Indices
    corner_group: Indices
    uv: Floats32
    triangles: Indices


@dataclass(frozen=True, slots=True)
class LocalScale:
    """How the offsets of MakeHuman's clothes grow with a body.

    Attributes:
        pairs: Per axis two vertices of the body, shape (3, 2).
        apart_dm: How far they are apart along it in the body that the clothes were made on, shape (3,).
    """

    pairs: Indices
    apart_dm: Floats32


@dataclass(frozen=True, slots=True)
class Fitting:
    """How the points of a garment follow a body.

    Attributes:
        anchors: Three vertices of the body for each point, shape (V, 3).
        shares: How much each counts, shape (V, 3); rows sum to 1.
        offsets: What is added, along the body's axes, shape (V, 3): metres on a body of 1.7 m, or, with `scale`,
            decimetres.
        scale: How offsets grow; None, with the body's height.
    """

    anchors: Indices
    shares: Floats32
    offsets: Floats32
    scale: LocalScale | None = None


@dataclass(frozen=True, slots=True)
class Garment:
    """A mesh that is worn: clothes, shoes, hair, a hat.

    Attributes:
        covers: What of the wardrobe it takes the place of.
        hides: Vertices of the body that it lies over, shape (K,).
        upper: Which corners are of its upper part, shape (N,): a suit's jacket, not its trousers.
        picture: RGB shares of light, shape (H, W, 3).
        tint_share: Share of its wearers that have it in colours or fabrics of their own.
    """

    piece: Piece
    topology: Topology
    covers: tuple[Slot, ...]
    surface: Surface
    fitting: Fitting
    hides: Indices
    upper: NDArray[np.bool_]
    picture: Floats32
    tint_share: float


@dataclass(frozen=True, slots=True)
class BodyModel:
    """A body of MakeHuman's base mesh.

    Attributes:
        base_dm: Vertices, shape (V, 3).
        targets_dm: What the macro targets add, by `bodies.target_name`.
        weights: How much each of `bodies.BONES` moves each vertex, shape (V, bones); rows sum to 1.
        surface: Its skin; its points are the vertices.
    """

    base_dm: Floats32
    targets_dm: dict[str, NDArray[np.float16]]
    weights: Floats32
    surface: Surface


@dataclass(frozen=True, slots=True)
class Chances:
    """Share of people who wear something of each kind, where there is one that they may wear."""

    clothes: float = 0.6
    shoes: float = 0.9
    hair: float = 0.85
    headwear: float = 0.12
    neckwear: float = 0.12
    fabric: float = 0.5
    print: float = 0.3
    skin: float = 1.0


@dataclass(frozen=True, slots=True)
class AssetSet:
    """All that a folder or file holds."""

    name: str
    licences: tuple[str, ...]
    chances: Chances = Chances()
    fabrics: tuple[Fabric, ...] = ()
    prints: tuple[Print, ...] = ()
    skins: tuple[Skin, ...] = ()
    garments: tuple[Garment, ...] = ()
    body: BodyModel | None = None
