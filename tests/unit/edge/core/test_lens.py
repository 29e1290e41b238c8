"""The simulator's optics are the oracle: what it bends is straightened, and its coefficient is found again."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.geometry import Point
from edge.core.lens import Lens, bend, check_lens, straighten
from edge.core.plumb_lines import estimate_lens
from simulators.core.layout import Camera
from simulators.core.optics import CameraOptics

FRAME = (640, 480)
CENTRE = (320.0, 240.0)
inside = st.tuples(st.floats(0, 640), st.floats(0, 480))
WORLD_LINES = (
    ((-4, 8, 0), (4, 8, 0)),
    ((-2.5, 2, 0), (-2.5, 9, 0)),
    ((2.5, 2, 0), (2.5, 9, 0)),
    ((-2.5, 3, 2.4), (2.5, 3, 2.4)),
)


@given(inside, st.floats(-0.12, 0.5), st.floats(-0.02, 0.1))
def test_bending_undoes_straightening(point: Point, k1: float, k2: float) -> None:
    lens = Lens(k1=k1, k2=k2, centre_px=CENTRE, unit_px=400.0)
    assert bend(lens, straighten(lens, point)) == pytest.approx(point, abs=1e-6)


@given(inside)
def test_no_distortion_moves_nothing(point: Point) -> None:
    assert straighten(Lens(k1=0.0, centre_px=CENTRE, unit_px=400.0), point) == pytest.approx(point)


def test_the_middle_stays() -> None:
    assert straighten(Lens(k1=0.3, centre_px=CENTRE, unit_px=400.0), CENTRE) == CENTRE


def test_a_lens_that_folds_the_picture_is_refused() -> None:
    check_lens(Lens(k1=-0.14, centre_px=CENTRE, unit_px=400.0), FRAME)
    check_lens(Lens(k1=0.6, centre_px=CENTRE, unit_px=400.0), FRAME)
    with pytest.raises(ValueError, match=r"k1 -0.3 .* fold the picture of 640x480 over itself 281 pixels.* 400 away"):
        check_lens(Lens(k1=-0.3, centre_px=CENTRE, unit_px=400.0), FRAME)
    with pytest.raises(ValueError, match=r"k2 -0\.3 fold"):
        check_lens(Lens(k1=0.1, k2=-0.3, centre_px=CENTRE, unit_px=400.0), FRAME)


def filmed(k1: float) -> CameraOptics:
    return CameraOptics(
        Camera(
            id="c",
            position=(0.0, 0.0),
            looks_at=(0.0, 5.0),
            height_m=2.7,
            horizontal_fov_deg=75.0,
            frame_px=FRAME,
            distortion_k1=k1,
        )
    )


def clicked(optics: CameraOptics, noise_px: float, seed: int) -> list[list[Point]]:
    """Return eight points of each line where the picture shows it, as an operator would click them."""
    noise = np.random.default_rng(seed)
    lines = []
    for start, end in WORLD_LINES:
        share = np.linspace(0, 1, 80)[:, None]
        pixels, _ = optics.project(np.array(start) * (1 - share) + np.array(end) * share)
        shown = pixels[((pixels >= 0) & (pixels <= FRAME)).all(axis=1)]
        chosen = shown[np.linspace(0, len(shown) - 1, 8).astype(int)]
        lines.append([tuple(point) for point in (chosen + noise.normal(0, noise_px, chosen.shape)).tolist()])
    return lines


@pytest.mark.parametrize("k1", [-0.15, -0.05, 0.0, 0.08, 0.2])
def test_points_are_straightened_as_the_oracle_says(k1: float) -> None:
    optics = filmed(k1)
    lens = Lens(k1=k1, centre_px=CENTRE, unit_px=optics.focal_px)
    points = np.random.default_rng(3).uniform((0, 0), FRAME, (50, 2))
    rays = optics.rays(points) @ optics.axes.T
    straight = rays[:, :2] / rays[:, 2:] * optics.focal_px + CENTRE
    assert np.array([straighten(lens, (x, y)) for x, y in points.tolist()]) == pytest.approx(straight, abs=1e-6)


@pytest.mark.parametrize("k1", [-0.15, -0.05, 0.0, 0.08, 0.2])
def test_the_oracles_coefficient_is_recovered_from_lines(k1: float) -> None:
    optics = filmed(k1)
    found = estimate_lens(clicked(optics, 0.0, 0), CENTRE, optics.focal_px)
    assert found.k1 == pytest.approx(k1, abs=1e-6)
    assert found.left_px < 1e-6


@pytest.mark.parametrize("k1", [-0.15, 0.0, 0.1])
def test_with_clicks_a_pixel_off_the_stated_error_holds(k1: float) -> None:
    optics = filmed(k1)
    found = [estimate_lens(clicked(optics, 1.0, seed), CENTRE, optics.focal_px) for seed in range(12)]
    misses = [(one.k1 - k1) / one.k1_error for one in found]
    assert max(abs(one.k1 - k1) for one in found) < 0.03
    assert 0.5 < float(np.sqrt(np.mean(np.square(misses)))) < 1.6
    assert all(one.left_px <= one.crooked_px for one in found)


def test_three_points_say_how_crooked_a_line_is_and_not_how_surely() -> None:
    found = estimate_lens([[(20, 40), (320, 30), (620, 40)]], CENTRE, 400.0)
    assert found.k1 < 0
    assert found.k1_error == inf


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "3 or more different points each, got no line"),
        ([[(0, 0), (1, 1), (2, 2)], [(0, 0), (1, 1), (1, 1)]], r"got \[3, 2\]"),
        ([[(20, 240), (300, 240), (620, 240)]], "say nothing of the lens"),
    ],
)
def test_lines_that_say_nothing_are_refused(lines: list[list[Point]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        estimate_lens(lines, CENTRE, 400.0)
