"""Where a lens puts the points of a store, and the way back."""

from contextlib import suppress
from math import cos, hypot, pi, radians, sin, tan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.geometry import Point, contains, distance_to_edge
from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics

FRAME = (640, 480)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    fov_deg = draw(st.floats(30, 110))
    corner = hypot(1.0, 0.75) * tan(radians(fov_deg) / 2)
    weakest = -0.9 * 4 / 27 / corner**2  # the picture folds in its corners where the distortion is stronger
    bearing, reach_m = draw(st.floats(0, 2 * pi)), draw(st.floats(0.5, 8))
    position = (draw(st.floats(-5, 5)), draw(st.floats(-5, 5)))
    return Camera(
        id="cam",
        position=position,
        height_m=draw(st.floats(1.5, 6)),
        looks_at=(position[0] + reach_m * cos(bearing), position[1] + reach_m * sin(bearing)),
        horizontal_fov_deg=fov_deg,
        frame_px=FRAME,
        distortion_k1=draw(st.one_of(st.just(0.0), st.floats(max(-0.3, weakest), 0.3))),
    )


def camera(**changes: object) -> Camera:
    fields: dict[str, object] = {"id": "cam", "position": (2.0, 8.0), "height_m": 2.5, "looks_at": (2.0, 3.0)}
    return Camera(**{**fields, **changes})  # type: ignore[arg-type]


@given(cameras(), st.floats(0, FRAME[0]), st.floats(0, FRAME[1]))
def test_the_floor_seen_at_a_pixel_is_projected_onto_that_pixel(of: Camera, x: float, y: float) -> None:
    optics = CameraOptics(of)
    pixel = np.array([[x, y]])
    on_floor = optics.floor_point(pixel)
    if np.isnan(on_floor).any() or np.abs(on_floor).max() > 1e4:
        assert optics.rays(pixel)[0, 2] > -1e-2
    else:
        back, depth_m = optics.project(np.array([[*on_floor[0], 0.0]]))
        assert back == pytest.approx(pixel, abs=1e-4)
        assert depth_m[0] > 0


@given(cameras())
def test_what_a_camera_looks_at_is_in_the_middle_of_its_picture(of: Camera) -> None:
    pixels, depth_m = CameraOptics(of).project(np.array([[*of.looks_at, 0.0]]))
    assert pixels == pytest.approx(np.array([[320.0, 240.0]]))
    assert depth_m[0] == pytest.approx(hypot(*np.subtract(of.looks_at, of.position), of.height_m))


@given(cameras())
def test_the_picture_is_as_wide_as_the_field_of_view(of: Camera) -> None:
    left, right = CameraOptics(of).rays(np.array([[0.0, 240.0], [640.0, 240.0]]))
    angle = np.arccos(left @ right / (np.linalg.norm(left) * np.linalg.norm(right)))
    assert np.degrees(angle) == pytest.approx(of.horizontal_fov_deg, abs=1e-6)


@given(cameras(), st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 2)), min_size=1))
def test_opencv_projects_to_the_same_pixels(of: Camera, offsets: list[tuple[float, float, float]]) -> None:
    cv2 = pytest.importorskip("cv2", reason="the comparison needs the extra edge or render")
    optics = CameraOptics(of)
    points = np.array([(of.looks_at[0] + x, of.looks_at[1] + y, z) for x, y, z in offsets])
    pixels, depth_m = optics.project(points)
    inside = (depth_m > 0.1) & (np.abs(np.nan_to_num(pixels, nan=1e9) - [320, 240]) < [320, 240]).all(axis=1)
    if not inside.any():
        return
    matrix = np.array([[optics.focal_px, 0, 320], [0, optics.focal_px, 240], [0, 0, 1]])
    in_camera = (points[inside] - optics.eye_m) @ optics.axes.T
    theirs, _ = cv2.projectPoints(in_camera, np.zeros(3), np.zeros(3), matrix, np.array([of.distortion_k1, 0, 0, 0]))
    assert pixels[inside] == pytest.approx(theirs.reshape(-1, 2), abs=1e-6)


@pytest.mark.parametrize(
    ("looks_at", "right_of_it"),
    [((2.0, 3.0), (3.0, 3.0)), ((2.0, 13.0), (1.0, 13.0)), ((7.0, 8.0), (7.0, 9.0)), ((-3.0, 8.0), (-3.0, 7.0))],
    ids=["up the plan", "down the plan", "to the right", "to the left"],
)
def test_the_picture_is_not_mirrored(looks_at: tuple[float, float], right_of_it: tuple[float, float]) -> None:
    pixels, _ = CameraOptics(camera(looks_at=looks_at)).project(np.array([[*right_of_it, 0.0], [*looks_at, 1.0]]))
    assert pixels[0, 0] > 330
    assert pixels[1] == pytest.approx([320, pixels[1, 1]])
    assert pixels[1, 1] < 230


