"""Triangles into pixels, against a sampling oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.rendering.rasterizer import Bounds, Fragments, rasterize

SIDE = 24
FRAME = Bounds(0, 0, SIDE, SIDE)
coordinate = st.floats(-10, SIDE + 10).map(lambda value: round(value, 2) + 0.003)
triangles = st.lists(
    st.tuples(*[st.tuples(coordinate, coordinate, st.floats(0.5, 20))] * 3), min_size=1, max_size=6
).map(lambda found: np.array(found, dtype=np.float64))


def draw(corners: np.ndarray, bounds: Bounds = FRAME) -> Fragments:
    flat = corners.reshape(-1, 3)
    return rasterize(flat[:, :2], flat[:, 2], np.arange(len(flat)).reshape(-1, 3), bounds)


def expected(corners: np.ndarray) -> np.ndarray:
    """Return the nearness of the nearest triangle at each pixel's middle, shape (SIDE, SIDE); 0 where there is none."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] + 0.5
    middles = np.stack([x, y, np.ones_like(x)]).reshape(3, -1)
    best = np.zeros(SIDE * SIDE)
    for triangle in corners:
        matrix = np.column_stack([triangle[:, :2], np.ones(3)]).T
        if np.linalg.det(matrix) < -1e-2:  # seen from the front, and not from its edge
            shares = np.linalg.solve(matrix, middles)
            best = np.where((shares > 1e-4).all(axis=0), np.maximum(best, (1 / triangle[:, 2]) @ shares), best)
    return best.reshape(SIDE, SIDE)


@given(triangles)
def test_every_pixel_shows_the_nearest_triangle_over_its_middle(corners: np.ndarray) -> None:
    found = draw(corners)
    shown = np.zeros((SIDE, SIDE))
    shown[found.y, found.x] = found.nearness
    assert np.count_nonzero(shown) == len(found.x)
    wanted = expected(corners)
    assert (shown >= wanted - 2e-3 - 1e-2 * wanted).all()
    assert found.nearness.max(initial=0) <= (1 / corners[:, :, 2]).max() * 1.01


@given(triangles)
def test_fragments_lie_in_their_triangles_and_within_bounds(corners: np.ndarray) -> None:
    found = draw(corners)
    assert ((found.x >= 0) & (found.x < SIDE) & (found.y >= 0) & (found.y < SIDE)).all()
    assert found.corner_shares.sum(axis=1) == pytest.approx(np.ones(len(found.x)), abs=1e-5)
    places = (corners[found.triangle][:, :, :2] * found.corner_shares[..., None]).sum(axis=1)
    assert places == pytest.approx(np.stack([found.x, found.y], axis=1) + 0.5, abs=0.05)


def test_what_winds_clockwise_is_seen_from_behind() -> None:
    front = np.array([[[2.0, 2.0, 1.0], [2.0, 20.0, 1.0], [20.0, 2.0, 1.0]]])
    assert len(draw(front).x) > 100
    assert len(draw(front[:, ::-1]).x) == 0


def test_bounds_may_lie_beyond_the_picture() -> None:
    front = np.array([[[-9.0, -9.0, 1.0], [-9.0, 9.0, 1.0], [9.0, -9.0, 1.0]]])
    assert len(draw(front, Bounds(-10, -10, 10, 10)).x) == pytest.approx(18 * 18 / 2, rel=0.1)
    assert Bounds(5, 5, 2, 2).width == Bounds(5, 5, 2, 2).height == 0
