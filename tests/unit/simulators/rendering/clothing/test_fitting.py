"""Garments follow bodies of every shape, and meshes keep theirs when they are made light."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.rendering.bodies import BONES, LAYERS, Physique, make_body, vertex_normals
from simulators.rendering.clothing.forms import REFERENCE, REGIONS, fitted, form_of, grouped, regions
from simulators.rendering.clothing.meshes import bind, islands, lighter
from simulators.rendering.clothing.pieces import MAKEHUMAN_TOPOLOGY, OWN_TOPOLOGY, AssetSet

physiques = st.builds(
    Physique,
    gender=st.sampled_from(["female", "male"]),
    stage=st.sampled_from(["child", "adult"]),
    age_share=st.floats(0, 1),
    origins=st.sampled_from([(1.0, 0.0, 0.0), (0.2, 0.3, 0.5)]),
    muscle=st.floats(-0.5, 0.5),
    build=st.floats(-0.5, 0.5),
    height_m=st.floats(1.1, 2.0),
)


@given(st.lists(st.tuples(st.floats(-0.6, 0.6), st.floats(0, 1.8), st.floats(-0.3, 0.3)), min_size=3, max_size=12))
@settings(max_examples=20)
def test_points_that_are_bound_to_a_body_lie_where_they_were_put(places: list[tuple[float, float, float]]) -> None:
    body = make_body(REFERENCE)
    points = np.array(places)
    fitting = bind(points, body.vertices, body.triangles)
    assert fitting.shares.sum(axis=1) == pytest.approx(np.ones(len(points)), abs=1e-5)
    found, weights = fitted(fitting, form_of(REFERENCE, OWN_TOPOLOGY, None))
    assert found == pytest.approx(points, abs=1e-5)
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(points)))


@given(physiques)
@settings(max_examples=15)
def test_a_hat_sits_on_every_head_and_a_scarf_lies_round_every_neck(sample: AssetSet, physique: Physique) -> None:
    body = make_body(physique)
    form = form_of(physique, OWN_TOPOLOGY, None)
    for name, bone in (("hat", "head"), ("scarf", "neck_01")):
        garment = next(each for each in sample.garments if each.piece.id == name)
        points, weights = grouped(garment.surface, *fitted(garment.fitting, form))
        if name == "hat":
            scalp = body.vertices[body.layers_vertices("body"), 1].max()
            assert points[:, 1].max() == pytest.approx(scalp + 0.025, abs=0.05)
            assert weights[:, BONES.index("head")].min() > 0.5
        assert np.abs(points - body.heads[BONES.index(bone)]).max() < 0.4
        assert np.abs(points[:, 0].mean()) < 0.02


@given(physiques)
@settings(max_examples=10)
def test_the_body_of_a_bundle_has_the_shape_of_the_renderers_own(dressed: AssetSet, physique: Physique) -> None:
    own = make_body(physique)
    form = form_of(physique, MAKEHUMAN_TOPOLOGY, dressed.body)
    assert form.vertices[: len(own.vertices)] == pytest.approx(own.vertices, abs=2e-3)
    assert form.weights[: len(own.vertices)] == pytest.approx(own.weights, abs=1e-5)


def test_offsets_of_makehuman_grow_with_the_body_around_them(dressed: AssetSet) -> None:
    garment = next(each for each in dressed.garments if each.piece.id == "male_suit")
    tall, small = (
        form_of(Physique("male", "adult", 0.2, (0.4, 0.3, 0.3), 0.0, 0.0, height_m), MAKEHUMAN_TOPOLOGY, dressed.body)
        for height_m in (2.0, 1.0)
    )
    heights = [fitted(garment.fitting, form)[0][:, 1].max() for form in (tall, small)]
    assert heights[0] == pytest.approx(2 * heights[1])


def test_without_a_bundle_there_is_no_makehuman_body() -> None:
    with pytest.raises(ValueError, match="makehuman-hm08"):
        form_of(REFERENCE, MAKEHUMAN_TOPOLOGY, None)


@given(st.integers(1, 40), st.integers(0, 60), st.integers(0, 9))
@settings(max_examples=30)
def test_islands_are_the_connected_parts(count: int, edges: int, seed: int) -> None:
    graphs = pytest.importorskip("scipy.sparse.csgraph", reason="the oracle needs scipy")
    coo_matrix = pytest.importorskip("scipy.sparse", reason="scipy is the oracle of this test").coo_matrix
    triangles = np.random.default_rng(seed).integers(0, count, (edges, 3))
    pairs = np.concatenate([triangles[:, :2], triangles[:, 1:]])
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, expected = graphs.connected_components(graph, directed=False)
    found = islands(triangles, count)
    assert ((found[:, None] == found) == (expected[:, None] == expected)).all()


def test_a_lighter_surface_keeps_its_place_facing_and_picture() -> None:
    body = make_body(REFERENCE)
    uv = np.column_stack([body.vertices[:, 0] + 0.5, body.vertices[:, 1] / 2]).astype(np.float32)
    source = np.arange(len(body.vertices))
    solid = body.triangles[body.layers == LAYERS.index("clothes")]
    surface = lighter(body.vertices, source, uv, solid, 0.06)
    assert 0.1 * len(solid) < len(surface.triangles) < 0.7 * len(solid)
    places, weights = grouped(surface, body.vertices, body.weights)
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(weights)))
    corners = places[surface.corner_group]
    assert surface.uv[:, 1] * 2 == pytest.approx(corners[:, 1], abs=0.06)

    def volume(vertices: np.ndarray, triangles: np.ndarray) -> float:
        a, b, c = (vertices[triangles[:, i]] for i in range(3))
        return float((a * np.cross(b, c)).sum() / 6)

    assert volume(corners, surface.triangles) == pytest.approx(volume(body.vertices, solid), rel=0.15)
    assert np.isfinite(vertex_normals(corners, surface.triangles)).all()


def test_regions_go_from_head_to_feet() -> None:
    body = make_body(REFERENCE)
    waist_m = float(body.heads[BONES.index("pelvis"), 1])
    region = regions(body.vertices, body.weights, waist_m)
    middles = [
        body.vertices[region == REGIONS.index(name), 1].mean() for name in ("head", "neck", "top", "bottom", "feet")
    ]
    assert middles == sorted(middles, reverse=True)
    assert np.abs(body.vertices[region == REGIONS.index("hands"), 0]).min() > 0.3
