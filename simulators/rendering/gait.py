"""How a body walks, stands and reaches: bone rotations from the phase of a step. Pure.

The angles follow measured human gait (D. A. Winter, "Biomechanics and Motor Control of Human Movement", 2009) in a few
sine terms: the thigh swings by about 20 degrees to the front and 15 to the back, the knee bends by up to 60
degrees while the foot is off the floor and by some 15 while it takes the weight, and the arms swing against the legs.
"""

from dataclasses import dataclass
from math import pi, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from simulators.rendering.bodies import BONE_PARENTS, BONES, Body

Floats = NDArray[np.float64]

_SIDEWAYS = np.array([1.0, 0.0, 0.0])
_UPWARD = np.array([0.0, 1.0, 0.0])
_FORWARD = np.array([0.0, 0.0, 1.0])
_INDEX = {name: index for index, name in enumerate(BONES)}


@dataclass(frozen=True, slots=True)
class Pose:
    """What a body does at one moment.

    Attributes:
        phase: Where it is in a stride (two steps), radians; at 0 the left leg swings forward past the other.
        swing: How far the limbs swing: 0 standing, 1 walking at ease.
        reach: How far the right arm is stretched out towards a shelf, 0 to 1.
        reach_rise: Where to: 0 low with a bent back, 1 above the head.
        look: How far the head turns to the left, radians.
        nod: How far the head bends down, radians.
        carry: How far the right forearm is bent as if it carried something, 0 to 1.
    """

    phase: float = 0.0
    swing: float = 0.0
    reach: float = 0.0
    reach_rise: float = 0.5
    look: float = 0.0
    nod: float = 0.0
    carry: float = 0.0


def stride_m(height_m: float, pace_mps: float) -> float:
    """Return the length of a stride (two steps): it grows with the height and the square root of the pace."""
    return 0.78 * height_m * sqrt(max(0.3, pace_mps / 1.3))


def bone_matrices(body: Body, pose: Pose) -> Floats:
    """Return what each bone does to the rest pose, shape (bones, 3, 4), with the lower sole on the floor."""
    turns = {**_legs(body, pose), **_trunk(pose)}
    for side in "lr":
        turns.update(_arm(body, pose, side))
    matrices = np.zeros((len(BONES), 4, 4))
    for index, (name, parent) in enumerate(BONE_PARENTS.items()):
        own = np.eye(4)
        if name in turns:
            own[:3, :3] = turns[name]
            own[:3, 3] = body.heads[index] - turns[name] @ body.heads[index]
        matrices[index] = own if parent is None else matrices[_INDEX[parent]] @ own
    lowest = min(_sole_height(body, matrices, side) for side in "lr")
    matrices[:, 1, 3] -= lowest
    return matrices[:, :3]


def _sole_height(body: Body, matrices: Floats, side: str) -> float:
    """Return how high above the floor the ball and the heel of a foot are, at the lower of both, m."""
    foot = _INDEX[f"foot_{side}"]
    ankle, ball = body.heads[foot], body.tails[foot]
    heel = np.array([ankle[0], 0.0, ankle[2] - 0.3 * (ball[2] - ankle[2])])
    tip = np.array([ball[0], 0.0, ball[2] + 0.02])
    moved = np.stack([heel, tip]) @ matrices[foot, :3, :3].T + matrices[foot, :3, 3]
    return float(moved[:, 1].min())


def _legs(body: Body, pose: Pose) -> dict[str, Floats]:
    turns = {}
    for side, lag in (("l", 0.0), ("r", pi)):
        phase = pose.phase + lag
        lifted = max(0.0, np.cos(phase + 0.25))
        bears = max(0.0, -np.cos(phase - 0.9))
        thigh = pose.swing * (20 * sin(phase) + 3)
        knee = 3 + pose.swing * (42 * lifted**2 + 9 * bears)
        foot = pose.swing * (8 * sin(phase) - 14 * max(0.0, np.cos(phase + 1.5)) ** 2)
        along = _direction(body, f"thigh_{side}")
        upright = _turn(_FORWARD, -0.8 * float(np.arcsin(np.clip(along[0], -1, 1))))
        turns[f"thigh_{side}"] = _turn(_SIDEWAYS, -radians(thigh)) @ upright
        turns[f"calf_{side}"] = _turn(_SIDEWAYS, radians(knee))
        turns[f"foot_{side}"] = _turn(_SIDEWAYS, -radians(foot + 0.35 * (thigh - knee)))
    return turns


def _trunk(pose: Pose) -> dict[str, Floats]:
    twist = radians(5) * pose.swing * sin(pose.phase)
    stoop = radians(2 + 2 * pose.swing + 28 * pose.reach * max(0.0, 0.5 - pose.reach_rise) * 2)
    head = _turn(_UPWARD, pose.look) @ _turn(_SIDEWAYS, pose.nod)
    return {
        "pelvis": _turn(_UPWARD, -twist),
        "spine_01": _turn(_SIDEWAYS, stoop),
        "spine_02": _turn(_UPWARD, 2 * twist),
        "spine_03": _turn(_SIDEWAYS, radians(1)),
        "neck_01": _turn(_UPWARD, 0.4 * pose.look),
        "head": head,
    }


def _arm(body: Body, pose: Pose, side: str) -> dict[str, Floats]:
    phase = pose.phase + (0.0 if side == "l" else pi)
    reach = pose.reach if side == "r" else 0.3 * pose.reach
    carry = pose.carry if side == "r" else 0.0
    along = _direction(body, f"upperarm_{side}")
    hang = np.array([0.16 if side == "l" else -0.16, -1.0, 0.02])
    hanging = _swung(along, hang / np.linalg.norm(hang))
    swing = -18 * pose.swing * sin(phase) * (1 - carry) * (1 - reach)
    lift = swing + reach * (30 + 75 * pose.reach_rise) + 8 * carry
    bend = 12 + 10 * pose.swing * (0.6 - sin(phase)) * (1 - carry) + 62 * carry + 18 * reach
    upper = _turn(_SIDEWAYS, -radians(lift)) @ hanging
    # The forearm bends about the axis that points sideways once the upper arm hangs.
    sideways = hanging.T @ _SIDEWAYS
    straight = _swung(_direction(body, f"lowerarm_{side}"), along)
    return {f"upperarm_{side}": upper, f"lowerarm_{side}": _turn(sideways, -radians(bend)) @ straight}


def _direction(body: Body, bone: str) -> Floats:
    along = body.tails[_INDEX[bone]] - body.heads[_INDEX[bone]]
    unit: Floats = along / np.linalg.norm(along)
    return unit


def _swung(start: Floats, end: Floats) -> Floats:
    """Return the shortest rotation from one unit vector to another, shape (3, 3)."""
    # What np.cross does, which takes longer for two single vectors than all the rest here.
    (a, b, c), (d, e, f) = start.tolist(), end.tolist()
    axis = np.array([b * f - c * e, c * d - a * f, a * e - b * d])
    length = float(np.linalg.norm(axis))
    if length == 0:
        return np.eye(3)
    return _turn(axis / length, float(np.arctan2(length, start @ end)))


def _turn(axis: Floats, angle: float) -> Floats:
    """Return the rotation about a unit axis (Rodrigues), shape (3, 3)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    matrix: Floats = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return matrix
