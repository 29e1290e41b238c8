"""Heights from a synthetic camera of known pose, and what becomes of children and carts."""

from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from contracts.events import EventDraft, Source
from contracts.payloads import FootfallCrossing, VisitSegment
from contracts.privacy import UplinkPayload
from edge.core import figures
from edge.core.figures import Body, FigureRules
from edge.core.floor import FloorMap, fit_floor
from edge.core.lens import Lens, bend
from edge.core.pipeline import Person, PipelineRules, finish, initial_state, step
from edge.core.segments import SegmentRules
from edge.core.tripwire import Tripwire

Array = NDArray[np.float64]
CORNERS = ((-2.0, 3.0), (2.0, 3.0), (2.0, 8.0), (-2.0, 8.0))
RULES = FigureRules()
ADULT, CHILD, CART = Body(1.7, 0.4), Body(1.1, 0.4), Body(1.0, 0.9)


def camera(height_m: float, tilt_deg: float, pan_deg: float = 0.0, x_m: float = 0.0) -> Array:
    """Return the 3x4 matrix of a pinhole camera over (x, 0) that looks along +y, tilted down. Heights count up."""
    tilt, pan = radians(tilt_deg), radians(pan_deg)
    ahead = np.array([sin(pan) * cos(tilt), cos(pan) * cos(tilt), -sin(tilt)])
    right = np.array([cos(pan), -sin(pan), 0.0])
    down = np.cross(ahead, right)
    rotation = np.array([right, down, ahead])
    intrinsic = np.array([[700.0, 0, 640], [0, 700.0, 360], [0, 0, 1]])
    centre = np.array([x_m, 0.0, height_m])
    matrix: Array = intrinsic @ np.hstack([rotation, (-rotation @ centre)[:, None]])
    return matrix


def seen(matrix: Array, x_m: float, y_m: float, z_m: float) -> tuple[float, float]:
    u, v, w = matrix @ np.array([x_m, y_m, z_m, 1.0])
    return float(u / w), float(v / w)


def floor_of(matrix: Array, lens: Lens | None = None) -> FloorMap:
    points = [seen(matrix, *corner, 0.0) for corner in CORNERS]
    return fit_floor(points if lens is None else [bend(lens, point) for point in points], CORNERS, lens)


@given(st.floats(2.2, 4.5), st.floats(15, 50), st.floats(0.8, 2.0), st.floats(4, 8))
def test_the_height_of_a_synthetic_person_is_recovered(
    camera_m: float, tilt: float, height_m: float, y_m: float
) -> None:
    matrix = camera(camera_m, tilt, x_m=0.3)
    foot, head = seen(matrix, 0.3, y_m, 0), seen(matrix, 0.3, y_m, height_m)
    body = figures.measure(floor_of(matrix), (0.3, 0.0, camera_m), (foot[0] - 30, head[1], foot[0] + 30, foot[1]))
    assert body is not None
    assert body.height_m == pytest.approx(height_m, abs=0.01)


def test_who_stands_aside_and_leans_in_the_picture_is_measured_within_a_tenth() -> None:
    matrix = camera(3.0, 25, 10)
    for x_m, y_m in ((-1.0, 5.0), (1.0, 5.0), (1.5, 6.0)):
        foot, head = seen(matrix, x_m, y_m, 0), seen(matrix, x_m, y_m, 1.7)
        middle = (foot[0] + head[0]) / 2
        body = figures.measure(floor_of(matrix), (0.0, 0.0, 3.0), (middle - 30, head[1], middle + 30, foot[1]))
        assert body is not None
        assert body.height_m == pytest.approx(1.7, rel=0.1)


@pytest.mark.parametrize("camera_height_m", [1.5, 2.4, 3.0, 4.0])
@pytest.mark.parametrize("height_m", [1.0, 1.6, 1.9])
def test_a_box_gives_the_height_also_above_the_horizon(camera_height_m: float, height_m: float) -> None:
    matrix = camera(camera_height_m, 20)
    foot, head = seen(matrix, 0.0, 6.0, 0.0), seen(matrix, 0.0, 6.0, height_m)
    box = (foot[0] - 30, head[1], foot[0] + 30, foot[1])
    body = figures.measure(floor_of(matrix), (0.0, 0.0, camera_height_m), box)
    assert body is not None
    assert body.height_m == pytest.approx(height_m, abs=0.01)
    assert body.width == pytest.approx(60 / (foot[1] - head[1]), abs=0.001)


