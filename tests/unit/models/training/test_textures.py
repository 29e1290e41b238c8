"""Textures: means and deviations of a map in stripes, where the person is."""

import numpy as np
import pytest

from models.training.textures import LEAST_VARIANCE, STRIPES, gather


def test_a_stripe_tells_what_is_at_its_height() -> None:
    seen = np.zeros((1, 2, 8, 4), np.float32)
    seen[0, 0] = np.arange(8)[:, None]
    means, deviations = gather(seen, np.ones((1, 32, 16)))[0].reshape(2, 2, STRIPES)
    assert means[0] == pytest.approx(np.arange(8), abs=0.4)
    assert (np.diff(means[0]) > 0.5).all()
    assert means[1] == pytest.approx(np.zeros(8))
    assert (deviations[0] > 0.4).all()
    assert deviations[1] == pytest.approx(np.full(8, LEAST_VARIANCE**0.5))


def test_ground_counts_little() -> None:
    rng = np.random.default_rng(3)
    seen = rng.normal(2, 1, (5, 3, 8, 4)).astype(np.float32)
    shown = np.zeros((5, 32, 16))
    shown[..., 4:12] = 1
    other = seen.copy()
    other[..., [0, 3]] += 1
    everywhere = np.ones_like(shown)
    moved, whole = (np.abs(gather(seen, each) - gather(other, each)).max() for each in (shown, everywhere))
    assert moved < 0.2 < whole
