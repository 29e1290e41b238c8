"""Bodies, clothes and how they move."""

from itertools import pairwise
from math import atan2, hypot, pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.core.people import Person
from simulators.rendering.bodies import BONES, Physique, make_body, vertex_normals
from simulators.rendering.gait import Pose, bone_matrices, stride_m
from simulators.rendering.looks import draw_look
from simulators.rendering.motion import Interest, Walker
from simulators.rendering.wardrobe import dress

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
poses = st.builds(
    Pose,
    phase=st.floats(0, 2 * pi),
    swing=st.floats(0, 1),
    reach=st.floats(0, 1),
    reach_rise=st.floats(0, 1),
    look=st.floats(-0.4, 0.4),
    nod=st.floats(0, 0.3),
    carry=st.floats(0, 1),
)
ADULT = Physique("female", "adult", 0.3, (0.3, 0.3, 0.4), 0.0, 0.0, 1.7)


@given(physiques)
@settings(max_examples=15)
def test_a_body_is_as_tall_as_asked_and_stands_on_the_floor(physique: Physique) -> None:
    body = make_body(physique)
    solid = body.layers_vertices("body", "clothes")
    assert body.vertices[solid, 1].min() == pytest.approx(0, abs=1e-6)
    assert body.vertices[solid, 1].max() == pytest.approx(physique.height_m)
    assert body.weights.sum(axis=1) == pytest.approx(np.ones(len(body.vertices)))
    assert body.heads[BONES.index("hand_l"), 0] > 0.1 > -0.1 > body.heads[BONES.index("hand_r"), 0]


def test_a_stout_body_has_more_volume_than_a_lean_one() -> None:
    def volume(build: float) -> float:
        body = make_body(Physique("male", "adult", 0.3, (0.3, 0.3, 0.4), 0.0, build, 1.75))
        corners = body.vertices[body.triangles[body.layers == 1]]
        return float(np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)

    assert volume(0.8) > 1.04 * volume(0.0) > 1.04 * 1.02 * volume(-0.4) > 0


@given(poses)
@settings(max_examples=25)
def test_every_pose_turns_bones_rigidly_and_keeps_a_foot_on_the_floor(pose: Pose) -> None:
    body = make_body(ADULT)
    matrices = bone_matrices(body, pose)
    turns = matrices[:, :, :3]
    assert turns @ turns.transpose(0, 2, 1) == pytest.approx(np.broadcast_to(np.eye(3), turns.shape), abs=1e-9)
    assert np.linalg.det(turns) == pytest.approx(np.ones(len(turns)))
    blended = (body.weights @ matrices.reshape(-1, 12)).reshape(-1, 3, 4)
    posed = np.einsum("vij,vj->vi", blended[:, :, :3], body.vertices) + blended[:, :, 3]
    solid = body.layers_vertices("body", "clothes")
    assert -0.12 < posed[solid, 1].min() < 0.06
    assert 1.2 < posed[solid, 1].max() < 2.3


def test_legs_and_arms_swing_in_turn() -> None:
    body = make_body(ADULT)

    def forward(bone: str, phase: float) -> float:
        index = BONES.index(bone)
        matrix = bone_matrices(body, Pose(phase=phase, swing=1.0))[index]
        return float((matrix[:, :3] @ body.heads[index] + matrix[:, 3])[2])

    for phase in (0.5 * pi, 1.5 * pi):
        left, right = forward("foot_l", phase), forward("foot_r", phase)
        assert (left > right + 0.3) == (phase < pi)
        assert (forward("hand_l", phase) < forward("hand_r", phase)) == (left > right)


def test_strides_grow_with_height_and_pace() -> None:
    assert 1.2 < stride_m(1.7, 1.3) < 1.5
    assert stride_m(1.2, 1.0) < stride_m(1.7, 1.0) < stride_m(1.7, 1.4)


