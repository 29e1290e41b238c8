"""What every encoder promises, checked on the fake and on the real one."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.fakes.cameras import ColourEncoder

pytest.importorskip("cv2", reason="encoders need the extra edge")

from edge.adapters.onnx_embedder import OnnxEmbedder
from edge.ports import Encoder
from models.loader import load_model
from models.registry import DEFAULT_EMBEDDER, ModelRegistry

NOISE = np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8)
BOXES = np.array([[10.0, 20.0, 60.0, 150.0], [-5.0, -9.0, 30.0, 80.0], [300.0, 200.0, 330.0, 260.0]])


def real() -> Encoder:
    return OnnxEmbedder(load_model(ModelRegistry().get(DEFAULT_EMBEDDER)))


@pytest.mark.parametrize("make", [pytest.param(ColourEncoder, id="fake"), pytest.param(real, id=DEFAULT_EMBEDDER)])
def test_signatures_have_length_one_and_depend_on_their_own_box_alone(make: Callable[[], Encoder]):
    encoder = make()
    before = NOISE.copy()
    together = encoder.encode(NOISE, BOXES)
    assert together.dtype == np.float64
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(3))
    for row in range(3):
        assert encoder.encode(NOISE, BOXES[[row]])[0] == pytest.approx(together[row], abs=1e-5)
    assert (before == NOISE).all()
