"""What follows a network is learned from people whom it did not learn from, where they are given."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed here; the extra `training` brings it")

from models.registry import ModelRegistry
from models.training.learning.keeping import export_kept
from models.training.learning.session import export
from models.training.pictures import Shard
from models.training.worn import Weights
from tests.unit.models.training.test_learning import FIRST, release, shard


def of_others(learned_from: Shard) -> Shard:
    """Return the same people's cameras, upside down."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed here; the extra `training` brings it")
    turned = [cv2.imdecode(np.frombuffer(each, np.uint8), cv2.IMREAD_COLOR)[::-1] for each in learned_from.jpegs]
    jpegs = [cv2.imencode(".jpg", each)[1].tobytes() for each in turned]
    return Shard(jpegs, learned_from.person, learned_from.camera, learned_from.figure[:, ::-1])


def test_others_teach_what_follows_a_network_and_nothing_else(tmp_path: Path) -> None:
    learned_from = shard()
    others = of_others(learned_from)

    def written(folder: str, unknown: Shard | None) -> ModelRegistry:
        mine = release(tmp_path / folder, "mine", dimensions=16, weights=Weights(0.4, 0.4), mixed_with=((FIRST, 1.0),))
        export(tmp_path / "none", (learned_from, {}), mine, ModelRegistry(), unknown)
        return ModelRegistry(tmp_path / folder)

    plain, taught = written("plain", None), written("taught", others)
    again = release(tmp_path / "again", "again", dimensions=16, weights=Weights(0.4, 0.4))
    export_kept("mine", others, again, plain)  # its network learned from nobody here
    files = [plain.get("mine").path, taught.get("mine").path, tmp_path / "again" / "weights" / "again.onnx"]
    first, second, third = (path.read_bytes() for path in files)
    assert first != second
    assert second == third
