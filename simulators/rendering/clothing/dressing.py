"""A figure in what it wears of an asset set: the renderer's own, with meshes in the place of parts. Pure."""

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simulators.core.people import Role
from simulators.rendering.bodies import BONES, LAYERS, Body, Physique, vertex_normals
from simulators.rendering.clothing.baking import Wearer, resampled, tinted
from simulators.rendering.clothing.choice import Wear, choose, toned
from simulators.rendering.clothing.forms import REGIONS, Form, fitted, form_of, grouped, regions
from simulators.rendering.clothing.pieces import MAKEHUMAN_TOPOLOGY, AssetSet, BodyModel, Slot, Surface
from simulators.rendering.fabrics import Floats32
from simulators.rendering.looks import Look
from simulators.rendering.paint import LINING_LAYER
from simulators.rendering.wardrobe import Figure, dress

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_ASSET_LAYER = LINING_LAYER + 1
_BENEATH_M = 0.007
_HIDDEN_FROM = 0.5


@dataclass(frozen=True, slots=True)
class _Part:
    """Something that is put onto a figure.

    Attributes:
        places: Of groups, shape (G, 3).
        weights: Of groups, shape (G, bones).
        surface: Its triangles.
        page: Its picture.
        is_thin: Whether it is seen from inside too.
    """

    places: Floats
    weights: Floats
    surface: Surface
    page: Floats32
    is_thin: bool


def figure_of(look: Look, seed: int, person_id: str, role: Role, assets: AssetSet | None) -> Figure:
    """Return somebody dressed, from an asset set if there is one; the same every time for the same seed and id."""
    folds = crc32(person_id.encode()) ^ seed
    if assets is None:
        return dress(look, folds)
    return dress_in(choose(assets, look, seed, person_id, role), assets.body, folds)


def dress_in(wear: Wear, model: BodyModel | None, seed: int) -> Figure:
    """Return a person in what it wears.

    Args:
        wear: What.
        model: The body of the set's bundle, if it has one.
        seed: Decides folds and blotches.
    """
    figure = dress(wear.look, seed, wear.fabrics)
    if not wear.garments and (wear.skin is None or model is None):
        return figure
    forms = _Forms(wear.look.physique, model)
    covered = {slot for garment, _ in wear.garments for slot in garment.covers}
    shape = figure.pages.shape[1:3]
    wearer = Wearer(wear.look, figure.body, wear.fabrics, np.random.default_rng([seed, 26]))
    parts = []
    has_body = model is not None and wear.skin is not None
    if model is not None and wear.skin is not None:
        parts.append(_skin(wear, model, forms.of(MAKEHUMAN_TOPOLOGY), figure.body, toned(wear.skin, wear.look), shape))
    for garment, own_colours in wear.garments:
        form = forms.of(garment.topology)
        places, weights = grouped(garment.surface, *fitted(garment.fitting, form))
        places[:, 1] = np.maximum(places[:, 1], 0.0)
        page = tinted(garment, places, wearer, shape) if own_colours else resampled(garment.picture, shape)
        is_thin = not {"top", "bottom", "feet"} & set(garment.covers)
        parts.append(_Part(places, weights, garment.surface, page, is_thin=is_thin))
    return _joined(figure, _stays(figure.body, covered, has_body=has_body), parts)


class _Forms:
    """A person's shape in each topology, made when it is asked for."""

    def __init__(self, physique: Physique, model: BodyModel | None) -> None:
        self._physique, self._model = physique, model
        self._made: dict[str, Form] = {}

    def of(self, topology: str) -> Form:
        if topology not in self._made:
            known = MAKEHUMAN_TOPOLOGY if topology == MAKEHUMAN_TOPOLOGY else "shopthread-1"
            self._made[topology] = form_of(self._physique, known, self._model)
        return self._made[topology]


def _waist_m(body: Body) -> float:
    return float(body.heads[BONES.index("pelvis"), 1])