def test_looking_straight_down_shows_the_plan_as_it_is_drawn() -> None:
    optics = CameraOptics(camera(looks_at=(2.0, 8.0)))
    pixels, _ = optics.project(np.array([[3.0, 8.0, 0.0], [2.0, 9.0, 0.0]]))
    assert pixels == pytest.approx(np.array([[320 + 128.0, 240.0], [320.0, 240 + 128.0]]))
    assert contains(optics.footprint(9.0), (2.0, 8.0))


def test_what_is_behind_the_camera_or_beyond_the_horizon_has_no_pixel_and_no_floor() -> None:
    optics = CameraOptics(camera())
    pixels, depth_m = optics.project(np.array([[2.0, 14.0, 2.0]]))
    assert np.isnan(pixels).all()
    assert depth_m[0] < 0
    assert np.isnan(optics.floor_point(np.array([[320.0, 0.0]]))).all()


def test_what_a_barrel_lens_cannot_show_stays_outside_its_picture() -> None:
    optics = CameraOptics(camera(distortion_k1=-0.15, horizontal_fov_deg=70))
    aside_m = np.linspace(2.0, 60.0, 40)
    pixels, _ = optics.project(np.stack([2.0 + aside_m, np.full(40, 7.0), np.zeros(40)], axis=1))
    assert (np.diff(pixels[:, 0]) > 0).all()


@given(cameras(), st.floats(2, 15), st.floats(-12, 12), st.floats(-12, 12))
def test_the_footprint_is_the_floor_within_range_that_the_picture_shows(
    of: Camera, range_m: float, x: float, y: float
) -> None:
    optics = CameraOptics(of)
    point = (of.position[0] + x, of.position[1] + y)
    (pixel,), (depth_m,) = optics.project(np.array([[*point, 0.0]]))
    footprint: tuple[Point, ...] = ((99.0, 99.0), (99.0, 98.0), (98.0, 98.0))
    with suppress(ValueError):  # a camera that looks over all of it
        footprint = optics.footprint(range_m)
    # Curved edges are drawn with short straight ones: the outer rim and the sides of a bent picture.
    slack_px = 1 if not of.distortion_k1 else 12
    edge_px = min(*pixel, *(FRAME - pixel)) if depth_m > 0 else -1e9
    near, far = hypot(x, y) <= 0.99 * range_m, hypot(x, y) >= range_m + 1e-6
    if far or edge_px < -slack_px:
        assert not contains(footprint, point) or distance_to_edge(footprint, point) < 1e-3
    elif near and edge_px > slack_px:
        assert contains(footprint, point)


@given(cameras(), st.floats(-3, 3), st.floats(-3, 3))
def test_the_homography_agrees_with_the_projection(of: Camera, x: float, y: float) -> None:
    optics = CameraOptics(of)
    if of.distortion_k1:
        with pytest.raises(ValueError, match="distortion_k1"):
            optics.frame_from_floor()
        return
    point = np.array([of.looks_at[0] + x, of.looks_at[1] + y, 0.0])
    (pixel,), (depth_m,) = optics.project(point[None])
    mapped = optics.frame_from_floor() @ [point[0], point[1], 1.0]
    assert mapped[2] == pytest.approx(depth_m)
    if depth_m > 0.1:
        assert mapped[:2] / mapped[2] == pytest.approx(pixel, rel=1e-6, abs=1e-6)


def test_a_camera_that_looks_over_everything_shows_no_floor() -> None:
    level = CameraOptics(camera(looks_at=(2.0, -992.0), height_m=4.0, horizontal_fov_deg=40))
    with pytest.raises(ValueError, match="camera 'cam' shows no floor within 3 m"):
        level.footprint(3.0)


@pytest.mark.parametrize("fov_deg", [100, 140])
def test_a_lens_that_folds_its_picture_is_refused(fov_deg: float) -> None:
    with pytest.raises(ValueError, match=f"distortion_k1 -0.25 folds a picture of horizontal_fov_deg {fov_deg}"):
        CameraOptics(camera(distortion_k1=-0.25, horizontal_fov_deg=fov_deg))