def test_looks_are_a_persons_own_and_differ_between_people() -> None:
    looks = [draw_look(1, f"p{i}", "shopper", "adult", 1.7) for i in range(60)]
    assert looks[7] == draw_look(1, "p7", "shopper", "adult", 1.7)
    assert looks[7] != draw_look(2, "p7", "shopper", "adult", 1.7)
    for attribute in ("hair", "top", "bottom", "bag", "pattern"):
        assert len({getattr(look, attribute) for look in looks}) >= 3
    assert len({look.top_colour for look in looks}) == 60
    assert {look.physique.gender for look in looks} == {"female", "male"}


def test_staff_wear_one_uniform_and_children_are_small() -> None:
    staff = [draw_look(1, f"s{i}", "staff", "adult", 1.7) for i in range(5)]
    assert len({look.top_colour for look in staff}) == 1
    children = [draw_look(1, f"c{i}", "shopper", "child", 1.7) for i in range(9)]
    assert all(1.0 < look.physique.height_m < 1.55 and look.physique.stage == "child" for look in children)


@pytest.mark.parametrize("number", range(6))
def test_figures_are_whole_and_painted(number: int) -> None:
    look = draw_look(3, f"p{number}", "shopper", "child" if number % 5 == 4 else "adult", 1.7)
    figure = dress(look, number)
    body = figure.body
    assert body.triangles.max() + 1 == len(body.vertices) == len(figure.texels) == len(figure.normals)
    assert len(figure.page) == len(body.triangles)
    assert figure.page.max() < len(figure.pages)
    assert (figure.pages >= 0).all()
    assert figure.pages.max() < 2
    column, row = figure.texels.T
    assert (column >= 0).all() and (column < figure.pages.shape[2]).all()  # noqa: PT018
    assert (row >= 0).all() and (row < figure.pages.shape[1]).all()  # noqa: PT018
    assert np.linalg.norm(vertex_normals(body.vertices, body.triangles), axis=1).max() == pytest.approx(1)


def walk(person: Person, path: list[tuple[float, float]], near: Interest | None = None) -> list[tuple[float, Pose]]:
    walker = Walker(1, person)
    steps = []
    for before, after in pairwise(path):
        person.position = after
        if before != after:
            person.heading = atan2(after[1] - before[1], after[0] - before[0])
        steps.append(walker.step(person, 0.1, near, carries=False))
    return steps


def test_who_walks_swings_the_legs_once_a_stride_and_turns_smoothly() -> None:
    path = [(0.1 * i, 0.0) for i in range(31)] + [(3.0, 0.1 * i) for i in range(1, 31)]
    steps = walk(Person("p", "shopper", "a", (0.0, 0.0), 1.0), path)
    headings = [heading for heading, _ in steps]
    assert headings[20] == pytest.approx(0, abs=0.05)
    assert headings[-1] == pytest.approx(pi / 2, abs=0.05)
    assert max(abs(b - a) for a, b in pairwise(headings)) < 0.5
    strides = (steps[-1][1].phase - steps[0][1].phase) / (2 * pi)
    length_m = sum(hypot(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(path[1:]))
    assert strides == pytest.approx(length_m / stride_m(1.7, 1.0), rel=0.1)
    assert steps[-1][1].swing > 0.8


def test_who_stands_at_a_shelf_turns_to_it_and_reaches() -> None:
    goods = Interest((0.0, -0.6), goods=True)
    steps = walk(Person("p", "shopper", "a", (0.0, 0.0), 1.0), [(0.0, 0.0)] * 200, goods)
    assert steps[-1][0] == pytest.approx(-pi / 2, abs=0.05)
    assert steps[-1][1].swing < 0.05
    reaches = [pose.reach for _, pose in steps]
    assert max(reaches) > 0.8
    assert min(reaches) == 0
    counter = walk(Person("p", "shopper", "a", (0.0, 0.0), 1.0), [(0.0, 0.0)] * 200, Interest((0.0, -0.6), goods=False))
    assert {pose.reach for _, pose in counter} == {0.0}
