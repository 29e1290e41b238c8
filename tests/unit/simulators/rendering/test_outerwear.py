"""Coats and jackets, and the sheets that they are cut from."""

from dataclasses import replace
from math import pi, radians

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.rendering.bodies import BONES, Body, Physique, make_body
from simulators.rendering.crops.people import look_of
from simulators.rendering.cutting import Floats, Sheet, cut, joined
from simulators.rendering.gait import Pose, bone_matrices
from simulators.rendering.looks import Look, Top, draw_look
from simulators.rendering.outerwear import OUTERWEAR, axis_z_m, make_coat, opening_at, without_hidden
from simulators.rendering.paint import COAT_LAYER, LINING_LAYER
from simulators.rendering.wardrobe import dress

physiques = st.builds(
    Physique,
    gender=st.sampled_from(["female", "male"]),
    stage=st.sampled_from(["child", "adult"]),
    age_share=st.floats(0, 0.9),
    origins=st.just((0.2, 0.3, 0.5)),
    muscle=st.floats(-0.5, 0.5),
    build=st.floats(-0.5, 0.8),
    height_m=st.floats(1.1, 1.95),
)
BASE = draw_look(1, "p1", "shopper", "adult", 1.75)


def worn(top: Top, opening_deg: float, physique: Physique = BASE.physique, length: float = 0.8) -> Look:
    return replace(BASE, physique=physique, top=top, opening_deg=opening_deg, coat_length=length, bag="none")


def bearings(vertices: Floats, body: Body) -> Floats:
    """Return how far from straight ahead points are, seen from the axis, radians."""
    return np.arctan2(np.abs(vertices[:, 0]), vertices[:, 2] - axis_z_m(body))


def height(body: Body, bone: str) -> float:
    return float(body.heads[BONES.index(bone), 1])


