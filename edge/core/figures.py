"""Adult, child or cart: what somebody's height says, where the camera knows heights. Pure.

The floor's homography and the place of the camera give heights: the ray through the top of a box meets the floor behind
the person, and by similar triangles the height is the camera's times the share of that way behind the foot. It is the
affine measurement of Criminisi, Reid and Zisserman (Single view metrology, IJCV 40, 2000) with the camera's own foot
point as vertical vanishing point; in homogeneous coordinates it holds above the horizon too.
"""

from collections.abc import Sequence
from statistics import median
from typing import Annotated, Literal

from msgspec import Meta, Struct

from contracts.fields import Figure
from edge.core.floor import FloorMap
from edge.core.geometry import Point, apply_homography
from edge.core.lens import straighten

MOST_BODIES = 25
_TALLEST_M = 2.6

Treatment = Literal["count", "mark", "ignore"]
Positive = Annotated[float, Meta(gt=0)]
Box = tuple[float, float, float, float]


class FigureRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is a child or a cart, and what becomes of them.

    Attributes:
        child_below_m: Who is less tall is a child.
        cart_below_m: What is less tall, and wide, is a cart or a pushchair.
        cart_width: It is at least so many times as wide as tall.
        children: Count them as anybody, mark them, or ignore them at tripwires.
        carts: The same.
        least_sightings: From fewer nothing is told.
    """

    child_below_m: Positive = 1.35
    cart_below_m: Positive = 1.3
    cart_width: Positive = 0.75
    children: Treatment = "mark"
    carts: Treatment = "mark"
    least_sightings: Annotated[int, Meta(ge=1, le=MOST_BODIES)] = 5


class Body(Struct, frozen=True):
    """How tall somebody seemed in one frame, metres, and how wide as a share of that."""

    height_m: float
    width: float


def measure(floor: FloorMap, camera_m: tuple[float, float, float], box_xyxy_px: Box) -> Body | None:
    """Return how tall a box's person is; None where that cannot be, as where the foot is above the horizon.

    Args:
        floor: From the picture to the floor.
        camera_m: Where the camera hangs: x and y on the floor, and its height.
        box_xyxy_px: From the person's feet to the top of the head, in frame pixels.
    """
    left, top, right, bottom = box_xyxy_px
    foot_px, head_px = ((left + right) / 2, bottom), ((left + right) / 2, top)
    if floor.lens is not None:
        foot_px, head_px = straighten(floor.lens, foot_px), straighten(floor.lens, head_px)
    foot_m = apply_homography(floor.matrix, foot_px)
    if foot_m is None or bottom <= top:
        return None
    height_m = _height_m(floor, camera_m, foot_m, head_px)
    if height_m is None or not 0 < height_m < _TALLEST_M:
        return None
    return Body(round(height_m, 3), round((right - left) / (bottom - top), 3))


def _height_m(floor: FloorMap, camera_m: tuple[float, float, float], foot_m: Point, head_px: Point) -> float | None:
    x_m, y_m, camera_height_m = camera_m
    u, v, w = (row[0] * head_px[0] + row[1] * head_px[1] + row[2] for row in floor.matrix)
    behind = u - w * foot_m[0], v - w * foot_m[1]
    whole = u - w * x_m, v - w * y_m
    length = whole[0] ** 2 + whole[1] ** 2
    return camera_height_m * (behind[0] * whole[0] + behind[1] * whole[1]) / length if length > 0 else None


def see(bodies: tuple[Body, ...], body: Body | None) -> tuple[Body, ...]:
    """Return a track's last bodies with one more."""
    return bodies if body is None else (*bodies, body)[-MOST_BODIES:]


def figure(rules: FigureRules, bodies: Sequence[Body]) -> Figure | None:
    """Return what a track is by the median of its bodies, None where too little is known."""
    if len(bodies) < rules.least_sightings:
        return None
    height_m = median(body.height_m for body in bodies)
    if height_m < rules.cart_below_m and median(body.width for body in bodies) >= rules.cart_width:
        return "cart"
    return "child" if height_m < rules.child_below_m else "adult"


def told(rules: FigureRules | None, bodies: Sequence[Body]) -> Figure | None:
    """Return what is told of a track: nothing of children or carts that count as anybody."""
    found = None if rules is None else figure(rules, bodies)
    return None if rules is None or found is None or _treatment(rules, found) == "count" else found


def is_ignored(rules: FigureRules | None, bodies: Sequence[Body]) -> bool:
    """Tell whether a track counts at no tripwire."""
    found = None if rules is None else figure(rules, bodies)
    return rules is not None and found is not None and _treatment(rules, found) == "ignore"


def rule_version(rules: FigureRules | None, version: str) -> str:
    """Return the name of a rule that counts crossings; it says who is ignored."""
    if rules is None:
        return version
    left_out = (("children", rules.children), ("carts", rules.carts))
    return version + "".join(f":no-{name}" for name, treatment in left_out if treatment == "ignore")


def _treatment(rules: FigureRules, found: Figure) -> Treatment:
    if found == "adult":
        return "mark"
    return rules.children if found == "child" else rules.carts
