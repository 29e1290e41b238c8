"""Bags: closed bodies on a joint."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.rendering.bags import CARRYING, holding, make_bag, ring
from simulators.rendering.bodies import BONES, Body, Physique, make_body
from simulators.rendering.clothing.meshes import islands
from simulators.rendering.cutting import Floats, Indices, Sheet
from simulators.rendering.gait import Pose, bone_matrices
from simulators.rendering.looks import Bag, Look, draw_look
from simulators.rendering.paint import BAG_LAYER
from simulators.rendering.wardrobe import dress

BAGS: tuple[Bag, ...] = ("backpack", "shoulder_bag", "handbag", "arm_bag", "basket")
JOINTS = {"handbag": "hand_r", "arm_bag": "lowerarm_r", "basket": "hand_r"}
BASE = replace(draw_look(1, "p1", "shopper", "adult", 1.75), top="shirt", opening_deg=0.0)


def carried(bag: Bag, size: float = 1.0, build: float = 0.0) -> tuple[Body, Sheet]:
    physique = Physique("male", "adult", 0.3, (0.3, 0.3, 0.4), 0.0, build, 1.75)
    look: Look = replace(BASE, physique=physique, bag=bag, bag_size=size)
    body = make_body(physique)
    sheet = make_bag(body, look)
    assert sheet is not None
    return body, sheet


def posed(sheet: Sheet, body: Body, pose: Pose) -> Floats:
    blended = (sheet.weights @ bone_matrices(body, pose).reshape(-1, 12)).reshape(-1, 3, 4)
    moved: Floats = np.einsum("vij,vj->vi", blended[:, :, :3], sheet.vertices) + blended[:, :, 3]
    return moved


def volume(vertices: Floats, triangles: Indices) -> float:
    corners = vertices[triangles]
    return float(np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def welded(sheet: Sheet) -> Indices:
    """Return the triangles between places, without those that have no area."""
    _, place = np.unique(np.round(sheet.vertices, 6), axis=0, return_inverse=True)
    triangles = place.reshape(-1)[sheet.triangles]
    whole: Indices = triangles[(triangles != np.roll(triangles, 1, axis=1)).all(axis=1)]
    return whole


@pytest.mark.parametrize("bag", BAGS)
def test_bags_are_closed_and_face_outwards(bag: Bag) -> None:
    _, sheet = carried(bag)
    triangles = welded(sheet)
    ahead = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ways = {tuple(edge) for edge in ahead.tolist()}
    assert len(ways) == len(ahead), "no edge is run along twice the same way"
    assert ways == {(b, a) for a, b in ways}, "each is run along once each way"
    part = islands(sheet.triangles, len(sheet.vertices))[sheet.triangles[:, 0]]
    volumes = [volume(sheet.vertices, sheet.triangles[part == each]) for each in np.unique(part)]
    assert len(volumes) == (3 if bag == "backpack" else 2)
    assert min(volumes) > 0
    assert max(volumes) > 0.001
    assert np.isfinite(sheet.vertices).all()
    assert sheet.weights.sum(axis=1) == pytest.approx(np.ones(len(sheet.vertices)))


def test_a_ring_is_closed_and_faces_outwards() -> None:
    angle = np.arange(10) * 2 * np.pi / 10
    out = np.column_stack([np.zeros(10), np.cos(angle), np.sin(angle)])
    vertices, triangles = ring(out, np.array([0.1, 0, 0]), 0.1 * out)
    assert len(triangles) == 60
    assert volume(vertices, triangles) == pytest.approx(0.01 * 2 * np.pi, rel=0.15)


@pytest.mark.parametrize("bag", sorted(JOINTS))
def test_a_bag_moves_with_its_joint_and_hangs_below_it(bag: Bag) -> None:
    body, sheet = carried(bag)
    index = BONES.index(JOINTS[bag])
    for pose in (Pose(phase=1.2, swing=1.0), Pose(reach=0.8), Pose(carry=0.5)):
        matrix = bone_matrices(body, pose)[index]
        assert posed(sheet, body, pose) == pytest.approx(sheet.vertices @ matrix[:, :3].T + matrix[:, 3])
    rests = CARRYING if bag == "arm_bag" else Pose()
    matrix = bone_matrices(body, rests)[index]
    held = (body.heads[index] + (0.35 if bag == "arm_bag" else 1.0) * (body.tails[index] - body.heads[index])) @ matrix[
        :, :3
    ].T + matrix[:, 3]
    hanging = posed(sheet, body, rests)
    assert hanging[:, 1].max() == pytest.approx(held[1], abs=0.03)
    assert hanging.mean(axis=0)[[0, 2]] == pytest.approx(held[[0, 2]], abs=0.03)
    assert 0.05 < hanging[:, 1].min() < held[1] - 0.2


@pytest.mark.parametrize("build", [-0.5, 0.8])
def test_backpacks_and_shoulder_bags_lie_against_lean_and_stout_bodies(build: float) -> None:
    body, pack = carried("backpack", build=build)
    trunk = body.vertices[body.layers_vertices("clothes")]
    chest = body.heads[BONES.index("spine_03")]
    back_m = trunk[(np.abs(trunk[:, 0]) < 0.1) & (np.abs(trunk[:, 1] - chest[1]) < 0.15), 2].min()
    box = pack.vertices[pack.weights[:, BONES.index("spine_03")] == 1]
    assert box[:, 2].min() < back_m - 0.08
    assert back_m - 0.02 < box[:, 2].max() < chest[2] + 0.15
    assert (pack.vertices[:, 2] > chest[2] + 0.08).any(), "its straps come round to the chest"
    body, bag = carried("shoulder_bag", build=build)
    hip = body.heads[BONES.index("pelvis")]
    wide_m = trunk[np.abs(trunk[:, 1] - hip[1]) < 0.06, 0].max()
    strap = bag.vertices[bag.vertices[:, 1] > hip[1] + 0.2]
    assert bag.vertices[:, 0].max() > wide_m + 0.04
    assert strap[:, 1].max() > body.heads[BONES.index("upperarm_r"), 1]
    assert strap[strap[:, 1].argmax(), 0] < 0, "it hangs on the other shoulder"
    assert strap[:, 2].min() < hip[2] - 0.05 < hip[2] + 0.08 < strap[:, 2].max()


def test_who_has_no_bag_carries_none_and_sizes_differ() -> None:
    assert make_bag(make_body(BASE.physique), replace(BASE, bag="none")) is None
    small, large = (
        volume(*(carried("handbag", size)[1].vertices, carried("handbag")[1].triangles)) for size in (0.8, 1.1)
    )
    assert large / small == pytest.approx((1.1 / 0.8) ** 3, rel=0.05)


def test_bags_are_worn_over_coats() -> None:
    look = replace(BASE, top="coat", opening_deg=30.0, coat_length=0.7, bag="shoulder_bag")
    body = dress(look, 1).body
    hip = body.heads[BONES.index("pelvis")]

    def widest(layer: int) -> float:
        corners = np.unique(body.triangles[body.layers == layer])
        at_hip = body.vertices[corners][np.abs(body.vertices[corners, 1] - hip[1]) < 0.05]
        return float(at_hip[:, 0].max())

    assert widest(BAG_LAYER) > widest(BAG_LAYER + 1) + 0.05


def test_four_of_ten_handbags_hang_on_a_forearm_that_is_kept_bent() -> None:
    looks = [draw_look(4, f"p{i}", "shopper", "adult", 1.7) for i in range(3000)]
    small = [look for look in looks if look.bag in {"handbag", "arm_bag"}]
    on_arm = [look for look in small if look.bag == "arm_bag"]
    assert abs(len(on_arm) / len(small) - 0.4) < 3 * 0.49 / np.sqrt(len(small))
    assert abs(len(small) / len(looks) - 0.08) < 3 * 0.27 / np.sqrt(len(looks))
    assert all(look.carries for look in on_arm)
    assert all(0.8 <= look.bag_size <= 1.15 for look in looks)
    assert holding(on_arm[0], Pose(carry=0.0)).carry == CARRYING.carry
    assert holding(BASE, Pose(carry=0.1)).carry == 0.1