def area(sheet: Sheet) -> float:
    a, b, c = (sheet.vertices[sheet.triangles[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def posed(sheet: Sheet, body: Body, pose: Pose) -> Floats:
    blended = (sheet.weights @ bone_matrices(body, pose).reshape(-1, 12)).reshape(-1, 3, 4)
    moved: Floats = np.einsum("vij,vj->vi", blended[:, :, :3], sheet.vertices) + blended[:, :, 3]
    return moved


@given(st.integers(0, 2**32 - 1), st.floats(-0.9, 0.9))
@settings(max_examples=30)
def test_a_cut_divides_a_sheet_without_loss(seed: int, place: float) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.dirichlet(np.ones(4), 40)
    sheet = Sheet(rng.uniform(-1, 1, (40, 3)), weights, rng.permutation(40)[:39].reshape(-1, 3))
    level = sheet.vertices[:, 0] - place
    right, left = cut(sheet, level), cut(sheet, -level)
    assert area(right) + area(left) == pytest.approx(area(sheet))
    for side in (right, left):
        assert side.weights.sum(axis=1) == pytest.approx(np.ones(len(side.vertices)))
    assert (right.vertices[:, 0] >= place - 1e-9).all()
    assert (left.vertices[:, 0] <= place + 1e-9).all()


def test_a_cut_keeps_winding_and_shares_new_vertices() -> None:
    square = np.array([[0.0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]])
    sheet = Sheet(square, np.eye(4), np.array([[0, 1, 2], [0, 2, 3]]))
    right = cut(sheet, square[:, 0] - 1.0)
    a, b, c = (right.vertices[right.triangles[:, corner]] for corner in range(3))
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()
    assert len(right.vertices) == 5
    both = joined([right, right.turned()])
    assert len(both.vertices) == 10
    assert area(both) == pytest.approx(4)


@given(physiques, st.sampled_from(OUTERWEAR), st.floats(14, 42), st.floats(0, 1))
@settings(max_examples=12)
def test_the_front_stands_open_by_the_stated_angle(
    physique: Physique, top: Top, opening_deg: float, length: float
) -> None:
    look = worn(top, opening_deg, physique, length)
    body = make_body(physique)
    outside, lining = make_coat(body, look)
    for sheet in (outside, lining):
        assert np.isfinite(sheet.vertices).all()
        assert sheet.weights.sum(axis=1) == pytest.approx(np.ones(len(sheet.vertices)))
        assert sheet.weights.min() > -1e-9
    y = outside.vertices[:, 1]
    cloth = y < height(body, "neck_01") - 0.12
    bearing = bearings(outside.vertices, body)
    assert (bearing - opening_at(y, body, look))[cloth].min() > -radians(2)
    waist_m = height(body, "pelvis")
    at_waist = np.abs(y - waist_m) < 0.04
    for side in (outside.vertices[:, 0] > 0, outside.vertices[:, 0] < 0):
        assert bearing[at_waist & side].min() == pytest.approx(radians(opening_deg), abs=radians(4))
    hem_m = (1 - length) * (height(body, "thigh_l") - 0.05) + length * height(body, "calf_l")
    assert y.min() == pytest.approx(hem_m, abs=0.03)
    assert y.max() < height(body, "head") + 0.04


@pytest.mark.parametrize("top", OUTERWEAR)
def test_a_closed_front_has_no_gap(top: Top) -> None:
    look = worn(top, 0.0)
    body = make_body(look.physique)
    outside, _ = make_coat(body, look)
    corners = outside.vertices[outside.triangles]
    before = corners[(corners[:, :, 2].min(axis=1) > axis_z_m(body))]
    across = before[(before[:, :, 0].min(axis=1) <= 0) & (before[:, :, 0].max(axis=1) >= 0)]
    for y in np.linspace(height(body, "calf_l") + 0.2, height(body, "neck_01") - 0.1, 12):
        assert ((across[:, :, 1].min(axis=1) <= y) & (across[:, :, 1].max(axis=1) >= y)).any()


def test_the_open_halves_of_a_coat_swing_in_turn_with_their_legs() -> None:
    look = worn("coat", 30.0)
    body = make_body(look.physique)
    outside, _ = make_coat(body, look)
    x, y = outside.vertices[:, 0], outside.vertices[:, 1]
    edge = (y < y.min() + 0.08) & (bearings(outside.vertices, body) < radians(50))

    def ahead(phase: float) -> tuple[float, float]:
        z = posed(outside, body, Pose(phase=phase, swing=1.0))[:, 2]
        return float(z[edge & (x > 0)].mean()), float(z[edge & (x < 0)].mean())

    left, right = ahead(0.5 * pi)
    assert left > right + 0.05
    left, right = ahead(1.5 * pi)
    assert right > left + 0.05


@given(physiques, st.sampled_from(OUTERWEAR), st.sampled_from([0.0, 25.0]))
@settings(max_examples=8)
def test_a_coat_lies_outside_of_what_it_covers_and_its_lining_faces_inwards(
    physique: Physique, top: Top, opening_deg: float
) -> None:
    look = worn(top, opening_deg, physique)
    body = dress(look, 1).body

    def radial(layer: int) -> Floats:
        corners = body.vertices[body.triangles[body.layers == layer]]
        corners = corners[np.abs(corners[:, :, 1].mean(axis=1) - height(body, "pelvis")) < 0.15]
        faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        middle = corners.mean(axis=1) - [0, 0, axis_z_m(body)]
        outward: Floats = faces[:, 0] * middle[:, 0] + faces[:, 2] * middle[:, 2]
        return outward

    assert (radial(COAT_LAYER) > 0).mean() > 0.9
    lining = radial(LINING_LAYER)
    assert (len(lining) > 0) == (opening_deg > 0 or top == "coat")
    assert (lining < 0).sum() >= 0.9 * len(lining)


def test_what_a_coat_hides_is_not_drawn_and_what_shows_in_its_opening_is() -> None:
    body = make_body(BASE.physique)

    def chest(look: Look) -> int:
        kept = without_hidden(body, look)
        middle = kept.vertices[kept.triangles[kept.layers == 1]].mean(axis=1)
        trunk = (np.abs(middle[:, 0]) < 0.1) & (np.abs(middle[:, 1] - height(body, "spine_03")) < 0.1)
        return int((trunk & (middle[:, 2] > axis_z_m(body))).sum())

    assert chest(worn("coat", 0.0)) == 0
    assert chest(worn("coat", 30.0)) > 20
    assert len(without_hidden(body, worn("coat", 30.0)).triangles) < len(body.triangles)


def test_half_of_the_coats_and_jackets_stand_open_and_nobody_elses_tops() -> None:
    looks = [draw_look(4, f"p{i}", "shopper", "adult", 1.7) for i in range(1500)]
    coats = [look for look in looks if look.top in OUTERWEAR]
    is_open = np.array([look.opening_deg > 0 for look in coats])
    assert abs(is_open.mean() - 0.5) < 3 * 0.5 / np.sqrt(len(coats))
    assert all(look.opening_deg == 0 or 14 <= look.opening_deg <= 42 for look in coats)
    assert all(look.opening_deg == look.coat_length == 0 for look in looks if look.top not in OUTERWEAR)
    lengths = {top: [look.coat_length for look in coats if look.top == top] for top in OUTERWEAR}
    assert max(lengths["jacket"]) <= 0.2
    assert min(lengths["coat"]) >= 0.5
    assert max(lengths["coat"]) - min(lengths["coat"]) > 0.4


def test_who_wears_one_uniform_wears_one_cut() -> None:
    groups = [[look_of(3, number) for number in range(first, first + 4)] for first in range(0, 240, 4)]
    alike = [group for group in groups if len({(each.top, each.top_colour, each.pattern_m) for each in group}) == 1]
    assert len(alike) > 3
    for group in alike:
        assert len({each.coat_length for each in group}) == 1


def test_the_same_look_and_seed_make_the_same_bytes() -> None:
    look = worn("coat", 30.0)
    one, two = dress(look, 5), dress(look, 5)
    for first, second in (
        (one.body.vertices, two.body.vertices),
        (one.body.triangles, two.body.triangles),
        (one.texels, two.texels),
        (one.pages, two.pages),
    ):
        assert first.tobytes() == second.tobytes()