def test_a_lens_that_bends_is_straightened_first() -> None:
    lens = Lens(k1=-0.15, k2=0.0, centre_px=(640.0, 360.0), unit_px=700.0)
    matrix = camera(3.0, 25)
    foot, head = (bend(lens, seen(matrix, 0.0, 5.0, z)) for z in (0.0, 1.7))
    box = (foot[0] - 30, head[1], foot[0] + 30, foot[1])
    body = figures.measure(floor_of(matrix, lens), (0.0, 0.0, 3.0), box)
    assert body is not None
    assert body.height_m == pytest.approx(1.7, abs=0.02)


def test_what_cannot_be_a_person_has_no_height() -> None:
    floor = floor_of(camera(3.0, 25))
    assert figures.measure(floor, (0.0, 0.0, 3.0), (600, -900, 660, -800)) is None
    assert figures.measure(floor, (0.0, 0.0, 3.0), (600, 500, 660, 500)) is None
    assert figures.measure(floor, (0.0, 0.0, 3.0), (600, -3000, 660, 500)) is None
    assert figures.measure(FloorMap(), (5.0, 0.0, 3.0), (4.0, 0.0, 6.0, 1.0)) is None


def test_figures_follow_from_the_median_height_and_width() -> None:
    assert figures.figure(RULES, [ADULT] * 4) is None
    assert figures.figure(RULES, [ADULT] * 5) == "adult"
    assert figures.figure(RULES, [CHILD] * 5 + [ADULT] * 4) == "child"
    assert figures.figure(RULES, [CART] * 5) == "cart"
    assert figures.figure(RULES, [replace(CART, height_m=1.7)] * 5) == "adult"


def test_only_the_last_bodies_are_kept() -> None:
    bodies: tuple[Body, ...] = ()
    for index in range(60):
        bodies = figures.see(bodies, None if index % 2 else ADULT)
    assert bodies == (ADULT,) * figures.MOST_BODIES


def crossings(rules: FigureRules | None, body: Body) -> list[tuple[str | None, str]]:
    """Return figure and rule of who passes a line."""
    wire = Tripwire(id="door", kind="entrance", points=((100.0, 0.0), (100.0, 200.0)), band=8.0, settle_s=1.0)
    pipeline = PipelineRules(
        source=Source("acme", "north", "cam"), tripwires=(wire,), segments=SegmentRules(figures=rules)
    )
    state, drafts = initial_state(), list[EventDraft[UplinkPayload]]()
    for frame in range(30):
        state, more = step(pipeline, state, [Person("a", (200.0 - 7 * frame, 90.0), 0.9, body=body)], frame * 100)
        drafts += more
    drafts += finish(pipeline, state)[1]
    assert [d.data.figure for d in drafts if isinstance(d.data, VisitSegment)][-1] == figures.told(rules, [body] * 9)
    found = [draft.data for draft in drafts if isinstance(draft.data, FootfallCrossing)]
    return [(each.figure, each.rule_version) for each in found]


@pytest.mark.parametrize(
    ("rules", "body", "expected"),
    [
        (None, CHILD, [(None, "crossing-2")]),
        (RULES, ADULT, [("adult", "crossing-2")]),
        (RULES, CHILD, [("child", "crossing-2")]),
        (RULES, CART, [("cart", "crossing-2")]),
        (FigureRules(children="count"), CHILD, [(None, "crossing-2")]),
        (FigureRules(children="ignore"), CHILD, []),
        (FigureRules(children="ignore"), ADULT, [("adult", "crossing-2:no-children")]),
        (FigureRules(carts="ignore"), CART, []),
        (FigureRules(carts="ignore", children="ignore"), ADULT, [("adult", "crossing-2:no-children:no-carts")]),
    ],
)
def test_children_and_carts_are_counted_marked_or_ignored_and_the_rule_says_so(
    rules: FigureRules | None, body: Body, expected: list[tuple[str | None, str]]
) -> None:
    assert crossings(rules, body) == expected