def _stays(body: Body, covered: set[Slot], *, has_body: bool) -> NDArray[np.bool_]:
    """Return which triangles of the renderer's own figure stay, shape (T,)."""
    region = regions(body.vertices, body.weights, _waist_m(body))
    covers = np.isin(region, [REGIONS.index(name) for name in _regions_of(covered, has_body=has_body)])
    gone = covers[body.triangles].sum(axis=1) >= 2  # noqa: PLR2004 - most of its corners
    layer = body.layers
    stays: NDArray[np.bool_] = ~((layer == LAYERS.index("clothes")) & gone)
    if has_body:
        stays &= layer != LAYERS.index("body")
    if "hair" in covered:
        stays &= layer != LAYERS.index("hair")
    return stays


def _regions_of(covered: set[Slot], *, has_body: bool) -> set[str]:
    """Return which regions of the own clothes, which are the body too, something else takes the place of.

    Without a bundle's body nothing does: garments lie over the renderer's own body and clothes.
    """
    if not has_body:
        return set()
    found: set[str] = set(covered & {"top", "bottom", "feet"})
    return found | ({"neck", "hands"} if "top" in found else set())


def _skin(wear: Wear, model: BodyModel, form: Form, own: Body, picture: Floats32, shape: tuple[int, ...]) -> _Part:
    """Return the skin where nothing lies over it, and a little beneath what does."""
    region = regions(form.vertices, form.weights, _waist_m(own))
    shown = {"head", "neck", "hands"}
    hidden = np.zeros(len(form.vertices))
    for garment, _ in wear.garments:
        if garment.topology == MAKEHUMAN_TOPOLOGY:
            hidden[garment.hides] = 1.0
            shown |= set(garment.covers)
    hidden[~np.isin(region, [REGIONS.index(name) for name in REGIONS if name in shown])] = 1.0
    surface = model.surface
    places, weights = grouped(surface, form.vertices, form.weights)
    is_hidden = grouped(surface, hidden[:, None], hidden[:, None])[0][:, 0] > _HIDDEN_FROM
    bare = np.isin(region, [REGIONS.index(name) for name in ("head", "hands")]).astype(np.float64)
    is_bare = grouped(surface, bare[:, None], bare[:, None])[0][:, :1]
    groups = surface.corner_group[surface.triangles]
    places -= vertex_normals(places, groups) * _BENEATH_M * (1 - is_bare)
    kept = ~is_hidden[groups].all(axis=1)
    return _Part(
        places,
        weights,
        replace(surface, triangles=surface.triangles[kept]),
        resampled(picture, (shape[0], shape[1])),
        is_thin=False,
    )


def _joined(figure: Figure, stays: NDArray[np.bool_], parts: list[_Part]) -> Figure:
    """Return a figure without some of its triangles and with more parts."""
    body = figure.body
    count, pages = len(body.vertices), len(figure.pages)
    height, width = figure.pages.shape[1:3]
    vertices, weights, normals, texels = [body.vertices], [body.weights], [figure.normals], [figure.texels]
    triangles, layers, page = [body.triangles[stays]], [body.layers[stays]], [figure.page[stays]]
    for number, part in enumerate(parts):
        groups, own = part.surface.corner_group, part.surface.triangles
        around = vertex_normals(part.places, groups[own])
        sides = [own, own[:, ::-1]] if part.is_thin else [own]
        vertices.append(part.places[groups])
        weights.append(part.weights[groups])
        normals.append(around[groups])
        uv = part.surface.uv.astype(np.float64)
        texels.append(np.column_stack([uv[:, 0] * (width - 1), (1 - uv[:, 1]) * (height - 1)]))
        triangles += [side + count for side in sides]
        layers.append(np.full(len(own) * len(sides), _ASSET_LAYER))
        page.append(np.full(len(own) * len(sides), pages + number))
        count += len(groups)
    used, corners = np.unique(np.concatenate(triangles), return_inverse=True)
    return replace(
        figure,
        body=replace(
            body,
            vertices=np.concatenate(vertices)[used],
            weights=np.concatenate(weights)[used],
            triangles=corners.reshape(-1, 3),
            layers=np.concatenate(layers),
        ),
        normals=np.concatenate(normals)[used],
        texels=np.concatenate(texels)[used],
        page=np.concatenate(page),
        pages=np.concatenate([figure.pages, *(each.page[None] for each in parts)]).astype(np.float32),
    )
